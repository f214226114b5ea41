"""The figure of grounded answers shows what its tables say."""

import numpy as np
import pandas as pd
import pytest

from scripts import plot_grounded
from thinkalike.plotting.grounded import grounded
from thinkalike.plotting.style import PALETTE, styled
from thinkalike.statistics.grounded import CASE
from thinkalike.stores.tables import write_table

NAMES = {"base": "Base", "low": "1 % noise", "high": "9 % noise"}
TABLE = pd.DataFrame(
    [
        ("gradcam", "cosine", 0, "mean", True, 1.0, 0.9, 0.6),
        ("gradcam", "cosine", 0, "rho", True, 0.94, 0.3, 0.1),
        ("gradcam", "cosine", 4, "mean", False, 1.0, 0.8, 0.5),
        ("lrp", "rbf", 8, "mean", True, np.nan, 0.7, np.nan),
        ("lrp", "rbf", 8, "rho", True, 0.5, 0.2, 0.3),
    ],
    columns=[*CASE, "default", "average_precision", "same", "different"],
)
LADDER = pd.DataFrame(
    [
        ("predictions", "agreement", 0, "mean", True, 1, "low", 1.0),
        ("predictions", "agreement", 0, "mean", True, 2, "high", 0.1),
        ("gradcam", "cosine", 0, "mean", True, 1, "low", 0.99),
        ("gradcam", "cosine", 0, "mean", True, 2, "high", 0.8),
        ("gradcam", "cosine", 0, "rho", True, 1, "low", 0.9),
        ("gradcam", "cosine", 0, "rho", True, 2, "high", 0.05),
        ("gradcam", "cosine", 4, "rho", False, 1, "low", 0.5),
        ("gradcam", "cosine", 4, "rho", False, 2, "high", 0.4),
    ],
    columns=[*CASE, "default", "place", "model", "similarity"],
)


@pytest.fixture
def figure():
    with styled():
        drawn, _ = grounded(TABLE, LADDER, names=NAMES, title="t")
        drawn.draw_without_rendering()
        yield drawn


def test_every_case_has_a_row_with_its_similarities_and_its_precision(figure):
    raw, above = figure.axes[:2]
    names = [label.get_text() for label in raw.get_yticklabels()]
    assert names == [
        "Grad-CAM · cosine · as made",
        "Grad-CAM · cosine · 4 × 4",
        "LRP · RBF · 8 × 8",
    ]
    weights = [label.get_fontweight() for label in raw.get_yticklabels()]
    assert weights == ["bold", "normal", "bold"]
    same, different = (line for line in raw.lines if len(line.get_xdata()) == 3)
    assert list(same.get_xdata()) == [0.9, 0.8, 0.7]
    np.testing.assert_array_equal(different.get_xdata(), [0.6, 0.5, np.nan])
    values = {t.get_text(): t.get_color() for t in above.texts}
    # under .95 stands out, also where it is rounded
    assert values == {"0.94": PALETTE[1], "0.50": PALETTE[1], "AP": values["AP"]}


def test_ladders_are_drawn_at_the_scale_of_the_study_beside_the_predictions(figure):
    (axes,) = figure.axes[2:]
    drawn = {line.get_label(): list(line.get_ydata()) for line in axes.lines[:3]}
    assert drawn == {
        "raw similarity": [0.99, 0.8],
        "similarity above chance (ρ)": [0.9, 0.05],
        "equal predictions": [1.0, 0.1],
    }
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1 % noise", "9 % noise"]


def test_without_a_ladder_the_groups_stand_alone(tmp_path):
    full = TABLE.assign(pairs_same=1, pairs_different=1)
    write_table(full, tmp_path / "table.csv")
    write_table(LADDER.iloc[:0], tmp_path / "ladder.csv")
    paths = [str(tmp_path / f"figure.{suffix}") for suffix in ("svg", "png", "csv")]
    tables = (str(tmp_path / f"{name}.csv") for name in ("table", "ladder"))
    plot_grounded.main(*tables, figure=paths, names=NAMES)
    assert len(pd.read_csv(paths[2])) == len(TABLE)
