"""Archives, good and evil: what is unpacked, and what is refused in a sentence."""

import gzip
import io
import random
import stat
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from thinkalike.errors import InputError
from thinkalike.images import unpacking
from thinkalike.images.unpacking import extract


def tar_of(path: Path, *members: tarfile.TarInfo, mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:
        for member in members:
            member.size = 4 if member.isreg() else 0
            tar.addfile(member, io.BytesIO(b"evil"))
    return path


def zip_of(path: Path, **members: str) -> Path:
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tgz", "tar.bz2", "tar.xz", "zip"])
def test_an_archive_is_unpacked_as_it_was_packed(suffix, tmp_path):
    packed = tmp_path / f"packed.{suffix}"
    if suffix == "zip":
        zip_of(packed, **{"./top/a.txt": "a", "top/deep/b.txt": "b", "empty/": ""})
    else:
        mode = {"tar": "w", "tgz": "w:gz"}.get(suffix, f"w:{suffix[4:]}")
        names = ("./top/a.txt", "top/deep/b.txt")
        tar_of(packed, *map(member, names), member("empty", tarfile.DIRTYPE), mode=mode)
    extract(packed, tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*")}
    assert found == {"top", "top/a.txt", "top/deep", "top/deep/b.txt", "empty"}
    expected = "b" if suffix == "zip" else "evil"
    assert (tmp_path / "out" / "top" / "deep" / "b.txt").read_text() == expected


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "a/..", "/evil", "//evil"])
@pytest.mark.parametrize("suffix", ["tgz", "zip"])
def test_a_name_that_leads_out_is_refused(suffix, name, tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    packed = root / f"packed.{suffix}"
    if suffix == "zip":
        zip_of(packed, **{"fine": "fine", name: "evil"})
    else:
        tar_of(packed, member("fine"), member(name))
    with pytest.raises(InputError, match=rf"packed\.{suffix}: {name} leads out of the folder; tak"):
        extract(packed, root / "out")
    assert listing(tmp_path) == {"root", f"root/packed.{suffix}", "root/out", "root/out/fine"}
    assert not Path("/evil").exists()


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (tarfile.SYMTYPE, "/etc"),
        (tarfile.SYMTYPE, ".."),
        (tarfile.SYMTYPE, "fine"),
        (tarfile.LNKTYPE, "/etc/passwd"),
        (tarfile.LNKTYPE, "fine"),
        (tarfile.CHRTYPE, ""),
        (tarfile.BLKTYPE, ""),
        (tarfile.FIFOTYPE, ""),
    ],
)
def test_links_and_devices_in_a_tar_are_refused(kind, target, tmp_path):
    packed = tar_of(
        tmp_path / "packed.tgz", member("fine"), member("odd", kind, target), member("odd/evil")
    )
    with pytest.raises(InputError, match=r"packed\.tgz: odd is neither a file nor a folder; pack"):
        extract(packed, tmp_path / "out")
    assert listing(tmp_path / "out") == {"fine"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip_are_refused(kind, tmp_path):
    entry = zipfile.ZipInfo("odd")
    entry.external_attr = (kind | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as zipped:
        zipped.writestr(entry, "/etc")
    with pytest.raises(InputError, match="odd is neither a file nor a folder"):
        extract(tmp_path / "packed.zip", tmp_path / "out")
    assert listing(tmp_path / "out") == set()


@pytest.mark.parametrize("suffix", ["tgz", "zip"])
def test_what_would_fill_the_disk_is_refused_before_it_is_written(suffix, tmp_path, monkeypatch):
    packed = tmp_path / f"packed.{suffix}"
    if suffix == "zip":
        zip_of(packed, a="evil", b="evil", c="evil")
    else:
        tar_of(packed, member("a"), member("b"), member("c"))
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: SimpleNamespace(free=11))
    with pytest.raises(
        InputError, match=rf"packed\.{suffix} does not fit on the disk, unpacked; make"
    ):
        extract(packed, tmp_path / "out")
    assert listing(tmp_path / "out") == {"a", "b"}
    monkeypatch.setattr(unpacking.shutil, "disk_usage", lambda _: SimpleNamespace(free=12))
    extract(packed, tmp_path / "out")
    assert listing(tmp_path / "out") == {"a", "b", "c"}


def test_a_file_that_the_zip_command_has_packed_is_plain(tmp_path):
    entry = zipfile.ZipInfo("plain")
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as zipped:
        zipped.writestr(entry, "text")
    extract(tmp_path / "packed.zip", tmp_path / "out")
    assert (tmp_path / "out" / "plain").read_text() == "text"


def test_unpacked_files_can_be_read_and_removed_whatever_the_archive_says(tmp_path):
    locked = member("locked")
    locked.mode = 0o4000
    extract(tar_of(tmp_path / "packed.tgz", locked), tmp_path / "out")
    mode = (tmp_path / "out" / "locked").stat().st_mode
    assert mode & stat.S_IRUSR
    assert mode & stat.S_IWUSR
    assert not mode & stat.S_ISUID


@pytest.mark.parametrize("suffix", ["tgz", "tar.bz2", "tar.xz", "tar", "zip"])
def test_a_damaged_archive_is_named(suffix, tmp_path):
    noise = np.random.default_rng(0).bytes(200_000)
    whole = tmp_path / f"whole.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(whole, "w") as zipped:
            zipped.writestr("noise", noise)
    else:
        info = tarfile.TarInfo("noise")
        info.size = len(noise)
        mode = {"tar": "w", "tgz": "w:gz"}.get(suffix, f"w:{suffix[4:]}")
        with tarfile.open(whole, mode) as tar:
            tar.addfile(info, io.BytesIO(noise))
    content = whole.read_bytes()
    damaged = [content[: len(content) // 2], content[:100], b""]
    if suffix != "tar":  # which has no checksum of what is in it
        middle = len(content) // 2
        damaged.append(content[:middle] + bytes(1000) + content[middle + 1000 :])
    for number, bad in enumerate(damaged):
        path = tmp_path / f"damaged{number}.{suffix}"
        path.write_bytes(bad)
        with pytest.raises(InputError, match=rf"damaged{number}\.{suffix} is damaged or no tar"):
            extract(path, tmp_path / "out")


def test_another_format_is_named(tmp_path):
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"not a tar"))
    with pytest.raises(InputError, match=r"packed\.gz is damaged or no tar or zip archive"):
        extract(tmp_path / "packed.gz", tmp_path / "out")


def test_a_zip_with_a_password_is_named(tmp_path):
    packed = zip_of(tmp_path / "packed.zip", secret="text")
    content = bytearray(packed.read_bytes())
    # the flag of encryption in the header of the file and in the directory
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    packed.write_bytes(content)
    with pytest.raises(InputError, match=r"packed\.zip cannot be unpacked .*without a password"):
        extract(packed, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["tgz", "zip"])
def test_an_error_of_the_file_system_is_not_called_a_damaged_archive(suffix, tmp_path, monkeypatch):
    packed = tmp_path / f"packed.{suffix}"
    tar_of(packed, member("name")) if suffix == "tgz" else zip_of(packed, name="text")

    def failing(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(unpacking.shutil, "copyfileobj", failing)
    with pytest.raises(OSError, match="Input/output error"):
        extract(packed, tmp_path / "out")


# ---- names --------------------------------------------------------------------------------------


def packed_as(suffix: str, path: Path, *names: str) -> Path:
    """An archive of files with these names."""
    if suffix == "zip":
        return zip_of(path, **dict.fromkeys(names, "text"))
    return tar_of(path, *map(member, names), mode="w")


def sentence(packed: Path, folder: Path) -> str:
    """What is said of an archive that is refused; one line that can be printed."""
    with pytest.raises(InputError) as error:
        extract(packed, folder)
    words = str(error.value)
    assert words.isprintable(), words
    assert len(words) < 500
    return words


@pytest.mark.parametrize("suffix", ["tar", "zip"])
@pytest.mark.parametrize(
    "name", ["a" * 256, "é" * 128, "b/" * 30 + "a" * 300, "/".join(["d" * 250] * 20)]
)
def test_a_name_that_is_too_long_is_refused(suffix, name, tmp_path):
    packed = packed_as(suffix, tmp_path / f"packed.{suffix}", "fine", name)
    words = sentence(packed, tmp_path / "out")
    assert f"packed.{suffix}: {name[:100]}… is too long, or no name in this file system" in words


@pytest.mark.parametrize("suffix", ["tar", "zip"])
@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a/", "a"), ("a/b", "a/b/c/d")])
def test_a_name_that_is_both_a_file_and_a_folder_is_refused(suffix, names, tmp_path):
    packed = tmp_path / f"packed.{suffix}"
    if suffix == "zip":
        zip_of(packed, **dict.fromkeys(names, ""))
    else:
        kinds = [tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE for name in names]
        tar_of(packed, *map(member, names, kinds), mode="w")
    words = sentence(packed, tmp_path / "out")
    assert f"{names[1]} is a file and a folder in one; take another archive" in words


def test_a_name_of_a_tar_that_is_not_utf8_is_refused(tmp_path):
    packed = packed_as("tar", tmp_path / "packed.tar", "caf\udce9.png")
    assert r"packed.tar: caf\xe9.png is not UTF-8; rename it" in sentence(packed, tmp_path / "out")


@pytest.mark.parametrize("flag", [0, 0x800])
def test_a_name_of_a_zip_that_is_not_utf8_is_refused(flag, tmp_path):
    packed = zip_of(tmp_path / "packed.zip", **{"cafe.png": "text"})
    content = bytearray(packed.read_bytes().replace(b"cafe.png", b"caf\xe9.png"))
    for start, place in ((content.index(b"PK\x03\x04"), 6), (content.index(b"PK\x01\x02"), 8)):
        content[start + place : start + place + 2] = flag.to_bytes(2, "little")
    packed.write_bytes(content)
    assert r"packed.zip: caf\xe9.png is not UTF-8; rename it" in sentence(packed, tmp_path / "out")


def test_a_name_of_a_zip_in_utf8_is_read_as_such_though_nothing_says_so(tmp_path):
    packed = zip_of(tmp_path / "packed.zip", **{"caf__.png": "text"})
    packed.write_bytes(packed.read_bytes().replace(b"caf__", "café".encode()))
    extract(packed, tmp_path / "out")
    assert listing(tmp_path / "out") == {"café.png"}


@pytest.mark.parametrize("suffix", ["tar", "zip"])
def test_a_nul_in_a_name_is_refused(suffix, tmp_path):
    if suffix == "zip":
        packed = zip_of(tmp_path / "packed.zip", **{"fine.png_evil": "text"})
        packed.write_bytes(packed.read_bytes().replace(b"fine.png_", b"fine.png\0"))
    else:
        info = member("fine.png")
        info.pax_headers = {"path": "fine.png\0evil"}
        packed = tmp_path / "packed.tar"
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(info, io.BytesIO())
    assert rf"packed.{suffix}: fine.png\x00evil has a NUL in its name" in sentence(
        packed, tmp_path / "out"
    )


@pytest.mark.parametrize("suffix", ["tar", "zip"])
def test_folders_without_end_are_refused(suffix, tmp_path):
    names = ["/".join("d" * depth) + "/a" for depth in range(90, 120)]
    words = sentence(packed_as(suffix, tmp_path / f"packed.{suffix}", *names), tmp_path / "out")
    assert "lies more than 100 folders deep; take another archive" in words


def test_what_a_name_makes_a_terminal_do_is_not_printed(tmp_path):
    words = sentence(packed_as("tar", tmp_path / "p.tar", "\x1b[2Ja\n/../b"), tmp_path / "out")
    assert r"p.tar: \x1b[2Ja\n/../b leads out" in words


# ---- sizes --------------------------------------------------------------------------------------


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Header of a member that says that it has so many bytes."""
    info = member(name, kind)
    info.size = size
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header("fine", 0) + header("a", 2**62), "does not fit on the disk, unpacked"),
        (header("fine", 0) + header("a", -(2**40)), r"damaged or no tar or zip archive"),
        (header("a", -512), r"damaged or no tar or zip archive"),
        (header("fine", 0) + header("a", 2**62, tarfile.XHDTYPE), "a header of"),
        (header("fine", 0) + header("a", 2**33, tarfile.GNUTYPE_LONGNAME), "a header of"),
        (header("a", 2**62, tarfile.XHDTYPE), "no tar or zip archive"),
    ],
    ids=["endless", "negative", "first negative", "pax", "long name", "first header"],
)
def test_an_absurd_size_in_a_tar_is_refused(content, words, compressed, tmp_path):
    packed = tmp_path / "packed.tar"
    packed.write_bytes(gzip.compress(content) if compressed else content + bytes(10240))
    assert words in sentence(packed, tmp_path / "out")


def test_a_header_that_unpacks_to_gigabytes_does_not_fill_the_memory(tmp_path):
    zeros = gzip.compress(bytes(50_000_000))
    packed = tmp_path / "packed.tgz"
    first = gzip.compress(header("fine", 0) + header("a", 100 * 50_000_000, tarfile.XHDTYPE))
    packed.write_bytes(first + zeros * 100)
    assert packed.stat().st_size < 6_000_000
    assert "a header of" in sentence(packed, tmp_path / "out")


def test_a_pax_size_that_leads_back_does_not_unpack_for_ever(tmp_path):
    info = member("a")
    info.pax_headers = {"size": "-1536"}
    packed = tmp_path / "packed.tar"
    with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member("fine"), io.BytesIO())
        tar.addfile(info, io.BytesIO())
    assert "a member of -1536 bytes" in sentence(packed, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["tgz", "tar", "zip"])
def test_bytes_that_flip_end_in_a_sentence_or_change_nothing_but_content(suffix, tmp_path):
    whole = tmp_path / f"whole.{suffix}"
    if suffix == "zip":
        zip_of(whole, **{f"top/{number}.txt": "text" * number for number in range(20)})
    else:
        names = [f"top/{number}.txt" for number in range(20)]
        tar_of(whole, *map(member, names), mode="w:gz" if suffix == "tgz" else "w")
    content, drawn = whole.read_bytes(), random.Random(0)
    refused = 0
    for number in range(300):
        bad = bytearray(content)
        for _ in range(drawn.randint(1, 4)):
            bad[drawn.randrange(len(bad))] = drawn.randrange(256)
        packed = tmp_path / f"flipped.{suffix}"
        packed.write_bytes(bad)
        try:
            extract(packed, tmp_path / f"out{number}")
        except InputError:
            refused += 1
    assert refused > (0 if suffix == "tar" else 200)


def test_a_header_in_the_middle_that_is_damaged_is_not_the_end(tmp_path):
    packed = packed_as("tar", tmp_path / "packed.tar", "a", "b", "c")
    content = bytearray(packed.read_bytes())
    content[1024 + 150] ^= 1  # in the checksum of the second header
    packed.write_bytes(content)
    assert "is damaged or no tar" in sentence(packed, tmp_path / "out")
