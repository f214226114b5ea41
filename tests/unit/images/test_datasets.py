"""Data sets: layout, splits and selections that stay as they are, and bad images named."""

import errno
import hashlib
import json
import os
import re
import stat
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skimage.data
import torch
from PIL import Image
from scipy.stats import chi2_contingency
from skimage.feature import match_template
from sklearn.datasets import load_digits, load_sample_image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder, Imagenette

from scripts import download_dataset, select_images
from tests.support.servers import serving
from thinkalike.errors import InputError
from thinkalike.images.archives import ARCHIVES, unpack_cifar10, unpack_folder
from thinkalike.images.imagenet import bears_training_name
from thinkalike.images.loading import load_image, load_images
from thinkalike.images.selection import (
    MANIFEST,
    manifest,
    select,
    select_class,
    stratified_split,
    torch_shuffle,
)
from thinkalike.images.sources import (
    FREE,
    link_folder,
    make_digits,
    make_pieces,
    make_planted_digits,
    make_samples,
)
from thinkalike.stores.tables import write_table

REPOSITORY = Path(__file__).resolve().parents[3]
ORDER_OF_THE_LOG = REPOSITORY.parent / "shared" / "reference" / "image_order_seed0.json"


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


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    return folder, make_planted_digits(folder, validation=0.28, seed=0)


def test_planted_digits_are_the_digits_twice(digits, planted):
    plain, (folder, images) = digits[1], planted
    assert tuple(images.columns) == MANIFEST
    assert set(images["split"]) == {"train", "train_random", "val", "val_random"}
    for suffix in ("", "_random"):
        part = images[images["split"].isin([f"train{suffix}", f"val{suffix}"])]
        assert set(part["path"].str.replace("_random", "")) == set(plain["path"])
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*.png")} == set(images["path"])


def test_a_planted_digit_is_the_digit_but_for_a_square(digits, planted):
    for path in digits[1]["path"][::100]:
        plain = load_image(digits[0] / path, 64)
        split, rest = path.split("/", 1)
        for name in (path, f"{split}_random/{rest}"):
            pixels = np.array(load_image(planted[0] / name, 64))
            assert len(np.unique(pixels[2:10, 2:10].reshape(-1, 3), axis=0)) == 1
            pixels[2:10, 2:10] = plain[2:10, 2:10]
            np.testing.assert_array_equal(pixels, plain)


def test_the_colour_says_the_class_or_nothing(planted):
    folder, images = planted
    colours = [str(load_image(folder / path, 64)[5, 5].tolist()) for path in images["path"]]
    colours = pd.Series(colours, index=images.index)
    random = images["split"].str.endswith("_random")
    counts = pd.crosstab(images["label"][~random], colours[~random])
    assert ((counts > 0).sum() == 1).all()
    assert ((counts > 0).sum(axis=1) == 1).all()
    assert len(counts.columns) == 10
    assert chi2_contingency(pd.crosstab(images["label"][random], colours[random])).pvalue > 0.01


def test_planted_digits_are_the_same_bytes_again(planted, tmp_path):
    folder, images = planted
    make_planted_digits(tmp_path, validation=0.28, seed=0)
    for path in images["path"]:
        assert (folder / path).read_bytes() == (tmp_path / path).read_bytes()


def test_a_class_of_both_splits_has_no_image_twice(planted):
    chosen = select_class(planted[1], class_name="8", split="both", most=500, seed=0)
    assert set(chosen["split"]) == {"train", "val"}
    assert len(chosen) == (load_digits().target == 8).sum()


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


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS])
def test_where_there_are_no_links_the_images_are_copied(tmp_path, monkeypatch, number):
    def refuse(self, target):
        raise OSError(number, os.strerror(number))

    source = folder_of(tmp_path / "source", cat=2)
    monkeypatch.setattr(Path, "symlink_to", refuse)
    images = link_folder(tmp_path / "copied", source, validation=0.5, seed=0)
    for path in images["path"]:
        copy = tmp_path / "copied" / path
        assert not copy.is_symlink()
        assert copy.read_bytes() == (source / "cat" / copy.name).read_bytes()


def test_a_link_that_a_full_disk_refuses_is_no_copy(tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    source = folder_of(tmp_path / "source", cat=2)
    monkeypatch.setattr(Path, "symlink_to", refuse)
    with pytest.raises(OSError, match="No space left"):
        link_folder(tmp_path / "linked", source, validation=0.5, seed=0)


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
    with pytest.raises(InputError, match=r"path: .*absent is not a folder; give"):
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


def test_notes_of_macos_are_no_images(tmp_path):
    source = folder_of(tmp_path / "source", cat=2)
    (source / "cat" / "._00.png").write_bytes(b"\0\5\x16\7")
    (source / "cat" / ".DS_Store").write_bytes(b"Bud1")
    images = link_folder(tmp_path / "linked", source, validation=0.5, seed=0)
    assert sorted(Path(path).name for path in images["path"]) == ["00.png", "01.png"]


# ---- stand-ins for Imagenette -------------------------------------------------------------------


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    return folder, make_samples(folder, seed=0)


def test_samples_are_laid_out_as_imagenette(samples):
    folder, images = samples
    assert tuple(images.columns) == MANIFEST
    assert sorted(set(images["class_name"])) == sorted(Imagenette._WNID_TO_CLASS)
    assert images.groupby(["class_name", "split"]).size().tolist() == [6, 8] * 10
    assert images["path"].str.fullmatch(r"(train|val)/n\d{8}/[a-z_]+_\d\d\.JPEG").all()
    assert not any(map(bears_training_name, images["path"]))  # they are no images of ImageNet
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*.*")} == set(images["path"])


def test_samples_are_different_crops_of_photographs(samples):
    folder, images = samples
    seen = set()
    for path in images["path"]:
        with Image.open(folder / path) as image:
            assert image.format == "JPEG"
            assert all(224 <= side <= 288 for side in image.size)
            assert np.asarray(image.convert("L")).std() > 5
        seen.add((folder / path).read_bytes())
    assert len(seen) == len(images)


def test_a_sample_is_cut_out_of_its_photograph(samples):
    folder, _ = samples
    photograph = Image.fromarray(load_sample_image("china.jpg")).convert("L")
    for number in (6, 13):
        crop = Image.open(folder / f"val/n01440764/china_{number:02d}.JPEG").convert("L")
        # 1 where the crop lies; the compression takes a little off
        assert match_template(np.asarray(photograph), np.asarray(crop)).max() > 0.99


def test_samples_are_the_same_bytes_again_and_others_with_another_seed(samples, tmp_path):
    folder, images = samples
    make_samples(tmp_path / "again", seed=0)
    make_samples(tmp_path / "other", seed=1)
    for path in images["path"]:
        assert (tmp_path / "again" / path).read_bytes() == (folder / path).read_bytes()
        assert (tmp_path / "other" / path).read_bytes() != (folder / path).read_bytes()


# ---- pieces of photographs ----------------------------------------------------------------------


def test_pieces_are_a_block_and_its_quarters_and_no_pixel_is_in_both_splits(tmp_path):
    images = make_pieces(tmp_path, seed=0)
    assert tuple(images.columns) == MANIFEST
    assert images.groupby(["class_name", "split"]).size().tolist() == [30, 15] * 10
    for name in ("cat", "gravel"):
        covered = {}
        photograph = getattr(skimage.data, FREE[name])()
        side = min(photograph.shape[:2]) // 6
        for path in images.loc[images["class_name"] == name, "path"]:
            piece = np.asarray(Image.open(tmp_path / path))
            assert piece.shape == ((2 * side,) * 2 if "_4" in path else (side,) * 2) + (3,)
            split, block = path.split("/")[0], path.split("/")[2][:2]
            assert covered.setdefault(block, split) == split
            if "_4" not in path:  # the quarters make the block
                part = int(path[-5])
                whole = np.asarray(Image.open(tmp_path / path.replace(f"_{part}.", "_4.")))
                down, right = divmod(part, 2)
                rows, columns = (slice(k * side, (k + 1) * side) for k in (down, right))
                np.testing.assert_array_equal(piece, whole[rows, columns])
        # the blocks make the middle of the photograph
        top, left = (np.array(photograph.shape[:2]) - 6 * side) // 2
        middle = photograph[top : top + 6 * side, left : left + 6 * side]
        folders = {block: tmp_path / covered[block] / name for block in covered}
        blocks = [
            [np.asarray(Image.open(folders[f"{r}{c}"] / f"{r}{c}_4.png")) for c in range(3)]
            for r in range(3)
        ]
        whole = np.concatenate([np.concatenate(row, 1) for row in blocks])
        grey = whole if photograph.ndim == 3 else whole[..., 0]
        np.testing.assert_array_equal(grey, middle)
    other = make_pieces(tmp_path / "other", seed=1)
    assert set(other["path"]) != set(images["path"])


# ---- archives -----------------------------------------------------------------------------------


def packed(archive: Path, folder: Path) -> Path:
    """The content of a folder, under the folder's name, as a compressed tar."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, folder.name)
    return archive


@pytest.fixture
def imagenette(tmp_path):
    """An archive as Imagenette's, with three classes."""
    root = tmp_path / "source" / "imagenette2"
    for split, count in (("train", 4), ("val", 2)):
        for number, synset in enumerate(("n01440764", "n02102040", "n03888257")):
            for i in range(count):
                name = f"ILSVRC2012_val_{i:08d}" if split == "val" else f"{synset}_{i}"
                save(root / split / synset / f"{name}.JPEG", (number * 50, i * 20, 255))
    (root / "noisy_imagenette.csv").write_text("path,noisy_labels_0\n")
    (root / ".DS_Store").write_bytes(b"Bud1")
    (root / "train" / ".DS_Store").write_bytes(b"Bud1")
    (root / "train" / "n01440764" / "._n01440764_0.JPEG").write_bytes(b"\0\5\x16\7")
    return packed(tmp_path / "imagenette2.tgz", root)


def checksum(archive: Path) -> str:
    return f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}"


def test_addresses_and_checksums_of_imagenette_are_those_of_torchvision():
    theirs = Imagenette._ARCHIVES
    for kind, size in (("", "full"), ("_320", "320px"), ("_160", "160px")):
        url, md5 = ARCHIVES[f"imagenette{kind}"]
        assert (url, md5.removeprefix("md5:")) == theirs[size]


def test_an_archive_is_laid_out_without_its_top_folder_and_its_junk(imagenette, tmp_path):
    (tmp_path / "new").mkdir()
    images = unpack_folder(tmp_path / "new", imagenette)
    assert tuple(images.columns) == MANIFEST
    assert images.groupby(["split", "label"]).size().tolist() == [4, 4, 4, 2, 2, 2]
    files = {p.relative_to(tmp_path / "new").as_posix() for p in (tmp_path / "new").rglob("*.*")}
    assert files == set(images["path"])
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"train", "val"}
    for path in images["path"]:
        original = tmp_path / "source" / "imagenette2" / path
        assert (tmp_path / "new" / path).read_bytes() == original.read_bytes()


@pytest.mark.parametrize("top", ["", "a/", "a/b/"])
def test_an_archive_may_have_any_depth_and_be_packed_by_macos(top, tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as zipped:
        for split in ("train", "val"):
            image = save(tmp_path / "image.png").read_bytes()
            zipped.writestr(f"__MACOSX/{top}{split}/cat/._1.png", b"\0\5\x16\7")
            zipped.writestr(f"{top}{split}/cat/1.png", image)
    images = unpack_folder(tmp_path, tmp_path / "mine.zip")
    assert images["path"].tolist() == ["train/cat/1.png", "val/cat/1.png"]


def test_an_archive_without_a_split_is_named(tmp_path):
    folder_of(tmp_path / "source", cat=2, dog=2)
    archive = packed(tmp_path / "mine.tgz", tmp_path / "source")
    with pytest.raises(InputError, match=r"mine\.tgz has no folder with train/ and val/ in it"):
        unpack_folder(tmp_path, archive)


def test_bad_classes_of_an_archive_are_told_with_its_name(tmp_path):
    folder_of(tmp_path / "source", train__cat=2, val__cat=2, val__dog=1)
    archive = packed(tmp_path / "mine.tgz", tmp_path / "source")
    with pytest.raises(InputError, match=r"^\S*/mine\.tgz/source: the classes dog are in one of"):
        unpack_folder(tmp_path, archive)
    assert not list(tmp_path.glob(".*"))


NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def cifar10(folder: Path, **changed: bytes) -> tuple[Path, dict[str, np.ndarray]]:
    """An archive as CIFAR-10's, with 20 images in each file, and file → labels and pixels."""
    root = folder / "cifar-10-batches-bin"
    root.mkdir()
    (root / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    (root / "readme.html").write_text("")
    content = {}
    for i, file in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        random = np.random.default_rng(i)
        # as one would write it down: the label, then red, green and blue, row by row
        labels = random.permutation(np.arange(20) % 10)
        images = random.integers(0, 256, (20, 32, 32, 3))
        record = b"".join(
            bytes([label]) + b"".join(bytes(image[:, :, c].ravel().tolist()) for c in range(3))
            for label, image in zip(labels.tolist(), images, strict=True)
        )
        (root / f"{file}.bin").write_bytes(changed.get(file, record))
        content[file] = labels, images
    return packed(folder / "cifar-10-binary.tar.gz", root), content


def test_cifar10_has_the_labels_and_pixels_of_its_records(tmp_path):
    archive, content = cifar10(tmp_path)
    (tmp_path / "new").mkdir()
    images = unpack_cifar10(tmp_path / "new", archive)
    assert tuple(images.columns) == MANIFEST
    assert images["split"].value_counts().to_dict() == {"train": 100, "val": 20}
    assert sorted(set(zip(images["label"], images["class_name"], strict=True))) == list(
        enumerate(NAMES)
    )
    for path in images["path"]:
        split, name, file = path.split("/")
        number = int(file.removesuffix(".png"))
        batch = "test_batch" if split == "val" else f"data_batch_{number // 20 + 1}"
        labels, pixels = content[batch]
        assert NAMES[labels[number % 20]] == name
        with Image.open(tmp_path / "new" / path) as image:
            np.testing.assert_array_equal(np.asarray(image), pixels[number % 20])
    files = {p.relative_to(tmp_path / "new").as_posix() for p in (tmp_path / "new").rglob("*.png")}
    assert files == set(images["path"])
    assert {p.name for p in (tmp_path / "new").iterdir()} == {"train", "val"}


def test_a_cut_batch_of_cifar10_is_named(tmp_path):
    archive, _ = cifar10(tmp_path, data_batch_3=bytes(3072))
    with pytest.raises(InputError, match=r"binary\.tar\.gz: a record of train is cut; fetch"):
        unpack_cifar10(tmp_path, archive)


def test_a_label_of_cifar10_without_a_name_is_refused(tmp_path):
    archive, _ = cifar10(tmp_path, test_batch=b"\x0a" + bytes(3072))
    with pytest.raises(InputError, match=r"a label of val is not below 10, the number of names"):
        unpack_cifar10(tmp_path, archive)


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil", "..", "cat", "\udce9", "a" * 300])
def test_names_of_cifar10_s_classes_are_folders_each_its_own(name, tmp_path):
    archive, _ = cifar10(tmp_path)
    names = tmp_path / "cifar-10-batches-bin" / "batches.meta.txt"
    names.write_bytes("\n".join([name, *NAMES[1:]]).encode("utf-8", "surrogateescape"))
    archive = packed(tmp_path / "hostile.tar.gz", names.parent)
    (tmp_path / "deep" / "new").mkdir(parents=True)
    before = {*tmp_path.rglob("*")}
    with pytest.raises(
        InputError, match=r"hostile\.tar\.gz: batches\.meta\.txt is no list of names"
    ):
        unpack_cifar10(tmp_path / "deep" / "new", archive)
    assert {*tmp_path.rglob("*")} == before


def test_the_other_versions_of_cifar10_are_not_taken_for_the_binary_one(tmp_path):
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"a pickle")
    archive = packed(tmp_path / "cifar-10-python.tar.gz", tmp_path / "cifar-10-batches-py")
    with pytest.raises(InputError, match=r"python\.tar\.gz lacks batches\.meta\.txt, data_batch_1"):
        unpack_cifar10(tmp_path, archive)


# ---- the script ---------------------------------------------------------------------------------


def laid_out(manifest: Path, **parameters: object) -> pd.DataFrame:
    settings = {"kind": "archive", "validation": 0.2, "seed": 0}
    settings |= dict.fromkeys(("path", "url", "checksum", "mirror"), "") | parameters
    download_dataset.main(str(manifest), **settings)
    return pd.read_parquet(manifest)


@pytest.fixture
def manifest_of(tmp_path):
    return lambda name: tmp_path / "resources" / "datasets" / name / "manifest.parquet"


@pytest.mark.parametrize("mask", [0o022, 0o002, 0o077])
def test_files_and_folders_of_a_data_set_follow_the_umask(mask, imagenette, manifest_of, tmp_path):
    before = os.umask(mask)
    try:
        source = {"url": "https://nowhere.invalid/imagenette2.tgz", "mirror": str(tmp_path)}
        laid_out(manifest_of("mine"), **source, checksum=checksum(imagenette))
    finally:
        os.umask(before)
    for path in (tmp_path / "resources").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o777 if path.is_dir() else 0o666) & ~mask


def test_an_archive_is_downloaded_once_for_all_its_layouts(imagenette, manifest_of, tmp_path):
    with serving(tmp_path) as server:
        source = {"url": f"{server.url}/imagenette2.tgz", "checksum": checksum(imagenette)}
        first = laid_out(manifest_of("first"), **source)
        second = laid_out(manifest_of("second"), **source)
    assert len(server.asked) == 1
    pd.testing.assert_frame_equal(first, second)
    assert len(first) == 18
    for path, size in zip(first["path"], first["bytes"], strict=True):
        assert (manifest_of("first").parent / path).stat().st_size == size
    resources = tmp_path / "resources"
    assert [p.name for p in (resources / "downloads").iterdir()] == ["imagenette2.tgz"]
    assert sorted(p.name for p in (resources / "datasets").iterdir()) == ["first", "second"]
    top = {p.name for p in manifest_of("first").parent.iterdir()}
    assert top == {"train", "val", "manifest.parquet"}


@pytest.mark.parametrize("kind", ["imagenette", "imagenette_320", "imagenette_160"])
def test_imagenette_comes_from_a_mirror(kind, imagenette, manifest_of, tmp_path, monkeypatch):
    address, _ = ARCHIVES[kind]
    (tmp_path / "mirror").mkdir()
    imagenette.rename(tmp_path / "mirror" / address.rsplit("/", 1)[1])
    expected = checksum(next((tmp_path / "mirror").iterdir()))
    with pytest.raises(InputError, match=r"has md5 .*; only the copy of it was deleted"):
        laid_out(manifest_of(kind), kind=kind, mirror=str(tmp_path / "mirror"))
    monkeypatch.setitem(ARCHIVES, kind, (address, expected))
    images = laid_out(manifest_of(kind), kind=kind, mirror=str(tmp_path / "mirror"))
    assert set(images["class_name"]) == {"n01440764", "n02102040", "n03888257"}


def test_cifar10_comes_from_a_mirror(manifest_of, tmp_path, monkeypatch):
    archive, _ = cifar10(tmp_path)
    address, _ = ARCHIVES["cifar10"]
    monkeypatch.setitem(ARCHIVES, "cifar10", (address, checksum(archive)))
    images = laid_out(manifest_of("cifar10"), kind="cifar10", mirror=str(tmp_path))
    assert len(images) == 120


def test_another_archive_is_named_left_to_the_mirror_and_taken_with_its_own_checksum(
    manifest_of, tmp_path, monkeypatch
):
    archive, _ = cifar10(tmp_path)
    monkeypatch.setitem(ARCHIVES, "cifar10", (ARCHIVES["cifar10"][0], f"md5:{'0' * 32}"))
    found = hashlib.md5(archive.read_bytes()).hexdigest()
    options = {"kind": "cifar10", "mirror": str(tmp_path)}
    sentence = (
        f"{archive} has md5 {found} instead of {'0' * 32}; only the copy of it was deleted; put the right "
        f"file there; if this is the archive that you want, set checksum: md5:{found}, or unpack it and "
        "take the kind folder"
    )
    with pytest.raises(InputError, match=re.escape(sentence)):
        laid_out(manifest_of("cifar10"), **options)
    assert archive.is_file()
    assert len(laid_out(manifest_of("cifar10"), **options, checksum=f"md5:{found}")) == 120


def test_samples_need_no_network(manifest_of, samples):
    images = laid_out(manifest_of("samples"), kind="samples")
    assert images["path"].tolist() == samples[1]["path"].tolist()


def test_a_failed_layout_leaves_the_older_one_and_the_archive(imagenette, manifest_of, tmp_path):
    manifest = manifest_of("mine")
    mirror = {"mirror": str(tmp_path), "url": "https://host/imagenette2.tgz"}
    before = laid_out(manifest, checksum=checksum(imagenette), **mirror)
    folder_of(tmp_path / "bad", cat=1)
    packed(tmp_path / "bad.tgz", tmp_path / "bad")
    mirror["url"] = "https://host/bad.tgz"
    with pytest.raises(InputError, match="no folder with train/ and val/"):
        laid_out(manifest, checksum=checksum(tmp_path / "bad.tgz"), **mirror)
    pd.testing.assert_frame_equal(pd.read_parquet(manifest), before)
    assert [p.name for p in manifest.parent.parent.iterdir()] == ["mine"]
    downloads = tmp_path / "resources" / "downloads"
    assert {p.name for p in downloads.iterdir()} == {"imagenette2.tgz", "bad.tgz"}


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
    largest = select(images, split="val", count=28, seed=0, order="rounds")
    assert len(largest) == 28
    for count in range(1, 28):
        smaller = select(images, split="val", count=count, seed=0, order="rounds")
        pd.testing.assert_frame_equal(smaller, largest.head(count))


def test_every_beginning_has_its_classes_as_balanced_as_can_be():
    available = {"a": 9, "b": 14, "c": 5}
    largest = select(table(**available), split="val", count=28, seed=0, order="rounds")
    for count in range(1, 29):
        found = largest.head(count)["class_name"].value_counts()
        most = found.max()
        for name, there in available.items():
            assert found.get(name, 0) >= min(most - 1, there)


def test_a_selection_has_its_columns_and_is_of_its_split_only():
    selected = select(table(a=3, b=3), split="val", count=4, seed=0, order="rounds")
    assert selected.columns.tolist() == ["image_id", "path", "label", "class_name", "position"]
    assert selected["position"].tolist() == [0, 1, 2, 3]
    assert selected["image_id"].str.startswith("val/").all()
    assert selected["image_id"].is_unique
    assert (selected["label"] == (selected["class_name"] == "b")).all()


def test_images_of_a_class_are_those_of_the_class_in_the_order_of_a_selection():
    images = table(a=9, b=14)
    found = select_class(images, class_name="b", split="val", most=10, seed=0)
    of_class = images[images["class_name"] == "b"]
    expected = select(of_class, split="val", count=10, seed=0, order="rounds")
    pd.testing.assert_frame_equal(found.drop(columns="split"), expected)
    assert (found["split"] == "val").all()
    everything = select_class(images, class_name="b", split="both", most=100, seed=0)
    assert sorted(everything["image_id"]) == sorted(of_class["image_id"])
    assert (everything["split"] == [name.split("/")[0] for name in everything["image_id"]]).all()
    assert set(everything["split"]) == {"train", "val"}


def test_images_of_all_classes_go_round_them():
    found = select_class(table(a=9, b=14), class_name=None, split="val", most=12, seed=0)
    assert found["class_name"].value_counts().to_dict() == {"a": 6, "b": 6}


def test_a_class_that_is_not_there_is_refused_by_its_name():
    with pytest.raises(InputError, match=r"class: 'c' is not a class.* one of a, b, or"):
        select_class(table(a=9, b=14), class_name="c", split="val", most=12, seed=0)
    images = table(a=9, b=14)
    with pytest.raises(InputError, match=r"split: class a has no image in train"):
        select_class(
            images[images["split"] == "val"], class_name="a", split="train", most=12, seed=0
        )


def test_another_image_leaves_the_order_of_the_others_as_it_is():
    fewer = select(table(a=9), split="val", count=9, seed=0, order="rounds")["image_id"]
    more = select(table(a=10), split="val", count=10, seed=0, order="rounds")["image_id"]
    assert [name for name in more if name != "val/a/009.png"] == fewer.tolist()


def test_a_selection_follows_the_seed_and_not_the_order_of_the_manifest():
    images = table(a=20, b=20)
    first = select(images, split="val", count=10, seed=0, order="rounds")
    pd.testing.assert_frame_equal(
        select(images[::-1], split="val", count=10, seed=0, order="rounds"), first
    )
    assert (
        select(images, split="val", count=10, seed=1, order="rounds")["path"] != first["path"]
    ).any()


def named(**counts: int) -> pd.DataFrame:
    """Manifest of classes with so many training images of ImageNet, and two of its validation set each."""
    paths = [f"val/{s}/{s}_{n}.JPEG" for s, count in counts.items() for n in range(count)]
    others = (f"val/{s}/ILSVRC2012_val_0000{n}{s[-1]}11.JPEG" for s in counts for n in range(2))
    return manifest([*paths, *others])


def test_training_images_of_imagenet_can_be_left_out():
    images, options = named(n01440764=9, n02102040=5), {"split": "val", "seed": 0}
    for order in ("rounds", "log"):
        left = select(images, count=4, order=order, exclude="imagenet_train", **options)
        assert left["path"].str.contains("/ILSVRC2012_val_").all()
        assert left["class_name"].value_counts().tolist() == [2, 2]
        everything = select(images, count=18, order=order, exclude=None, **options)
        assert sorted(everything["path"]) == sorted(images["path"])
    sentence = (
        "count: 5 images are more than the 4 of the split val without those that exclude: imagenet_train "
        "leaves out; choose at most 4"
    )
    with pytest.raises(InputError, match=re.escape(sentence)):
        select(images, count=5, order="rounds", exclude="imagenet_train", **options)
    with pytest.raises(InputError, match="exclude: 'imagenet' is none of imagenet_train"):
        select(images, count=1, order="rounds", exclude="imagenet", **options)
    of_class = {"class_name": "n01440764", "most": 9, "exclude": "imagenet_train", **options}
    assert len(select_class(images, **of_class)) == 2
    others = images[[bears_training_name(path) for path in images["path"]]]
    with pytest.raises(InputError, match=r"no image in val that exclude: imagenet_train leaves"):
        select_class(others, **of_class)
    with pytest.raises(InputError, match=r"no image in both that .* leaves; leave exclude out"):
        select_class(others, **{**of_class, "split": "both"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("n01440764_10026.JPEG", True),
        ("val/n01440764/n02979186_1.jpg", True),
        ("ILSVRC2012_val_00009111.JPEG", False),
        ("n01440764/china_06.JPEG", False),
        ("n01440764_10026.JPEG.png", False),
        ("xn01440764_10026.JPEG", False),
        ("n0144076_10026.JPEG", False),
    ],
)
def test_training_images_of_imagenet_are_told_by_their_names(name, expected):
    assert bears_training_name(name) is expected


def test_a_selection_says_in_the_log_what_imagenet_s_networks_have_seen(tmp_path, caplog):
    images = named(n01440764=3, n02102040=3)
    for path in images["path"]:
        save(tmp_path / path, 7)
    write_table(images, tmp_path / "manifest.parquet")
    options = {"split": "val", "order": "rounds", "size": 4, "seed": 0}
    for number, exclude in ((10, None), (4, "imagenet_train")):
        with caplog.at_level("INFO"):
            select_images.main(
                str(tmp_path / "manifest.parquet"),
                str(tmp_path / "images.parquet"),
                number=number,
                exclude=exclude,
                **options,
            )
    assert caplog.text.count("6 of 10 images bear names of ImageNet's training images") == 1
    assert caplog.text.count("bear names") == 1


def test_every_image_comes_first_equally_often():
    images = table(a=4)
    first = [
        select(images, split="val", count=1, seed=seed, order="rounds")["path"][0]
        for seed in range(400)
    ]
    counts = pd.Series(first).value_counts()
    # binomial(400, 1/4): standard deviation 8.7; four of them
    assert len(counts) == 4
    assert (counts - 100).abs().max() <= 35


def test_the_manifest_stays_as_it_is():
    images = table(a=3)
    given = images.copy()
    select(images, split="val", count=2, seed=0, order="rounds")
    pd.testing.assert_frame_equal(images, given)


def test_more_images_than_there_are_are_refused_with_their_number():
    with pytest.raises(InputError, match=r"count: 8 .* the 7 of the split val; choose at most 7"):
        select(table(a=3, b=4), split="val", count=8, seed=0, order="rounds")


@pytest.mark.parametrize("n", [1, 2, 3, 10, 700, 9469])
@pytest.mark.parametrize("seed", [0, 42])
def test_the_shuffle_is_that_of_torch_s_loader(n, seed):
    loader = DataLoader(
        range(n), batch_size=64, shuffle=True, generator=torch.Generator().manual_seed(seed)
    )
    theirs = torch.cat(list(loader))
    np.testing.assert_array_equal(torch_shuffle(n, seed), theirs.numpy())


@pytest.mark.skipif(not ORDER_OF_THE_LOG.exists(), reason="no recorded order of the log's images")
def test_the_shuffle_of_imagenette_is_the_recorded_one():
    recorded = json.loads(ORDER_OF_THE_LOG.read_text())
    order = torch_shuffle(recorded["n_train"])
    assert order[:1024].tolist() == recorded["indices_first_1024"]


@pytest.mark.skipif(not ORDER_OF_THE_LOG.exists(), reason="no recorded order of the log's images")
def test_the_log_s_images_are_selected_in_its_order():
    recorded = json.loads(ORDER_OF_THE_LOG.read_text())
    known = dict(zip(recorded["indices_first_1024"], recorded["paths_first_1024"], strict=True))
    assert sorted(known.values()) == [known[index] for index in sorted(known)]
    # names of unknown files that sort between those of the known ones
    paths, before = [], ""
    for index in range(recorded["n_train"]):
        before = known.get(index) or f"{before or 'train/n0/'}~{index:05d}"
        paths.append(before)
    selected = select(manifest(paths[::-1]), split="train", count=1024, seed=7, order="log")
    assert selected["path"].tolist() == recorded["paths_first_1024"]
    assert selected["position"].tolist() == list(range(1024))


def test_the_order_of_the_log_is_that_of_an_image_folder_under_torch_s_loader(tmp_path):
    folder_of(tmp_path, train__b=12, train__B=3, train__10=2, train__9=4)
    for name in ("2", "10", "B", "a", "_", "ä"):
        save(tmp_path / "train" / "b" / f"{name}.png")
    folder = ImageFolder(str(tmp_path / "train"))
    loader = DataLoader(
        range(len(folder)), shuffle=True, generator=torch.Generator().manual_seed(0)
    )
    expected = [str(Path(folder.imgs[i][0]).relative_to(tmp_path)) for (i,) in loader]
    images = manifest(
        [p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.png")] + ["val/b/x.png"]
    )
    for count in (len(expected), 5):
        selected = select(images, split="train", count=count, seed=3, order="log")
        assert selected["path"].tolist() == expected[:count]
        assert [folder.class_to_idx[name] for name in selected["class_name"]] == selected[
            "label"
        ].tolist()


def test_an_order_that_is_none_is_refused():
    with pytest.raises(InputError, match=r"order: 'sorted' is not an order; choose rounds"):
        select(table(a=3), split="val", count=1, seed=0, order="sorted")


def test_the_script_selects_in_the_order_it_is_told(tmp_path):
    source = folder_of(tmp_path / "source", cat=20, dog=20)
    images = link_folder(tmp_path, source, validation=0.5, seed=0)
    write_table(images, tmp_path / "manifest.parquet")
    found = {}
    for order in ("rounds", "log"):
        select_images.main(
            str(tmp_path / "manifest.parquet"),
            str(tmp_path / f"{order}.parquet"),
            split="val",
            number=20,
            size=4,
            seed=0,
            order=order,
            exclude=None,
        )
        found[order] = pd.read_parquet(tmp_path / f"{order}.parquet")["image_id"].tolist()
    assert sorted(found["rounds"]) == sorted(found["log"])
    assert found["log"] == [sorted(found["log"])[i] for i in torch_shuffle(20)]
