"""Which models agree on an image, as the page computes it."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from tests.support.page_modules import call

PAIRS = {"a": [0, 0, 2], "b": [2, 5, 5]}


def test_the_tree_of_an_image_is_that_of_scipy() -> None:
    distances = squareform(np.random.default_rng(0).uniform(size=45))
    tree = call("agreement.js", "averageLinkage", distances.tolist())
    np.testing.assert_allclose(tree["merges"], linkage(squareform(distances), "average"), rtol=1e-9)


def test_models_without_any_common_pair_are_merged_last() -> None:
    distances = [[0, 0.2, None], [0.2, 0, None], [None, None, 0]]
    merges = call("agreement.js", "averageLinkage", distances)["merges"]
    assert merges == [[0, 1, 0.2, 2], [2, 3, 0.2, 3]]


def test_a_pair_agrees_where_it_exceeds_its_own_null() -> None:
    found = call(
        "agreement.js", "imageAgreement", PAIRS, [0.5, 0.5, 0.5], [0.4, 0.6, None], [0, 2, 5]
    )
    assert found["models"] == [0, 2, 5]
    assert found["similarity"] == [[1, 0.5, 0.5], [0.5, 1, 0.5], [0.5, 0.5, 1]]
    assert found["beyond"] == [[None, True, False], [True, None, None], [False, None, None]]
    assert call("agreement.js", "agreementCounts", found) == [
        {"agrees": 1, "compared": 2},
        {"agrees": 1, "compared": 1},
        {"agrees": 0, "compared": 1},
    ]


def test_a_model_with_a_blank_map_is_left_out() -> None:
    found = call("agreement.js", "imageAgreement", PAIRS, [None, None, 0.5], None, [0, 2, 5])
    assert found["models"] == [2, 5]


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_the_limit_of_a_null_is_its_quantile_to_a_bin(share: float) -> None:
    values = np.random.default_rng(1).normal(0.3, 0.2, 5000).clip(-1, 1)
    counts, edges = np.histogram(values, np.linspace(-1, 1, 65))
    limit = call("agreement.js", "nullLimit", counts.tolist(), [-1, 1], share)
    assert 0 <= limit - np.quantile(values, share) <= edges[1] - edges[0]


def test_an_empty_null_has_no_limit() -> None:
    assert call("agreement.js", "nullLimit", [0, 0], [0, 1]) is None


def test_agreement_with_the_others_leaves_the_map_itself_and_controls_out() -> None:
    maps = np.random.default_rng(2).normal(size=(4, 9))
    units = maps / np.linalg.norm(maps, axis=1, keepdims=True)
    counted = [True, True, True, False]
    found = call("maps.js", "agreementWithOthers", [*maps.tolist(), [0.0] * 9], [*counted, True])
    for i, counts in enumerate(counted):
        others = sum(units[j] for j in range(3) if j != i or not counts)
        expected = units[i] @ others / np.linalg.norm(others)
        assert found[i] == pytest.approx(expected, abs=1e-6)
    assert found[4] is None
    assert call("maps.js", "agreementWithOthers", [[1.0, 2.0]], [True]) == [None]
