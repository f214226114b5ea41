"""Numbers that the explorer's page computes itself, against numpy, scipy and enumeration in Python."""

from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from tests.support.page_modules import call
from thinkalike.statistics.intervals import mean_interval

DRAWN = np.random.default_rng(0)


def plain(values: np.ndarray) -> Any:
    """Nested lists with None for NaN."""
    return np.where(np.isnan(values), None, values.astype(object)).tolist()


def pairs_of(table: np.ndarray, **columns: list) -> dict[str, Any]:
    """Columns `a`, `b`, `rho` and `seed` of the pairs of a square table."""
    a, b = np.triu_indices(len(table), 1)
    rho = plain(table[a, b])
    return {"a": a.tolist(), "b": b.tolist(), "rho": rho, "seed": [False] * len(a)} | columns


def symmetric(models: int) -> np.ndarray:
    """Random table of similarities."""
    values = DRAWN.uniform(0, 1, (models, models))
    return (values + values.T) / 2


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 31, 127, 999])
def test_reach_of_an_interval_is_a_quantile_of_students_t(freedom: int) -> None:
    expected = stats.t.ppf(0.975, freedom)
    tolerance = 0.01 if freedom < 5 else 0.001
    assert call("means.js", "studentReach", freedom) == pytest.approx(expected, abs=tolerance)


def test_interval_of_a_mean() -> None:
    values = DRAWN.normal(0.6, 0.2, 40)
    values[3] = np.nan
    found = call("means.js", "meanInterval", plain(values))
    expected = mean_interval(values)
    assert found["n"] == 39
    assert [found[end] for end in ("mean", "low", "high")] == pytest.approx(
        [float(each) for each in (expected.mean, expected.low, expected.high)], abs=1e-6
    )


def test_interval_of_one_image_has_no_ends() -> None:
    assert call("means.js", "meanInterval", [0.5]) == {
        "mean": 0.5,
        "low": None,
        "high": None,
        "n": 1,
    }


def test_ranks_share_ties() -> None:
    values = [0.3, 0.1, 0.3, 2.0, -1.0, 0.3]
    assert call("means.js", "ranksOf", values) == stats.rankdata(values).tolist()


def test_interval_of_a_group_is_that_of_pseudo_values() -> None:
    pseudo = DRAWN.normal(0.5, 0.2, (3, 25))
    rho = pseudo.mean(1)
    found = call("groups.js", "groupInterval", rho.tolist(), (pseudo - rho[:, None]).tolist(), 25)
    expected = mean_interval(pseudo.mean(0))
    assert [found[end] for end in ("mean", "low", "high")] == pytest.approx(
        [float(each) for each in (expected.mean, expected.low, expected.high)], abs=1e-6
    )
    assert found["contributions"] == pytest.approx(pseudo.mean(0))


def test_interval_of_a_group_whose_pairs_have_different_images() -> None:
    values = [[0.1, -0.1, None], [None, 0.2, -0.2]]
    found = call("groups.js", "groupInterval", [0.5, 0.7], values, 3)
    assert found["mean"] == pytest.approx(0.6)
    assert found["high"] - found["mean"] == pytest.approx(found["mean"] - found["low"])


def test_roles_of_pairs() -> None:
    found = call("groups.js", "pairsOfGroup", pairs_of(symmetric(5)), [0, 2], [1, 4])
    pairs = list(combinations(range(5), 2))
    assert [pairs[i] for i in found["inside"]] == [(0, 2)]
    assert [pairs[i] for i in found["within"]] == [(1, 4)]
    assert {pairs[i] for i in found["across"]} == {(0, 1), (0, 4), (1, 2), (2, 4)}


def test_means_of_pairs_leave_missing_images_out() -> None:
    rows = DRAWN.normal(size=(4, 6))
    rows[0, 2] = rows[:, 5] = np.nan
    found = call("groups.js", "meanOfPairs", plain(rows), 6)
    assert found[:5] == pytest.approx(np.nanmean(rows[:, :5], 0).tolist())
    assert found[5] is None


@pytest.mark.parametrize(("models", "size"), [(6, 3), (9, 2), (5, 1)])
def test_rank_of_a_group_among_all_groups(models: int, size: int) -> None:
    table = symmetric(models)

    def gap(group: tuple[int, ...]) -> float:
        rest = [model for model in range(models) if model not in group]
        inside = [table[pair] for pair in combinations(group, 2)]
        return float(np.mean(inside) - table[np.ix_(group, rest)].mean())

    np.fill_diagonal(table, np.nan)
    groups = list(combinations(range(models), size))
    own = groups[len(groups) // 2]
    member = [model in own for model in range(models)]
    found = call("groups.js", "rankOfGroup", plain(table), member)
    if size == 1:
        assert found is None
    else:
        rank = 1 + sum(gap(group) > gap(own) for group in groups)
        assert found == {"rank": rank, "of": len(groups), "all": True}


def test_rank_of_a_group_among_drawn_groups() -> None:
    table = symmetric(30) * 0.2
    table[:10, :10] += 0.7
    np.fill_diagonal(table, np.nan)
    member = [model < 10 for model in range(30)]
    assert call("groups.js", "rankOfGroup", plain(table), member) == {
        "rank": 1,
        "of": 2001,
        "all": False,
    }


def test_membership_orders_models() -> None:
    table = symmetric(5)
    np.fill_diagonal(table, np.nan)
    found = call("groups.js", "membership", plain(table), [True, False, True, False, True])
    assert [row["member"] for row in found] == [True] * 3 + [False] * 2
    for row in found:
        own = [j for j in (0, 2, 4) if j != row["model"]]
        assert row["group"] == pytest.approx(table[row["model"], own].mean())
    inside = [row["group"] for row in found[:3]]
    assert inside == sorted(inside, reverse=True)


def test_images_are_sorted_without_missing_ones() -> None:
    values = [0.2, None, 0.9, 0.2, -0.1]
    assert call("groups.js", "sortedImages", values, [0, 1, 2, 3, 4]) == [2, 0, 3, 4]
    assert call("groups.js", "sortedImages", values, [4, 3, 1, 0], True) == [4, 0, 3]


def test_share_of_images() -> None:
    found = call("groups.js", "shareOfImages", [0.5, 0.2, None, 0.9], [0.1, 0.3, 0.0, 0.2])
    assert found == {"share": pytest.approx(2 / 3), "n": 3}


def test_tree_lies_as_scipy_draws_it() -> None:
    table = symmetric(8)
    np.fill_diagonal(table, 0)
    merges = linkage(squareform(table), "average")
    drawn = dendrogram(merges, no_plot=True)
    tree = {
        "linkage": "average",
        "leaves": list(range(8)),
        "merges": merges.tolist(),
        "support": [None] * 7,
    }
    found = call("tree.js", "treeLayout", tree, drawn["leaves"])
    # scipy draws leaf k at 5 + 10 k, branches as four points
    expected = {
        tuple(np.round([*((np.array(x) - 5) / 10), *y], 9))
        for x, y in zip(drawn["icoord"], drawn["dcoord"], strict=True)
    }
    ours = set()
    for branch in found["branches"]:
        left, right = branch["children"]
        top = branch["height"]
        points = [left["place"], left["place"], right["place"], right["place"]]
        heights = [left["height"], top, top, right["height"]]
        ours.add(tuple(np.round([*points, *heights], 9)))
    assert ours == expected
    assert found["branches"][-1]["leaves"] == drawn["leaves"]


def test_branch_of_leaves() -> None:
    tree = {
        "leaves": [0, 1, 2, 3],
        "merges": [[0, 1, 0.1, 2], [2, 3, 0.2, 2], [4, 5, 0.9, 4]],
        "support": [0.9, None, 1],
    }
    assert call("tree.js", "branchOf", tree, [1, 0]) == {"merge": 0, "support": 0.9}
    assert call("tree.js", "branchOf", tree, [3, 2]) == {"merge": 1, "support": None}
    assert call("tree.js", "branchOf", tree, [1, 2]) is None


def test_pairs_in_common_are_matched_by_key() -> None:
    first = pairs_of(symmetric(3), seed=[False, True, False])
    second = pairs_of(symmetric(4))
    found = call("pairing.js", "commonPairs", first, ["r", "v", "d"], second, ["d", "x", "v", "r"])
    assert found == [
        {"a": "r", "b": "v", "first": 0, "second": 5, "turned": True},
        {"a": "v", "b": "d", "first": 2, "second": 1, "turned": True},
    ]


def test_difference_on_the_same_images_is_paired() -> None:
    first, second = DRAWN.normal(0.4, 0.3, 30), DRAWN.normal(0.6, 0.3, 30)
    second += first
    images = {
        "first": (first - first.mean()).tolist(),
        "second": (second - second.mean()).tolist(),
    }
    ends = {"low": 0, "high": 1}
    found = call(
        "pairing.js",
        "differenceOfPair",
        {"rho": first.mean(), **ends},
        {"rho": second.mean(), **ends},
        images,
    )
    expected = stats.ttest_rel(second, first).confidence_interval(0.95)
    assert found["paired"]
    assert found["difference"] == pytest.approx((second - first).mean())
    assert [found["low"], found["high"]] == pytest.approx([expected.low, expected.high], abs=1e-6)


def test_difference_on_other_images_adds_half_widths_in_squares() -> None:
    first, second = {"rho": 0.5, "low": 0.2, "high": 0.8}, {"rho": 0.9, "low": 0.5, "high": 1.3}
    found = call("pairing.js", "differenceOfPair", first, second, None)
    assert [found[key] for key in ("difference", "low", "high")] == pytest.approx([0.4, -0.1, 0.9])
    missing = call("pairing.js", "differenceOfPair", {**first, "rho": None}, second, None)
    assert missing["difference"] is None


def test_mantel_correlation_and_its_share_of_orders() -> None:
    models = 5
    first = symmetric(models)
    second = first + 0.3 * symmetric(models)
    a, b = np.triu_indices(models, 1)
    expected = stats.spearmanr(first[a, b], second[a, b]).statistic
    found = call("pairing.js", "mantel", plain(first), plain(second), 4000)
    assert found["correlation"] == pytest.approx(expected)
    # all 120 orders, the one that is there among them
    shares = [
        stats.spearmanr(first[a, b], second[np.ix_(order, order)][a, b]).statistic
        >= expected - 1e-12
        for order in permutations(range(models))
    ]
    assert found["p"] == pytest.approx(np.mean(shares), abs=0.02)


def test_mantel_of_few_models_has_no_p() -> None:
    found = call("pairing.js", "mantel", plain(symmetric(3)), plain(symmetric(3)))
    assert found["p"] is None
