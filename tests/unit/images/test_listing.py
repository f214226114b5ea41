"""What is an image of a folder, what is left out, and what is refused by its name."""

import logging
import os
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.images import names, sources
from thinkalike.images.archives import unpack_folder
from thinkalike.images.contents import contents
from thinkalike.images.layout import lay_out
from thinkalike.images.listing import (
    class_files,
    folder_listing,
    image_files,
    image_listing,
    split_files,
    split_folders,
)
from thinkalike.images.loading import load_images
from thinkalike.images.sources import link_folder
from thinkalike.images.unpacking import extract

# é as one character, and as an e with an accent
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))


def image(path: Path | str, value: int = 0) -> Path:
    """A small PNG, in whatever folder."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), (value, 0, 0)).save(path, "PNG")
    return path


def folder(root: Path, *classes: str, images: int = 2) -> Path:
    """A folder of classes."""
    for name in classes:
        for number in range(images):
            image(root / name / f"{number}.png", number)
    return root


def laid_out(source: Path, tmp_path: Path) -> list[str]:
    """Paths of the images of a folder that has been laid out."""
    return link_folder(tmp_path / "linked", source, validation=0.5, seed=0)["path"].tolist()


# ---- links --------------------------------------------------------------------------------------


def test_files_behind_a_linked_class_are_listed(tmp_path):
    folder(tmp_path / "store", "cat")
    source = folder(tmp_path / "source", "dog")
    (source / "cat").symlink_to(tmp_path / "store" / "cat")
    assert list(class_files(source)) == ["cat", "dog"]
    seen = [image_listing(source), folder_listing(source)]
    image(tmp_path / "store" / "cat" / "9.png")
    for listing, before in zip((image_listing, folder_listing), seen, strict=True):
        assert listing(source) != before
    seen = [image_listing(source), folder_listing(source)]
    (tmp_path / "store" / "cat" / "9.png").write_bytes(b"another size")
    assert image_listing(source) != seen[0]
    assert folder_listing(source) != seen[1]


@pytest.mark.parametrize("which", ["train", "val"])
def test_files_behind_a_linked_split_are_listed(which, tmp_path):
    source = folder(tmp_path / "source", "train/cat", "val/cat")
    (source / which).rename(tmp_path / "elsewhere")
    (source / which).symlink_to(tmp_path / "elsewhere")
    before = image_listing(source), folder_listing(source)
    (tmp_path / "elsewhere" / "cat" / "0.png").write_bytes(b"another size")
    assert image_listing(source) != before[0]
    assert folder_listing(source) != before[1]
    paths = laid_out(source, tmp_path)
    assert paths == [f"{split}/cat/{k}.png" for split in ("train", "val") for k in (0, 1)]


def test_a_linked_folder_lists_as_one_that_is_no_link(tmp_path):
    folder(tmp_path / "plain", "cat", "dog")
    folder(tmp_path / "linked", "dog")
    (tmp_path / "linked" / "cat").symlink_to(tmp_path / "plain" / "cat")
    (tmp_path / "top").symlink_to(tmp_path / "plain")
    listings = {image_listing(tmp_path / name) for name in ("plain", "linked", "top")}
    assert len(listings) == 1


def test_linked_images_are_read(tmp_path):
    source = folder(tmp_path / "source", "dog")
    (source / "cat").mkdir()
    for number in (0, 1):
        link = source / "cat" / f"{number}.png"
        link.symlink_to(image(tmp_path / "store" / f"{number}.png", 9))
    images = link_folder(tmp_path / "linked", source, validation=0.5, seed=0)
    pixels = load_images([str(tmp_path / "linked" / path) for path in images["path"]], 2)
    assert (pixels[images["class_name"] == "cat", :, :, 0] == 9).all()


def test_other_files_and_notes_of_systems_change_no_listing_of_images(tmp_path):
    source = folder(tmp_path / "source", "cat", "dog")
    before = image_listing(source)
    for name in (".DS_Store", "cat/Thumbs.db", "cat/@eaDir/0.png", "README.txt", "cat/.0.png"):
        image(source / name)
    assert image_listing(source) == before


@pytest.mark.parametrize("target", [".", "..", "../source"])
def test_a_class_that_leads_back_is_refused(target, tmp_path):
    source = folder(tmp_path / "source", "cat")
    (source / "loop").symlink_to(target)
    with pytest.raises(InputError, match=r"source: links to a folder that they lie in: loop; rem"):
        class_files(source)
    # any depth of it is the same folder
    assert len(folder_listing(source)) == 16


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_that_leads_back_is_refused(split, tmp_path):
    source = folder(tmp_path / "source", "train/cat", "val/cat")
    (source / split).rename(tmp_path / "old")
    (source / split).symlink_to(source)
    with pytest.raises(InputError, match=rf"links to a folder that they lie in: {split}; remove"):
        contents({"kind": "folder", "path": str(source), "validation": 0.5})


def test_train_and_val_are_not_one_folder(tmp_path):
    source = folder(tmp_path / "source", "train/cat", "train/dog")
    (source / "val").symlink_to("train")
    with pytest.raises(InputError, match="source: train and val are the same folder; give each"):
        split_folders(source)


def test_two_classes_are_not_one_folder(tmp_path):
    source = folder(tmp_path / "source", "cat", "dog")
    (source / "kitty").symlink_to("cat")
    with pytest.raises(InputError, match="source: cat and kitty are the same folder; give each im"):
        class_files(source)


def test_a_class_is_not_held_out_of_what_is_trained_on(tmp_path):
    source = folder(tmp_path / "source", "train/cat", "train/dog", "val/cat")
    (source / "val" / "dog").symlink_to(source / "train" / "dog")
    with pytest.raises(InputError, match="source: train/dog and val/dog are the same folder; give"):
        split_files(split_folders(source))


def test_links_that_lead_nowhere_are_all_named(tmp_path):
    source = folder(tmp_path / "source", "cat", "dog")
    (source / "cat" / "gone.png").symlink_to(tmp_path / "gone.png")
    (source / "dog" / "self.png").symlink_to("self.png")
    (source / "eel").symlink_to("eel")
    with pytest.raises(InputError) as error:
        contents({"kind": "folder", "path": str(source), "validation": 0.5})
    assert str(error.value) == (
        f"{source}: links that lead nowhere: eel, cat/gone.png, dog/self.png; put back what they "
        "stand for, or remove them"
    )


def test_a_link_of_another_name_that_leads_nowhere_is_left_out(tmp_path):
    source = folder(tmp_path / "source", "cat", "dog")
    (source / "cat" / "notes.txt").symlink_to("notes.txt")
    assert len(laid_out(source, tmp_path)) == 4


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    source = folder(tmp_path / "source", "cat")

    def scandir(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(InputError, match=r"source cannot be read \(Permission denied\); fix that"):
        class_files(source)


def test_what_is_no_file_is_no_image(tmp_path):
    source = folder(tmp_path / "source", "cat")
    os.mkfifo(source / "cat" / "pipe.png")
    (source / "cat" / "folder.png").mkdir()
    assert [file.name for file in class_files(source)["cat"]] == ["0.png", "1.png"]


# ---- names --------------------------------------------------------------------------------------


def not_utf8(path: Path) -> Path:
    """A path that is called in Latin 1."""
    return path.with_name(os.fsdecode(path.name.encode("latin1")))


@pytest.mark.parametrize("name", ["é.png", "cat/é.png"])
def test_names_that_are_not_utf8_are_refused_in_printable_form(name, tmp_path):
    source = folder(tmp_path / "source", "cat", "dog")
    if "/" in name:
        image(not_utf8(source / name))
    else:
        image(not_utf8(source / "é") / "0.png")
    with pytest.raises(
        InputError, match=r"names that are not UTF-8: (cat/)?\\xe9(\.png)?; rename"
    ) as e:
        contents({"kind": "folder", "path": str(source), "validation": 0.5})
    assert str(e.value).encode()


def test_other_files_that_are_not_utf8_are_left_out_and_named(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    source = folder(tmp_path / "source", "cat", "dog")
    not_utf8(source / "cat" / "é.txt").write_text("")
    laid_out(source, tmp_path)
    (line,) = caplog.messages
    assert line.endswith(r" left out: cat/\xe9.txt")


def test_a_member_of_an_archive_that_is_not_utf8_is_refused(tmp_path):
    image(not_utf8(tmp_path / "é.png"))
    with tarfile.open(tmp_path / "mine.tar", "w") as tar:
        tar.add(not_utf8(tmp_path / "é.png"), "train/cat/" + not_utf8(tmp_path / "é.png").name)
    with pytest.raises(InputError, match=r"mine\.tar: train/cat/\\xe9\.png is not UTF-8; rename"):
        extract(tmp_path / "mine.tar", tmp_path / "new")


def test_names_that_differ_by_their_unicode_form_are_refused_with_both(tmp_path):
    source = folder(tmp_path / "source", "dog", COMPOSED, DECOMPOSED)
    with pytest.raises(
        InputError,
        match=r"source: 'cafe?\\\S+' and 'cafe?\\\S+' differ by their Unicode form alone",
    ) as error:
        class_files(source)
    assert str(error.value).isascii()
    assert r"caf\xe9" in str(error.value)
    assert r"cafe\u0301" in str(error.value)


def test_files_that_differ_by_their_unicode_form_are_refused_with_both(tmp_path):
    source = folder(tmp_path / "source", "dog")
    image(source / "dog" / f"{COMPOSED}.png")
    image(source / "dog" / f"{DECOMPOSED}.png")
    with pytest.raises(InputError, match=r"source/dog: .* differ by their Unicode form alone"):
        class_files(source)


def test_classes_of_two_splits_in_two_unicode_forms_are_one(tmp_path):
    source = folder(tmp_path / "source", f"train/{COMPOSED}", f"val/{DECOMPOSED}")
    paths = laid_out(source, tmp_path)
    assert paths == [f"{split}/{COMPOSED}/{k}.png" for split in ("train", "val") for k in (0, 1)]


def test_names_are_laid_out_in_one_unicode_form(tmp_path):
    plain = folder(tmp_path / "plain", COMPOSED)
    apple = folder(tmp_path / "apple", DECOMPOSED)
    image(plain / COMPOSED / f"{COMPOSED}.png")
    image(apple / DECOMPOSED / f"{DECOMPOSED}.png")
    found = [
        link_folder(tmp_path / f"linked_{k}", source, validation=0.5, seed=0)
        for k, source in enumerate((plain, apple))
    ]
    assert found[0].equals(found[1])
    assert contents({"kind": "folder", "path": str(apple), "validation": 0.5}).classes == (
        COMPOSED,
    )


def test_classes_that_differ_by_capitals_are_refused_with_both(tmp_path):
    source = folder(tmp_path / "source", "Cat", "cat")
    with pytest.raises(InputError, match="source: Cat and cat differ by their capitals alone; ren"):
        class_files(source)
    source = folder(tmp_path / "split", "train/Cat", "val/cat")
    with pytest.raises(InputError, match="split: Cat and cat differ by their capitals alone"):
        split_files(split_folders(source))


def test_files_that_differ_by_capitals_are_two_images_where_they_can_be(tmp_path, monkeypatch):
    source = folder(tmp_path / "source", "train/cat", "val/cat", images=1)
    image(source / "val" / "cat" / "0.PNG")
    assert laid_out(source, tmp_path) == ["train/cat/0.png", "val/cat/0.PNG", "val/cat/0.png"]
    monkeypatch.setattr(sources, "ignores_case", lambda folder: True)
    with pytest.raises(
        InputError,
        match=r"source: val/cat/0\.PNG and val/cat/0\.png differ by their capitals alone",
    ):
        laid_out(source, tmp_path)


def test_a_file_system_that_ignores_case_takes_a_swapped_name_for_the_same(tmp_path):
    (tmp_path / "new").mkdir()
    assert not names.ignores_case(tmp_path / "new")
    (tmp_path / "NEW").symlink_to("new")
    assert names.ignores_case(tmp_path / "new")
    (tmp_path / "1").mkdir()
    assert not names.ignores_case(tmp_path / "1")


@pytest.mark.parametrize("members", [("a/0.png", "a/0.PNG"), ("Cat/0.png", "cat/1.png")])
def test_members_of_an_archive_that_would_overwrite_each_other_are_refused(members, tmp_path):
    file = image(tmp_path / "0.png")
    with (
        tarfile.open(tmp_path / "mine.tar", "w") as tar,
        zipfile.ZipFile(tmp_path / "mine.zip", "w") as zipped,
    ):
        for name in members:
            tar.add(file, name)
            zipped.write(file, name)
    for name in ("mine.tar", "mine.zip"):
        extract(tmp_path / name, tmp_path / f"of_{name}")
        # as on a file system that ignores case
        (tmp_path / "new").mkdir(exist_ok=True)
        (tmp_path / "NEW").unlink(missing_ok=True)
        (tmp_path / "NEW").symlink_to("new")
        with pytest.raises(
            InputError, match=rf"{name}: \S+ and \S+ differ by their capitals alone"
        ):
            extract(tmp_path / name, tmp_path / "new")


# ---- splits under other names -------------------------------------------------------------------


@pytest.mark.parametrize("held", ["val", "valid", "validation", "test", "testing", "Val", "TEST"])
@pytest.mark.parametrize("learned", ["train", "Training"])
def test_a_split_may_be_called_otherwise(learned, held, tmp_path):
    source = folder(tmp_path / "source", *(f"{s}/{c}" for s in (learned, held) for c in ("a", "b")))
    known = contents({"kind": "folder", "path": str(source), "validation": 0.5})
    assert (known.train, known.val, known.classes) == (4, 4, ("a", "b"))
    paths = laid_out(source, tmp_path)
    assert {path.split("/")[0] for path in paths} == {"train", "val"}
    with tarfile.open(tmp_path / "mine.tar", "w") as tar:
        tar.add(source, "mine")
    (tmp_path / "new").mkdir()
    assert unpack_folder(tmp_path / "new", tmp_path / "mine.tar")["path"].tolist() == paths


def test_val_goes_before_test_which_is_left_out(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    source = folder(tmp_path / "source", "train/cat", "valid/cat", "test/cat", images=1)
    image(source / "valid" / "cat" / "held.png")
    assert laid_out(source, tmp_path) == ["train/cat/0.png", "val/cat/0.png", "val/cat/held.png"]
    assert caplog.messages == ["1 left out: test"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("train", r"has train/ and no val/ or valid/ or validation/ or test/ or testing/; add one"),
        ("Test", r"has Test/ and no train/ or training/; add one, or give \S+/Test as the folder"),
    ],
)
def test_one_split_without_the_other_is_told(there, words, tmp_path):
    source = folder(tmp_path / "source", f"{there}/cat", f"{there}/dog")
    with pytest.raises(InputError, match=words):
        contents({"kind": "folder", "path": str(source), "validation": 0.5})


def test_trains_are_a_class_beside_others(tmp_path):
    source = folder(tmp_path / "source", "bus", "train")
    known = contents({"kind": "folder", "path": str(source), "validation": 0.5})
    assert known.classes == ("bus", "train")


# ---- what is left out ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["jfif", "jpe", "JFIF", "avif", "pbm", "pnm"])
def test_further_suffixes_are_those_of_images(suffix, tmp_path):
    source = folder(tmp_path / "source", "cat")
    kind = {"avif": "AVIF", "pbm": "PPM", "pnm": "PPM"}.get(suffix, "JPEG")
    Image.new("L", (4, 4), 128).save(source / "cat" / f"2.{suffix}", kind)
    paths = [str(tmp_path / "linked" / path) for path in laid_out(source, tmp_path)]
    assert len(paths) == 3
    assert load_images(paths, 2).shape == (3, 2, 2, 3)


def test_what_is_left_out_is_counted_and_named(tmp_path, caplog):
    source = folder(tmp_path / "source", "cat", "dog")
    image(source / "cat" / "old" / "0.png")
    (source / "cat" / "photo.heic").write_bytes(b"")
    image(source / "dog" / ".hidden.png")
    image(source / "top.png")
    caplog.set_level(logging.INFO)
    assert len(laid_out(source, tmp_path)) == 4
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message == ("4 left out: cat/old, cat/photo.heic, dog/.hidden.png, top.png")


@pytest.mark.parametrize(
    "junk",
    ["cat/.DS_Store", "cat/Thumbs.db", "cat/@eaDir/0.png", "README.md", "__MACOSX/cat/a.png"],
)
def test_what_systems_add_is_no_matter_for_the_terminal(junk, tmp_path, caplog):
    source = folder(tmp_path / "source", "cat", "dog")
    image(source / junk)
    caplog.set_level(logging.INFO)
    assert len(laid_out(source, tmp_path)) == 4
    (record,) = caplog.records
    assert record.levelno == logging.INFO


def test_nothing_is_said_where_nothing_is_left_out(tmp_path, caplog):
    caplog.set_level(logging.INFO)
    laid_out(folder(tmp_path / "source", "train/cat", "val/cat"), tmp_path)
    assert not caplog.messages


@pytest.mark.parametrize(
    "junk",
    ["@eaDir", "__MACOSX", ".ipynb_checkpoints", "$RECYCLE.BIN", "#recycle", "lost+found", ".git"],
)
def test_folders_of_systems_are_no_classes(junk, tmp_path):
    source = folder(tmp_path / "source", "cat", "dog", junk)
    assert list(class_files(source)) == ["cat", "dog"]
    folder(tmp_path / "split", "train/cat", "val/cat", f"train/{junk}", f"val/{junk}", junk)
    assert len(split_files(split_folders(tmp_path / "split"))) == 4
    with tarfile.open(tmp_path / "mine.tar", "w") as tar:
        tar.add(tmp_path / "split", junk)
        tar.add(tmp_path / "split", "zebra/split")
    (tmp_path / "new").mkdir()
    assert len(unpack_folder(tmp_path / "new", tmp_path / "mine.tar")) == 4


def test_a_class_with_other_files_alone_says_which(tmp_path):
    source = folder(tmp_path / "source", "cat", "dog/2024")
    (source / "eel").mkdir()
    (source / "eel" / "0.heic").write_bytes(b"")
    (source / "fox" / "Thumbs.db").parent.mkdir()
    (source / "fox" / "Thumbs.db").write_bytes(b"")
    with pytest.raises(
        InputError,
        match=r"no image in class dog \(it has folders, which are not looked into\), "
        r"eel \(it has \.heic files\), fox; add images",
    ):
        class_files(source)


def test_images_that_lie_directly_in_a_folder(tmp_path):
    source = folder(tmp_path / "source", "cat")
    for name in ("b.png", "a.JPG", ".c.png", "notes.txt"):
        image(source / name)
    assert [file.name for file in image_files(source)] == ["a.JPG", "b.png"]
    (source / "gone.png").symlink_to("gone.png")
    with pytest.raises(InputError, match=r"source: links that lead nowhere: gone\.png; put back"):
        image_files(source)


def test_a_data_set_of_links_is_laid_out_whole(tmp_path):
    folder(tmp_path / "store", "cat", "dog")
    source = tmp_path / "source"
    source.mkdir()
    for name in ("cat", "dog"):
        (source / name).symlink_to(tmp_path / "store" / name)
    manifest = tmp_path / "resources" / "mine" / "manifest.parquet"
    lay_out(manifest, kind="folder", path=str(source), validation=0.5, seed=0)
    assert len(list(manifest.parent.rglob("*.png"))) == 4
