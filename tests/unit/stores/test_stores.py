"""Files: the same bytes again, whole or not at all, and damage found and named."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tests.support.damage import without_checksum
from thinkalike.compare.answers import Answers
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import DamagedError, InputError
from thinkalike.stores.arrays import (
    HELD,
    NUMBERS,
    create_arrays,
    open_arrays,
    parts,
    read_attributes,
    write_arrays,
)
from thinkalike.stores.atomic import atomic, temporaries
from thinkalike.stores.checksums import beside
from thinkalike.stores.damage import same_images
from thinkalike.stores.kernels import VALUES, create_kernel, join_kernels
from thinkalike.stores.maps import (
    content_hash,
    open_maps,
    read_answers,
    read_image_ids,
    read_maps,
    read_segments,
    write_maps,
)
from thinkalike.stores.tables import read_square, read_table, write_table
from thinkalike.stores.weights import HEADER, copy_weights, read_header

IMAGES = ["val/a/1.png", "val/b/2.png", "val/ü/3.png"]
TABLE = pd.DataFrame(
    {
        "image_id": IMAGES,
        "label": [0, 1, 2],
        "probability": [0.1, np.nan, 1 / 3],
        "correct": [True, False, True],
    }
)
LABELS = np.array(
    [[[0, 0, 1], [2, 1, 1]], [[0, 1, 1], [1, 1, 1]], [[3, 2, 1], [0, 0, 0]]], np.int16
)


def write_some_arrays(path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 500)).astype(np.float32)
    write_arrays(
        path,
        {
            "coefficients": (("image", "component"), values),
            "evaluations": (("image",), np.array([3, 4, 5])),
            "converged": (("image",), np.array([True, False, True])),
            "called": (("image",), ["zwölf", "a", ""]),
        },
        coordinates={"image": IMAGES},
        attributes={"method": "gradcam", "height": 64, "baseline": [0.0, 0.5, 1.0]},
    )


def on_segments() -> Maps:
    rows = [[1.0, -2.0, 3.0, np.nan], [4.0, 5.0, np.nan, np.nan], [6.0, 7.0, 8.0, 9.0]]
    return Maps(np.array(rows, np.float32), tuple(Segments(labels) for labels in LABELS))


def write_some_maps(path: Path, maps: Maps) -> None:
    write_maps(path, maps, image_ids=IMAGES, measures={}, attributes={"method": "test"})


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


WRITERS = {
    "table.parquet": lambda path: write_table(TABLE, path),
    "table.csv": lambda path: write_table(TABLE, path),
    "arrays.nc": write_some_arrays,
    "maps.nc": lambda path: write_some_maps(path, on_segments()),
}


def read_everything(path: Path) -> None:
    with open_arrays(path) as dataset:
        dataset.load()


# ---- the same bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", WRITERS)
def test_rewriting_gives_the_same_bytes(name, tmp_path):
    first, second = tmp_path / name, tmp_path / "elsewhere" / f"other{Path(name).suffix}"
    WRITERS[name](first)
    time.sleep(1.01)  # the resolution of the time stamps that HDF5 could store
    WRITERS[name](second)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("name", WRITERS)
def test_writing_over_a_file_replaces_it(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"older and longer" * 10_000)
    WRITERS[name](path)
    WRITERS[name](tmp_path / f"fresh{path.suffix}")
    assert path.read_bytes() == (tmp_path / f"fresh{path.suffix}").read_bytes()


# ---- whole or not at all ------------------------------------------------------------------------


def write_half(path: Path, error: type[BaseException]) -> None:
    with atomic(path) as temporary:
        temporary.write_text("half")
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file_and_no_temporary_one(error, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(error):
        write_half(path, error)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only those who may mount a file system can make a small one")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


FILL = """
import sys, logging
from pathlib import Path
import numpy as np, pandas as pd
from safetensors.numpy import save_file
from thinkalike.errors import DamagedError, InputError
from thinkalike.stores.arrays import write_arrays
from thinkalike.stores.atomic import atomic
from thinkalike.stores.tables import write_table

path = Path(sys.argv[1])
values = np.random.default_rng(0).random(30_000)
try:
    if path.suffix == ".nc":
        write_arrays(path, {"a": (("b",), values)}, coordinates={}, attributes={})
    elif path.suffix == ".safetensors":
        with atomic(path) as temporary:
            save_file({"a": values}, temporary)
    else:
        write_table(pd.DataFrame({"a": values}), path)
except InputError as error:
    print(error, [file.name for file in path.parent.iterdir()], flush=True)
"""


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "a.nc", "w.safetensors"])
def test_a_full_disk_is_named_and_leaves_the_old_file_alone(name, small_disk):
    path = small_disk / name
    path.write_text("old")
    # HDF5 ends the process that could not write: what is to be said is said before
    run = subprocess.run([sys.executable, "-c", FILL, str(path)], capture_output=True, text=True)
    assert f"there is no space left to write {path}; make room there and run again" in run.stdout
    assert f"['{name}']" in run.stdout
    assert path.read_text() == "old"


def test_what_killed_jobs_have_left_is_found_and_nothing_else(tmp_path):
    path = tmp_path / "maps.v2.nc"
    with atomic(path) as temporary:
        temporary.write_text("half")
        for name in (
            ".maps.v2.nc",
            ".maps.v2.x.nc",
            ".maps.v2.1.csv",
            ".mapsxv2.1.nc",
            "maps.1.nc",
        ):
            (tmp_path / name).touch()
        assert temporaries(path) == [temporary]


def test_an_exception_leaves_no_file_where_there_was_none(tmp_path):
    with pytest.raises(RuntimeError):
        write_half(tmp_path / "new.nc", RuntimeError)
    assert list(tmp_path.iterdir()) == []


def test_the_old_file_stands_until_the_block_ends(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("old")
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.suffix == ".csv"  # writers choose the format by it
        assert temporary.parent == tmp_path  # a rename within one file system
    assert path.read_text() == "new"
    assert sorted(tmp_path.iterdir()) == [beside(path), path]


def test_folders_on_the_way_are_made(tmp_path):
    write_table(TABLE, tmp_path / "a" / "b" / "table.csv")
    assert (tmp_path / "a" / "b" / "table.csv").is_file()


def test_a_table_that_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(Exception, match="Conversion failed"):
        write_table(pd.DataFrame({"mixed": [1, "a", b"b"]}), tmp_path / "table.parquet")
    assert list(tmp_path.iterdir()) == []


# ---- about the same images ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [list, np.array, pd.Series])
@pytest.mark.parametrize("others", [IMAGES[:2], IMAGES[::-1], [*IMAGES, "val/a/4.png"]])
def test_a_file_about_other_images_is_refused_and_named(kind, others):
    same_images("maps.nc", kind(IMAGES), "images.parquet", IMAGES)
    message = r"maps\.nc is about other images than images\.parquet; delete it and run again"
    with pytest.raises(InputError, match=message):
        same_images("maps.nc", kind(others), "images.parquet", IMAGES)


# ---- tables -------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_table_comes_back_as_it_was(suffix, tmp_path):
    write_table(TABLE, tmp_path / f"table.{suffix}")
    pd.testing.assert_frame_equal(read_table(tmp_path / f"table.{suffix}"), TABLE)


@settings(max_examples=50)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_come_back_from_csv_to_the_last_bit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("numbers") / "table.csv"
    write_table(pd.DataFrame({"value": values}), path)
    assert read_table(path)["value"].tolist() == values


def test_csv_has_unix_line_ends_and_an_index_only_where_asked(tmp_path):
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "plain.csv")
    write_table(pd.DataFrame({"a": [1]}), tmp_path / "index.csv", index=True)
    assert (tmp_path / "plain.csv").read_bytes() == b"a\n1\n"
    assert (tmp_path / "index.csv").read_bytes() == b",a\n0,1\n"


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_an_index_is_written_only_where_asked(suffix, tmp_path):
    write_table(TABLE.iloc[[2, 0]], tmp_path / f"table.{suffix}")
    found = read_table(tmp_path / f"table.{suffix}")
    pd.testing.assert_frame_equal(found, TABLE.iloc[[2, 0]].reset_index(drop=True))


def test_a_column_becomes_the_index_where_asked(tmp_path):
    write_table(TABLE, tmp_path / "table.parquet")
    table = read_table(tmp_path / "table.parquet", ["label"], index="image_id")
    assert table.index.tolist() == IMAGES
    assert table.loc[IMAGES[2], "label"] == 2


@pytest.mark.parametrize("name", ["table.parquet", "table.csv"])
def test_missing_columns_are_named_with_the_file(name, tmp_path):
    WRITERS[name](tmp_path / name)
    with pytest.raises(
        InputError, match=f"{name} has no column predicted, path; delete it and run"
    ):
        read_table(tmp_path / name, ["image_id", "predicted", "label", "path"])


def square(*names: str) -> pd.DataFrame:
    values = np.arange(float(len(names) ** 2)).reshape(len(names), -1)
    return pd.DataFrame(values, index=pd.Index(names, name="model"), columns=list(names))


def test_a_square_comes_back_with_its_missing_cells(tmp_path):
    table = square("resnet", "vit", "swin")
    table.iloc[0, 2] = np.nan
    write_table(table, tmp_path / "square.csv", index=True)
    pd.testing.assert_frame_equal(read_square(tmp_path / "square.csv"), table)


def test_models_may_have_the_names_by_which_other_programs_say_missing(tmp_path):
    table = square("null", "nan", "na", "none")
    write_table(table, tmp_path / "square.csv", index=True)
    pd.testing.assert_frame_equal(read_square(tmp_path / "square.csv"), table)


@pytest.mark.parametrize(
    "text",
    [
        "model,a,b\na,0,1\nc,1,0\n",  # other models
        "model,a,b\nb,0,1\na,1,0\n",  # another order
        "model,a,b\na,0,1\n",  # cut off
        "model,a,b\n",
        "garbage",
    ],
)
def test_a_square_of_different_rows_and_columns_is_refused(text, tmp_path):
    (tmp_path / "square.csv").write_text(text)
    with pytest.raises(InputError, match=r"square\.csv: rows and columns are not the same models"):
        read_square(tmp_path / "square.csv")


def test_a_square_with_a_word_for_a_number_is_refused(tmp_path):
    (tmp_path / "square.csv").write_text("model,a,b\na,0,x\nb,1,0\n")
    with pytest.raises(InputError, match=r"square\.csv: a cell is not a number .*'x'"):
        read_square(tmp_path / "square.csv")


# ---- arrays -------------------------------------------------------------------------------------


def test_arrays_come_back_with_names_types_and_attributes(tmp_path):
    write_some_arrays(tmp_path / "arrays.nc")
    with open_arrays(tmp_path / "arrays.nc", ["coefficients", "image"]) as dataset:
        assert dataset["coefficients"].dims == ("image", "component")
        assert dataset["coefficients"].dtype == np.float32
        expected = np.random.default_rng(0).normal(size=(3, 500)).astype(np.float32)
        np.testing.assert_array_equal(dataset["coefficients"], expected)
        assert dataset["evaluations"].to_numpy().tolist() == [3, 4, 5]
        assert dataset["converged"].to_numpy().tolist() == [True, False, True]
        assert dataset["called"].to_numpy().tolist() == ["zwölf", "a", ""]
        assert dataset["image"].to_numpy().tolist() == IMAGES
        assert dataset.attrs["method"] == "gradcam"
        assert dataset.attrs["height"] == 64
        assert list(dataset.attrs["baseline"]) == [0, 0.5, 1]


def test_arrays_without_any_element_come_back(tmp_path):
    empty = {"x": (("image", "component"), np.zeros((0, 3))), "y": (("image",), np.zeros(0, int))}
    write_arrays(tmp_path / "empty.nc", empty, coordinates={"image": []}, attributes={})
    with open_arrays(tmp_path / "empty.nc", ["x", "y"]) as dataset:
        assert dataset["x"].shape == (0, 3)
        assert dataset["y"].shape == (0,)


def test_arrays_are_compressed(tmp_path):
    zeros = np.zeros(100_000)
    write_arrays(tmp_path / "zeros.nc", {"x": (("i",), zeros)}, coordinates={}, attributes={})
    assert (tmp_path / "zeros.nc").stat().st_size < 20_000


def test_missing_variables_are_named_with_the_file(tmp_path):
    write_some_arrays(tmp_path / "arrays.nc")
    with (
        pytest.raises(
            InputError, match=r"arrays\.nc has no variable labels, similarity; delete it"
        ),
        open_arrays(tmp_path / "arrays.nc", ["labels", "coefficients", "similarity"]),
    ):
        pass


# ---- damage -------------------------------------------------------------------------------------

READERS = {
    "table.parquet": read_table,
    "arrays.nc": read_everything,
    "maps.nc": read_maps,
}


@pytest.mark.parametrize("name", READERS)
def test_a_truncated_file_is_named_wherever_it_is_cut(name, tmp_path):
    path = tmp_path / name
    WRITERS[name](path)
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 40).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=f"{name} is not a readable .*delete it and run again"):
            READERS[name](path)


@pytest.mark.parametrize("reader", [read_table, read_everything, read_header])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe garbage" * 99])
def test_garbage_is_named(reader, content, tmp_path):
    path = tmp_path / "garbage.file"
    path.write_bytes(content)
    with pytest.raises(
        InputError, match=r"garbage\.file is not a readable .*delete it and run again"
    ):
        reader(path)


@pytest.mark.parametrize("reader", [read_table, read_everything, read_maps, read_header])
def test_a_missing_file_is_named(reader, tmp_path):
    with pytest.raises(InputError, match=r"absent\.file does not exist; run the (workflow|rule)"):
        reader(tmp_path / "absent.file")


def damage(path: Path, name: str) -> None:
    """Change bytes in the middle of an array of a NetCDF file that carries no checksum."""
    import h5py

    without_checksum(path)
    with h5py.File(path) as file:
        chunk = file[name].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    for position in range(chunk.byte_offset + 10, chunk.byte_offset + 60):
        content[position] ^= 0xFF
    path.write_bytes(content)


def test_damage_inside_a_file_is_named_when_its_arrays_are_read(tmp_path):
    path = tmp_path / "arrays.nc"
    write_some_arrays(path)
    damage(path, "coefficients")
    with pytest.raises(InputError, match=r"arrays\.nc is damaged .*delete it and run again"):
        read_everything(path)


@pytest.mark.parametrize("reader", [read_table, read_everything, read_header])
def test_a_file_that_the_system_does_not_give_is_not_called_damaged(reader, tmp_path):
    # a folder: the system's answer, with a number, whoever asks
    path = tmp_path / "folder.file"
    path.mkdir()
    with pytest.raises(InputError) as caught:
        reader(path)
    assert not isinstance(caught.value, DamagedError)
    # for safetensors a folder is no device that can be mapped
    assert re.search(
        r"folder.file cannot be read \((Is a directory|No such device)\); fix that and run again",
        str(caught.value),
    )


def test_errors_of_the_reader_of_arrays_stay_its_own(tmp_path):
    write_some_arrays(tmp_path / "arrays.nc")
    with pytest.raises(FileNotFoundError), open_arrays(tmp_path / "arrays.nc"):
        (tmp_path / "another").read_text()


def test_the_header_of_a_weights_file_is_what_was_written_into_it(tmp_path):
    header = {"timm": "test_resnet", "classes": 10, "mean": [0.5, 0.25]}
    save_file({"w": np.ones(3)}, tmp_path / "w.safetensors", metadata={HEADER: json.dumps(header)})
    assert read_header(tmp_path / "w.safetensors") == header


@pytest.mark.parametrize("metadata", [None, {"format": "pt"}, {HEADER: "{not json"}])
def test_a_weights_file_of_another_program_is_refused(metadata, tmp_path):
    save_file({"w": np.ones(3)}, tmp_path / "w.safetensors", metadata=metadata)
    with pytest.raises(InputError, match=r"w\.safetensors does not say which network it is of"):
        read_header(tmp_path / "w.safetensors")


def test_a_truncated_weights_file_is_named_wherever_its_header_is_cut(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"w": np.ones(3)}, path, metadata={HEADER: "{}"})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"w\.safetensors is not a readable safetensors file"):
            read_header(path)


# ---- maps ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", [Grid(2, 5, 32, 24), Pixels(4, 3)])
@pytest.mark.parametrize("images", [slice(None), slice(1, 3)])
def test_maps_come_back_in_their_basis(basis, images, tmp_path):
    maps = Maps(numbers(3, basis.size), (basis,))
    write_some_maps(tmp_path / "maps.nc", maps)
    found, names = read_maps(tmp_path / "maps.nc", images=images)
    assert found.bases == (basis,)
    assert names == IMAGES[images]
    assert found.coefficients.dtype == np.float32
    np.testing.assert_array_equal(found.coefficients, maps.coefficients[images])


@pytest.mark.parametrize("images", [slice(None), slice(1, 3), slice(2, 3)])
def test_maps_on_superpixels_come_back_with_the_superpixels_that_are_given(images, tmp_path):
    maps = on_segments()
    write_some_maps(tmp_path / "maps.nc", maps)
    segments = [Segments(labels.copy()) for labels in LABELS]
    found, names = read_maps(tmp_path / "maps.nc", segments[images], images)
    assert names == IMAGES[images]
    assert all(a is b for a, b in zip(found.bases, segments[images], strict=True))
    np.testing.assert_array_equal(found.coefficients, maps.coefficients[images])


def test_answers_come_back_from_beside_the_maps(tmp_path):
    maps = on_segments()
    answers = Answers(numbers(3, 6), numbers(3, 6), numbers(3, 6))
    answers.scores[1, 4:] = np.nan
    names = ["a", "b", "c"]
    write_maps(
        tmp_path / "maps.nc", maps, image_ids=names, measures={}, attributes={}, answers=answers
    )
    found, images = read_answers(tmp_path / "maps.nc")
    part, second = read_answers(tmp_path / "maps.nc", slice(1, 3))
    assert (images, second) == (names, ["b", "c"])
    for name, values in vars(answers).items():
        assert getattr(found, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(found, name), values.astype(np.float32))
        np.testing.assert_array_equal(getattr(part, name), values[1:].astype(np.float32))


def test_maps_without_answers_are_named(tmp_path):
    write_some_maps(tmp_path / "maps.nc", on_segments())
    with pytest.raises(
        InputError, match=r"maps\.nc has no variable answers, .*; delete it and run again"
    ):
        read_answers(tmp_path / "maps.nc")


def test_superpixels_come_back_as_the_ones_that_maps_were_computed_on(tmp_path):
    write_some_maps(tmp_path / "maps.nc", on_segments())
    write_arrays(
        tmp_path / "segments.nc",
        {"labels": (("image", "y", "x"), LABELS)},
        coordinates={"image": IMAGES},
        attributes={},
    )
    segments = read_segments(tmp_path / "segments.nc")
    np.testing.assert_array_equal([segment.labels for segment in segments], LABELS)
    assert len(read_maps(tmp_path / "maps.nc", segments)[0]) == 3
    # a study may have superpixels of more images than a method explains
    maps, names = read_maps(tmp_path / "maps.nc", [*segments, segments[0]])
    assert len(maps) == len(names) == 3


def test_maps_on_other_superpixels_are_refused(tmp_path):
    write_some_maps(tmp_path / "maps.nc", on_segments())
    labels = LABELS.copy()
    labels[1, 0, 0] = 1
    for others in (labels, LABELS[::-1], LABELS[:2]):
        with pytest.raises(InputError, match=r"maps\.nc was computed on other superpixels"):
            read_maps(tmp_path / "maps.nc", [Segments(each) for each in others])


def test_maps_on_superpixels_need_them(tmp_path):
    write_some_maps(tmp_path / "maps.nc", on_segments())
    with pytest.raises(InputError, match=r"maps\.nc is on superpixels; give them"):
        read_maps(tmp_path / "maps.nc")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_coefficients_that_are_not_finite_are_named_by_image_and_not_written(value, tmp_path):
    path = tmp_path / "maps.nc"
    path.write_text("old")
    maps = Maps(numbers(3, 6), (Grid(2, 3, 8, 8),))
    maps.coefficients[0, 5] = maps.coefficients[2, 0] = value
    with pytest.raises(InputError, match=f"{IMAGES[0]}, {IMAGES[2]} is not finite"):
        write_some_maps(path, maps)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_padding_of_superpixels_may_be_missing_but_a_segment_may_not(tmp_path):
    maps = on_segments()
    maps.coefficients[1, 1] = np.nan
    with pytest.raises(InputError, match=f"the map of {IMAGES[1]} is not finite"):
        write_some_maps(tmp_path / "maps.nc", maps)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """A file whose lock HDF5 does not get, as where a file system has no locks."""
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_files_are_written_and_read_without_locks(tmp_path):
    """They are complete before they have their name, and never changed."""
    path = tmp_path / "maps.nc"
    with (
        locked(tmp_path / "probe.nc"),
        pytest.raises(OSError, match="unable to lock file"),
    ):
        h5py.File(tmp_path / "probe.nc", "w", locking=True)
    with locked(path.with_name(f".maps.{os.getpid()}.nc")):
        write_some_maps(path, on_segments())
    with locked(path):
        assert read_image_ids(path) == list(IMAGES)
        assert read_attributes(path)["basis"] == "segments"


def test_a_file_that_a_notebook_has_open_is_read(tmp_path):
    """HDF5 refuses to have one file open with locks and without."""
    path = tmp_path / "maps.nc"
    write_some_maps(path, on_segments())
    with xr.open_dataset(path, engine="h5netcdf"):
        assert read_image_ids(path) == list(IMAGES)
        assert read_attributes(path)["basis"] == "segments"


def test_measures_and_attributes_stand_beside_the_maps(tmp_path):
    write_maps(
        tmp_path / "maps.nc",
        Maps(numbers(3, 4), (Pixels(2, 2),)),
        image_ids=IMAGES,
        measures={"gap": np.array([0.1, 0.2, 0.3])},
        attributes={"method": "gradcam", "code": "0123"},
    )
    with open_arrays(tmp_path / "maps.nc", ["gap"]) as dataset:
        assert dataset["gap"].dims == ("image",)
        assert dataset["gap"].to_numpy().tolist() == [0.1, 0.2, 0.3]
        assert dataset.attrs["code"] == "0123"
        assert dataset.attrs["basis"] == "pixels"


# ---- content hashes -----------------------------------------------------------------------------


def test_a_content_hash_tells_values_types_shapes_and_order_apart():
    array = np.arange(6)
    different = [
        (array,),
        (array.astype(np.int32),),
        (array.reshape(2, 3),),
        (array.reshape(3, 2),),
        (array[::-1],),
        (array[:3], array[3:]),
        (array[3:], array[:3]),
        (array + (array == 5),),
    ]
    assert len({content_hash(*arrays) for arrays in different}) == len(different)


def test_a_content_hash_does_not_see_how_an_array_lies_in_memory():
    array = np.arange(6).reshape(2, 3)
    assert content_hash(array) == content_hash(np.asfortranarray(array))
    assert content_hash(array) == content_hash(np.repeat(array, 2, axis=1)[:, ::2])
    assert len(content_hash(array)) == 16


# ---- arrays in parts ----------------------------------------------------------------------------


def write_in_parts(path: Path, cuts: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of more than is held, and two small ones."""
    random = np.random.default_rng(0)
    large = random.normal(size=(600, 4000)).astype(np.float32)
    cube = np.zeros((600, 70, 60))
    cube[::7] = random.normal(size=(86, 70, 60))
    edges = [0, *sorted(cuts), 600]
    with create_arrays(
        path,
        {
            "large": (("image", "component"), np.float32),
            "cube": (("image", "a", "b"), np.float64),
            "flag": (("image",), bool),
            "few": (("image",), np.int64),
        },
        sizes={"component": 4000, "a": 70, "b": 60},
        coordinates={"image": [f"{i}" for i in range(600)]},
        attributes={"method": "some"},
    ) as file:
        for start, stop in pairwise(edges):
            rows = slice(start, stop)
            counted = np.arange(600)[rows]
            file.append(large=large[rows], cube=cube[rows], flag=counted % 3 == 0, few=counted)
    return large, cube


def test_the_same_rows_in_any_parts_give_the_same_bytes(tmp_path):
    large, cube = write_in_parts(tmp_path / "whole.nc", [])
    assert large.nbytes < HELD < cube.nbytes  # one is held, the other written as it comes
    with open_arrays(tmp_path / "whole.nc") as dataset:
        np.testing.assert_array_equal(dataset["large"], large)
        np.testing.assert_array_equal(dataset["cube"], cube)
        np.testing.assert_array_equal(dataset["flag"], np.arange(600) % 3 == 0)
        np.testing.assert_array_equal(dataset["few"], np.arange(600))
    for number, cuts in enumerate(([300], [1, 2, 599], list(range(50, 600, 50)))):
        write_in_parts(tmp_path / f"{number}.nc", cuts)
        assert (tmp_path / f"{number}.nc").read_bytes() == (tmp_path / "whole.nc").read_bytes()


def test_rows_that_do_not_come_leave_no_file(tmp_path):
    with (
        pytest.raises(ValueError, match=r"rows of arrays came as {'x': 2}, and {'x': 3} were"),
        create_arrays(
            tmp_path / "x.nc",
            {"x": (("image",), np.float64)},
            sizes={},
            coordinates={"image": IMAGES},
            attributes={},
        ) as file,
    ):
        file.append(x=[1, 2])
    assert not any(tmp_path.iterdir())


@given(st.integers(0, 300), st.integers(0, 2**25))
def test_parts_cover_all_rows_and_have_room(count, numbers):
    found = list(parts(count, numbers))
    lengths = [part.stop - part.start for part in found]
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(count))
    assert all(length * numbers <= NUMBERS or length == 1 for length in lengths)


def test_weights_are_copied_as_they_are_and_damaged_ones_are_not(tmp_path):
    source, path = tmp_path / "a.safetensors", tmp_path / "new" / "b.safetensors"
    save_file({"w": np.arange(6.0)}, source, {HEADER: json.dumps({"timm": "test_vit"})})
    copy_weights(source, path)
    assert path.read_bytes() == source.read_bytes()
    source.write_bytes(source.read_bytes()[:-1])
    with pytest.raises(DamagedError):
        copy_weights(source, path)
    assert len(path.read_bytes()) > len(source.read_bytes())


def test_of_several_tiles_the_damaged_one_is_named(tmp_path):
    random = np.random.default_rng(0)
    tiles = [str(tmp_path / f"{name}.nc") for name in "ab"]
    for path, name in zip(tiles, "ab", strict=True):
        with create_kernel(path, ["x", "y"], [name], attributes={}) as file:
            values = random.random((2, 1, 1))
            arrays = dict.fromkeys(VALUES, values)
            file.append(**arrays, blank=np.zeros((2, 1)))
    damage(tmp_path / "a.nc", "similarity")
    with pytest.raises(DamagedError, match=r"a\.nc is damaged"):
        join_kernels(tiles, str(tmp_path / "all.nc"), ["a", "b"])


def test_of_several_open_files_of_maps_the_damaged_one_is_named(tmp_path):
    values = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    for name in "ab":
        maps = Maps(values, (Pixels(2, 2),))
        path = tmp_path / f"{name}.nc"
        write_maps(path, maps, image_ids=IMAGES, measures={}, attributes={}, draws=values[:, None])
    damage(tmp_path / "a.nc", "coefficients")
    with open_maps(tmp_path / "a.nc") as first, open_maps(tmp_path / "b.nc") as second:
        np.testing.assert_array_equal(second.maps()[0].coefficients, values)
        np.testing.assert_array_equal(second.draws(slice(1, 3)), values[1:, None])
        assert (second.numbers, first.numbers) == (8, 8)
        with pytest.raises(DamagedError, match=r"a\.nc is damaged"):
            first.maps()
