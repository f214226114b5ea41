"""The figure of cross-deletion: a panel for each method, models in rows, mute ones shaded."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from thinkalike.plotting.deletion import KINDS, deletion
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table, write_table

MODELS = ["a", "b", "control"]
NAMES = {model: f"model {model}" for model in MODELS}
FAMILIES = {"a": "cnn", "b": "transformer", "control": "cnn"}


def summary(*methods: str) -> pd.DataFrame:
    table = pd.DataFrame(
        [{"method": method, "model": model} for method in methods for model in MODELS]
    )
    for kind in KINDS:
        table[f"{kind}_drop"] = np.linspace(0.1, 0.9, len(table))
        table[f"{kind}_drop_error"] = 0.05
        table.loc[table["model"] == "control", f"{kind}_drop"] = np.nan
    table["mute"] = pd.array([False, True, None] * len(methods), "boolean")
    return table


def drawn(table: pd.DataFrame):
    return deletion(table, models=MODELS, names=NAMES, families=FAMILIES, area=0.1)


@pytest.mark.parametrize("methods", [("lrp",), ("lrp", "gradcam", "kernelshap", "b", "c")])
def test_every_method_has_a_panel_and_every_model_that_says_something_a_row(methods):
    with styled():
        figure = drawn(summary(*methods))
        panels = [axes for axes in figure.axes if axes.get_visible()]
        assert len(panels) == len(methods)
        labels = [label.get_text() for label in panels[0].get_yticklabels()]
        assert labels == ["model a", "model b"]
        for axes in panels:
            assert len(axes.containers) == len(KINDS)


def test_the_row_of_a_mute_method_is_shaded(tmp_path):
    table = summary("lrp")
    write_table(table, tmp_path / "summary.csv")
    for each in (table, read_table(tmp_path / "summary.csv")):  # from the file it has other types
        with styled():
            (shade,) = (p for p in drawn(each).axes[0].patches if isinstance(p, Rectangle))
            assert (shade.get_y(), shade.get_height()) == (0.5, 1)


def test_the_figure_is_the_same_to_the_byte(tmp_path):
    paths = [[str(tmp_path / f"{n}.{end}") for end in ("svg", "png", "csv")] for n in (1, 2)]
    with styled():
        for each in paths:
            save(drawn(summary("lrp", "gradcam")), summary("lrp"), each)
    for first, second in zip(*paths, strict=True):
        assert open(first, "rb").read() == open(second, "rb").read()  # noqa: PTH123, SIM115
