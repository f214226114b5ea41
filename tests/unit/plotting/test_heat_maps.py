"""Heat maps of dissimilarities: colour scale, tree, and how sure each cell is."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import leaves_list, linkage

from thinkalike.compare.pairs import pair_categories
from thinkalike.plotting.heat_maps import (
    Pairs,
    bar_marks,
    colour_limits,
    dissimilarities,
    half_widths,
    label_of,
)
from thinkalike.plotting.style import styled

MODELS = ["a", "b", "twin", "c", "u"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": dict(zip(MODELS, ["cnn", "cnn", "cnn", "transformer", "cnn"], strict=True)),
}


def some_pairs() -> Pairs:
    table = pd.DataFrame([*combinations(MODELS, 2)], columns=["model_a", "model_b"])
    values = [1.0, 0.3, 1.2, 1.6, 1.1, 1.25, 1.7, 1.3, 1.65, 1.55]
    table = table.assign(
        dissimilarity=values,
        dissimilarity_low=np.array(values) - 0.1,
        dissimilarity_high=np.array(values) + 0.2,
        low=0.4,
        high=0.8,
        n=np.where((table == "u").any(axis=1), 6, 100),
    )
    categories = pair_categories(
        table, architectures={"twin": "a"}, families=OF["families"], untrained=["u"]
    )
    table = table.assign(category=categories)
    tree = linkage(values, "average")
    return Pairs(table, [MODELS[leaf] for leaf in leaves_list(tree)], tree, MODELS)


def draw(pairs: Pairs, marks: dict[str, float]) -> tuple[Figure, pd.DataFrame]:
    return dissimilarities(pairs, marks=marks, title="some", label="chord", **OF)


def test_colours_are_those_of_trained_models_of_different_architectures():
    pairs = some_pairs()
    assert colour_limits(pairs.table, {}) == (1.0, 1.3)
    assert colour_limits(pairs.table, {"chance": 1.35}) == (1.0, 1.35)
    assert colour_limits(pairs.table, {"chance": 1.414}) == (1.0, 1.3)
    controls = pairs.table[pairs.table["category"] == "control"]
    assert colour_limits(controls, {}) == (1.55, 1.7)
    assert colour_limits(pairs.table[:0], {}) == (0, 1)


def test_pairs_that_cannot_be_told_apart_do_not_stretch_the_colours():
    table = some_pairs().table.copy()
    trained = ~table["category"].isin(["control", "seeds"])
    table.loc[trained, "dissimilarity"] = 1.37 + 1e-4 * np.arange(trained.sum())
    # seeds at 0.3 and a control at 1.7: what there is to see
    assert colour_limits(table, {"two seeds": 0.2}) == (0.2, 1.7)


def test_the_table_has_what_is_clipped_and_how_sure_each_cell_is():
    pairs = some_pairs()
    with styled():
        figure, table = draw(pairs, {"chance": np.sqrt(2), "two seeds": 1.1})
        square = figure.axes[1]
        hatched = [patch for patch in square.patches if patch.get_hatch()]
        texts = [text.get_text() for axes in figure.axes[3:] for text in axes.texts]
        ticks = [label.get_text() for label in square.get_yticklabels()]
    np.testing.assert_allclose(table["half_width"], 0.15)
    assert table.loc[table["category"] == "seeds", "clipped"].tolist() == [-1]
    assert table.loc[table["category"] == "control", "clipped"].tolist() == [1] * 4
    assert (table.loc[table["category"] == "same family", "clipped"] == 0).all()
    assert len(hatched) == 8  # from 6 of 100 images
    assert sorted(texts) == ["chance 1.41 ↑", "two seeds\n1.10"]
    assert "model u\n(maps for 6 images)" in ticks


def test_the_tree_joins_neighbouring_rows_at_its_heights():
    pairs = some_pairs()
    with styled():
        figure, _ = draw(pairs, {})
        lines = figure.axes[0].lines
        heights = [line.get_xdata()[1] for line in lines]
        ends = [sorted(line.get_ydata()) for line in lines]
    np.testing.assert_allclose(heights, pairs.tree[:, 2])
    first = sorted(pairs.order.index(MODELS[int(leaf)]) for leaf in pairs.tree[0, :2])
    assert [ends[0][0], ends[0][-1]] == first
    assert first[1] - first[0] == 1


def test_missing_pairs_and_studies_without_trained_pairs_are_drawn():
    pairs = some_pairs()
    table = pairs.table.assign(dissimilarity=np.nan)
    with styled():
        figure, _ = draw(Pairs(table, MODELS, np.empty((0, 4)), []), {"chance": 1.41})
    assert len([patch for patch in figure.axes[1].patches if patch.get_hatch() == "////"]) == 20


def test_marks_on_the_bar_are_chords():
    seeds = pd.DataFrame({"model_a": ["a"], "model_b": ["b"], "rho": [0.5]})
    assert bar_marks(seeds) == pytest.approx({"chance": np.sqrt(2), "two seeds": 1.0})
    assert bar_marks(seeds[:0]) == pytest.approx({"chance": np.sqrt(2)})
    assert label_of("chord", True) == "chord of similarity above chance"
    assert label_of("rms", False) == "rms dissimilarity"


def test_a_dissimilarity_without_interval_shows_that_of_rho():
    table = some_pairs().table
    assert half_widths(table)[1] == ""
    widths, what = half_widths(table.assign(dissimilarity_low=np.nan))
    assert what == " of ρ"
    np.testing.assert_allclose(widths, 0.2)
