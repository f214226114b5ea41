"""Linkage against scikit-learn, minimum spanning trees, hand calculation and enumeration."""

import warnings
from itertools import combinations, product

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist, squareform
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from thinkalike.clustering.hierarchical import (
    LINKAGES,
    agreement_table,
    cophenetic_agreement,
    cophenetic_correlation,
    cut,
    cut_agreement,
    leaf_order,
    linkage,
)
from thinkalike.errors import InputError
from thinkalike.stores.tables import write_table

BUT_WARD = [kind for kind in LINKAGES if kind != "ward"]


def points(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 3))


def distances(count: int, seed: int = 0) -> np.ndarray:
    return squareform(pdist(points(count, seed)))


@pytest.mark.parametrize("kind", ["average", "single", "complete"])
def test_heights_and_joins_are_those_of_scikit_learn(kind):
    matrix = distances(9)
    tree = linkage(matrix, kind, euclidean=True)
    peer = AgglomerativeClustering(
        n_clusters=None, distance_threshold=0, metric="precomputed", linkage=kind
    ).fit(matrix)
    np.testing.assert_allclose(tree[:, 2], peer.distances_, rtol=1e-12)
    np.testing.assert_array_equal(np.sort(tree[:, :2], 1), np.sort(peer.children_, 1))


def test_ward_on_distances_is_scikit_learns_ward_on_the_points():
    tree = linkage(distances(9, seed=1), "ward", euclidean=True)
    peer = AgglomerativeClustering(n_clusters=None, distance_threshold=0, linkage="ward")
    np.testing.assert_allclose(tree[:, 2], peer.fit(points(9, seed=1)).distances_, rtol=1e-12)


@pytest.mark.parametrize("kind", LINKAGES)
def test_the_linkage_is_scipys_of_the_condensed_matrix(kind):
    matrix = distances(8, seed=2)
    np.testing.assert_array_equal(
        linkage(matrix, kind, euclidean=True), hierarchy.linkage(squareform(matrix), kind)
    )


def test_single_linkage_joins_along_the_minimum_spanning_tree():
    matrix = distances(10, seed=3)
    edges = nx.minimum_spanning_tree(nx.from_numpy_array(matrix)).edges.data("weight")
    heights = linkage(matrix, "single", euclidean=False)[:, 2]
    np.testing.assert_allclose(heights, sorted(weight for *_, weight in edges), rtol=1e-12)


@pytest.mark.parametrize(
    ("kind", "height"),
    # 0 and 1 join at 1, and with 2 at 3 before 3 comes, whose distances to 0, 1, 2 are 10, 13, 16
    [("single", 10), ("complete", 16), ("average", 13), ("weighted", (11.5 + 16) / 2)],
)
def test_the_last_join_of_four_models_by_hand(kind, height):
    matrix = np.array([[0, 1, 3, 10], [1, 0, 3, 13], [3, 3, 0, 16], [10, 13, 16, 0]], float)
    tree = linkage(matrix, kind, euclidean=False)
    np.testing.assert_allclose(tree[:, 2], [1, 3, height])
    assert tree[:, 3].tolist() == [2, 3, 4]


@pytest.mark.parametrize("kind", LINKAGES)
def test_heights_do_not_depend_on_the_order_of_the_models(kind):
    matrix = distances(8, seed=4)
    order = np.random.default_rng(0).permutation(8)
    np.testing.assert_allclose(
        linkage(matrix[order][:, order], kind, euclidean=True)[:, 2],
        linkage(matrix, kind, euclidean=True)[:, 2],
        rtol=1e-12,
    )


@pytest.mark.parametrize("kind", LINKAGES)
def test_two_models_are_joined_at_their_dissimilarity(kind):
    matrix = np.array([[0, 0.7], [0.7, 0]])
    np.testing.assert_allclose(linkage(matrix, kind, euclidean=True), [[0, 1, 0.7, 2]])


@pytest.mark.parametrize("kind", BUT_WARD)
def test_models_that_are_all_as_far_apart_are_joined_at_that_height(kind):
    matrix = 0.4 * (1 - np.eye(5))
    np.testing.assert_allclose(linkage(matrix, kind, euclidean=True)[:, 2], 0.4)


def test_the_diagonal_is_no_data_and_the_matrix_stays_as_it_is():
    matrix = distances(6, seed=5)
    with_diagonal = matrix + 9 * np.eye(6)
    given = with_diagonal.copy()
    tree = linkage(with_diagonal, "average", euclidean=False)
    np.testing.assert_array_equal(tree, linkage(matrix, "average", euclidean=False))
    assert cophenetic_correlation(with_diagonal, tree) == cophenetic_correlation(matrix, tree)
    assert leaf_order(with_diagonal, tree) == leaf_order(matrix, tree)
    np.testing.assert_array_equal(with_diagonal, given)


def test_ward_on_a_matrix_that_is_not_euclidean_is_refused_with_the_reason():
    with pytest.raises(InputError, match=r"ward .* need Euclidean distances.* use average.*chord"):
        linkage(distances(4), "ward", euclidean=False)


def test_one_model_is_nothing_to_cluster():
    with pytest.raises(InputError, match="fewer than two models"):
        linkage(np.zeros((1, 1)), "average", euclidean=True)


def test_an_unknown_linkage_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=f"'centroid' is none of {', '.join(LINKAGES)}"):
        linkage(distances(4), "centroid", euclidean=True)


def test_cophenetic_correlation_is_scipys():
    matrix = distances(9, seed=6)
    tree = linkage(matrix, "average", euclidean=True)
    expected, _ = hierarchy.cophenet(tree, squareform(matrix))
    assert cophenetic_correlation(matrix, tree) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", BUT_WARD)
def test_an_ultrametric_matrix_is_its_own_tree(kind):
    matrix = np.array([[0, 1, 4, 4], [1, 0, 4, 4], [4, 4, 0, 2], [4, 4, 2, 0]], float)
    tree = linkage(matrix, kind, euclidean=False)
    np.testing.assert_allclose(squareform(hierarchy.cophenet(tree)), matrix)
    assert cophenetic_correlation(matrix, tree) == pytest.approx(1)


def test_cophenetic_correlation_of_equal_dissimilarities_is_undefined_without_a_warning():
    matrix = 1 - np.eye(4)
    tree = linkage(matrix, "average", euclidean=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(cophenetic_correlation(matrix, tree))


def test_cophenetic_correlation_of_equal_heights_is_undefined_without_a_warning():
    # an equilateral triangle's tree has one height only where a side is a little longer
    matrix = np.array([[0, 1, 1], [1, 0, 1.5], [1, 1.5, 0]])
    tree = linkage(matrix, "single", euclidean=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(cophenetic_correlation(matrix, tree))


def flips(tree: np.ndarray) -> list[list[int]]:
    """All orders of the leaves that a dendrogram allows."""
    count = len(tree) + 1
    orders = []
    for turned in product((False, True), repeat=len(tree)):
        leaves = {leaf: [leaf] for leaf in range(count)}
        for step, (left, right) in enumerate(tree[:, :2].astype(int)):
            pair = (right, left) if turned[step] else (left, right)
            leaves[count + step] = leaves[pair[0]] + leaves[pair[1]]
        orders.append(leaves[2 * count - 2])
    return orders


@pytest.mark.parametrize("kind", LINKAGES)
def test_leaf_order_is_one_that_the_dendrogram_allows(kind):
    matrix = distances(7, seed=7)
    tree = linkage(matrix, kind, euclidean=True)
    assert leaf_order(matrix, tree) in flips(tree)


def test_leaf_order_of_two_models_has_both():
    matrix = np.array([[0, 1], [1, 0]], float)
    assert sorted(leaf_order(matrix, linkage(matrix, "single", euclidean=True))) == [0, 1]


def test_the_agreement_of_two_trees_is_the_correlation_of_scipys_cophenetic_distances():
    matrix = distances(9, seed=3)
    trees = [linkage(matrix, kind, euclidean=True) for kind in ("average", "single")]
    expected = np.corrcoef([hierarchy.cophenet(tree) for tree in trees])[0, 1]
    assert cophenetic_agreement(*trees) == pytest.approx(expected, rel=1e-12)
    assert cophenetic_agreement(trees[0], trees[0]) == pytest.approx(1)


def test_heights_of_pairs_agree_as_counted_by_hand():
    # heights of ab, ac, ad, bc, bd, cd: 1 3 4 3 4 4 and 4 3 4 4 1 4
    one = np.array([[0, 1, 1, 2], [4, 2, 3, 3], [5, 3, 4, 4]], float)
    other = np.array([[1, 3, 1, 2], [0, 2, 3, 2], [4, 5, 4, 4]], float)
    assert cophenetic_agreement(one, other) == pytest.approx(
        np.corrcoef([1, 3, 4, 3, 4, 4], [4, 3, 4, 4, 1, 4])[0, 1]
    )


def test_a_tree_that_joins_all_at_one_height_agrees_with_none():
    equal = linkage(1 - np.eye(4), "average", euclidean=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(
            cophenetic_agreement(equal, linkage(distances(4), "single", euclidean=True))
        )


@pytest.mark.parametrize("kind", ["average", "single", "complete"])
@pytest.mark.parametrize("clusters", [2, 3, 4])
def test_a_cut_gives_the_clusters_of_scikit_learn(kind, clusters):
    matrix = distances(11, seed=4)
    found = cut(linkage(matrix, kind, euclidean=True), clusters)
    peer = AgglomerativeClustering(n_clusters=clusters, metric="precomputed", linkage=kind)
    assert len(set(found)) == clusters
    assert adjusted_rand_score(found, peer.fit_predict(matrix)) == 1


def test_joins_at_one_height_are_made_together_whatever_the_order_of_the_models():
    # two close pairs, both as far from a third: into three clusters no cut at one height leads
    matrix = 2 * (1 - np.eye(6))
    for i in (0, 2, 4):
        matrix[i, i + 1] = matrix[i + 1, i] = 1
    matrix[4:, :4] = matrix[:4, 4:] = 3
    for order in (list(range(6)), [5, 3, 1, 0, 2, 4], [2, 0, 4, 1, 5, 3]):
        tree = linkage(matrix[np.ix_(order, order)], "single", euclidean=False)
        clusters = dict(zip(order, cut(tree, 2), strict=True))
        assert (
            clusters[0] == clusters[1] == clusters[2] == clusters[3] != clusters[4] == clusters[5]
        )
        assert len(set(cut(tree, 5))) == 3  # all pairs are joined at once


def test_equal_cuts_score_one_and_as_many_clusters_as_models_nothing():
    matrix = distances(4, seed=5)
    tree = linkage(matrix, "average", euclidean=True)
    assert cut_agreement(tree, tree, 3) == 1
    assert np.isnan(cut_agreement(tree, tree, 4))


def test_agreement_has_a_row_for_every_pair_and_empty_cells_for_what_was_refused():
    matrix, kinds = distances(8, seed=6), ["average", "single", "ward", "complete"]
    trees = {kind: linkage(matrix, kind, euclidean=True) for kind in kinds}
    trees["ward"] = np.empty((0, 4))
    table = agreement_table(trees).set_index(["linkage_a", "linkage_b"])
    assert list(table.index) == list(combinations(kinds, 2))
    columns = ["cophenetic_correlation", *(f"adjusted_rand_{k}" for k in (2, 3, 4))]
    assert list(table.columns) == columns
    refused = ["ward" in pair for pair in table.index]
    assert table[refused].isna().all(axis=None)
    for pair, row in table[np.logical_not(refused)].iterrows():
        one, other = (trees[kind] for kind in pair)
        heights = [hierarchy.cophenet(tree) for tree in (one, other)]
        assert row["cophenetic_correlation"] == pytest.approx(np.corrcoef(heights)[0, 1])
        for k in (2, 3, 4):
            cuts = [hierarchy.fcluster(tree, k, "maxclust") for tree in (one, other)]
            assert row[f"adjusted_rand_{k}"] == pytest.approx(adjusted_rand_score(*cuts))


def test_agreement_of_as_few_models_as_clusters_has_empty_cells_there():
    matrix = distances(3, seed=7)
    trees = {kind: linkage(matrix, kind, euclidean=True) for kind in ("average", "single")}
    (row,) = agreement_table(trees).to_dict("records")
    assert np.isfinite([row["cophenetic_correlation"], row["adjusted_rand_2"]]).all()
    assert np.isnan([row["adjusted_rand_3"], row["adjusted_rand_4"]]).all()


def test_agreement_of_one_linkage_is_a_table_without_rows_but_with_columns(tmp_path):
    table = agreement_table({"average": linkage(distances(4), "average", euclidean=True)})
    write_table(table, tmp_path / "agreement.csv")
    written = pd.read_csv(tmp_path / "agreement.csv")
    assert written.empty
    both = {kind: linkage(distances(5), kind, euclidean=True) for kind in ("average", "single")}
    assert list(written.columns) == list(agreement_table(both).columns)
