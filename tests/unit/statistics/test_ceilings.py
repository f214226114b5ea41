"""The similarity of maps with themselves, from other random choices."""

import numpy as np
import pytest
from scipy import stats

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison
from thinkalike.errors import InputError
from thinkalike.statistics.ceilings import ceiling_tables, disattenuated, noise_ceiling
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import write_maps

LABELS = np.stack([np.arange(16).reshape(4, 4) * 3 // 16] * 3).astype(np.int16)
BASES = tuple(Segments(labels) for labels in LABELS)
IMAGES = ["val/0", "val/1", "val/2"]


def some_maps(*rows: list[float]) -> Maps:
    return Maps(np.array(rows, np.float32), BASES[: len(rows)])


FIRST = some_maps([1, 2, 3], [0, 0, 0], [3, 1, 0])
AGAIN = some_maps([1, 2, 3], [1, 0, 0], [-3, -1, 0])


def test_without_noise_maps_are_their_own():
    found = noise_ceiling(FIRST, FIRST, Comparison("cosine", "signed", "max_abs"))
    assert (found.n, found.ceiling, found.standard_error) == (2, pytest.approx(1), pytest.approx(0))


def test_blank_maps_count_as_in_the_similarity_of_models():
    excluded = noise_ceiling(FIRST, AGAIN, Comparison("cosine", "signed", "max_abs"))
    assert (excluded.n, excluded.ceiling) == (2, pytest.approx(0))  # 1 and −1
    zero = noise_ceiling(FIRST, AGAIN, Comparison("cosine", "signed", "max_abs", blanks="zero"))
    assert (zero.n, zero.ceiling) == (3, pytest.approx(0))
    assert zero.standard_error == pytest.approx(np.std([1, 0, -1], ddof=1) / 3**0.5)


def test_sign_and_bandwidth_count_too():
    absolute = noise_ceiling(FIRST, AGAIN, Comparison("cosine", "absolute", "max_abs"))
    assert absolute.ceiling == pytest.approx(1)
    narrow, wide = (
        noise_ceiling(FIRST, AGAIN, Comparison("rbf", "signed", "max_abs", sigma=sigma)).ceiling
        for sigma in (0.1, 10.0)
    )
    assert narrow < wide


def test_one_image_has_no_standard_error_and_none_no_ceiling():
    one = noise_ceiling(
        some_maps([1, 2, 3]), some_maps([1, 2, 4]), Comparison("rbf", "signed", "none")
    )
    assert one.n == 1
    assert np.isnan(one.standard_error)
    blank = some_maps([0, 0, 0])
    none = noise_ceiling(blank, blank, Comparison("cosine", "signed", "none"))
    assert none.n == 0
    assert np.isnan([none.ceiling, none.standard_error]).all()


def test_the_table_has_a_row_for_every_model_and_refuses_other_images(tmp_path):
    labels = {"labels": (("image", "y", "x"), LABELS)}
    write_arrays(tmp_path / "segments.nc", labels, coordinates={"image": IMAGES}, attributes={})
    for name, maps, images in (
        ("first", FIRST, IMAGES),
        ("again", some_maps(*AGAIN.coefficients[:2].tolist()), IMAGES[:2]),
        ("other", some_maps(*AGAIN.coefficients[:2].tolist()), IMAGES[1:]),
    ):
        write_maps(tmp_path / f"{name}.nc", maps, image_ids=images, measures={}, attributes={})
    first, again, other = (str(tmp_path / f"{name}.nc") for name in ("first", "again", "other"))
    settings = Comparison("cosine", "signed", "max_abs", blanks="zero")
    segments = str(tmp_path / "segments.nc")
    files = {"a": (first, again), "b": (first, again)}
    table = ceiling_tables(files, segments, settings, 2).models
    assert table["model"].tolist() == ["a", "b"]
    assert list(table.columns) == [
        "model",
        "metric",
        "n",
        "ceiling",
        "standard_error",
        "low",
        "high",
    ]
    assert table["n"].tolist() == [2, 2]
    assert table["ceiling"].tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(InputError, match=r"other\.nc is about other images than .*first\.nc"):
        ceiling_tables({"a": (first, other)}, segments, settings, 2)


@pytest.mark.parametrize("noise", [0.2, 0.5, 1.0])
def test_across_choices_noise_is_taken_off_exactly_and_within_them_too_much(noise):
    """Two models share .585; the choices of coalitions put the same error on both."""
    numbers = np.random.default_rng(0)
    images, size, truth = 4000, 400, 0.585
    labels = np.arange(size).reshape(20, 20)
    bases = (Segments(labels),) * images
    shared = numbers.normal(size=(images, size)) * truth**0.5
    models = [shared + numbers.normal(size=(images, size)) * (1 - truth) ** 0.5 for _ in range(2)]
    choices = [noise * numbers.normal(size=(images, size)) for _ in range(2)]
    first, again = ([Maps(model + error, bases) for model in models] for error in choices)
    plain = Comparison("cosine", "signed", "none")
    across, found = disattenuated(first, again, plain)
    assert found[0, 1] == pytest.approx(truth, abs=0.003)
    same = np.mean(
        [
            a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            for a, b in zip(first[0].coefficients, first[1].coefficients, strict=True)
        ]
    )
    assert same / np.sqrt(across[0, 0] * across[1, 1]) > truth + 0.9 * noise**2 * (1 - truth) / 2


def test_high_ceilings_leave_nothing_to_correct(tmp_path):
    numbers = np.random.default_rng(0)
    write_arrays(
        tmp_path / "segments.nc",
        {"labels": (("image", "row", "column"), LABELS)},
        coordinates={"image": IMAGES},
        attributes={},
    )
    files = {}
    for model, noise in (("sure", 0.01), ("surer", 0.001), ("vague", 1.0)):
        truth = numbers.normal(size=(3, 3)) + 2
        paths = [tmp_path / f"{model}{number}.nc" for number in range(2)]
        for path in paths:
            maps = some_maps(*(truth + noise * numbers.normal(size=(3, 3))))
            write_maps(path, maps, image_ids=IMAGES, measures={}, attributes={})
        files[model] = tuple(map(str, paths))
    comparison = Comparison("cosine", "signed", "max_abs")
    tables = ceiling_tables(files, str(tmp_path / "segments.nc"), comparison, 3)
    pairs = tables.pairs.set_index(["model_a", "model_b"])["disattenuated"]
    assert np.isnan(pairs["sure", "surer"])
    assert np.isfinite(pairs["sure", "vague"])


@pytest.mark.parametrize("metric", ["cosine", "rbf"])
def test_no_ceiling_has_an_interval_beyond_what_a_similarity_can_be(metric):
    noisy = some_maps([1, 2, 3], [1, 0, 0], [3, 1, 0])
    again = some_maps([1, 2, 2.9], [1, 0.02, 0], [3, 1.5, 0])
    found = noise_ceiling(noisy, again, Comparison(metric, "signed", "max_abs"))
    lowest = {"cosine": -1, "rbf": 0}[metric]
    assert lowest < found.low < found.ceiling < found.high < 1
    assert found.ceiling + stats.t.ppf(0.975, 2) * found.standard_error > 1
