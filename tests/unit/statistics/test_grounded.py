"""Measures of likeness held against likeness that is known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from thinkalike.statistics.grounded import MEASURES, grounded_table, ladder_table, measures
from thinkalike.stores.kernels import Chance

GROUPS = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "b3": "b"}
LADDER = ["a1", "r1", "r2", "r3", "r4"]
MODELS = [*GROUPS, *LADDER[1:]]


def pairs_of(**columns) -> pd.DataFrame:
    """A table of all pairs of models; a column is a function of two models."""
    pairs = list(combinations(MODELS, 2))
    table = pd.DataFrame(pairs, columns=["model_a", "model_b"])
    return table.assign(
        **{name: [value(*pair) for pair in pairs] for name, value in columns.items()}
    )


def chance_of(pairs: pd.DataFrame, within: np.ndarray | None = None) -> Chance:
    """Similarities above chance with the values of the pairs; what is not among them is 0."""
    first, second = np.triu_indices(len(MODELS), 1)
    matrices = {}
    for name in ("mean", "rho", "chance"):
        square = np.eye(len(MODELS))
        square[first, second] = square[second, first] = pairs.get(name, 0)
        matrices[name] = square
    unused = np.zeros_like(square)
    return Chance(
        **matrices,
        models=MODELS,
        images=[],
        labels=np.array([]),
        parts=lambda: iter([(slice(0, 1), unused[None])]),
        count=unused,
        same_class=unused if within is None else within,
        different_class=unused,
        z=unused,
        z_within=unused,
    )


def is_same(a: str, b: str) -> bool:
    return a in GROUPS and b in GROUPS and GROUPS[a] == GROUPS[b]


def table_of(pairs: pd.DataFrame, ladder=LADDER, groups=GROUPS) -> pd.DataFrame:
    likeness = measures(chance_of(pairs), None, method="lrp", metric="cosine", pool=8)
    return grounded_table(likeness, groups, ladder).set_index("measure")


def precision_at_hits(pairs: pd.DataFrame, column: str) -> float:
    """Average precision by its definition: the mean precision at the ranks of pairs of one group."""
    known = pairs[pairs["model_a"].isin(GROUPS) & pairs["model_b"].isin(GROUPS)]
    hits = [
        is_same(row.model_a, row.model_b)
        for row in known.sort_values(column, ascending=False).itertuples()
    ]
    return float(np.mean([np.mean(hits[: rank + 1]) for rank, hit in enumerate(hits) if hit]))


def test_average_precision_is_the_mean_precision_at_the_pairs_of_one_group():
    rng = np.random.default_rng(0)
    for _ in range(5):
        draw = rng.normal(size=(len(MODELS),) * 2)
        place = {model: i for i, model in enumerate(MODELS)}

        def value(a, b, draw=draw, place=place):
            return draw[place[a], place[b]] + 0.8 * is_same(a, b)

        pairs = pairs_of(mean=value)
        table = table_of(pairs)
        assert table.loc["mean", "average_precision"] == pytest.approx(
            precision_at_hits(pairs, "mean")
        )


def test_a_measure_that_tells_everything_and_one_that_tells_the_opposite():
    rng = np.random.default_rng(1)
    pairs = pairs_of(
        mean=lambda a, b: is_same(a, b) + rng.uniform(0, 0.5),
        rho=lambda a, b: -is_same(a, b) + rng.uniform(0, 0.5),
    )
    table = table_of(pairs)
    assert table["average_precision"]["mean"] == 1
    # the six pairs of one group on the last six of fifteen ranks
    worst = np.mean([hit / (9 + hit) for hit in range(1, 7)])
    assert table["average_precision"]["rho"] == pytest.approx(worst)
    known = pairs[pairs["model_a"].isin(GROUPS) & pairs["model_b"].isin(GROUPS)]
    same = np.array([is_same(*pair) for pair in known[["model_a", "model_b"]].to_numpy()])
    values = known["mean"].to_numpy()
    row = table.loc["mean"]
    assert row[["pairs_same", "pairs_different"]].tolist() == [6, 9]
    assert row["same"] == pytest.approx(values[same].mean())
    assert row["different"] == pytest.approx(values[~same].mean())
    assert row["margin"] == pytest.approx(row["same"] - row["different"])
    pooled = (np.var(values[same], ddof=1) + np.var(values[~same], ddof=1)) / 2
    assert row["separation"] == pytest.approx(row["margin"] / pooled**0.5)


def test_the_order_in_a_pair_does_not_matter():
    rng = np.random.default_rng(2)
    pairs = pairs_of(mean=lambda a, b: rng.normal())
    likeness = measures(chance_of(pairs), None, method="lrp", metric="cosine", pool=8)
    swapped = likeness.rename(columns={"model_a": "model_b", "model_b": "model_a"})
    tables = [grounded_table(each, GROUPS, LADDER) for each in (likeness, swapped)]
    pd.testing.assert_frame_equal(*tables)


def test_a_measure_that_falls_along_the_ladder_and_one_that_rises():
    def rung(a, b):
        return LADDER.index(b) if a == "a1" and b in LADDER else 2.5

    pairs = pairs_of(
        mean=lambda a, b: 1 - rung(a, b) ** 2 / 10,
        rho=lambda a, b: rung(a, b) / 9,
        chance=lambda a, b: [0, 4, 2, 3, 1][rung(a, b)] if b in LADDER and a == "a1" else 0,
    )
    table = table_of(pairs)
    assert table["monotony"][["mean", "rho", "chance"]].to_dict() == pytest.approx(
        # ranks 4 2 3 1 against 1 2 3 4: 1 − 6 Σd²/(n (n² − 1)) = 1 − 6 · 18/60 = −.8
        {"mean": 1.0, "rho": -1.0, "chance": 0.8}
    )
    assert table.loc["mean", ["first_rung", "last_rung"]].tolist() == pytest.approx([0.9, -0.6])


def test_the_values_on_the_ladder_stand_beside_the_equal_predictions():
    pairs = pairs_of(mean=lambda a, b: 0.5 if a != "a1" else 0.1 * MODELS.index(b))
    agreed = pairs_of(
        same=lambda a, b: 10 - MODELS.index(b), different=lambda a, b: MODELS.index(b)
    )
    likeness = measures(chance_of(pairs), None, method="lrp", metric="rbf", pool=None)
    likeness = likeness[likeness["measure"] == "mean"]
    table = ladder_table(likeness, agreed, LADDER)
    assert table["model"].tolist() == LADDER[1:] * 2
    assert table["place"].tolist() == [1, 2, 3, 4] * 2
    answers = table[table["method"] == "predictions"]
    assert answers["similarity"].tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1])
    values = table[table["method"] == "lrp"]
    assert values["similarity"].tolist() == pytest.approx([0.6, 0.7, 0.8, 0.9])
    assert (values["scale"] == 0).all()


def test_scales_other_than_the_studys_are_added_for_cosine_alone():
    pairs = pairs_of(mean=lambda a, b: 0.5, rho=lambda a, b: 0.4, standard_error=lambda a, b: 0.1)
    seeds = [is_same(*pair) for pair in pairs[["model_a", "model_b"]].to_numpy()]
    moved = pd.DataFrame({"model_a": MODELS, "model_b": MODELS, "mean": 0.9, "kind": "moved"})
    at_one = pd.concat([pairs.assign(kind=np.where(seeds, "seeds", "pair")), moved])
    scales = pd.concat(at_one.assign(scale=scale) for scale in (0, 8, 16))
    chance = chance_of(pairs)
    likeness = measures(chance, scales, method="lrp", metric="cosine", pool=8)
    cases = likeness.groupby(["scale", "measure"]).size()
    expected = dict.fromkeys([(scale, name) for scale in (0, 16) for name in ("mean", "rho")])
    expected |= dict.fromkeys((8, name) for name in MEASURES)
    assert cases.to_dict() == dict.fromkeys(sorted(expected), len(pairs))
    assert set(likeness.loc[likeness["default"], "scale"]) == {8}
    assert set(measures(chance, scales, method="lrp", metric="rbf", pool=8)["scale"]) == {8}


def test_similarity_above_chance_within_classes_leaves_out_what_a_class_shares():
    """By brute force over all pairs of images of one class, on unit maps of three classes."""
    rng = np.random.default_rng(3)
    labels = np.repeat([0, 1, 2], 4)
    maps = rng.normal(size=(len(MODELS), len(labels), 5)) + 2 * rng.normal(size=(3, 5))[labels]
    maps /= np.linalg.norm(maps, axis=2, keepdims=True)
    products = np.einsum("aid,bjd->abij", maps, maps)
    others = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    within = products[:, :, others].mean(2)
    pairs = pairs_of(
        mean=lambda a, b: np.diagonal(products[MODELS.index(a), MODELS.index(b)]).mean()
    )
    likeness = measures(chance_of(pairs, within), None, method="lrp", metric="cosine", pool=8)
    values = likeness[likeness["measure"] == "rho_within"]
    for row in values.itertuples():
        a, b = MODELS.index(row.model_a), MODELS.index(row.model_b)
        free = np.diagonal(products[a, b]).mean() - within[a, b]
        room = np.sqrt((1 - within[a, a]) * (1 - within[b, b]))
        assert row.similarity == pytest.approx(free / room, rel=1e-12)


def test_what_cannot_be_told_is_missing():
    pairs = pairs_of(mean=lambda a, b: np.nan if is_same(a, b) else 0.1)
    row = table_of(pairs).loc["mean"]
    assert np.isnan(row[["average_precision", "same", "margin", "separation"]].astype(float)).all()
    assert row["pairs_same"] == 0
    pairs = pairs_of(mean=lambda a, b: 0.1)
    row = table_of(pairs, ladder=[], groups={}).loc["mean"]
    assert np.isnan(row[["average_precision", "monotony", "last_rung"]].astype(float)).all()
    # a constant has no order
    assert np.isnan(table_of(pairs).loc["mean", "monotony"])
