"""Communities: planted blocks, enumeration of all partitions, and modularity from its definition."""

import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from thinkalike.clustering.louvain import communities, null_modularity, similarity_graph, sweep

NAMES = ["vit", "resnet", "swin", "convnext", "deit", "vgg"]
BLOCKS = [0, 1, 2, 1, 0, 2]
"""Communities planted in `planted`, numbered by the order of their first member in NAMES."""


def planted(seed: int = 0) -> np.ndarray:
    """Dissimilarities of about 0.1 within a block and 0.9 between two."""
    noise = np.random.default_rng(seed).uniform(-0.05, 0.05, (6, 6))
    blocks = np.array(BLOCKS)
    matrix = np.where(blocks[:, None] == blocks, 0.1, 0.9) + (noise + noise.T) / 2
    np.fill_diagonal(matrix, 0)
    return matrix


def weights(matrix: np.ndarray, largest: float | None = None) -> dict:
    graph = similarity_graph(matrix, NAMES[: len(matrix)], largest)
    return {(a, b): weight for a, b, weight in graph.edges.data("weight")}


def modularity(adjacency: np.ndarray, labels: np.ndarray, resolution: float) -> float:
    """Newman and Girvan's definition, with Reichardt and Bornholdt's resolution."""
    degree = adjacency.sum(0)
    total = degree.sum()
    excess = adjacency / total - resolution * np.outer(degree, degree) / total**2
    return float(excess[labels[:, None] == labels].sum())


def adjacency(matrix: np.ndarray) -> np.ndarray:
    similar = 1 - matrix / matrix[np.triu_indices_from(matrix, 1)].max()
    np.fill_diagonal(similar, 0)
    return similar


def partitions(count: int) -> list[np.ndarray]:
    """All partitions of `count` models, as restricted growth strings."""
    found = [[0]]
    for _ in range(count - 1):
        found = [[*labels, new] for labels in found for new in range(max(labels) + 2)]
    return [np.array(labels) for labels in found]


def test_weights_are_one_minus_the_share_of_the_largest_dissimilarity():
    matrix = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0]], float)
    assert weights(matrix) == {
        ("vit", "resnet"): 0.75,
        ("vit", "swin"): 0.5,
        ("resnet", "swin"): 0,
    }


def test_weights_are_one_minus_the_dissimilarity_where_1_is_the_largest():
    matrix = np.array([[0, 0.25, 1.5], [0.25, 0, 1], [1.5, 1, 0]])
    assert list(weights(matrix, largest=1).values()) == [0.75, 0, 0]


@pytest.mark.parametrize("largest", [None, 0.5, 3])
@pytest.mark.parametrize("seed", range(3))
def test_weights_stay_in_range_and_the_graph_is_complete(seed, largest):
    found = weights(planted(seed), largest)
    assert len(found) == 15
    assert min(found.values()) >= 0
    assert max(found.values()) <= 1


def test_the_diagonal_does_not_make_the_largest_dissimilarity():
    matrix = planted() + 7 * np.eye(6)
    assert weights(matrix) == weights(planted())


@pytest.mark.parametrize("seed", range(5))
def test_planted_blocks_are_found_and_numbered_by_their_first_member(seed):
    found, quality = communities(similarity_graph(planted(), NAMES), resolution=1, seed=seed)
    expected = pd.Series(BLOCKS, index=NAMES, name="community")
    pd.testing.assert_series_equal(found, expected)
    assert quality == pytest.approx(modularity(adjacency(planted()), np.array(BLOCKS), 1))


def test_numbers_follow_the_order_of_the_models():
    order = [5, 1, 0, 2, 3, 4]
    matrix = planted()[order][:, order]
    graph = similarity_graph(matrix, [NAMES[i] for i in order])
    found, _ = communities(graph, resolution=1, seed=0)
    assert found.to_dict() == {"vgg": 0, "resnet": 1, "vit": 2, "swin": 0, "convnext": 1, "deit": 2}


@pytest.mark.parametrize("resolution", [0.8, 1, 1.3])
def test_the_communities_are_the_best_of_all_partitions(resolution):
    found, quality = communities(similarity_graph(planted(1), NAMES), resolution=resolution, seed=0)
    all_qualities = [modularity(adjacency(planted(1)), p, resolution) for p in partitions(6)]
    assert len(all_qualities) == 203  # Bell's number
    assert quality == pytest.approx(max(all_qualities))
    assert quality == pytest.approx(modularity(adjacency(planted(1)), found.to_numpy(), resolution))


@pytest.mark.parametrize("count", [4, 7, 10])
def test_no_partition_of_models_without_clear_blocks_has_more_modularity(count):
    random = np.random.default_rng(count)
    names = [f"m{i}" for i in range(count)]
    every = np.array(partitions(count))
    assert len(every) == {4: 15, 7: 877, 10: 115_975}[count]  # Bell's numbers
    first, second = np.triu_indices(count, 1)
    together = every[:, first] == every[:, second]
    for resolution in (0.95, 1.0, 1.05, 1.1):
        square = np.triu(random.uniform(0.3, 0.7, (count, count)), 1)
        matrix = square + square.T
        graph = similarity_graph(matrix, names)
        found, quality = communities(graph, resolution=resolution, seed=0)
        groups = found.groupby(found).groups.values()
        counted = nx.community.modularity(graph, groups, resolution=resolution)
        assert quality == pytest.approx(counted, abs=1e-12)
        # modularity is linear in who is together, and nobody alone is the sum over the diagonal
        similar = adjacency(matrix)
        total, degree = similar.sum(), similar.sum(0)
        excess = similar / total - resolution * np.outer(degree, degree) / total**2
        best = np.trace(excess) + 2 * (together @ excess[first, second]).max()
        assert counted == pytest.approx(best, abs=1e-12)


def test_the_control_alone_against_the_rest_is_found():
    """One run of Louvain ended with all models in one community, which has less modularity."""
    random = np.random.default_rng(2)
    matrix = np.triu(0.5 + 0.06 * random.normal(size=(10, 10)), 1)
    far = random.uniform(0.92, 1, 10)
    matrix[2, 3:], matrix[:2, 2] = far[3:], far[:2]
    graph = similarity_graph(matrix + matrix.T, [f"m{i}" for i in range(10)])
    for seed in range(3):
        found, _ = communities(graph, resolution=1.05, seed=seed)
        assert found.tolist() == [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("count", [5, 15])
def test_a_model_without_any_weight_is_alone(count):
    matrix = np.random.default_rng(0).uniform(0.2, 0.8, (count, count))
    matrix[:, 2] = matrix[2] = 1
    matrix = np.triu(matrix, 1) + np.triu(matrix, 1).T
    graph = similarity_graph(matrix, [f"m{i}" for i in range(count)])
    found, _ = communities(graph, resolution=0.5, seed=0)
    assert found.tolist() == [0, 0, 1] + [0] * (count - 3)


def test_a_high_resolution_leaves_every_model_alone_and_a_low_one_joins_all():
    graph = similarity_graph(planted(), NAMES)
    assert communities(graph, resolution=50, seed=0)[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert communities(graph, resolution=0.01, seed=0)[0].tolist() == [0] * 6


def test_all_dissimilarities_equal_leave_every_model_alone():
    found, quality = communities(
        similarity_graph(0.3 * (1 - np.eye(4)), NAMES[:4]), resolution=1, seed=0
    )
    assert found.to_dict() == dict(zip(NAMES[:4], range(4), strict=True))
    assert found.name == "community"
    assert np.isnan(quality)


def test_models_that_do_not_differ_at_all_are_one_community():
    assert set(weights(np.zeros((4, 4))).values()) == {1}
    found, quality = communities(
        similarity_graph(np.zeros((4, 4)), NAMES[:4]), resolution=1, seed=0
    )
    assert found.tolist() == [0, 0, 0, 0]
    assert quality == pytest.approx(0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_four_models_have_no_communities(count):
    """Two models were two communities however alike they were."""
    graph = similarity_graph(planted()[:count, :count], NAMES[:count])
    found, quality = communities(graph, resolution=1.05, seed=0)
    assert found.index.tolist() == NAMES[:count]
    assert found.isna().all()
    assert np.isnan(quality)
    assert np.isnan(null_modularity(graph, resolution=1.05, seed=0))
    table = sweep(graph, resolutions=[0.9, 1.2], seed=0)
    assert table["communities"].tolist() == [0, 0]
    assert table[NAMES[:count]].isna().all(axis=None)


@pytest.mark.parametrize("largest", [None, 1.0])
def test_the_best_partition_of_two_or_three_models_is_the_same_whatever_their_weights(largest):
    random = np.random.default_rng(0)
    for count in (2, 3):
        for _ in range(20):
            square = np.triu(random.uniform(size=(count, count)), 1)
            square += square.T
            graph = similarity_graph(square, NAMES[:count], largest)
            similar = nx.to_numpy_array(graph)
            if similar.any():
                best = max(modularity(similar, labels, 1) for labels in partitions(count))
                assert best == pytest.approx(0)  # that of one community of all


def test_communities_of_many_models_follow_the_seed_and_are_better_than_runs_of_louvain():
    # without structure a run of Louvain depends on the order in which it visits the models
    names = [f"m{i}" for i in range(30)]
    noise = np.random.default_rng(0).uniform(size=(30, 30))
    graph = similarity_graph(noise, names)
    runs = [nx.community.louvain_communities(graph, seed=seed) for seed in range(10)]
    best = max(nx.community.modularity(graph, groups) for groups in runs)
    for seed in [0, 2**63 - 1]:
        found, quality = communities(graph, resolution=1, seed=seed)
        assert communities(graph, resolution=1, seed=seed)[0].tolist() == found.tolist()
        assert quality >= best - 1e-12


def test_a_sweep_has_a_row_for_every_resolution_with_what_communities_gives():
    graph = similarity_graph(planted(), NAMES)
    table = sweep(graph, resolutions=[0.01, 1.0, 50.0], seed=3)
    assert table.columns.tolist() == ["resolution", "communities", "modularity", *NAMES]
    assert table["resolution"].tolist() == [0.01, 1, 50]
    assert table["communities"].tolist() == [1, 3, 6]
    for _, row in table.iterrows():
        found, quality = communities(graph, resolution=row["resolution"], seed=3)
        assert row[NAMES].tolist() == found.tolist()
        assert row["modularity"] == quality


def test_planted_blocks_have_more_modularity_than_permuted_weights():
    graph = similarity_graph(planted(), NAMES)
    _, quality = communities(graph, resolution=1, seed=0)
    assert quality > null_modularity(graph, resolution=1, seed=0)


def test_the_null_is_the_quantile_over_permutations_of_the_best_partitions():
    random = np.random.default_rng(3)
    upper = np.triu_indices(5, 1)
    weights = random.uniform(size=10)
    best = []
    for _ in range(300):
        square = np.zeros((5, 5))
        square[upper] = random.permutation(weights)
        square += square.T
        best.append(max(modularity(square, labels, 1) for labels in partitions(5)))
    matrix = np.zeros((5, 5))
    matrix[upper] = 1 - weights
    found = null_modularity(similarity_graph(matrix + matrix.T, NAMES[:5], 1), resolution=1, seed=1)
    low, high = np.quantile(best, [0.9, 0.98])
    assert low - 0.005 <= found <= high + 0.005


def test_graphs_without_communities_are_seldom_above_their_null():
    random = np.random.default_rng(0)
    names = [f"m{i}" for i in range(8)]
    above = 0
    for draw in range(16):
        noise = random.uniform(size=(8, 8))
        graph = similarity_graph(noise + noise.T, names)
        _, quality = communities(graph, resolution=1, seed=draw)
        above += quality > null_modularity(graph, resolution=1, seed=draw)
    assert above <= 4  # 1 of 16 is expected; more than 4 in less than 1 % of cases


def test_a_graph_without_weights_has_no_null():
    graph = similarity_graph(0.3 * (1 - np.eye(4)), NAMES[:4])
    assert np.isnan(null_modularity(graph, resolution=1, seed=0))
    alone = similarity_graph(np.zeros((1, 1)), NAMES[:1])
    assert np.isnan(null_modularity(alone, resolution=1, seed=0))


PROGRAM = """
import numpy as np
from thinkalike.clustering.louvain import similarity_graph, sweep
random = np.random.default_rng(0)
points = random.normal(size=(14, 3))
matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
names = ["model_" + "abcdefghijklmn"[i] for i in range(14)]
table = sweep(similarity_graph(matrix, names), resolutions=[0.9, 1.0, 1.1, 1.2], seed=1)
print(table.to_csv(float_format="%.20g"))
"""


def test_the_order_of_python_s_hashes_changes_nothing():
    printed = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1
