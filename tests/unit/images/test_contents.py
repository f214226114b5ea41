"""What a data set holds, before it is laid out."""

import os
from pathlib import Path

import pytest
from sklearn.datasets import load_digits

from thinkalike.errors import InputError
from thinkalike.images.contents import Contents, contents
from thinkalike.images.listing import folder_listing
from thinkalike.images.sources import PHOTOGRAPHS, link_folder, make_digits


def folder(root: Path, **sizes: int) -> dict[str, object]:
    """A folder of empty files: `<class>=<number>`, or `<split>__<class>=<number>`."""
    for name, size in sizes.items():
        (root / name.replace("__", "/")).mkdir(parents=True)
        for number in range(size):
            (root / name.replace("__", "/") / f"{number}.png").touch()
    return {"kind": "folder", "path": str(root), "validation": 0.28}


@pytest.mark.parametrize("validation", [0.001, 0.28, 0.5])
def test_digits_are_counted_as_they_are_split(validation, tmp_path):
    known = contents({"kind": "digits", "validation": validation})
    images = make_digits(tmp_path, validation=validation, seed=0)
    held = images["split"].value_counts()
    assert known == Contents(held["train"], held["val"], tuple(map(str, range(10))))
    assert known.train + known.val == len(load_digits().target)


def test_the_samples_have_the_classes_of_imagenette():
    samples, imagenette = (
        contents({"kind": kind, "validation": 0.3}) for kind in ("samples", "imagenette_160")
    )
    assert samples.classes == imagenette.classes == tuple(PHOTOGRAPHS)
    assert (samples.train, samples.val) == (60, 80)
    assert samples.images("val", "imagenet_train") == 80
    assert contents({"kind": "archive", "validation": 0.3}) is None


def test_all_but_134_images_of_imagenette_s_val_are_training_images_of_imagenet():
    """As counted in imagenette2-160: 3,791 of 3,925 files of val are called n01440764_…."""
    held = contents({"kind": "imagenette_160", "validation": 0.3})
    assert (held.images("val"), held.images("val", "imagenet_train")) == (3925, 134)
    # a class has 50 images in ImageNet's validation set, and Imagenette has ten
    assert held.images("both") == 13394
    assert held.images("both", "imagenet_train") == 500


@pytest.mark.parametrize("split", ["train/{}", "val/{}", "{}"])
def test_training_images_of_imagenet_are_counted_by_their_names(tmp_path, split):
    """Of a folder without a split only as many as must be in val, wherever they are drawn."""
    for name in ("a", "b"):
        for place in ("train/{}", "val/{}") if "/" in split else ("{}",):
            (tmp_path / place.format(name)).mkdir(parents=True)
            for number in range(4):
                called = f"n01440764_{number}.JPEG" if place == split else f"{number}.png"
                (tmp_path / place.format(name) / called).touch()
    first = tmp_path / split.format("a") / "n01440764_0.JPEG"
    first.rename(first.with_name("ILSVRC2012_val_00009111.JPEG"))
    held = contents({"kind": "folder", "path": str(tmp_path), "validation": 0.28})
    counts = [held.images(name, "imagenet_train") for name in ("train", "val")]
    assert counts == {"train/{}": [1, 8], "val/{}": [8, 1], "{}": [1, 1]}[split]


@pytest.mark.parametrize(
    ("sizes", "train", "val"),
    [({"a": 10, "b": 3}, 9, 4), ({"train__a": 2, "val__a": 3, "train__b": 1, "val__b": 1}, 3, 4)],
)
def test_a_folder_is_counted_as_it_is_laid_out(tmp_path, sizes, train, val):
    dataset = folder(tmp_path / "mine", **sizes)
    (tmp_path / "mine" / ".hidden").mkdir()
    assert contents(dataset) == Contents(train, val, ("a", "b"))
    laid_out = link_folder(tmp_path / "links", tmp_path / "mine", validation=0.28, seed=0)
    assert dict(laid_out["split"].value_counts()) == {"train": train, "val": val}


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"a": 2, "b": 0}, "no image in class b; add images"),
        ({"a": 2, "b": 1}, "class b has a single image"),
        ({"train__a": 2, "val__b": 3}, "the classes a, b are in one of train and val only"),
    ],
)
def test_a_folder_that_cannot_be_laid_out_is_refused(tmp_path, sizes, words):
    with pytest.raises(InputError, match=words):
        contents(folder(tmp_path, **sizes))


# ---- the listing of a folder --------------------------------------------------------------------


def test_a_listing_of_a_folder_sees_added_renamed_and_replaced_files(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(b"one")
    seen = [folder_listing(tmp_path)]
    (tmp_path / "cat" / "2.png").write_bytes(b"two")
    seen.append(folder_listing(tmp_path))
    (tmp_path / "cat" / "2.png").write_bytes(b"three")
    seen.append(folder_listing(tmp_path))
    (tmp_path / "cat" / "2.png").rename(tmp_path / "cat" / "3.png")
    seen.append(folder_listing(tmp_path))
    assert len(set(seen)) == 4


def test_a_listing_of_a_folder_does_not_see_time_stamps_or_where_it_lies(tmp_path):
    for name, order in (("a", (0, 1, 2, 3)), ("b", (2, 0, 3, 1))):
        (tmp_path / name / "cat").mkdir(parents=True)
        for number in order:
            (tmp_path / name / "cat" / f"{number}.png").write_bytes(b"same")
    os.utime(tmp_path / "b" / "cat" / "1.png", (0, 0))
    assert folder_listing(tmp_path / "a") == folder_listing(tmp_path / "b")
    assert len(folder_listing(tmp_path / "a")) == 16
