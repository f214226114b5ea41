"""Masks of the user's own, from files to the labels of a study."""

import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.images.masks import Masks, masks_content
from thinkalike.images.segments import write_segments
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.maps import read_segments

IDS = ["val/cat/a.png", "val/dog/a.png", "val/dog/b.png"]
NUMBERS = np.random.default_rng(0)


@pytest.fixture
def images(tmp_path: Path) -> pd.DataFrame:
    """Three images of 20 rows and 30 columns."""
    paths = []
    for name in IDS:
        paths.append(tmp_path / "images" / name)
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(NUMBERS.integers(0, 256, (20, 30, 3), np.uint8)).save(paths[-1])
    return pd.DataFrame({"image_id": IDS, "path": list(map(str, paths))})


def halves(label: int = 1) -> np.ndarray:
    """Two regions of 20 x 30 pixels, the left half and the right one."""
    return np.repeat([[0] * 15 + [label] * 15], 20, axis=0)


def expected(size: int) -> np.ndarray:
    return np.repeat([[0] * (size // 2) + [1] * (size // 2)], size, axis=0)


def put(folder: Path, name: str, mask: np.ndarray) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".npy":
        np.save(file, mask)
    else:
        Image.fromarray(mask.astype(np.uint8)).save(file)


def labels(path: Path, images: pd.DataFrame, size: int = 12, most: int = 30) -> np.ndarray:
    return Masks.open(path, images, most=most).labels(slice(None), size)


@pytest.mark.parametrize(
    "names",
    [
        ["val/cat/a.png", "val/dog/a.png", "val/dog/b.png"],  # the id without its suffix
        ["val/cat/a.png.png", "val/dog/a.png.npy", "val/dog/b.png.png"],  # with it
        ["cat/a.npy", "dog/a.png", "b.png"],  # the end of the id, as far as it tells images apart
    ],
)
def test_a_mask_is_called_as_its_image(tmp_path, images, names):
    for name in names:
        put(tmp_path / "masks", name, halves(7))
    found = labels(tmp_path / "masks", images)
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, [expected(12)] * 3)


def test_masks_behind_links_are_found_and_their_content_counts(tmp_path, images):
    for name in IDS:
        put(tmp_path / "store", name, halves())
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "val").symlink_to(tmp_path / "store" / "val")
    (tmp_path / "masks" / "loop").symlink_to(tmp_path / "masks")
    np.testing.assert_array_equal(labels(tmp_path / "masks", images), [expected(12)] * 3)
    before = masks_content(tmp_path / "masks")
    put(tmp_path / "store", IDS[0], halves(9))
    assert masks_content(tmp_path / "masks") != before


def test_a_mask_may_be_called_in_another_unicode_form_and_beside_names_that_are_none(
    tmp_path, images
):
    images["image_id"] = [name.replace("a", "\u00e9") for name in IDS]
    for name in IDS:
        put(tmp_path / "masks", name.replace("a", "e\u0301"), halves())
    put(tmp_path / "masks", os.fsdecode(b"\xe9.png"), halves())
    np.testing.assert_array_equal(labels(tmp_path / "masks", images), [expected(12)] * 3)
    assert len(masks_content(tmp_path / "masks")) == 16


def test_a_name_that_two_images_share_stands_for_neither(tmp_path, images):
    for name in ("a.png", "b.png"):
        put(tmp_path / "masks", name, halves())
    with pytest.raises(InputError, match=r"no mask of val/cat/a.png, val/dog/a.png; add it"):
        labels(tmp_path / "masks", images)


def palette(mask: np.ndarray) -> Image.Image:
    picture = Image.fromarray(mask.astype(np.uint8), mode="P")
    picture.putpalette([9, 9, 9] * 256)  # numbers count, whatever their colours
    return picture


def colours(mask: np.ndarray) -> Image.Image:
    shades = np.array([[200, 0, 0], [0, 0, 0], [200, 0, 1]], np.uint8)
    return Image.fromarray(shades[mask])


@pytest.mark.parametrize(
    "draw",
    [
        palette,
        colours,
        lambda mask: Image.fromarray(mask.astype(np.uint8)),
        lambda mask: Image.fromarray((mask * 20_000).astype(np.uint16)),
        lambda mask: Image.fromarray(mask.astype(np.uint8)).convert("LA"),
    ],
)
def test_pictures_of_labels(tmp_path, images, draw: Callable[[np.ndarray], Image.Image]):
    mask = NUMBERS.integers(0, 3, (20, 20))
    (tmp_path / "masks").mkdir()
    draw(mask).save(tmp_path / "masks" / "b.png")
    found = labels(tmp_path / "masks", images[2:], size=20)[0]
    # the same partition, however it is numbered
    assert len(np.unique(found * 3 + mask)) == len(np.unique(found)) == 3


def png_of_16_bits(values: np.ndarray, colour_type: int) -> bytes:
    """A PNG as its specification says, of values (height, width, channels) below 65536."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_colours_of_16_bits_that_differ_in_the_lower_8_are_refused(
    tmp_path, images, colour_type, channels
):
    mask = 0x1200 + halves()[..., None] * np.ones(channels, int)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "b.png").write_bytes(png_of_16_bits(mask, colour_type))
    with pytest.raises(InputError, match=r"the mask of \S+ has 16 bits a colour, .*b\.png with"):
        labels(tmp_path / "masks", images[2:])


def test_grey_values_of_16_bits_are_read_in_full(tmp_path, images):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "b.png").write_bytes(png_of_16_bits(0x1200 + halves()[..., None], 0))
    np.testing.assert_array_equal(labels(tmp_path / "masks", images[2:])[0], expected(12))


def test_black_and_white_pictures(tmp_path, images):
    (tmp_path / "masks").mkdir()
    Image.fromarray(halves().astype(bool)).save(tmp_path / "masks" / "b.png")
    np.testing.assert_array_equal(labels(tmp_path / "masks", images[2:])[0], expected(12))


def test_masks_are_resized_like_images_to_the_nearest_pixel(tmp_path, images):
    mask = NUMBERS.integers(0, 5, (40, 60))
    put(tmp_path, "b.npy", mask - 2)  # any integers
    found = labels(tmp_path, images[2:], size=16)[0]
    nearest = np.asarray(
        Image.fromarray(mask.astype(np.uint8)).resize((16, 16), Image.Resampling.NEAREST)
    )
    np.testing.assert_array_equal(found, nearest)


def test_labels_have_no_gaps_where_small_regions_vanish(tmp_path, images):
    mask = halves(9) + 0
    mask[0, 0] = 4  # one pixel of 20 x 30, which none of 4 x 4 is nearest to
    put(tmp_path, "b.npy", mask)
    np.testing.assert_array_equal(labels(tmp_path, images[2:], size=4)[0], expected(4))


def test_masks_in_one_file(tmp_path, images):
    np.savez(tmp_path / "masks.npz", **{name: halves() for name in ["cat/a", "dog/a", "b"]})
    np.testing.assert_array_equal(labels(tmp_path / "masks.npz", images), [expected(12)] * 3)
    write_arrays(
        tmp_path / "masks.nc",
        {"labels": (("image", "y", "x"), np.stack([halves(k) for k in (1, 2, 3)]))},
        coordinates={"image": IDS[::-1]},
        attributes={},
    )
    np.testing.assert_array_equal(labels(tmp_path / "masks.nc", images), [expected(12)] * 3)


def test_masks_become_the_segments_of_a_study(tmp_path, images):
    for name in IDS:
        put(tmp_path / "masks", name, halves())
    options = {"path": str(tmp_path / "masks"), "count": 2}
    path = str(tmp_path / "segments.nc")
    write_segments(path, images, size=8, kind="file", options=options, code="")
    for segments in read_segments(path):
        np.testing.assert_array_equal(segments.labels, expected(8))


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (halves(0), "is a single region on 12 x 12 pixels"),
        (halves() * 1.0, "has labels of type float64; give integers"),
        (halves()[None], r"has the shape \(1, 20, 30\); give a label for each pixel"),
        (halves().T, "is 30 x 20 pixels and the image 20 x 30; give a mask of the whole image"),
        (np.arange(600).reshape(20, 30), "has 144 regions, and count is 30; count on 144"),
    ],
)
def test_a_mask_that_cannot_be_used_is_named(tmp_path, images, mask, problem):
    put(tmp_path, "b.npy", mask)
    with pytest.raises(InputError, match=f"^the mask of val/dog/b.png {problem}"):
        labels(tmp_path, images[2:])


def test_all_faulty_masks_are_named_at_once(tmp_path, images):
    for name in ("cat/a.npy", "dog/a.npy", "b.npy"):
        put(tmp_path, name, halves(0))
    with pytest.raises(InputError, match=r"cat/a.png is .*; the mask of .*; the mask of val/dog/b"):
        labels(tmp_path, images)


def test_files_that_are_no_masks(tmp_path, images):
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "b.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"mask of val/dog/b.png cannot be read \(.*write .*b.png"):
        labels(tmp_path / "masks", images[2:])
    (tmp_path / "masks" / "b.png").unlink()
    np.save(tmp_path / "masks" / "b.npy", np.array([{}]))
    with pytest.raises(InputError, match=r"mask of val/dog/b.png cannot be read \(.*write .*b.npy"):
        labels(tmp_path / "masks", images[2:])
    (tmp_path / "masks.npz").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"masks.npz is not a readable .npz file"):
        labels(tmp_path / "masks.npz", images)
    with pytest.raises(InputError, match=r"nowhere is neither a folder of masks nor"):
        labels(tmp_path / "nowhere", images)
    for name in ("b.png", "b.npy"):
        put(tmp_path / "both", name, halves())
    with pytest.raises(InputError, match=r"b.npy and .*b.png are masks of one image; remove one"):
        labels(tmp_path / "both", images)


def test_the_content_of_masks_is_that_of_their_names_and_bytes(tmp_path):
    put(tmp_path / "masks", "cat/a.npy", halves())
    first = masks_content(tmp_path / "masks")
    (tmp_path / "masks" / "cat" / "a.npy").touch()
    (tmp_path / "masks" / "notes.txt").write_text("mine")
    assert masks_content(tmp_path / "masks") == first
    put(tmp_path / "masks", "cat/a.npy", 1 - halves())  # as many bytes
    assert masks_content(tmp_path / "masks") != first
    put(tmp_path / "masks", "cat/a.npy", halves())
    (tmp_path / "masks" / "cat").rename(tmp_path / "masks" / "dog")
    assert masks_content(tmp_path / "masks") != first
