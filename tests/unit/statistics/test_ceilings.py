"""The similarity of maps with themselves, from other random choices."""

import numpy as np
import pytest

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison
from thinkalike.errors import InputError
from thinkalike.statistics.ceilings import ceiling_table, noise_ceiling
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
    table = ceiling_table({"a": (first, again), "b": (first, again)}, segments, settings, 2)
    assert table["model"].tolist() == ["a", "b"]
    assert list(table.columns) == ["model", "metric", "n", "ceiling", "standard_error"]
    assert table["n"].tolist() == [2, 2]
    assert table["ceiling"].tolist() == pytest.approx([0.5, 0.5])
    with pytest.raises(InputError, match=r"other\.nc is about other images than .*first\.nc"):
        ceiling_table({"a": (first, other)}, segments, settings, 2)
