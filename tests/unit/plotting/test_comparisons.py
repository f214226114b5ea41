"""Comparisons of methods, metrics, numbers of images and linkages, against scipy and by hand."""

import runpy
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Circle
from scipy.stats import pearsonr, spearmanr

from thinkalike.plotting import comparisons
from thinkalike.plotting.style import freeze_layout, styled
from thinkalike.stores.tables import write_table

REPOSITORY = Path(__file__).parents[3]
MODELS = ["a", "b", "c", "d"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": {"a": "cnn", "b": "cnn", "c": "transformer", "d": "hybrid"},
}
COSINE = ("gradcam", "cosine")


def script(name: str) -> Callable[..., None]:
    return runpy.run_path(str(REPOSITORY / "scripts" / f"{name}.py"), run_name="imported")["main"]


def pairs(models: list[str] = MODELS, seed: int = 0) -> pd.DataFrame:
    table = pd.DataFrame(list(combinations(models, 2)), columns=["model_a", "model_b"])
    random = np.random.default_rng(seed)
    table["mean"] = random.uniform(0.2, 0.9, len(table))
    table["std"] = random.uniform(0.05, 0.2, len(table))
    return table.assign(dissimilarity=np.sqrt(2 * (1 - table["mean"])))


# --- names beside points


def drawn_names(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes of names, of markers, and of the axes, in pixels."""
    figure, axes = plt.subplots(figsize=(3.3, 3.0))
    axes.plot(*points.T, "o", ms=5)
    freeze_layout(figure)
    comparisons.name_points(axes, points, [f"EfficientNet_B{i}" for i in range(len(points))])
    names = np.array([text.get_window_extent().extents for text in axes.texts])
    at, half = axes.transData.transform(points), 2.5 * figure.dpi / 72
    return names, np.hstack([at - half, at + half]), np.array(axes.get_window_extent().extents)


def overlap(a: np.ndarray, b: np.ndarray) -> bool:
    return bool((a[:2] < b[2:]).all() and (b[:2] < a[2:]).all())


@pytest.mark.parametrize("spread", [1.0, 0.2])
def test_names_lie_over_no_name_and_no_marker_and_inside_the_axes(spread):
    points = np.random.default_rng(1).normal(size=(14, 2)) * spread
    points[-1] = [3.0, 3.0]  # one far off, so that the others crowd
    with styled():
        names, markers, frame = drawn_names(points)
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    assert not any(overlap(name, marker) for name in names for marker in markers)
    assert (names[:, :2] >= frame[:2] - 1e-6).all()
    assert (names[:, 2:] <= frame[2:] + 1e-6).all()


def test_names_of_coinciding_points_are_all_legible_and_always_at_the_same_place():
    points = np.vstack([np.zeros((5, 2)), [[1, 1]]])
    with styled():
        names, _, _ = drawn_names(points)
        again, _, _ = drawn_names(points)
    assert not any(overlap(a, b) for a, b in combinations(names, 2))
    np.testing.assert_array_equal(names, again)


# --- PCA


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
        figure, table = comparisons.pca_comparison(points, quality, **OF)
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


# --- mean and spread


def test_the_rms_dissimilarity_and_how_it_reorders_pairs_by_hand():
    table = pairs(["a", "b", "c"]).assign(mean=[0.7, 0.6, 0.4], std=[0.4, 0.3, 0.8])
    table.loc[3] = ["c", "d", np.nan, np.nan, np.nan]  # no image in common
    with styled():
        _, drawn = comparisons.mean_and_spread({COSINE: table}, **OF)
    np.testing.assert_allclose(drawn["from_mean"], [0.3, 0.4, 0.6])
    np.testing.assert_allclose(drawn["rms"], [0.5, 0.5, 1.0])  # 3-4-5, twice, and 6-8-10
    assert drawn["rank_rms"].tolist() == [1.5, 1.5, 3.0]
    assert drawn["spearman"].to_numpy() == pytest.approx(np.sqrt(3) / 2)


def test_spread_that_turns_the_order_of_pairs_shows_in_spearman():
    # the nearest pair by mean is the farthest by rms: 1 − 6 (2² + 1² + 1²) / (3 · 8)
    table = pairs(["a", "b", "c"]).assign(mean=[0.9, 0.8, 0.7], std=[0.5, 0, 0])
    with styled():
        _, drawn = comparisons.mean_and_spread({COSINE: table}, **OF)
    assert drawn["spearman"].to_numpy() == pytest.approx(-0.5)


def test_arcs_of_equal_rms_are_circles_on_the_page_and_end_at_their_value_on_the_axis():
    with styled():
        figure, _ = comparisons.mean_and_spread({COSINE: pairs()}, **OF)
        figure.draw_without_rendering()
        above, below = figure.axes
        for circle in (patch for patch in above.patches if isinstance(patch, Circle)):
            radius = circle.get_radius()
            origin, right, top = above.transData.transform([[0, 0], [radius, 0], [0, radius]])
            assert right[0] - origin[0] == pytest.approx(top[1] - origin[1])
        assert below.get_xlim() == above.get_xlim()
        # the same place on the page, so that an arc can be followed down
        assert above.get_window_extent().x1 == pytest.approx(below.get_window_extent().x1)


def test_histograms_count_every_pair():
    with styled():
        figure, table = comparisons.mean_and_spread({COSINE: pairs()}, **OF)
        counts = [patch.get_data().values.sum() for patch in figure.axes[1].patches]
    assert counts == [len(table)] * 2


# --- nested subsets


def test_differences_and_correlations_are_those_of_scipy_whatever_the_order_of_pairs():
    full, fewer = pairs(list("abcdefg"), seed=1), pairs(list("abcdefg"), seed=2)
    found = comparisons.difference(fewer.sample(frac=1, random_state=0), full)
    x, y = fewer["dissimilarity"], full["dissimilarity"]
    assert found["pairs"] == 21
    assert found["mean_difference"] == pytest.approx(np.abs(x - y).mean())
    assert found["largest_difference"] == pytest.approx(np.abs(x - y).max())
    assert found["pearson"] == pytest.approx(pearsonr(x, y).statistic)
    assert found["spearman"] == pytest.approx(spearmanr(x, y).statistic)
    worst = full.loc[np.abs(x - y).idxmax()]
    assert (found["model_a"], found["model_b"]) == (worst["model_a"], worst["model_b"])


def test_a_pair_that_is_missing_counts_for_nothing():
    full = pairs(list("abcde"), seed=1)
    fewer = full.assign(dissimilarity=full["dissimilarity"] + 0.1)
    fewer.loc[0, "dissimilarity"] = np.nan
    found = comparisons.difference(fewer, full)
    assert found["pairs"] == 9
    assert found["mean_difference"] == pytest.approx(0.1)
    assert found["pearson"] == pytest.approx(1)


def test_two_pairs_have_no_correlation_and_none_has_nothing():
    full = pairs(["a", "b", "c"])
    two = comparisons.difference(full.iloc[:2], full)
    assert two["largest_difference"] == 0
    assert np.isnan(two["pearson"])
    none = comparisons.difference(full.iloc[:0], full)
    assert none["pairs"] == 0
    assert np.isnan(none["mean_difference"])


def test_nested_draws_a_line_per_method_and_a_row_per_metric():
    cases = [
        (method, metric) for method in ("gradcam", "kernelshap") for metric in ("cosine", "rbf")
    ]
    full = {case: pairs(seed=i) for i, case in enumerate(cases)}
    fewer = {case: {64: full[case], 8: pairs(seed=i + 9)} for i, case in enumerate(cases)}
    with styled():
        figure, table = comparisons.nested(fewer, full)
        assert len(figure.axes) == 2 * 4
        assert [[*line.get_xdata()] for line in figure.axes[0].lines] == [[8, 64]] * 2
    assert len(table) == 8
    assert (table.loc[table["n"] == 64, "largest_difference"] == 0).all()
    np.testing.assert_allclose(table.loc[table["n"] == 64, "pearson"], 1)


@pytest.mark.parametrize("subsets", [["all"], ["all", "all_2", "all_4"]])
def test_the_script_draws_the_nested_subsets_that_there_are(tmp_path, subsets):
    cases = [f"{method}/cosine/{subset}" for method in ("gradcam", "lrp") for subset in subsets]
    tables = [str(tmp_path / f"{i}.parquet") for i, _ in enumerate(cases)]
    for i, path in enumerate(tables):
        write_table(pairs(seed=i), path)
    for i in range(2):
        points = pd.DataFrame({"model": MODELS, "x": np.arange(4) + i, "y": [0, 1, 0, 1]})
        write_table(points, tmp_path / f"pca{i}.csv")
        shares = {"measure": ["pca_share_x", "pca_share_y"], "value": [0.6, 0.3]}
        write_table(pd.DataFrame(shares), tmp_path / f"quality{i}.csv")
    figures = {
        name: [str(tmp_path / f"{name}.{end}") for end in ("svg", "png", "csv")]
        for name in ("pca_comparison", "mean_and_spread", "nested")
    }
    if len(subsets) == 1:
        figures["nested"] = []
    script("plot_comparisons")(
        [str(tmp_path / f"pca{i}.csv") for i in range(2)],
        [str(tmp_path / f"quality{i}.csv") for i in range(2)],
        tables,
        *figures.values(),
        cases=cases,
        **OF,
    )
    assert all(Path(path).stat().st_size > 0 for paths in figures.values() for path in paths)
    assert set(pd.read_csv(tmp_path / "mean_and_spread.csv")["method"]) == {"gradcam", "lrp"}
    if figures["nested"]:
        table = pd.read_csv(tmp_path / "nested.csv")
        assert table["n"].tolist() == [2, 4, 2, 4]
        # against the table of all images of the same method
        expected = np.abs(pairs(seed=4)["dissimilarity"] - pairs(seed=3)["dissimilarity"]).mean()
        assert table["mean_difference"][2] == pytest.approx(expected)
    else:
        assert not (tmp_path / "nested.csv").exists()
