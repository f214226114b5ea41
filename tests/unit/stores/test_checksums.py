"""Every file carries its checksum, and no reader uses one that has changed."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import xxhash
from safetensors.numpy import load_file, save_file

from tests.support.damage import flip, without_checksum
from thinkalike.errors import DamagedError, InputError
from thinkalike.stores import checksums
from thinkalike.stores.arrays import open_arrays, read_attributes, write_arrays
from thinkalike.stores.atomic import atomic, temporaries
from thinkalike.stores.checksums import PLACEHOLDER, beside, check, checked_bytes
from thinkalike.stores.damage import opening, read_json, read_text
from thinkalike.stores.tables import read_table, write_table
from thinkalike.stores.weights import header_entry, read_header
from thinkalike.workflow.rollback import Planned, begin, settle

VALUES = np.random.default_rng(0).normal(size=(4, 9)).astype(np.float32)
NAMES = ["a", "b", "ü", ""]
TABLE = pd.DataFrame({"name": NAMES, **{f"c{i}": VALUES[:, i] for i in range(3)}})


def write_nc(path: Path) -> None:
    variables = {"x": (("image", "part"), VALUES), "called": (("image",), NAMES)}
    attributes = {f"about_{i}": f"text {i}" for i in range(12)} | {"size": 3, "mean": [0.5, 0.2]}
    write_arrays(path, variables, coordinates={"image": NAMES}, attributes=attributes)


def read_nc(path: Path) -> Any:
    with open_arrays(path, ["x", "called"]) as file:
        values = {name: file[name].to_numpy().tolist() for name in ("x", "called", "image")}
    return values, {k: np.asarray(v).tolist() for k, v in read_attributes(path).items()}


def write_weights(path: Path) -> None:
    with atomic(path) as temporary:
        save_file({"w": VALUES}, temporary, header_entry({"timm": "vit", "classes": ["é", "b"]}))


def read_weights(path: Path) -> Any:
    header = read_header(path)
    with opening(path, "safetensors file"):
        return header, load_file(path)["w"].tolist()


def read_frame(path: Path) -> Any:
    return read_table(path).to_dict("tight")


def write_text(path: Path) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps({"a": [1, 2.5], "b": "text"}))


FORMATS: dict[str, tuple[Callable[[Path], None], Callable[[Path], Any]]] = {
    "maps.nc": (write_nc, read_nc),
    "table.parquet": (lambda path: write_table(TABLE, path), read_frame),
    "table.csv": (lambda path: write_table(TABLE, path), read_frame),
    "w.safetensors": (write_weights, read_weights),
    "verdict.json": (write_text, read_json),
    "page.md": (write_text, read_text),
}
INSIDE = ["maps.nc", "table.parquet", "w.safetensors"]
BESIDE = ["table.csv", "verdict.json", "page.md"]


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    """A file of every format."""
    folder = tmp_path_factory.mktemp("originals")
    for name, (write, _) in FORMATS.items():
        write(folder / name)
    return folder


def copied(original: Path, path: Path, content: bytes) -> Path:
    """A file with another content, in a folder of its own, and with the checksum of the original."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if beside(original).exists():
        beside(path).write_bytes(beside(original).read_bytes())
    return path


def listed(path: Path) -> list[str]:
    """Checksums in the hidden file of a file."""
    return re.findall(r"(?m)^XXH3_([0-9a-f]{16})  ", beside(path).read_text())


# ---- what is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", INSIDE)
def test_the_checksum_inside_is_that_of_all_other_bytes(name, originals):
    content = (originals / name).read_bytes()
    (found,) = re.findall(rb"thinkalike-xxh3:([0-9a-f]{16})", content)
    zeros = content.replace(b"thinkalike-xxh3:" + found, PLACEHOLDER.encode())
    assert found.decode() == xxhash.xxh3_64(zeros).hexdigest()
    assert not beside(originals / name).exists()


@pytest.mark.parametrize("name", BESIDE)
def test_the_checksum_beside_is_that_of_the_file_as_xxhsum_prints_it(name, originals):
    path = originals / name
    digest = xxhash.xxh3_64(path.read_bytes()).hexdigest()
    assert beside(path).read_text() == f"XXH3_{digest}  {name}\n"


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_job_gives_the_same_bytes(name, originals, tmp_path):
    FORMATS[name][0](tmp_path / name)
    assert (tmp_path / name).read_bytes() == (originals / name).read_bytes()


def test_a_checksum_is_no_part_of_what_a_file_says(originals):
    assert "checksum" not in read_attributes(originals / "maps.nc")
    assert read_header(originals / "w.safetensors") == {"timm": "vit", "classes": ["é", "b"]}
    with open_arrays(originals / "maps.nc") as file:
        assert "checksum" not in file.attrs


def test_other_programs_read_the_files(originals):
    frame = pd.read_parquet(originals / "table.parquet")
    pd.testing.assert_frame_equal(frame, TABLE)
    with xr.open_dataset(originals / "maps.nc", engine="h5netcdf") as file:
        np.testing.assert_array_equal(file["x"], VALUES)


def test_a_file_that_needs_none_has_none(tmp_path):
    with atomic(tmp_path / "journal.json", checksum=False) as temporary:
        temporary.write_text("{}")
    assert [path.name for path in tmp_path.iterdir()] == ["journal.json"]


# ---- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_no_flipped_bit_changes_what_is_read(name, originals, tmp_path):
    read, content = FORMATS[name][1], (originals / name).read_bytes()
    expected = read(originals / name)
    mark = content.find(checksums.MARK.encode()) if name in INSIDE else len(content)
    random = np.random.default_rng(0).integers(0, 8 * len(content), 60)
    for bit in {*random.tolist(), *range(8 * mark, 8 * mark + 256, 5)}:
        if bit < 8 * len(content):
            path = copied(originals / name, tmp_path / str(bit) / name, flip(content, bit))
            if mark <= bit // 8 < mark + len(checksums.MARK):
                # the word in front of the digits: nothing is checked, and no value is wrong
                with suppress(InputError):
                    assert read(path) == expected
            else:
                with pytest.raises(DamagedError, match=re.escape(f"{path} is not a readable")):
                    read(path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_is_named_wherever_it_is_cut(name, originals, tmp_path):
    read, content = FORMATS[name][1], (originals / name).read_bytes()
    step = 1 if len(content) < 400 else len(content) // 100
    for length in range(0, len(content), step):
        path = copied(originals / name, tmp_path / str(length) / name, content[:length])
        with pytest.raises(DamagedError, match=re.escape(f"{path} is not a readable")):
            read(path)


@pytest.mark.parametrize("name", INSIDE)
def test_damage_to_a_file_without_a_checksum_is_no_traceback(name, originals, tmp_path):
    """As older versions and other programs write them; what their formats do not notice, we cannot."""
    content = without_checksum(
        copied(originals / name, tmp_path / name, (originals / name).read_bytes())
    )
    content = content.read_bytes()
    for bit in np.random.default_rng(1).integers(0, 8 * len(content), 80).tolist():
        path = copied(originals / name, tmp_path / str(bit) / name, flip(content, bit))
        with suppress(InputError):
            FORMATS[name][1](path)


@pytest.mark.parametrize("content", [b"", b"\n", b"XXH3_0123456789abcdef", b"\xff\xfe"])
def test_a_damaged_checksum_beside_a_file_is_named(content, originals, tmp_path):
    path = copied(
        originals / "table.csv", tmp_path / "t.csv", (originals / "table.csv").read_bytes()
    )
    beside(path).write_bytes(content)
    with pytest.raises(
        DamagedError, match=r"t\.csv is not a readable table \(.* in \.t\.csv\.xxh3\)"
    ):
        read_table(path)


def test_memory_that_a_whole_file_takes_is_not_called_damage(originals):
    with pytest.raises(MemoryError), opening(originals / "maps.nc", "NetCDF file"):
        raise MemoryError


def test_memory_that_a_file_of_unknown_origin_asks_for_is_called_damage(tmp_path):
    (tmp_path / "x.nc").write_bytes(b"x")
    with pytest.raises(DamagedError), opening(tmp_path / "x.nc", "NetCDF file"):
        raise MemoryError


# ---- files without a checksum -------------------------------------------------------------------


def test_files_of_others_are_read_as_they_are(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    TABLE.to_parquet(tmp_path / "t.parquet")
    xr.Dataset({"x": ("image", [1, 2])}).to_netcdf(tmp_path / "t.nc", engine="h5netcdf")
    save_file({"w": VALUES}, tmp_path / "t.safetensors", {"thinkalike": '{"timm": "vit"}'})
    assert len(read_table(tmp_path / "t.csv")) == len(read_table(tmp_path / "t.parquet")) == 4
    with open_arrays(tmp_path / "t.nc", ["x"]) as file:
        assert file["x"].to_numpy().tolist() == [1, 2]
    assert read_header(tmp_path / "t.safetensors") == {"timm": "vit"}
    assert not any(map(check, tmp_path.iterdir()))


def test_a_file_copied_without_what_lies_beside_it_is_read(originals, tmp_path):
    (tmp_path / "t.csv").write_bytes((originals / "table.csv").read_bytes())
    assert len(read_table(tmp_path / "t.csv")) == 4


def test_a_copy_of_a_sealed_file_stays_sealed(originals, tmp_path):
    with atomic(tmp_path / "w.safetensors") as temporary:
        temporary.write_bytes((originals / "w.safetensors").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]
    assert check(tmp_path / "w.safetensors")


# ---- older files come back ----------------------------------------------------------------------


def write_word(path: Path, word: str) -> None:
    with atomic(path) as temporary:
        temporary.write_text(word)


def test_the_older_file_is_known_where_the_newer_does_not_take_its_place(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    write_word(path, "old")
    replace = Path.replace

    def killed(self, target):
        if target == path:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_word(path, "new")
    monkeypatch.undo()
    assert read_text(path) == "old"
    assert listed(path) == [xxhash.xxh3_64(word).hexdigest() for word in (b"new", b"old")]
    write_word(path, "newer")
    assert read_text(path) == "newer"


class NoRecords:
    """Snakemake without a memory."""

    def read(self, path):
        return None

    def write(self, path, record):
        pass

    def is_incomplete(self, path):
        return False

    def set_incomplete(self, path, incomplete):
        pass

    def flush(self, paths):
        pass


@pytest.mark.parametrize("has_checksum", [True, False])
def test_a_file_that_a_failing_run_puts_back_is_known(has_checksum, tmp_path):
    path = tmp_path / "page.md"
    write_word(path, "old")
    if not has_checksum:  # of an older version
        without_checksum(path)
    records = NoRecords()
    journal = begin([Planned([str(path)], [], [], {})], records, tmp_path / "journals", "run")
    for attempt in ("new", "newer"):  # a job that is tried twice
        path.unlink()
        write_word(path, attempt)
        assert read_text(path) == attempt
    assert settle(journal, records, lambda _: False) == [str(path)]
    assert read_text(path) == "old"


def test_what_is_damaged_does_not_become_whole_by_being_replaced(tmp_path, monkeypatch):
    path = tmp_path / "page.md"
    write_word(path, "old")
    path.write_text("olD")
    write_word(path, "new")
    path.write_text("olD")
    with pytest.raises(DamagedError):
        read_text(path)


def test_what_a_killed_job_leaves_beside_is_found(tmp_path):
    path = tmp_path / "t.csv"
    (tmp_path / ".t.csv.xxh3.123").touch()
    (tmp_path / ".t.csv.xxh3").touch()
    assert [file.name for file in temporaries(path)] == [".t.csv.xxh3.123"]


# ---- how often ----------------------------------------------------------------------------------


def test_a_file_is_hashed_once_in_a_process_and_again_if_it_changes(tmp_path, monkeypatch):
    path, hashed = tmp_path / "maps.nc", []
    write_nc(path)
    digest_of = checksums._digest_of
    monkeypatch.setattr(
        checksums, "_digest_of", lambda *given: hashed.append(1) or digest_of(*given)
    )
    read_nc(path)  # opens it twice
    assert len(hashed) == 1
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DamagedError):
        read_nc(path)
    assert len(hashed) == 2


def test_pieces_of_a_large_file_give_the_checksum_of_the_whole(tmp_path, monkeypatch):
    write_nc(tmp_path / "maps.nc")
    content, place = (tmp_path / "maps.nc").read_bytes(), None
    place = content.find(checksums.MARK.encode()) + len(checksums.MARK)
    for piece in (place + 5, place, place + 16, 7, len(content)):  # the digits on a border
        monkeypatch.setattr(checksums, "PIECE", piece)
        monkeypatch.setattr(checksums, "_WHOLE", set())
        assert check(tmp_path / "maps.nc")
    assert checked_bytes(tmp_path / "maps.nc") == (content, True)
