"""Figure of similarity by scale."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from thinkalike.compare.pairs import pair_categories
from thinkalike.compare.scales import NATIVE, SEGMENTED
from thinkalike.plotting.scales import scales
from thinkalike.plotting.style import styled


def some_scales(*steps: int) -> pd.DataFrame:
    """Pairs, and moved maps, of six models at several scales."""
    random = np.random.default_rng(0)
    keys = [f"m{number}" for number in range(6)]
    pairs = pd.DataFrame([*combinations(keys, 2)], columns=["model_a", "model_b"])
    moved = pd.DataFrame({"model_a": keys, "model_b": keys})
    tables = []
    for scale in steps:
        for kind, ends in (("pair", pairs), ("moved", moved)):
            table = ends.assign(kind=kind, scale=scale, chance=random.uniform(0, 0.6, len(ends)))
            tables.append(table.assign(rho=random.uniform(-0.2, 0.9, len(ends))))
    table = pd.concat(tables, ignore_index=True)
    table["mean"] = table["chance"] + table["rho"] * (1 - table["chance"])
    kept = pair_categories(
        table, architectures={"m1": "m0"}, families=dict.fromkeys(keys, "cnn"), untrained=["m2"]
    )
    return table.assign(category=kept)


def ticks(axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


def test_both_measures_have_quartiles_of_trained_pairs_beside_seeds_and_chance():
    table = some_scales(NATIVE, 4, SEGMENTED)
    with styled():
        figure, drawn = scales({"lrp": table, "gradcam": table}, {"lrp": 4, "gradcam": None})
        above, below = figure.axes[0], figure.axes[2]
        assert ticks(below) == ["4", "full\nmap", "seg-\nments"]
        assert above.get_ylabel() == "mean cosine, s"
        assert below.get_ylabel() == "above chance, ρ"
    kept = table[(table["kind"] == "pair") & table["category"].isin(["same family"])]
    for scale in (NATIVE, 4, SEGMENTED):
        at = kept[kept["scale"] == scale]
        for measure in ("mean", "rho"):
            row = drawn.query(
                "method == 'lrp' and category == 'trained' and scale == @scale and measure == @measure"
            ).iloc[0]
            expected = np.quantile(at[measure], [0.25, 0.5, 0.75])
            quartiles = row[["low_quartile", "median", "high_quartile"]].tolist()
            np.testing.assert_allclose(quartiles, expected)
            assert row["pairs"] == len(at)
        null = drawn.query("method == 'lrp' and category == 'null' and scale == @scale")
        assert null.set_index("measure")["median"].to_dict() == {
            "mean": pytest.approx(at["chance"].median()),
            "rho": 0,
        }
    assert set(drawn["category"]) == {"trained", "seeds", "control", "moved", "null"}


def test_the_scale_of_the_study_is_marked_and_segments_stand_apart():
    tables = {"lrp": some_scales(NATIVE, 4, 8, SEGMENTED), "kernelshap": some_scales(NATIVE, 4, 8)}
    pools, natives = {"lrp": "segments", "kernelshap": None}, {"kernelshap": "segments"}
    with styled():
        figure, drawn = scales(tables, pools, natives)
        lrp, kernelshap = figure.axes[2:4]
        assert ticks(lrp) == ["4", "8", "full\nmap", "seg-\nments"]
        # maps that are computed on segments have no other scale of their own
        assert ticks(kernelshap) == ["4", "8", "seg-\nments"]
        places = lrp.get_xticks()
        assert places[3] - places[2] > places[2] - places[1]
        for axes in (lrp, kernelshap):
            marked = axes.patches[0].get_extents().transformed(axes.transData.inverted())
            assert marked.x0 < places[3] < marked.x1
            # no line runs from the full map to the segments
            assert all(places[3] not in line.get_xdata()[1:] for line in axes.lines)
    assert set(drawn.query("method == 'kernelshap'")["scale"]) == {4, 8, SEGMENTED}


def test_many_methods_stand_in_several_rows():
    tables = {f"lrp_{number}": some_scales(NATIVE, 4) for number in range(5)}
    with styled():
        figure, _ = scales(tables, dict.fromkeys(tables))
        titles = [axes.get_title("left") for axes in figure.axes if axes.get_title("left")]
        assert sum(axes.axison for axes in figure.axes) == 10
    assert titles == [f"LRP {number}" for number in range(5)]


def test_a_study_without_pairs_of_trained_models_is_drawn():
    table = some_scales(NATIVE, 4).query("category in ['control', 'seeds']")
    with styled():
        figure, drawn = scales({"lrp": table}, {"lrp": None})
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "null" not in set(drawn["category"])
    assert texts[0] == "two seeds of one model"
