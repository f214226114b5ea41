"""Figure of the number of images: half-widths of intervals beside the boxes of the log."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from thinkalike.plotting.style import styled
from thinkalike.plotting.subsampling import half_widths, subsampling


def tables(deviation: float = 0.2) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [(n, a, b) for n in (5, 10, 20) for a, b in (("a", "b"), ("a", "c"))]
    variances = pd.DataFrame(rows, columns=["n", "model_a", "model_b"])
    factor = 1 - variances["n"] / 20
    expected = deviation**2 / variances["n"] * factor
    variances = variances.assign(
        variance=expected * 1.1 + 1e-6,
        expected=expected,
        images=variances["n"],
        finite_population_factor=factor,
    )
    differences = pd.DataFrame({"n": [5, 5, 10, 10, 20], "repeat": [0, 1, 0, 1, 0]})
    return differences.assign(sum_abs_difference=[0.5, 0.4, 0.2, 0.3, 0]), variances


def test_half_widths_are_those_of_a_mean_of_fresh_images():
    _, variances = tables()
    widths = half_widths(variances)
    assert widths["n"].tolist() == [5, 5, 10, 10]  # all 20 of 20 say nothing of fresh ones
    low, high = stats.t.interval(0.95, 9, scale=0.2 / np.sqrt(10))
    assert widths["half_width"].iloc[2] == pytest.approx((high - low) / 2)


def test_half_widths_of_a_pair_that_misses_images_have_the_degrees_of_those_it_has():
    _, variances = tables()
    widths = half_widths(variances.assign(images=[1, 5, 4, 10, 9, 20]))
    assert widths["n"].tolist() == [5, 10, 10]  # a single image has no interval
    low, high = stats.t.interval(0.95, 3, scale=0.2 / np.sqrt(10))
    assert widths["half_width"].iloc[1] == pytest.approx((high - low) / 2)


@pytest.mark.parametrize(("seeds", "lines"), [(0.03, 4), (float("nan"), 3)])
def test_seeds_are_a_line_where_they_are_known(seeds, lines):
    with styled():
        figure, table = subsampling(*tables(), images=20, seed_deviation=seeds, title="some")
        assert len(figure.axes[0].lines) == lines
    assert set(table["quantity"]) == {"sum_abs_difference", "variance", "half_width"}


def test_a_single_size_of_all_images_is_drawn():
    differences, variances = (table[table["n"] == 20] for table in tables())
    with styled():
        _, table = subsampling(
            differences, variances, images=20, seed_deviation=float("nan"), title="some"
        )
    assert "half_width" not in set(table["quantity"])
