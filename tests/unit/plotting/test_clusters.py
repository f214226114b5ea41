"""Dendrograms and communities: what is drawn of the clusters of one matrix."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform

from thinkalike.clustering.models import FILES, Clusters, Settings, cluster_models
from thinkalike.plotting.clusters import (
    COMMUNITY_COLOURS,
    NEUTRAL,
    branch_support,
    communities,
    dendrograms,
    read_support,
)
from thinkalike.plotting.style import FAMILY_COLOURS, styled
from thinkalike.stores.tables import write_table

MODELS = ["a", "b", "c", "d", "e"]
OF = {
    "names": {model: f"model {model}" for model in MODELS},
    "families": dict(zip(MODELS, ["cnn", "cnn", "hybrid", "transformer", "cnn"], strict=True)),
    "title": "some",
}


def clustered(largest: float | None = None) -> tuple[pd.DataFrame, Clusters]:
    matrix = squareform(pdist(np.random.default_rng(0).random((5, 2))))
    matrix[0, 1] = matrix[1, 0] = 2  # farther than the way round
    table = pd.DataFrame(matrix, index=MODELS, columns=MODELS)
    settings = Settings(["average", "ward"], "euclidean", largest, 1.05, [1.0, 1.2])
    return table, cluster_models(table, settings, seed=0)


@pytest.mark.parametrize("largest", [None, 3.0])
def test_edges_are_as_wide_as_the_graph_that_was_clustered_has_weight(largest):
    table, found = clustered(largest)
    with styled():
        figure, drawn = communities(found, table, largest=largest, **OF)
        edges = [line for line in figure.axes[0].lines if line.get_linestyle() == "-"]
        widths = [line.get_linewidth() for line in edges if line.get_marker() == "None"]
    upper = np.triu_indices(5, 1)
    expected = 2 * (1 - table.to_numpy()[upper] / (largest or 2))
    np.testing.assert_allclose(widths[:10], expected, atol=1e-12)
    assert drawn["drawn"].tolist() == [True, False, False]
    assert drawn["resolution"].tolist() == [1.05, 1.0, 1.2]
    assert drawn.loc[drawn["drawn"], MODELS].to_numpy().ravel().tolist() == (
        found.communities["community"].tolist()
    )


def test_communities_are_not_in_the_colours_of_families():
    assert not set(COMMUNITY_COLOURS) & {*FAMILY_COLOURS.values(), NEUTRAL}


@pytest.mark.parametrize("null", [0.9, -0.9])
def test_what_is_not_above_chance_is_grey_and_called_no_communities(null):
    table, found = clustered()
    found.communities["community"] = [0, 1, 0, 1, 0]
    found.measures.update(louvain_modularity=0.1, louvain_modularity_null=null)
    with styled():
        figure, _ = communities(found, table, largest=None, **OF)
        left, right = figure.axes
        colours = {line.get_color() for line in left.lines if line.get_marker() != "None"}
        shades = right.images[0].cmap.colors
    assert found.has_communities == (null < 0)
    assert ("no communities" in left.get_title()) == (null > 0)
    assert f"(by chance up to {null:.3f})" in left.get_title()
    assert (colours == {NEUTRAL}) == (null > 0)
    assert (set(shades) <= set(COMMUNITY_COLOURS)) == (null < 0)


@pytest.mark.parametrize("count", [2, 3])
def test_the_figure_of_too_few_models_says_that_there_are_no_communities(count, tmp_path):
    table = clustered()[0].iloc[:count, :count]
    settings = Settings(["average"], "euclidean", None, 1.05, [1.0, 1.2])
    found = cluster_models(table, settings, seed=0)
    paths = [tmp_path / f"{stem}.csv" for stem in ("linkage_average", *FILES)]
    for path, part in zip(paths, found.tables, strict=True):
        write_table(part, path)
    write_table(
        pd.DataFrame({"measure": found.measures.keys(), "value": found.measures.values()}),
        tmp_path / "quality.csv",
    )
    again = Clusters.read([str(path) for path in (*paths, tmp_path / "quality.csv")])
    assert not again.has_communities
    with styled():
        figure, drawn = communities(again, table, largest=None, **OF)
        left = figure.axes[0]
        colours = {line.get_color() for line in left.lines if line.get_marker() != "None"}
    assert left.get_title() == f"no communities: {count} models, and it takes 4 to tell"
    assert colours == {NEUTRAL}
    assert drawn[MODELS[:count]].isna().all(axis=None)


@pytest.mark.parametrize("count", [4, 5])
def test_the_numbers_of_communities_stand_under_the_title(count):
    table = clustered()[0].iloc[:count, :count]
    settings = Settings(["average"], "euclidean", None, 1.05, [1.0, 1.2])
    found = cluster_models(table, settings, seed=0)
    with styled():
        figure, _ = communities(found, table, largest=None, **OF)
        figure.draw_without_rendering()
        right = figure.axes[1]
        numbers = [text.get_window_extent() for text in right.texts]
        title, cells = right.title.get_window_extent(), right.get_window_extent()
    assert len(numbers) == len(found.sweep)
    assert all(cells.y1 <= number.y0 and number.y1 <= title.y0 for number in numbers)


def test_a_linkage_that_was_refused_says_why():
    _, found = clustered()
    with styled():
        figure, merges = dendrograms(found, support={}, **OF)
        average, ward = figure.axes
        assert average.get_title("left").startswith("average, r = ")
        assert ward.get_title("left") == "ward"
        assert "ward is left out" in ward.texts[0].get_text()
    assert merges["linkage"].tolist() == ["average"] * 4


def test_branches_have_their_support_where_it_is_known_and_controls_do_not_count():
    tree = np.array([[0, 1, 1, 2], [2, 5, 2, 3], [3, 6, 3, 4], [4, 7, 4, 5]], float)
    support = {frozenset("ab"): 0.9, frozenset("abd"): 0.6}
    shares = branch_support(tree, MODELS, support)
    np.testing.assert_equal(shares, [0.9, np.nan, 0.6, np.nan])  # c and e are controls
    np.testing.assert_equal(branch_support(tree, MODELS, {}), [np.nan] * 4)


def test_support_is_read_and_written_at_branches_of_its_linkage(tmp_path):
    _, found = clustered()
    first = [MODELS[int(leaf)] for leaf in found.linkages["average"].iloc[0, :2]]
    path = tmp_path / "support.csv"
    table = pd.DataFrame({"linkage": "average", "models": [" ".join(first), " ".join(MODELS)]})
    table.assign(height=1.0, support=[0.97, 1]).to_csv(path, index=False)
    with styled():
        figure, merges = dendrograms(found, support=read_support(str(path)), **OF)
        texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["97", "100"]
    assert merges["support"].dropna().tolist() == [0.97, 1]
