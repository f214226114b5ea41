"""Spectral clustering: against dense definitions, scikit-learn, scipy's and networkx' graphs, and truth."""

import math
import tracemalloc

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import eigh
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.sparse.csgraph import laplacian as csgraph_laplacian
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import kneighbors_graph

from thinkalike.clustering.spectral.choices import choice_table, choices
from thinkalike.clustering.spectral.cut import (
    ALL,
    APART,
    Clustering,
    Pair,
    eigenvalue_count,
    graph_spectra,
    numbered_by_size,
)
from thinkalike.clustering.spectral.cut import clusterings as cut
from thinkalike.clustering.spectral.graphs import (
    GRAPHS,
    Scales,
    ScaleSettings,
    components,
    distances_from_products,
    graph,
    nearest,
)
from thinkalike.clustering.spectral.spectra import (
    LAPLACIANS,
    embedding,
    laplacian,
    number_of_clusters,
    plane,
    spectrum,
)
from thinkalike.clustering.spectral.stability import (
    agreement,
    draws,
    known_agreement,
    sample_clusters,
    stabilities,
)
from thinkalike.errors import InputError

POINTS = hnp.arrays(
    np.float64, st.tuples(st.integers(4, 24), st.just(3)), elements=st.integers(-4, 4).map(float)
).filter(lambda x: len(np.unique(x, axis=0)) > 1)
"""On a lattice: with copies and ties."""


def dense(matrix) -> np.ndarray:
    return matrix.toarray() if sparse.issparse(matrix) else matrix


def cloud(n: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 5))


def blobs(n: int = 90, spread: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    centres = [[0, 0], [6, 0], [0, 6]]
    return make_blobs(n, centers=centres, cluster_std=spread, random_state=0)


def moons(n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    return make_moons(n, noise=0.05, random_state=0)


def distances_of(points: np.ndarray) -> np.ndarray:
    return cdist(points, points)


def weights(n: int = 60, kind: str = "knn"):
    distances = distances_of(cloud(n))
    return graph(distances, kind, ScaleSettings().scales(distances))


def clusterings(
    distances: np.ndarray,
    *,
    pairs: tuple[Pair, ...] | list[Pair] = ALL,
    clusters: int | None = None,
    seed: int = 0,
    **settings,
) -> dict[Pair, Clustering]:
    """From distances to clusters."""
    scales = ScaleSettings(**settings).scales(distances)
    spectra = graph_spectra(distances, eigenvalue_count(clusters), scales, pairs=pairs)
    return cut(distances, spectra, clusters, seed=seed)


def stability_of(
    distances: np.ndarray,
    results: dict[Pair, Clustering],
    samples: list[np.ndarray],
    settings: ScaleSettings | None = None,
    threads: int = 1,
) -> np.ndarray:
    """Stability of results by samples that are cut into as many clusters."""
    numbers = {pair: result.number for pair, result in results.items()}
    again = sample_clusters(
        distances, samples, [numbers], settings or ScaleSettings(), seed=0, threads=threads
    )
    clusters = [result.clusters for result in results.values()]
    return stabilities(clusters, samples, [cuts[0] for cuts in again])


# Distances


def test_distances_are_those_of_scipy(monkeypatch):
    monkeypatch.setattr("thinkalike.clustering.spectral.graphs.ROWS_AT_A_TIME", 7)
    points = cloud(40)
    found = distances_from_products(points @ points.T)
    np.testing.assert_allclose(found, cdist(points, points), atol=1e-12)
    np.testing.assert_array_equal(found, found.T)
    points += 100  # far from the origin, where digits cancel
    found = distances_from_products(points @ points.T)
    np.testing.assert_allclose(found, cdist(points, points), atol=1e-4)


def test_distances_of_copies_are_exactly_zero():
    points = np.repeat(np.random.default_rng(0).normal(size=(5, 300)) * 1e3, 3, axis=0)
    found = distances_from_products(points @ points.T)
    np.testing.assert_array_equal(found == 0, np.kron(np.eye(5), np.ones((3, 3))) == 1)


def test_distances_need_little_memory_beside_their_own(monkeypatch):
    monkeypatch.setattr("thinkalike.clustering.spectral.graphs.ROWS_AT_A_TIME", 64)
    points = np.random.default_rng(0).normal(size=(1200, 60))
    products = points @ points.T
    tracemalloc.start()
    distances_from_products(products)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * products.nbytes


def test_a_product_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="not finite"):
        distances_from_products(np.array([[1, np.nan], [np.nan, 1]]))


# Scales and graphs


def test_default_scales_are_those_of_the_tutorial():
    points = cloud(60)
    distances = distances_of(points)
    found = ScaleSettings().scales(distances)
    assert found.neighbours == math.ceil(math.log(60)) + 1 == 6
    ordered = np.sort(cdist(points, points), axis=1)
    assert found.sigma == pytest.approx(ordered[:, 6].mean(), rel=1e-12)
    tree = minimum_spanning_tree(cdist(points, points))
    assert found.epsilon == pytest.approx(tree.max(), rel=1e-12)
    assert ScaleSettings(neighbours=3, sigma=0.5, epsilon=2).scales(distances) == Scales(3, 0.5, 2)


def test_epsilon_is_the_least_that_connects_the_graph():
    distances = distances_of(cloud(50))
    epsilon = ScaleSettings().scales(distances).epsilon
    for factor, parts in ((1, 1), (1 - 1e-9, 2)):
        joined = graph(distances, "epsilon", Scales(5, 1.0, epsilon * factor))
        assert connected_components(sparse.csr_array(joined))[0] == parts


def test_graphs_are_what_they_are_called():
    points = cloud(40)
    d = cdist(points, points)
    near = np.array(
        [
            [j in [x for x in np.argsort(row) if x != i][:4] for j in range(40)]
            for i, row in enumerate(d)
        ]
    )
    gauss = np.exp(-(d**2) / (2 * 0.7**2))
    off = ~np.eye(40, dtype=bool)
    expected = {
        "epsilon": ((d <= 2.5) & off).astype(float),
        "knn": np.where(near | near.T, gauss, 0),
        "mutual": np.where(near & near.T, gauss, 0),
        "full": np.where(off, gauss, 0),
    }
    for kind in GRAPHS:
        found = dense(graph(distances_of(points), kind, Scales(4, 0.7, 2.5)))
        np.testing.assert_allclose(found, expected[kind], atol=1e-13)


def test_neighbours_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr("thinkalike.clustering.spectral.graphs.ROWS_AT_A_TIME", 16)
    points = cloud(70)
    expected = kneighbors_graph(points, 7, include_self=False).toarray()
    np.testing.assert_array_equal(nearest(distances_of(points), 7).toarray(), expected)


@given(POINTS, st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_mutual_neighbours_are_neighbours_and_both_graphs_are_symmetric(points, k):
    distances = distances_of(points)
    k = min(k, len(points) - 1)
    scales = Scales(k, 1.0, 1.0)
    knn, mutual = (dense(graph(distances, kind, scales)) for kind in ("knn", "mutual"))
    assert (knn[mutual > 0] > 0).all()
    np.testing.assert_array_equal(mutual[mutual > 0], knn[mutual > 0])
    np.testing.assert_array_equal(knn, knn.T)
    np.testing.assert_array_equal(mutual, mutual.T)
    # ties or not, everyone has exactly k neighbours, none of which is farther than one that is not
    near = nearest(distances, k).toarray() == 1
    assert (near.sum(1) == k).all()
    assert not near.diagonal().any()
    for i in range(len(points)):
        others = np.setdiff1d(np.arange(len(points)), [i])
        inside, outside = others[near[i, others]], others[~near[i, others]]
        assert distances[i, inside].max() <= distances[i, outside].min(initial=np.inf)


def test_a_gaussian_without_width_joins_copies_only():
    points = np.repeat([[0.0], [1.0], [5.0]], 4, axis=0)
    distances = distances_of(points)
    scales = ScaleSettings(neighbours=3).scales(distances)
    assert scales.sigma == 0
    expected = np.kron(np.eye(3), np.ones((4, 4))) - np.eye(12)
    np.testing.assert_array_equal(graph(distances, "full", scales), expected)


def test_an_unknown_graph_or_laplacian_is_refused():
    with pytest.raises(InputError, match="'ball' is none of epsilon"):
        graph(np.zeros((3, 3)), "ball", Scales(1, 1.0, 1.0))
    with pytest.raises(InputError, match="'signless' is none of unnormalised"):
        spectrum(weights(), "signless")


# Laplacians


@pytest.mark.parametrize("kind", GRAPHS)
def test_laplacians_are_those_of_scipy_and_networkx(kind):
    w = weights(40, kind)
    theirs = nx.from_numpy_array(dense(w))
    np.testing.assert_allclose(dense(laplacian(w, "unnormalised")), csgraph_laplacian(dense(w)))
    np.testing.assert_allclose(
        dense(laplacian(w, "unnormalised")), nx.laplacian_matrix(theirs).toarray(), atol=1e-14
    )
    for name in ("symmetric", "random_walk"):
        ours = dense(laplacian(w, name))
        np.testing.assert_allclose(ours, csgraph_laplacian(dense(w), normed=True), atol=1e-14)
        np.testing.assert_allclose(
            ours, nx.normalized_laplacian_matrix(theirs).toarray(), atol=1e-14
        )


@given(POINTS, st.sampled_from(GRAPHS))
@settings(max_examples=60, deadline=None)
def test_the_random_walk_has_eigenvalues_in_minus_one_to_one_and_those_of_the_symmetric_form(
    points, kind
):
    distances = distances_of(points)
    w = graph(distances, kind, ScaleSettings().scales(distances))
    degrees = dense(w).sum(1)
    inside = degrees > 0
    walk = dense(w)[np.ix_(inside, inside)] / degrees[inside, None]
    expected = np.sort(1 - np.linalg.eigvals(walk).real)
    assert expected.min() > -1e-9
    assert expected.max() < 2 + 1e-9
    for name in ("symmetric", "random_walk"):
        part = w if inside.all() else w[inside][:, inside]
        found = spectrum(part, name, len(points))
        np.testing.assert_allclose(found.values, expected, atol=1e-7)
        one = 1 - found.values
        assert ((one >= -1 - 1e-12) & (one <= 1)).all()


@given(POINTS, st.sampled_from(GRAPHS), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_zero_eigenvalues_are_as_many_as_components(points, kind, k):
    distances = distances_of(points)
    w = graph(distances, kind, ScaleSettings(neighbours=k, epsilon=1.0).scales(distances))
    parts, labels = connected_components(sparse.csr_array(dense(w)), directed=False)
    np.testing.assert_array_equal(components(w), labels)
    for name in LAPLACIANS:
        values = spectrum(w, name, len(points)).values
        assert (values == 0).sum() == parts
        assert (values >= 0).all()


@pytest.mark.parametrize("kind", GRAPHS)
@pytest.mark.parametrize("name", LAPLACIANS)
@pytest.mark.parametrize("n", [50, 700])
def test_spectra_are_those_of_the_dense_generalised_problem(kind, name, n):
    w = weights(n, kind)
    kept = np.flatnonzero(dense(w).sum(1) > 0)
    w = dense(w)[np.ix_(kept, kept)] if kind in ("epsilon", "full") else w[kept][:, kept]
    degrees = np.diag(dense(w).sum(1))
    # L u = λ D u is the random walk's problem (von Luxburg 2007, proposition 3)
    metric = degrees if name == "random_walk" else None
    matrix = degrees - dense(w)
    if name == "symmetric":
        matrix = matrix / np.sqrt(np.outer(degrees.diagonal(), degrees.diagonal()))
    found = spectrum(w, name, 9)
    np.testing.assert_allclose(
        found.values, eigh(matrix, metric, eigvals_only=True)[:9], rtol=1e-7, atol=1e-9
    )
    left = matrix @ found.vectors
    right = (degrees if metric is not None else np.eye(len(kept))) @ found.vectors * found.values
    np.testing.assert_allclose(left, right, atol=1e-6)
    # one vector is not another: independent directions
    assert np.linalg.matrix_rank(found.vectors, tol=1e-8) == 9


def test_eigenvectors_of_a_connected_graph_begin_with_the_known_one():
    w = weights(40, "full")
    for name, expected in (
        ("unnormalised", np.ones(40)),
        ("symmetric", np.sqrt(w.sum(1))),
        ("random_walk", np.ones(40)),
    ):
        first = spectrum(w, name).vectors[:, 0]
        np.testing.assert_allclose(first / first[0], expected / expected[0], rtol=1e-12)


def test_rows_of_the_symmetric_embedding_have_length_one():
    vectors = spectrum(weights(), "symmetric").vectors[:, :4]
    points = embedding(vectors, "symmetric")
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(points * np.linalg.norm(vectors, axis=1)[:, None], vectors)
    for name in ("unnormalised", "random_walk"):
        np.testing.assert_array_equal(embedding(vectors, name), vectors)
    assert not embedding(np.zeros((3, 2)), "symmetric").any()


# The number of clusters


def test_the_eigengap_is_the_largest_step_from_two_to_the_most():
    values = np.array([0, 0.1, 0.2, 0.6, 0.9, 5.0])
    assert number_of_clusters(values, 1) == 5
    assert number_of_clusters(values, 1, most=4) == 3
    assert number_of_clusters(np.array([0, 5.0, 5.1, 5.3]), 1) == 3  # one cluster is none
    assert number_of_clusters(np.array([0, 0, 0, 0.1, 9.0]), 3, most=3) == 3
    assert number_of_clusters(np.array([0.0, 0, 0, 0, 0]), 9) == 9  # as many as components
    assert number_of_clusters(np.array([0.0, 0.5, 1.0, 1.5]), 1) == 2  # of equals the smallest
    assert number_of_clusters(np.array([0.0, 0.5]), 1) == 1


# Clusters


@pytest.mark.parametrize("pair", ALL)
def test_three_blobs_are_found_and_counted(pair):
    points, truth = blobs()
    found = clusterings(distances_of(points), pairs=[pair], neighbours=12)[pair]
    assert found.number == 3
    assert agreement(found.clusters, truth) == 1


@pytest.mark.parametrize("kind", ["knn", "mutual", "full"])
@pytest.mark.parametrize("name", LAPLACIANS)
def test_two_moons_are_found_where_k_means_fails(kind, name):
    points, truth = moons()
    found = clusterings(
        distances_of(points), pairs=[(kind, name)], clusters=2, neighbours=12, sigma=0.1
    )[kind, name]
    assert agreement(found.clusters, truth) == 1
    straight = KMeans(2, n_init=10, random_state=0).fit(points).labels_
    assert adjusted_rand_score(truth, straight) < 0.6


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("data", [blobs, moons])
def test_the_random_walk_is_spectral_clustering_of_scikit_learn(k, data):
    points, _ = data(120)
    distances = distances_of(points)
    for kind in ("full", "knn"):
        scales = ScaleSettings(neighbours=20).scales(distances)
        affinity = dense(graph(distances, kind, scales))
        theirs = SpectralClustering(k, affinity="precomputed", n_init=20, random_state=0)
        ours = clusterings(distances, pairs=[(kind, "random_walk")], clusters=k, neighbours=20)[
            kind, "random_walk"
        ]
        if ours.components == 1:  # theirs warns of others
            assert adjusted_rand_score(theirs.fit(affinity).labels_, ours.clusters) > 0.999


@pytest.mark.parametrize("name", LAPLACIANS)
def test_components_of_a_disconnected_graph_are_the_clusters(name):
    points = np.concatenate([cloud(20, seed) + 100 * seed for seed in range(4)])
    truth = np.repeat(range(4), 20)
    for kind in ("knn", "full"):
        # the weights between the clouds are 0 in float64
        found = clusterings(distances_of(points), pairs=[(kind, name)], sigma=2.0)[kind, name]
        assert found.components == found.number == 4
        assert (found.values[:4] == 0).all()
        assert found.values[4] > 0
        assert agreement(found.clusters, truth) == 1


def test_fewer_clusters_than_components_join_what_is_nearest():
    at = [0, 100, 350, 1000]
    points = np.concatenate([cloud(15, seed) + place for seed, place in enumerate(at)])
    for number, truth in ((3, [0, 0, 1, 2]), (2, [0, 0, 0, 1]), (1, [0, 0, 0, 0])):
        found = clusterings(distances_of(points), pairs=[("knn", "symmetric")], clusters=number)
        labels = found["knn", "symmetric"].clusters
        assert agreement(labels, np.repeat(truth, 15)) == 1
        assert labels.max() + 1 == number


def test_more_clusters_than_components_cut_them():
    points = np.concatenate([blobs(60)[0], blobs(60)[0] + 1000])
    truth = np.r_[blobs(60)[1], blobs(60)[1] + 3]
    for name in LAPLACIANS:
        found = clusterings(
            distances_of(points),
            pairs=[("knn", name)],
            clusters=6,
            sigma=3.0,
            neighbours=19,
            seed=0,
        )["knn", name]
        assert found.components == 2 or found.components == 6
        assert agreement(found.clusters, truth) == 1


def test_points_without_company_are_apart_and_said_to_be():
    points = np.concatenate([blobs(60)[0], [[100.0, 100], [-200, 50]]])
    found = clusterings(distances_of(points), epsilon=3.0)
    for name in LAPLACIANS:
        result = found["epsilon", name]
        np.testing.assert_array_equal(np.flatnonzero(result.clusters == APART), [60, 61])
        assert result.apart == 2
        assert result.components == result.number + 2 == 5
        assert result.edges == ((cdist(points, points) <= 3).sum() - 62) // 2


def test_in_a_graph_of_neighbours_nobody_is_apart():
    for seed in range(5):
        found = clusterings(distances_of(cloud(80, seed)), pairs=[("knn", "symmetric")])
        assert found["knn", "symmetric"].apart == 0


def test_clusters_are_numbered_by_size():
    labels = np.array([5, 5, 2, 2, 2, 9, 7, 7])
    np.testing.assert_array_equal(numbered_by_size(labels), [1, 1, 0, 0, 0, 3, 2, 2])


# What cannot be clustered, and what barely can


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_points_are_refused(n):
    with pytest.raises(InputError, match=f"{n} points cannot be clustered"):
        clusterings(distances_of(cloud(3)[:n]))


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_maps_that_are_all_zero_or_all_the_same_are_refused(value):
    with pytest.raises(InputError, match="all 20 maps are the same"):
        clusterings(distances_of(np.full((20, 9), value)), seed=0)


def test_a_graph_without_an_edge_is_refused():
    with pytest.raises(InputError, match="the epsilon graph has no edge; give more"):
        clusterings(distances_of(cloud(20)), epsilon=1e-6)


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_fewer_points_than_neighbours_get_a_result_by_all_twelve(n):
    found = clusterings(distances_of(cloud(n)), neighbours=10)
    for result in found.values():
        assert len(result.clusters) == n
        assert 1 <= result.number <= n
        assert np.isfinite(result.values).all()
        assert np.isfinite(result.gap)


@given(POINTS)
@settings(max_examples=40, deadline=None)
def test_copies_and_ties_never_give_what_is_not_a_number(points):
    for result in clusterings(distances_of(np.repeat(points, 2, axis=0))).values():
        assert np.isfinite(result.values).all()
        assert np.isfinite(result.gap)
        assert result.apart == (result.clusters == APART).sum()
        assert set(result.clusters) - {APART} == set(range(result.number))


def test_copies_are_in_one_cluster_with_the_full_graph():
    points, truth = blobs(30)
    found = clusterings(distances_of(np.repeat(points, 4, axis=0)), neighbours=20)
    for name in LAPLACIANS:
        assert agreement(found["full", name].clusters, np.repeat(truth, 4)) == 1


def test_the_order_of_points_does_not_matter():
    points, _ = blobs(60, spread=1.2)
    order = np.random.default_rng(1).permutation(60)
    ours = clusterings(distances_of(points), clusters=3)
    other = clusterings(distances_of(points[order]), clusters=3)
    for pair in ALL:
        assert agreement(ours[pair].clusters[order], other[pair].clusters) > 0.99, pair


def test_the_same_seed_gives_the_same_clusters():
    distances = distances_of(cloud(80))
    once, again = (clusterings(distances, clusters=7, seed=3) for _ in range(2))
    for pair in ALL:
        np.testing.assert_array_equal(once[pair].clusters, again[pair].clusters)


# Stability and agreement


def test_a_bootstrap_has_the_points_drawn_with_replacement():
    samples = draws(1000, 200, 0, "case")
    shares = np.array([len(sample) / 1000 for sample in samples])
    assert shares.mean() == pytest.approx(1 - (1 - 1 / 1000) ** 1000, abs=0.003)
    assert all((np.diff(sample) > 0).all() for sample in samples)
    # a draw of its own, whatever their number and whatever else is drawn
    np.testing.assert_array_equal(draws(1000, 3, 0, "case")[2], samples[2])
    assert not np.array_equal(draws(1000, 3, 0, "other")[2], samples[2])


def test_clear_clusters_are_stable_and_those_of_nothing_are_not():
    for points, low, high in (
        (blobs()[0], 0.999, 1),
        (np.random.default_rng(0).uniform(size=(90, 8)), 0, 0.8),
    ):
        distances = distances_of(points)
        pairs = [("knn", "symmetric"), ("full", "random_walk")]
        found = clusterings(distances, pairs=pairs, clusters=3, neighbours=10)
        stability = stability_of(distances, found, draws(90, 20, 0), ScaleSettings(neighbours=10))
        assert stability.shape == (20, 2)
        assert (stability.mean(0) >= low).all()
        assert (stability.mean(0) <= high).all()


def test_stability_does_not_depend_on_how_many_samples_are_clustered_at_a_time():
    distances = distances_of(cloud(60))
    found = clusterings(distances, clusters=4)
    samples = draws(60, 6, 0)
    once, three = (stability_of(distances, found, samples, threads=n) for n in (1, 3))
    np.testing.assert_array_equal(once, three)


def test_stability_of_a_sample_that_cannot_be_clustered_is_zero():
    distances = distances_of(cloud(10))
    found = clusterings(distances, pairs=[("knn", "symmetric")])
    np.testing.assert_array_equal(stability_of(distances, found, [np.array([0, 1])]), [[0]])


def test_agreement_counts_points_that_are_in_clusters_of_both():
    a = np.array([0, 0, 1, 1, APART, 0])
    b = np.array([1, 1, 0, 0, 1, APART])
    assert agreement(a, b) == 1
    assert agreement(a, np.full(6, APART)) == 0
    swapped = np.array([0, 1, 0, 1, 0, 1])
    assert agreement(a, swapped) == adjusted_rand_score([0, 0, 1, 1, 0], [0, 1, 0, 1, 1])


def test_agreement_with_what_is_known():
    clusters = np.array([0, 0, 1, 1, APART])
    assert known_agreement(clusters, ["a", "a", "b", "b", "a"]) == (1, 1)
    assert known_agreement(clusters, [True, True, False, False, True]) == (1, 1)
    rand, mutual = known_agreement(clusters, ["a", "b", "a", "b", "a"])
    assert rand < 0
    assert mutual == pytest.approx(0, abs=1e-12)
    assert np.isnan(known_agreement(clusters, ["a", "a", "a", "a", "b"])).all()
    assert np.isnan(known_agreement(clusters, ["a", "b", "c", "d", "d"])).all()


def test_choices_are_means_over_pairs_that_differ_in_one():
    # results that are the same for one graph, and share half of what can be shared for one Laplacian
    matrix = np.array(
        [[1.0 if a[0] == b[0] else 0.5 if a[1] == b[1] else 0.25 for b in ALL] for a in ALL]
    )
    found = choices(matrix)
    assert (found.graph, found.laplacian, found.both) == (0.5, 1, 0.25)


def test_intervals_of_choices_are_the_spread_over_samples_about_the_value_of_all():
    def matrix(graph: float) -> np.ndarray:
        """The agreement of all results that differ in the graph; others agree by a half."""
        return np.array([[0.5 if a[0] == b[0] else graph for b in ALL] for a in ALL])

    samples = [matrix(value) for value in np.linspace(0, 0.4, 41)]
    table = choice_table({"eigengap": (np.nan, matrix(0.3), samples)}).iloc[0]
    assert (table["graph"], table["laplacian"]) == (0.3, 0.5)
    assert (table["graph_low"], table["graph_high"]) == pytest.approx((0.11, 0.49))
    assert (table["laplacian_low"], table["laplacian_high"]) == (0.5, 0.5)
    assert table["difference"] == pytest.approx(-0.2)
    assert (table["difference_low"], table["difference_high"]) == pytest.approx((-0.39, -0.01))


@pytest.mark.parametrize("n", [40, 500])
def test_the_plane_is_that_of_the_principal_components(n):
    points = cloud(n) * [5, 3, 1, 0.5, 0.1]
    centred = points - points.mean(0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ axes[:2].T
    found = plane(distances_of(points))
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-7)
