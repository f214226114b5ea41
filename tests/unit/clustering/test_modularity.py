"""Best partitions: networkx's modularity, the subsets of all models, and starts against them."""

import networkx as nx
import numpy as np
import pytest

from thinkalike.clustering import modularity
from thinkalike.clustering.modularity import best_partition, excess_weights, most_modularity


def graphs(number: int, models: int, seed: int = 0) -> np.ndarray:
    """Symmetric weights in [0, 1) of complete graphs, (number, models, models)."""
    upper = np.triu(np.random.default_rng(seed).random((number, models, models)), 1)
    return upper + upper.swapaxes(1, 2)


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def counted(weights: np.ndarray, labels: np.ndarray, resolution: float) -> float:
    groups = [set(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]
    return nx.community.modularity(nx.from_numpy_array(weights), groups, resolution=resolution)


@pytest.mark.parametrize("models", [2, 9, 20])
@pytest.mark.parametrize("resolution", [0.5, 1.0, 1.1, 3.0])
def test_the_modularity_is_that_of_networkx(models, resolution):
    weights = graphs(1, models)[0]
    labels, quality = best_partition(excess_weights(weights, resolution), generator())
    assert quality == pytest.approx(counted(weights, labels, resolution), abs=1e-12)
    first = [labels.tolist().index(label) for label in range(labels.max() + 1)]
    assert first == sorted(first)


@pytest.mark.parametrize("resolution", [0.95, 1.0, 1.05, 1.1])
def test_climbing_from_random_partitions_ends_with_the_best_of_all(resolution, monkeypatch):
    excess = excess_weights(graphs(20, 11, seed=1), resolution)
    climbed = most_modularity(excess, generator())
    monkeypatch.setattr(modularity, "EXACT", 11)
    np.testing.assert_allclose(climbed, most_modularity(excess, generator()), atol=1e-12)


@pytest.mark.parametrize("models", [7, 13])
def test_the_most_modularity_of_many_graphs_is_that_of_each(models):
    excess = excess_weights(graphs(4, models), 1.05)
    each = [best_partition(graph, generator())[1] for graph in excess]
    np.testing.assert_allclose(most_modularity(excess, generator()), each, atol=1e-12)


@pytest.mark.parametrize("models", [12, 30])
def test_planted_communities_of_three_are_found(models):
    planted = np.random.default_rng(0).permutation(np.arange(models) % (models // 3))
    weights = np.where(planted[:, None] == planted, 1.0, 0.05)
    np.fill_diagonal(weights, 0)
    labels, _ = best_partition(excess_weights(weights, 1.0), generator())
    np.testing.assert_array_equal(labels[:, None] == labels, planted[:, None] == planted)


@pytest.mark.parametrize("models", [12, 30])
def test_a_high_resolution_leaves_every_model_alone_and_a_low_one_joins_all(models):
    weights = graphs(1, models)[0]
    alone, _ = best_partition(excess_weights(weights, 50), generator())
    together, _ = best_partition(excess_weights(weights, 0.01), generator())
    assert alone.tolist() == list(range(models))
    assert together.tolist() == [0] * models


@pytest.mark.parametrize("models", [8, 16])
@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_scale_of_the_weights_changes_nothing(models, scale):
    weights = graphs(1, models)[0]
    expected, quality = best_partition(excess_weights(weights, 1.05), generator())
    labels, scaled = best_partition(excess_weights(scale * weights, 1.05), generator())
    assert labels.tolist() == expected.tolist()
    assert scaled == pytest.approx(quality, rel=1e-9)
