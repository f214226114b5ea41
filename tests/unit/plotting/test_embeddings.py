"""Models in the plane: what is drawn, and what the table behind it says."""

import numpy as np
import pandas as pd

from thinkalike.plotting.embeddings import embeddings, pca_comparison
from thinkalike.plotting.style import styled

MODELS = ["a", "b", "c", "d"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": {"a": "cnn", "b": "cnn", "c": "transformer", "d": "hybrid"},
}
COSINE = ("gradcam", "cosine")


def test_pca_comparison_has_every_case_with_its_shares_and_all_names():
    random = np.random.default_rng(0)
    points = {
        (method, metric): pd.DataFrame(
            {"model": MODELS, "x": random.random(4), "y": random.random(4)}
        )
        for method in ("gradcam", "gradcam_25")
        for metric in ("cosine", "rbf")
    }
    quality = {
        case: {"pca_share_x": 0.5 + i / 100, "pca_share_y": 0.2} for i, case in enumerate(points)
    }
    with styled():
        figure, table = pca_comparison(points, quality, untrained=[], **OF)
        assert [axes.get_title() for axes in figure.axes] == [
            "Grad-CAM · cosine",
            "Grad-CAM · RBF",
            "Grad-CAM 25 · cosine",
            "Grad-CAM 25 · RBF",
        ]
        assert [axes.get_xlabel() for axes in figure.axes] == [
            f"first component ({share}% of the variance)" for share in (50, 51, 52, 53)
        ]
        for axes in figure.axes:
            assert sorted(text.get_text() for text in axes.texts) == sorted(OF["names"].values())
    rows = table.query("method == 'gradcam_25' and metric == 'rbf'")
    np.testing.assert_array_equal(rows[["x", "y"]], points["gradcam_25", "rbf"][["x", "y"]])
    assert set(rows["share_x"]) == {0.53}


def test_embeddings_have_both_pictures_with_their_quality_and_all_names():
    pca, mds = (
        pd.DataFrame({"model": MODELS, "x": np.arange(4.0) * s, "y": [0.0, 1, 0, 1]})
        for s in (1, 2)
    )
    quality = {"pca_share_x": 0.5, "pca_share_y": 0.25, "mds_stress": 0.1234}
    with styled():
        figure, table = embeddings(pca, mds, quality, untrained=[], title="some", **OF)
        left, right = figure.axes
        assert left.get_xlabel() == "first component (50% of the variance)"
        assert right.get_title() == "MDS (stress 0.12)"
        for axes in figure.axes:
            assert sorted(text.get_text() for text in axes.texts) == sorted(OF["names"].values())
    assert table["embedding"].tolist() == ["pca"] * 4 + ["mds"] * 4
