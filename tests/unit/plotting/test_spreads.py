"""Mean and spread over images, by hand; the script that draws comparisons."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Circle

from thinkalike.plotting.spreads import mean_and_spread
from thinkalike.plotting.style import styled

MODELS = ["a", "b", "c", "d"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": {"a": "cnn", "b": "cnn", "c": "transformer", "d": "hybrid"},
}
COSINE = ("gradcam", "cosine")


def pairs(models: list[str] = MODELS, seed: int = 0) -> pd.DataFrame:
    table = pd.DataFrame(list(combinations(models, 2)), columns=["model_a", "model_b"])
    random = np.random.default_rng(seed)
    table["mean"] = random.uniform(0.2, 0.9, len(table))
    table["std"] = random.uniform(0.05, 0.2, len(table))
    return table.assign(dissimilarity=np.sqrt(2 * (1 - table["mean"])))


def test_the_rms_dissimilarity_and_how_it_reorders_pairs_by_hand():
    table = pairs(["a", "b", "c"]).assign(mean=[0.7, 0.6, 0.4], std=[0.4, 0.3, 0.8])
    table.loc[3] = ["c", "d", np.nan, np.nan, np.nan]  # no image in common
    with styled():
        _, drawn = mean_and_spread({COSINE: table}, **OF)
    np.testing.assert_allclose(drawn["from_mean"], [0.3, 0.4, 0.6])
    np.testing.assert_allclose(drawn["rms"], [0.5, 0.5, 1.0])  # 3-4-5, twice, and 6-8-10
    assert drawn["rank_rms"].tolist() == [1.5, 1.5, 3.0]
    assert drawn["spearman"].to_numpy() == pytest.approx(np.sqrt(3) / 2)


def test_spread_that_turns_the_order_of_pairs_shows_in_spearman():
    # the nearest pair by mean is the farthest by rms: 1 − 6 (2² + 1² + 1²) / (3 · 8)
    table = pairs(["a", "b", "c"]).assign(mean=[0.9, 0.8, 0.7], std=[0.5, 0, 0])
    with styled():
        _, drawn = mean_and_spread({COSINE: table}, **OF)
    assert drawn["spearman"].to_numpy() == pytest.approx(-0.5)


def test_arcs_of_equal_rms_are_circles_on_the_page_and_end_at_their_value_on_the_axis():
    with styled():
        figure, _ = mean_and_spread({COSINE: pairs()}, **OF)
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
        figure, table = mean_and_spread({COSINE: pairs()}, **OF)
        counts = [patch.get_data().values.sum() for patch in figure.axes[1].patches]
    assert counts == [len(table)] * 2
