"""Figures of all pairs of models beside chance."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from thinkalike.compare.pairs import pair_categories
from thinkalike.plotting.pairs import MOST, pairs, panel_pairs, seed_ceiling
from thinkalike.plotting.style import styled


def some_pairs(models: int, scale: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(models)
    keys = [f"m{number:02d}" for number in range(models)]
    table = pd.DataFrame([*combinations(keys, 2)], columns=["model_a", "model_b"])
    rho, chance = random.uniform(-0.2, 0.9, len(table)), random.uniform(0, 0.6, len(table))
    category = pair_categories(
        table,
        architectures={"m01": "m00"},
        families={key: ("cnn", "mine")[number % 2] for number, key in enumerate(keys)},
        untrained=["m02"],
    )
    return table.assign(
        method="lrp",
        scale=scale,
        n=50,
        chance=chance,
        mean=chance + rho * (1 - chance) * 0.9,
        rho=rho,
        low=rho - 0.1,
        high=rho + 0.1,
        category=category,
    )


def names_of(table: pd.DataFrame) -> dict[str, str]:
    return {model: f"model {model}" for model in {*table["model_a"], *table["model_b"]}}


def test_pairs_stand_in_the_order_of_rho_with_their_interval_on_the_axis():
    table = pd.concat([some_pairs(5), some_pairs(5, scale=8)])
    with styled():
        figure, drawn = pairs(table, names=names_of(table), metric="cosine")
        titles = [axes.get_title("right") for axes in figure.axes]
        ticks = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert titles == ["LRP, as computed", "LRP, 8 × 8 cells"]
    native = drawn[drawn["scale"] == 0]
    assert native["rho"].is_monotonic_decreasing
    expected = native["chance"] + (native["rho"] - 0.1) * (1 - native["chance"]) * 0.9
    np.testing.assert_allclose(native["low_mean"], expected, atol=1e-12)
    assert ticks[0] == f"model {native['model_a'].iloc[0]} – model {native['model_b'].iloc[0]}"
    assert drawn["drawn"].all()


def test_of_many_pairs_the_ends_the_middle_and_the_seeds_are_drawn():
    table = some_pairs(30)
    with styled():
        figure, drawn = pairs(table, names=names_of(table), metric="cosine")
        notes = [text.get_text() for text in figure.axes[0].texts]
    shown = drawn["drawn"].to_numpy()
    assert shown[:18].all()
    assert shown[-18:].all()
    assert drawn.loc[drawn["category"] == "seeds", "drawn"].all()
    assert shown.sum() <= MOST
    left_out = sum(int(note.split()[0]) for note in notes)
    assert left_out + shown.sum() == len(table) == 435


def test_a_study_without_seeds_or_intervals_is_drawn():
    table = some_pairs(3).query("category != 'seeds'").assign(low=np.nan, high=np.nan)
    with styled():
        figure, drawn = pairs(table, names=names_of(table), metric="rbf")
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert drawn["as_seeds"].isna().all()
    assert "as alike as two seeds" not in texts


def test_the_ceiling_is_the_median_over_architectures_however_many_seeds_one_has():
    table = pd.DataFrame(
        {
            "model_a": ["a", "a", "b", "c", "e"],
            "model_b": ["b", "z", "z", "d", "f"],
            "category": "seeds",
            "rho": [0.9, 0.8, 0.7, 0.1, 0.3],
        }
    )
    assert seed_ceiling(table) == pytest.approx(0.3)
    assert np.isnan(seed_ceiling(table[:0]))


def test_a_pair_of_seeds_in_the_matrix_is_there_once_at_each_scale():
    compared = some_pairs(4).drop(columns="scale")
    turned = compared[:1].rename(columns={"model_a": "model_b", "model_b": "model_a"})
    scaled = pd.concat([some_pairs(4), some_pairs(4, scale=4)]).assign(kind="pair")
    table = panel_pairs(compared, turned, scaled, 8)
    assert table.groupby("scale").size().to_dict() == {0: 6, 8: 6}
    assert panel_pairs(compared, turned, scaled, None)["scale"].tolist() == [0] * 6
