"""Data sets: layout, splits and selections that stay as they are, and bad images named."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from thinkalike.datasets import (
    MANIFEST,
    link_folder,
    load_image,
    load_images,
    make_digits,
    manifest,
    replace_folder,
    report_constant,
    select,
    stratified_split,
)
from thinkalike.errors import InputError
from thinkalike.stores import write_table


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    return folder, make_digits(folder, validation=0.28, seed=0)


def save(path: Path, value: int = 0, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (4, 4), value).save(path)
    return path


def folder_of(root: Path, **counts: int) -> Path:
    """An ImageFolder; `train__cat=3` is three images in train/cat."""
    for name, count in counts.items():
        (root / name.replace("__", "/")).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            save(root / name.replace("__", "/") / f"{i:02d}.png", i)
    return root


def table(**counts: int) -> pd.DataFrame:
    """A manifest with so many images of each class in val, and one more in train."""
    paths = [f"val/{name}/{i:03d}.png" for name, count in counts.items() for i in range(count)]
    return manifest(paths + [f"train/{name}/t.png" for name in counts])


# ---- digits -------------------------------------------------------------------------------------


def test_digits_are_all_there_with_their_labels(digits):
    _, images = digits
    assert tuple(images.columns) == MANIFEST
    assert len(images) == 1797
    assert images["image_id"].is_unique
    numbers = images["path"].str.extract(r"/(\d{4})\.png$")[0].astype(int)
    np.testing.assert_array_equal(images["label"], load_digits().target[numbers])
    assert (images["class_name"] == images["label"].astype(str)).all()
    assert sorted(numbers) == list(range(1797))


def test_digits_have_the_pixels_of_scikit_learn(digits):
    folder, images = digits
    for path in images["path"][::100]:
        expected = np.round(load_digits().images[int(Path(path).stem)] / 16 * 255)
        np.testing.assert_array_equal(np.asarray(Image.open(folder / path)), expected)


def test_digits_are_split_class_by_class(digits):
    _, images = digits
    for label, members in images.groupby("label"):
        held_out = int((members["split"] == "val").sum())
        assert held_out == round(0.28 * int((load_digits().target == label).sum()))


def test_the_files_of_digits_are_those_of_the_manifest(digits):
    folder, images = digits
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
    assert files == set(images["path"])


def test_digits_are_the_same_bytes_again_and_another_split_with_another_seed(digits, tmp_path):
    folder, images = digits
    again = make_digits(tmp_path / "again", validation=0.28, seed=0)
    for path in images["path"]:
        assert (folder / path).read_bytes() == (tmp_path / "again" / path).read_bytes()
    for number, each in enumerate((images, again)):
        write_table(each, tmp_path / f"{number}.parquet")
    assert (tmp_path / "0.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()
    other = stratified_split(load_digits().target, validation=0.28, seed=1)
    assert (other != stratified_split(load_digits().target, validation=0.28, seed=0)).any()


# ---- the split ----------------------------------------------------------------------------------


@pytest.mark.parametrize("validation", [0.001, 0.25, 0.999])
def test_every_class_is_in_both_splits(validation):
    labels = np.repeat([0, 1, 2], [2, 7, 40])
    split = stratified_split(labels, validation=validation, seed=0)
    for label, size in enumerate((2, 7, 40)):
        held_out = (split[labels == label] == "val").sum()
        assert held_out == min(max(round(validation * size), 1), size - 1)
    assert set(split) == {"train", "val"}


def test_the_split_of_a_class_does_not_depend_on_the_other_classes():
    alone = stratified_split(np.repeat("dog", 30), validation=0.3, seed=0)
    labels = np.repeat(["cat", "dog", "eel"], [10, 30, 20])
    together = stratified_split(labels, validation=0.3, seed=0)
    np.testing.assert_array_equal(together[labels == "dog"], alone)


def test_a_class_with_a_single_image_cannot_be_split():
    with pytest.raises(InputError, match=r"class eel has a single image.*add images"):
        stratified_split(np.array(["cat", "cat", "eel"]), validation=0.5, seed=0)


# ---- a folder of the user's ---------------------------------------------------------------------


def test_a_folder_of_classes_is_linked_and_split(tmp_path):
    source = folder_of(tmp_path / "source", cat=10, dog=20)
    images = link_folder(tmp_path / "linked", source, validation=0.3, seed=0)
    assert tuple(images.columns) == MANIFEST
    assert images.groupby(["class_name", "split"]).size().to_dict() == {
        ("cat", "train"): 7,
        ("cat", "val"): 3,
        ("dog", "train"): 14,
        ("dog", "val"): 6,
    }
    assert (images["label"] == (images["class_name"] == "dog")).all()
    for path, name in zip(images["path"], images["class_name"], strict=True):
        link = tmp_path / "linked" / path
        assert link.is_symlink()
        assert link.resolve() == (source / name / link.name).resolve()


def test_another_class_in_a_folder_leaves_the_split_of_the_others_as_it_is(tmp_path):
    source = folder_of(tmp_path / "source", cat=12, dog=12)
    before = link_folder(tmp_path / "before", source, validation=0.5, seed=0)
    folder_of(source, ant=12)
    after = link_folder(tmp_path / "after", source, validation=0.5, seed=0)
    assert set(before["image_id"]) < set(after["image_id"])


def test_a_folder_with_a_split_of_its_own_keeps_it(tmp_path):
    source = folder_of(tmp_path / "s", train__cat=3, train__dog=1, val__cat=1, val__dog=2)
    images = link_folder(tmp_path / "linked", source, validation=0.5, seed=0)
    assert images.groupby(["split", "class_name"]).size().to_dict() == {
        ("train", "cat"): 3,
        ("train", "dog"): 1,
        ("val", "cat"): 1,
        ("val", "dog"): 2,
    }
    link = tmp_path / "linked" / "val" / "dog" / "01.png"
    assert link.resolve() == (source / "val" / "dog" / "01.png").resolve()


def test_a_relative_folder_is_linked_from_anywhere(tmp_path, monkeypatch):
    folder_of(tmp_path / "source", cat=2)
    monkeypatch.chdir(tmp_path)
    images = link_folder(Path("linked"), Path("source"), validation=0.5, seed=0)
    monkeypatch.chdir("/")
    assert load_images([str(tmp_path / "linked" / p) for p in images["path"]], 4).shape[0] == 2


def test_files_that_are_no_images_and_hidden_folders_are_passed_over(tmp_path):
    source = folder_of(tmp_path / "source", cat=2)
    (source / "cat" / "notes.txt").write_text("not an image")
    (source / "README").write_text("not a class")
    (source / ".cache").mkdir()
    save(source / "cat" / "UPPER.PNG")
    images = link_folder(tmp_path / "linked", source, validation=0.5, seed=0)
    assert sorted(Path(path).name for path in images["path"]) == ["00.png", "01.png", "UPPER.PNG"]


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"dataset\.path: .*absent is not a folder; give"):
        link_folder(tmp_path / "linked", tmp_path / "absent", validation=0.5, seed=0)


def test_a_folder_without_classes_is_refused(tmp_path):
    save(tmp_path / "source" / "1.png")
    with pytest.raises(InputError, match=r"source has no class folders; lay the images out as"):
        link_folder(tmp_path / "linked", tmp_path / "source", validation=0.5, seed=0)


def test_all_classes_without_an_image_are_named(tmp_path):
    source = folder_of(tmp_path / "source", ant=0, cat=2, eel=0)
    with pytest.raises(InputError, match=r"no image in class ant, eel; add images .*or remove"):
        link_folder(tmp_path / "linked", source, validation=0.5, seed=0)


def test_all_classes_in_one_split_only_are_named(tmp_path):
    source = folder_of(tmp_path / "s", train__cat=2, train__dog=2, val__cat=2, val__eel=2)
    with pytest.raises(InputError, match=r"classes dog, eel are in one of train and val only"):
        link_folder(tmp_path / "linked", source, validation=0.5, seed=0)


def test_a_class_of_the_users_with_a_single_image_is_named(tmp_path):
    source = folder_of(tmp_path / "source", cat=2, dog=1)
    with pytest.raises(InputError, match="class dog has a single image"):
        link_folder(tmp_path / "linked", source, validation=0.5, seed=0)


def test_a_new_folder_takes_the_place_of_an_old_one(tmp_path):
    folder_of(tmp_path / "old", cat=2)
    folder_of(tmp_path / "new", dog=1)
    replace_folder(tmp_path / "old", tmp_path / "new")
    assert [path.name for path in tmp_path.rglob("*.png")] == ["00.png"]
    assert (tmp_path / "old" / "dog").is_dir()
    replace_folder(tmp_path / "absent", tmp_path / "old")
    assert [path.name for path in tmp_path.iterdir()] == ["absent"]


# ---- the manifest -------------------------------------------------------------------------------


def test_labels_are_the_ranks_of_the_class_names_as_in_torchvision():
    images = manifest(["val/b/1.png", "train/a/2.png", "train/b/0.png", "train/10/3.png"])
    assert images["path"].tolist() == [
        "train/10/3.png",
        "train/a/2.png",
        "train/b/0.png",
        "val/b/1.png",
    ]
    assert images["label"].tolist() == [0, 1, 2, 2]
    assert images["class_name"].tolist() == ["10", "a", "b", "b"]
    assert images["split"].tolist() == ["train", "train", "train", "val"]


def test_a_manifest_does_not_depend_on_the_order_of_the_files():
    paths = [f"{split}/{name}/{i}.png" for split in ("train", "val") for name in "ab" for i in "12"]
    pd.testing.assert_frame_equal(manifest(paths[::-1]), manifest(paths))


# ---- the selection ------------------------------------------------------------------------------


def test_a_smaller_selection_is_the_beginning_of_a_larger_one():
    images = table(a=9, b=14, c=5)
    largest = select(images, split="val", count=28, seed=0)
    assert len(largest) == 28
    for count in range(1, 28):
        smaller = select(images, split="val", count=count, seed=0)
        pd.testing.assert_frame_equal(smaller, largest.head(count))


def test_every_beginning_has_its_classes_as_balanced_as_can_be():
    available = {"a": 9, "b": 14, "c": 5}
    largest = select(table(**available), split="val", count=28, seed=0)
    for count in range(1, 29):
        found = largest.head(count)["class_name"].value_counts()
        most = found.max()
        for name, there in available.items():
            assert found.get(name, 0) >= min(most - 1, there)


def test_a_selection_has_its_columns_and_is_of_its_split_only():
    selected = select(table(a=3, b=3), split="val", count=4, seed=0)
    assert selected.columns.tolist() == ["image_id", "path", "label", "class_name", "position"]
    assert selected["position"].tolist() == [0, 1, 2, 3]
    assert selected["image_id"].str.startswith("val/").all()
    assert selected["image_id"].is_unique
    assert (selected["label"] == (selected["class_name"] == "b")).all()


def test_another_image_leaves_the_order_of_the_others_as_it_is():
    fewer = select(table(a=9), split="val", count=9, seed=0)["image_id"]
    more = select(table(a=10), split="val", count=10, seed=0)["image_id"]
    assert [name for name in more if name != "val/a/009.png"] == fewer.tolist()


def test_a_selection_follows_the_seed_and_not_the_order_of_the_manifest():
    images = table(a=20, b=20)
    first = select(images, split="val", count=10, seed=0)
    pd.testing.assert_frame_equal(select(images[::-1], split="val", count=10, seed=0), first)
    assert (select(images, split="val", count=10, seed=1)["path"] != first["path"]).any()


def test_every_image_comes_first_equally_often():
    images = table(a=4)
    first = [select(images, split="val", count=1, seed=seed)["path"][0] for seed in range(400)]
    counts = pd.Series(first).value_counts()
    # binomial(400, 1/4): standard deviation 8.7; four of them
    assert len(counts) == 4
    assert (counts - 100).abs().max() <= 35


def test_the_manifest_stays_as_it_is():
    images = table(a=3)
    given = images.copy()
    select(images, split="val", count=2, seed=0)
    pd.testing.assert_frame_equal(images, given)


def test_more_images_than_there_are_are_refused_with_their_number():
    with pytest.raises(InputError, match=r"images\.count: 8 .* split val has 7; ask for at most 7"):
        select(table(a=3, b=4), split="val", count=8, seed=0)


# ---- images -------------------------------------------------------------------------------------

COLOURS = np.array([[[250, 20, 30], [10, 240, 60]], [[0, 0, 0], [255, 255, 255]]], np.uint8)


@pytest.mark.parametrize("name", ["image.png", "image.bmp", "image.tif", "image.ppm"])
def test_colours_are_read_as_they_are(name, tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / name)
    found = load_image(tmp_path / name, 2)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, COLOURS)


def test_grey_images_get_three_equal_channels(tmp_path):
    grey = np.array([[0, 80], [160, 255]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(
        load_image(tmp_path / "grey.png", 2), grey[..., None].repeat(3, 2)
    )


def test_transparency_is_dropped(tmp_path):
    alpha = np.array([[[255], [0]], [[128], [1]]], np.uint8)
    Image.fromarray(np.concatenate([COLOURS, alpha], 2), "RGBA").save(tmp_path / "rgba.png")
    np.testing.assert_array_equal(load_image(tmp_path / "rgba.png", 2), COLOURS)


def test_printing_colours_are_converted(tmp_path):
    # no ink is white, full black ink is black, full cyan has no red
    inks = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [255, 0, 0, 0]]], np.uint8).repeat(3, 0)
    Image.fromarray(inks, "CMYK").save(tmp_path / "cmyk.tif")
    expected = np.array([[[255, 255, 255], [0, 0, 0], [0, 255, 255]]]).repeat(3, 0)
    np.testing.assert_array_equal(load_image(tmp_path / "cmyk.tif", 3), expected)


@pytest.mark.parametrize("mode", ["1", "P", "LA"])
def test_black_and_white_survive_every_mode(mode, tmp_path):
    half = np.zeros((4, 4, 3), np.uint8)
    half[:, 2:] = 255
    Image.fromarray(half).convert(mode).save(tmp_path / "image.png")
    np.testing.assert_array_equal(load_image(tmp_path / "image.png", 4), half)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_more_than_8_bits_are_refused_and_not_clipped_to_white(dtype, tmp_path):
    ramp = (np.arange(16) * 4000).reshape(4, 4).astype(dtype)
    Image.fromarray(ramp).save(tmp_path / "deep.tif")
    with pytest.raises(InputError, match=r"deep\.tif has more than 8 bits a channel.*convert it"):
        load_image(tmp_path / "deep.tif", 4)


def test_an_image_is_resized_to_a_square_without_cropping(tmp_path):
    wide = np.zeros((10, 40, 3), np.uint8)
    wide[:, :20] = 200
    Image.fromarray(wide).save(tmp_path / "wide.png")
    found = load_image(tmp_path / "wide.png", 20)
    assert found.shape == (20, 20, 3)
    # all of its width is there: the edge of the left half is in the middle
    assert (found[:, :9] == 200).all()
    assert (found[:, 11:] == 0).all()


def test_an_image_is_turned_upright_by_its_exif_tag(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that a quarter turn clockwise is needed
    Image.fromarray(COLOURS).save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(load_image(tmp_path / "turned.png", 2), np.rot90(COLOURS, -1))


def test_images_are_loaded_in_their_order(tmp_path):
    paths = [str(save(tmp_path / f"{value}.png", (value,) * 3)) for value in (9, 3, 200)]
    found = load_images(paths, 5)
    assert found.shape == (3, 5, 5, 3)
    assert found.dtype == np.uint8
    assert found[:, 2, 2, 1].tolist() == [9, 3, 200]


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.png is missing; put it back"):
        load_image(tmp_path / "absent.png", 4)


def test_a_link_to_an_image_that_is_gone_is_named(tmp_path):
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    with pytest.raises(InputError, match=r"link\.png is missing"):
        load_image(tmp_path / "link.png", 4)


NOISE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "webp", "ppm"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_truncated_image_is_named_wherever_its_header_is_cut(suffix, tmp_path):
    path = tmp_path / f"cut.{suffix}"
    Image.fromarray(NOISE).save(path)
    whole = path.read_bytes()
    for length in range(min(40, len(whole) // 2)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=rf"cut\.{suffix} cannot be read \(.*\); replace it"):
            load_image(path, 4)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"garbage",
        b"P6\n1x 16\n255\n" + bytes(48),  # Pillow raises a ValueError
        # a bitmap that says it is 100,000 pixels wide and high: Pillow's decompression bomb
        b"BM"
        + bytes(8)
        + b"\x36\0\0\0\x28\0\0\0"
        + 2 * (100_000).to_bytes(4, "little")
        + b"\x01\0\x18\0"
        + bytes(24),
    ],
)
def test_garbage_is_named_whatever_pillow_makes_of_it(content, tmp_path):
    (tmp_path / "garbage.png").write_bytes(content)
    with pytest.raises(InputError, match=r"garbage\.png cannot be read \(.*\); replace it"):
        load_image(tmp_path / "garbage.png", 4)


def test_all_bad_images_are_named_at_once(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"garbage")
    paths = [save(tmp_path / "fine.png"), tmp_path / "broken.png", tmp_path / "absent.png"]
    with pytest.raises(
        InputError, match=r"broken\.png cannot be read.*; .*absent\.png is missing"
    ) as e:
        load_images([str(path) for path in paths], 4)
    assert "fine.png" not in str(e.value)


def test_images_of_one_colour_are_warned_of_by_name(caplog):
    caplog.set_level(logging.WARNING)
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 3, 3), dtype=np.uint8)
    images[1] = (7, 8, 9)
    images[3] = 255
    report_constant(images, ["a", "b", "c", "d"])
    assert caplog.messages == [
        "b, d: an image of one colour; maps that come out blank are left out"
    ]


def test_images_with_any_difference_are_not_warned_of(caplog):
    caplog.set_level(logging.WARNING)
    images = np.full((3, 2, 2, 3), 100, np.uint8)
    for channel in range(3):
        images[channel, 1, 1, channel] = 101
    report_constant(images, ["a", "b", "c"])
    assert caplog.messages == []
