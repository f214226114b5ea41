"""Tables of tests of a study: which models are in them, what they say where there is no test."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from scripts import test_models as script
from tests.support.worlds import distances
from thinkalike.compare.matrices import pair_table, square_of_pairs
from thinkalike.statistics import families as module
from thinkalike.statistics.associations import associations_table, first_metric, reference_matrices
from thinkalike.statistics.corrections import holm
from thinkalike.statistics.families import families_table, family_measures, within_minus_between
from thinkalike.statistics.mantel import mantel
from thinkalike.statistics.permanova import permanova, permdisp
from thinkalike.statistics.resolution import resolution_table
from thinkalike.statistics.roles import Roles
from thinkalike.statistics.separation import family_test
from thinkalike.stores.tables import read_table, write_table

FAMILIES = {
    **dict.fromkeys(["r", "r_twin", "r_untrained", "e", "b", "c"], "round"),
    **dict.fromkeys(["v", "w", "x"], "square"),
    "odd": "odd",
}
MODELS = list(FAMILIES)
TESTED = ["r", "e", "b", "c", "v", "w", "x"]
ROLES = Roles(FAMILIES, {"r_twin": "r"}, ["r_untrained"])
CASE = ("gradcam", "cosine")


def pairs_of(models=MODELS, seed: int = 0, missing=()) -> pd.DataFrame:
    """Chords of unit vectors and their ρ; the twin is all but the same model."""
    points = np.random.default_rng(seed).normal(size=(len(models), 12))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    if "r_twin" in models:
        points[models.index("r_twin")] = points[models.index("r")]
    matrix = distances(points)
    table = pair_table(models, {"dissimilarity": matrix, "rho": 1 - matrix**2 / 2})
    lost = table[["model_a", "model_b"]].apply(tuple, axis=1).isin(missing)
    table.loc[lost, ["dissimilarity", "rho"]] = np.nan
    return table


def square(pairs: pd.DataFrame, models: list[str], column: str = "dissimilarity") -> np.ndarray:
    cells = {(a, b): value for a, b, value in pairs[["model_a", "model_b", column]].to_numpy()}
    return np.array([[cells.get((a, b), cells.get((b, a), 0)) for b in models] for a in models])


def seeds_of(**rho: float) -> pd.DataFrame:
    return pd.DataFrame({"architecture": list(rho), "rho": list(rho.values())})


def test_squares_of_pairs_are_the_matrices_that_the_pairs_are_of():
    pairs = pairs_of()
    table = square_of_pairs(pairs, "dissimilarity")
    assert list(table.columns) == list(table.index) == MODELS
    np.testing.assert_array_equal(table.to_numpy(), square(pairs, MODELS).astype(float))
    missing = square_of_pairs(pairs.iloc[1:], "rho", diagonal=1).to_numpy()
    assert np.isnan(missing[0, 1])
    assert (np.diag(missing) == 1).all()


def test_twins_controls_and_families_of_one_are_in_no_test():
    pairs = pairs_of()
    row = families_table({CASE: pairs}, ROLES, seed=0).iloc[0]
    assert row["models"] == ", ".join(TESTED)
    assert row["sizes"] == "round 4, square 3"
    assert row["note"] == "left out, the only one of its family: odd"
    labels = [FAMILIES[model] for model in TESTED]
    matrix = square(pairs, TESTED).astype(float)
    test = family_test(matrix, labels, seed=9)
    place, spread = (f(matrix, labels, seed=9) for f in (permanova, permdisp))
    assert (row["separation"], row["p"]) == (pytest.approx(test.statistic), test.p)
    assert row["permanova_f"] == pytest.approx(place.f)
    assert (row["permanova_p"], row["permdisp_p"]) == (place.p, spread.p)
    assert row["permanova_r_squared"] == pytest.approx(place.r_squared)
    assert row["permdisp_f"] == pytest.approx(spread.f)
    assert (row["labelings"], row["smallest_p"]) == (35, 1 / 35)
    measures = family_measures(square_of_pairs(pairs, "dissimilarity"), ROLES, seed=0)
    assert measures == {"family_difference": row["separation"], "family_p": row["p"]}


def test_the_difference_and_its_range_are_those_of_the_pairs():
    pairs = pairs_of()
    row = families_table({CASE: pairs}, ROLES, seed=0).iloc[0]
    rho = square(pairs, TESTED, "rho")

    def difference(models: list[str]) -> float:
        parts: tuple[list, list] = ([], [])
        for a, b in combinations(models, 2):
            within = FAMILIES[a] == FAMILIES[b]
            parts[not within].append(rho[TESTED.index(a), TESTED.index(b)])
        return np.mean(parts[0]) - np.mean(parts[1])

    fewer = [difference([m for m in TESTED if m != left]) for left in TESTED]
    assert row["within_minus_between"] == pytest.approx(difference(TESTED))
    assert row["lowest"] == pytest.approx(min(fewer))
    assert row["highest"] == pytest.approx(max(fewer))
    assert np.isnan(within_minus_between(np.eye(2), ["a", "b"]))


def test_p_is_corrected_for_all_rows_and_permdisp_is_not():
    table = families_table({("m", str(s)): pairs_of(seed=s) for s in range(5)}, ROLES, seed=0)
    for column in ("p", "permanova_p"):
        np.testing.assert_array_equal(table[f"{column}_holm"], holm(table[column]))
    assert "permdisp_p_holm" not in table


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (["r", "e"], "fewer than two families"),
        (["r", "v"], "left out, the only one of its family: r, v"),
        (["r", "r_twin", "v", "w"], "fewer than two families"),
        (["r_untrained", "r", "v"], "no test"),
        (["r", "e", "b", "c"], "fewer than two families"),
        (["r", "e", "v", "w"], "too few models: no p can be under 0.33"),
    ],
)
def test_where_the_models_allow_no_test_the_note_says_so(models, words):
    row = families_table({CASE: pairs_of(models)}, ROLES, seed=0).iloc[0]
    assert words in row["note"]
    if "no test" in row["note"]:
        assert row[["p", "p_holm", "permanova_f", "labelings", "lowest"]].isna().all()


def test_models_without_images_in_common_are_left_out_and_named():
    pairs = pairs_of(missing=[("r", "x"), ("e", "x")])
    row = families_table({CASE: pairs}, ROLES, seed=0).iloc[0]
    assert row["sizes"] == "round 4, square 2"
    assert "for want of images to compare: x" in row["note"]


def test_without_any_common_image_there_is_no_test(caplog):
    pairs = pairs_of().assign(dissimilarity=np.nan, rho=np.nan)
    assert "no test" in families_table({CASE: pairs}, ROLES, seed=0)["note"][0]
    measures = family_measures(square_of_pairs(pairs, "dissimilarity"), ROLES, seed=0)
    assert np.isnan(list(measures.values())).all()


def test_distances_that_are_not_euclidean_are_said():
    pairs = pairs_of()
    pairs["dissimilarity"] **= 4
    assert "not Euclidean" in families_table({CASE: pairs}, ROLES, seed=0)["note"][0]


def references() -> dict[str, pd.DataFrame]:
    draws = np.random.default_rng(3)
    count = len(MODELS) * (len(MODELS) - 1) // 2
    same = draws.integers(50, 100, count)
    pairs = pairs_of()[["model_a", "model_b"]]
    return reference_matrices(
        pairs.assign(same=same, different=100 - same),
        pd.DataFrame({"model": MODELS, "accuracy": draws.random(len(MODELS))}),
        pairs.assign(debiased=draws.random(count)),
    )


def test_references_are_near_where_models_are_alike():
    agreement = pd.DataFrame({"model_a": ["a"], "model_b": ["b"], "same": [30], "different": [10]})
    accuracy = pd.DataFrame({"model": ["a", "b"], "accuracy": [0.9, 0.7]})
    features = agreement.assign(debiased=0.4)
    found = reference_matrices(agreement, accuracy, features)
    cells = {name: table.loc["a", "b"] for name, table in found.items()}
    assert cells == pytest.approx({"predictions": 0.25, "accuracy": 0.2, "features": 0.6})


def test_methods_are_tested_with_each_other_and_with_every_reference():
    tables = {(m, k): pairs_of(seed=s) for s, (m, k) in enumerate(
        [("gradcam", "cosine"), ("gradcam", "rbf"), ("lrp", "cosine"), ("answers", "correlation")]
    )}  # fmt: skip
    methods = first_metric(tables)
    np.testing.assert_array_equal(
        methods["gradcam"], square_of_pairs(tables["gradcam", "cosine"], "dissimilarity")
    )
    table = associations_table(methods, references(), ROLES, seed=0)
    assert list(zip(table["first"], table["second"], strict=True)) == [
        *[("gradcam", "lrp"), ("gradcam", "answers"), ("lrp", "answers")],
        *[(m, r) for m in methods for r in ("predictions", "accuracy", "features")],
    ]
    independent = [*TESTED, "odd"]
    assert (table["models"] == ", ".join(independent)).all()
    for row in (table.iloc[0], table.iloc[5]):
        both = {**methods, **references()}
        a, b = (
            both[row[key]].loc[independent, independent].to_numpy() for key in table.columns[:2]
        )
        test = mantel(a, b, [FAMILIES[m] for m in independent], seed=5)
        assert (row["r"], row["p"]) == (pytest.approx(test.r), test.p)
        assert (row["permutations"], row["smallest_p"]) == (24 * 6, 1 / 144)
    np.testing.assert_array_equal(table["p_holm"], holm(table["p"]))


def test_a_reference_without_a_model_leaves_it_out():
    others = references()
    others["features"].loc["x"] = others["features"]["x"] = np.nan
    table = associations_table(
        {"m": square_of_pairs(pairs_of(), "dissimilarity")}, others, ROLES, seed=0
    )
    assert table["note"].tolist() == ["", "", "left out, cells are missing: x"]
    assert table["permutations"].tolist() == [144, 144, 48]


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (["r", "e"], "there are 2 models"),
        (["r", "v", "odd"], "no permutation within families"),
        (["r", "e", "v"], "no p can be under 0.5"),
        (["r", "r_twin", "r_untrained"], "there are 1 models"),
    ],
)
def test_too_few_models_for_matrices_are_said(models, words):
    tables = {m: square_of_pairs(pairs_of(models, s), "dissimilarity") for s, m in enumerate("ab")}
    row = associations_table(tables, {}, ROLES, seed=0).iloc[0]
    assert words in row["note"]


def test_resolution_counts_pairs_above_the_seeds_and_places_controls():
    pairs = pairs_of()
    between = [
        (a, b)
        for a, b in combinations(MODELS, 2)
        if "r_untrained" not in (a, b) and {a, b} != {"r", "r_twin"}
    ]
    rho = {(a, b): value for a, b, value in pairs[["model_a", "model_b", "rho"]].to_numpy()}
    seeds = pd.concat([seeds_of(r=0.2), seeds_of(r=0.4), seeds_of(v=-0.1)])
    own = {"r": 0.3, "r_twin": 0.3, "v": -0.1}
    row = resolution_table({CASE: pairs}, {CASE: seeds}, ROLES).iloc[0]
    assert (row["architectures"], row["pairs"]) == (2, len(between))
    assert row["seeds_rho"] == pytest.approx(0.1)
    assert row["closer"] == sum(rho[pair] > 0.1 for pair in between)
    limits = [min(own.get(a, np.inf), own.get(b, np.inf)) for a, b in between]
    assert row["closer_than_own"] == sum(
        rho[pair] > limit for pair, limit in zip(between, limits, strict=True)
    )
    control = np.array([value for pair, value in rho.items() if "r_untrained" in pair])
    assert row["control_rho"] == pytest.approx(control.mean())
    assert (row["control_rho_low"], row["control_rho_high"]) == (control.min(), control.max())
    assert row["control_chord"] == pytest.approx(np.sqrt(2 - 2 * control).mean())
    assert row["control_chord_high"] == pytest.approx(np.sqrt(2 - 2 * control.min()))


@pytest.mark.parametrize(
    ("rho", "words"),
    [(-0.3, "opposed"), (0.02, "untrained: at chance"), (0.4, "closer to trained models than")],
)
def test_a_control_is_opposed_or_at_chance_or_close(rho, words):
    pairs = pairs_of().assign(rho=rho)
    note = resolution_table({CASE: pairs}, {CASE: seeds_of(r=0.5)}, ROLES)["note"][0]
    assert words in note
    assert "of 35 pairs are closer than two seeds of one network" in note


def test_without_seeds_and_controls_the_note_says_what_is_not_known():
    roles = Roles(FAMILIES)
    table = resolution_table({CASE: pairs_of(["r", "v"])}, {CASE: seeds_of()}, roles)
    assert "no network has two seeds" in table["note"][0]
    assert "no untrained control" in table["note"][0]
    assert table[["seeds_rho", "closer", "control_rho"]].isna().all(axis=None)


def test_the_script_writes_the_three_tables(tmp_path):
    keys = ["gradcam/cosine", "gradcam/rbf", "lrp/cosine"]
    paths = {
        name: [str(tmp_path / f"{n}_{name}.csv") for n in range(3)] for name in ("pairs", "seeds")
    }
    for number in range(3):
        write_table(pairs_of(seed=number), paths["pairs"][number])
        write_table(seeds_of(r=0.5), paths["seeds"][number])
    pairs = pairs_of()[["model_a", "model_b"]]
    tables = {
        "agreement": pairs.assign(same=60, different=40),
        "accuracy": pd.DataFrame({"model": MODELS, "accuracy": 0.5}),
        "cka": pairs.assign(debiased=0.5),
    }
    for name, table in tables.items():
        write_table(table, tmp_path / f"{name}.csv")
    names = [*tables, "families", "matrices", "resolution"]
    script.main(
        *(paths["pairs"], paths["seeds"]),
        *(str(tmp_path / f"{name}.csv") for name in names),
        cases=keys,
        roles={
            "families": FAMILIES,
            "architectures": {"r_twin": "r"},
            "untrained": ["r_untrained"],
        },
        seed=0,
    )
    written = {name: read_table(tmp_path / f"{name}.csv") for name in names[3:]}
    assert list(written["families"].columns) == list(module.COLUMNS)
    assert len(written["families"]) == len(written["resolution"]) == 3
    assert len(written["matrices"]) == 1 + 2 * 3
    # all agree alike: nothing to correlate with, and the table says so
    assert written["matrices"]["note"].str.contains("the same value").sum() == 6
