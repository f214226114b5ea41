"""Tables of pairs and of seeds, against what they are made of."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from thinkalike.compare.bases import Grid
from thinkalike.compare.chance_streams import chance_files, write_chance
from thinkalike.compare.map_sources import map_files
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison
from thinkalike.compare.streams import compare_files
from thinkalike.errors import InputError
from thinkalike.statistics.intervals import mean_interval
from thinkalike.statistics.pairs import PairTables, Settings, pair_tables, seed_deviation
from thinkalike.stores.kernels import Chance, Kernel, create_kernel, join_chances
from thinkalike.stores.maps import write_maps

COMPARISON = Comparison("cosine", sign="signed", rescaling="none")
MODELS = ["a", "a_twin", "b", "c"]
SEEDS = {"a_seed1": "a", "c_seed1": "c"}
COMPARED = [*MODELS, *SEEDS]
ARCHITECTURES = {model: model[0] for model in COMPARED}
IMAGES = 40
IDS = [f"{i}.png" for i in range(IMAGES)]
CLASSES = [str(i % 4) for i in range(IMAGES)]


def write(folder: Path) -> dict[str, str]:
    numbers = np.random.default_rng(0)
    shared = numbers.normal(size=(IMAGES, 9))
    files = {}
    for model in COMPARED:
        own = np.random.default_rng(ord(model[0])).normal(size=(IMAGES, 9))
        noise = numbers.normal(size=(IMAGES, 9))
        maps = Maps((shared + own + noise / 2 + 1).astype(np.float32), (Grid(3, 3, 6, 6),))
        files[model] = str(folder / f"{model}.nc")
        write_maps(files[model], maps, image_ids=IDS, measures={}, attributes={})
    return files


def write_both(folder: Path) -> tuple[str, str]:
    """Files of similarities, and of those above chance."""
    files, similarity, chance = write(folder), str(folder / "s.nc"), str(folder / "chance.nc")
    with create_kernel(similarity, IDS, COMPARED, attributes={}) as output:
        for rows in compare_files(files, COMPARISON, images=IDS):
            output.append(**rows)
    maps = map_files(files, {}, COMPARISON, IDS)
    subsets = ["all", "all_20"]
    rows = chance_files(maps, CLASSES, subsets, (np.zeros((IMAGES, 0)), None))
    write_chance(chance, rows, maps, subsets=subsets)
    return similarity, chance


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[str, str]:
    return write_both(tmp_path_factory.mktemp("pairs"))


def tables(files, correction="chance", kind="chord", stratified=False, subset="all") -> PairTables:
    similarity, chance = files
    kernel, above = Kernel.read(similarity, MODELS), Chance.read(chance, subset)
    settings = Settings(correction, kind)
    return pair_tables(kernel, above, ARCHITECTURES, settings, subset=subset, stratified=stratified)


def test_the_parts_of_a_similarity_add_up(files):
    pairs = tables(files).pairs
    np.testing.assert_allclose(pairs["constant"] + pairs["class"] + pairs["image"], pairs["mean"])
    # 12 pairs of images of one class for 13 · 30 of different ones: chance is between both
    assert (pairs["chance"] > pairs["constant"]).all() == (pairs["class"] > 0).all()


@pytest.mark.parametrize("subset", ["all", "all_20"])
def test_images_with_a_map_that_did_not_converge_are_counted_for_each_pair(files, subset):
    similarity, chance = files
    kernel, above = Kernel.read(similarity, MODELS), Chance.read(chance, subset)
    flags = np.random.default_rng(1).random((IMAGES, 4)) < [0.0, 0.3, 0.1, 0.9]
    found = pair_tables(
        kernel,
        above,
        ARCHITECTURES,
        Settings("chance", "chord"),
        subset=subset,
        not_converged=flags,
    ).pairs
    first = IMAGES if subset == "all" else 20
    for row in found.itertuples():
        a, b = (flags[:first, MODELS.index(model)] for model in (row.model_a, row.model_b))
        assert row.not_converged == sum(x or y for x, y in zip(a, b, strict=True)) <= row.n
    assert (tables(files).pairs["not_converged"] == 0).all()


def test_without_correction_distances_are_those_of_means(files):
    raw = tables(files, "none").pairs
    np.testing.assert_allclose(raw["dissimilarity"], np.sqrt(2 * (1 - raw["mean"])))
    half = stats.t.ppf(0.975, IMAGES - 1) * raw["std"] / IMAGES**0.5
    np.testing.assert_allclose(raw["dissimilarity_low"], np.sqrt(2 * (1 - raw["mean"] - half)))
    above = tables(files).pairs
    np.testing.assert_allclose(above["dissimilarity"], np.sqrt(2 * (1 - above["rho"])))
    np.testing.assert_allclose(above["dissimilarity_high"], np.sqrt(2 * (1 - above["low"])))
    np.testing.assert_array_equal(raw["rho"], above["rho"])


def test_the_distance_above_chance_is_euclidean(files):
    assert tables(files).geometry["euclidean"].all()


def test_rms_takes_the_spread_of_pseudo_values(files):
    pairs = tables(files, kind="rms").pairs
    influence = Chance.read(files[1], "all", MODELS).influence
    spread = influence.std(0, ddof=1)[np.triu_indices(4, 1)]
    np.testing.assert_allclose(pairs["dissimilarity"], np.sqrt((1 - pairs["rho"]) ** 2 + spread**2))
    assert pairs["dissimilarity_low"].isna().all()


def test_images_chosen_by_class_have_the_error_of_their_classes(files):
    influence = Chance.read(files[1], "all", MODELS).influence[:, 0, 2]
    centred = influence - pd.Series(influence).groupby(CLASSES).transform("mean")
    error = np.sqrt((centred**2).sum() / (IMAGES - 4) / IMAGES)
    pair = tables(files, stratified=True).pairs.iloc[1]
    assert pair["standard_error"] == pytest.approx(error)
    reach = stats.t.ppf(0.975, IMAGES - 4) * error
    assert (pair["low"], pair["high"]) == pytest.approx((pair["rho"] - reach, pair["rho"] + reach))


def test_a_subset_has_its_own_chance(files):
    subset = tables(files, subset="all_20").pairs
    assert (subset["n"] == 20).all()
    assert not np.allclose(subset["chance"], tables(files).pairs["chance"])


def test_the_seeds_of_a_network_are_a_table_of_their_own(files):
    seeds = tables(files).seeds
    assert seeds["architecture"].tolist() == ["a", "a", "a", "c"]
    assert seeds[["model_a", "model_b"]].to_numpy().tolist() == [
        ["a", "a_twin"],
        ["a", "a_seed1"],
        ["a_twin", "a_seed1"],
        ["c", "c_seed1"],
    ]
    assert (seeds["rho"] > tables(files).pairs["rho"][1:].max()).all()


def test_the_deviation_over_seeds_is_that_of_every_side():
    models = ["a1", "a2", "b", "c"]
    architectures = {model: model[0] for model in models}
    rho = np.array([[1, 0.9, 0.2, 0.4], [0.9, 1, 0.4, 0.4], [0.2, 0.4, 1, 0.3], [0.4, 0.4, 0.3, 1]])
    deviation = seed_deviation(rho, models, architectures)
    variance = (0.02 + 0) / 2  # of a1 and a2 with b, and with c; that of b and c is not known
    np.testing.assert_allclose(deviation[0, 2], np.sqrt(2 * variance))
    np.testing.assert_allclose(deviation[2, 3], np.sqrt(2 * variance))
    assert np.isnan(deviation[0, 1]), "one pair of seeds has no deviation"
    alone = seed_deviation(rho, models, {model: model for model in models})
    assert np.isnan(alone).all()


def test_files_about_other_images_are_refused(files, tmp_path):
    kernel = Kernel.read(files[0], MODELS)
    chance = Chance.read(files[1])
    other = Chance(**{**vars(chance), "images": chance.images[::-1]})
    with pytest.raises(InputError, match="is about other images"):
        pair_tables(kernel, other, ARCHITECTURES, Settings("chance", "chord"))


def test_a_subset_or_model_that_is_not_there_is_named(files):
    with pytest.raises(InputError, match=r"chance\.nc has no variable influence_matching"):
        Chance.read(files[1], "matching")
    with pytest.raises(InputError, match=r"chance\.nc has no model z"):
        Chance.read(files[1], "all", ["a", "z"])


def test_tiles_are_joined_to_what_all_models_at_once_give(files, tmp_path):
    maps = write(tmp_path)
    groups, tiles = [COMPARED[:2], COMPARED[2:]], []
    for row, column in ((0, 0), (0, 1), (1, 1)):
        of = [{model: maps[model] for model in groups[side]} for side in (row, column)]
        each = map_files(of[0], {} if row == column else of[1], COMPARISON, IDS)
        tiles.append(str(tmp_path / f"{row}_{column}.nc"))
        rows = chance_files(each, CLASSES, ["all"], (np.zeros((IMAGES, 0)), None))
        write_chance(tiles[-1], rows, each, subsets=["all"])
    join_chances(tiles[::-1], str(tmp_path / "joined.nc"), COMPARED)
    joined, whole = Chance.read(str(tmp_path / "joined.nc")), Chance.read(files[1])
    for name in ("rho", "mean", "chance", "influence", "z", "z_within", "same_class"):
        np.testing.assert_allclose(
            getattr(joined, name), getattr(whole, name), atol=1e-12, err_msg=name
        )
    assert (joined.models, joined.images) == (whole.models, whole.images)


# ---- intervals ----------------------------------------------------------------------------------


@pytest.mark.parametrize("images", [16, 100])
def test_intervals_of_rho_cover_the_truth(images):
    """Maps are a shared part of weight √r and own parts: rho of two models is r."""
    truth, hits, runs, size = 0.4, 0, 400, 20
    expected, numbers = truth_of(truth, size), np.random.default_rng(0)
    for _ in range(runs):
        shared = numbers.normal(size=(images, size)) * truth**0.5
        x = shared + numbers.normal(size=(2, images, size)) * (1 - truth) ** 0.5
        low, high = interval_of(x)
        hits += low <= expected <= high
    assert 0.92 <= hits / runs <= 0.98


def truth_of(truth: float, size: int) -> float:
    """Expected cosine of two such maps: of normal vectors of correlation r in so many dimensions."""
    numbers = np.random.default_rng(1)
    shared = numbers.normal(size=(200_000, size)) * truth**0.5
    x, y = shared + numbers.normal(size=(2, 200_000, size)) * (1 - truth) ** 0.5
    return float(((x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)).mean())


def interval_of(x: np.ndarray) -> tuple[float, float]:
    from thinkalike.compare.chance import CosineMismatch, influence, mean_mismatch

    use = np.ones((x.shape[1], 2, 2), bool)
    block = slice(0, x.shape[1]), x, x
    engine = CosineMismatch([block], use)
    mismatch = engine.of_block(block)
    means = mean_mismatch([(block[0], mismatch)], use)
    interval = mean_interval(means.rho + influence(mismatch, means, use))
    return float(interval.low[0, 1]), float(interval.high[0, 1])


def test_an_interval_is_scipy_s():
    values = np.random.default_rng(0).normal(size=(12, 3))
    values[2, 1] = np.nan
    found = mean_interval(values)
    for column, low, high in zip(values.T, found.low, found.high, strict=True):
        seen = column[np.isfinite(column)]
        expected = stats.t.interval(0.95, len(seen) - 1, seen.mean(), stats.sem(seen))
        assert (low, high) == pytest.approx(expected)


def test_groups_of_single_images_tell_nothing_of_the_spread_within():
    values = np.random.default_rng(0).normal(size=(6, 1))
    plain = mean_interval(values)
    grouped = mean_interval(values, np.arange(6))
    np.testing.assert_array_equal(plain.standard_error, grouped.standard_error)
    one = mean_interval(values[:1])
    assert np.isnan(one.standard_error).all()
