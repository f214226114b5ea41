"""What is found in one dissimilarity matrix, as tables."""

import numpy as np
import pandas as pd
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform

from thinkalike.clustering.models import Settings, cluster_models
from thinkalike.errors import InputError

MODELS = list("abcde")


def settings(ward: str = "euclidean", largest: float | None = None) -> Settings:
    return Settings(["average", "ward"], ward, largest, resolution=1.05, sweep=[1.1, 1.0])


def table(matrix: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(matrix, index=MODELS, columns=MODELS)


def distances() -> np.ndarray:
    return squareform(pdist(np.random.default_rng(8).normal(size=(5, 3))))


@pytest.mark.parametrize("ward", ["euclidean", "any"])
@pytest.mark.parametrize("detour", [False, True])
def test_ward_is_left_out_where_the_matrix_is_not_euclidean_unless_anything_goes(ward, detour):
    matrix = distances()
    if detour:
        matrix[0, 1] = matrix[1, 0] = 9  # farther than the way round
    found = cluster_models(table(matrix), settings(ward), seed=0)
    refused = found.summary.set_index("linkage")["refused"]
    tree = found.linkages["ward"].to_numpy()
    agree = found.agreement["cophenetic_correlation"]
    assert refused["average"] == ""
    if detour and ward == "euclidean":
        assert "need Euclidean distances" in refused["ward"]
        assert len(tree) == 0
        assert agree.isna().all()
    else:
        assert refused["ward"] == ""
        np.testing.assert_allclose(tree, hierarchy.linkage(squareform(matrix), "ward"), rtol=1e-9)
        assert np.isfinite(agree).all()


def test_models_with_missing_cells_are_left_out_of_all_tables(caplog):
    matrix = distances()
    matrix[1, 2] = matrix[2, 1] = np.nan
    found = cluster_models(table(matrix), settings(), seed=0)
    assert "left out, for want of images to compare: c" in caplog.text
    assert found.models == ["a", "b", "d", "e"]
    for part in (found.order, found.communities, found.pca, found.mds):
        assert sorted(part["model"]) == found.models
    assert found.sweep["resolution"].tolist() == [1.0, 1.1]


def test_fewer_than_two_models_are_refused():
    matrix = np.full((5, 5), np.nan)
    with pytest.raises(InputError, match="fewer than two models can be compared"):
        cluster_models(table(matrix), settings(), seed=0)
