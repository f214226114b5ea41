"""What checksums find, and what they cost: `python -m benchmarks.damage`.

Writes a file of every format through the library, flips single bits of it and cuts it, and reads it as jobs
do. Prints for each format how much damage was named in a sentence, how much ended in a traceback, and how
much changed what was read without a word; and what the check takes of a read, for files of usual sizes.
"""

import json
import shutil
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch

import thinkalike
from benchmarks.common import in_turns
from thinkalike.compare.bases import Pixels
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.images import loading
from thinkalike.images.layout import lay_out
from thinkalike.images.loading import load_image
from thinkalike.networks.weights import build, save
from thinkalike.stores import checksums, damage
from thinkalike.stores.arrays import open_arrays, read_attributes
from thinkalike.stores.atomic import atomic
from thinkalike.stores.damage import read_json
from thinkalike.stores.maps import write_maps
from thinkalike.stores.tables import read_table, write_table

FLIPS = 2_000
"""Bits that are flipped, of all formats together."""

CUTS = 100
"""Lengths that a file is cut to."""

ROUNDS, AT_A_TIME = 15, 10
"""Rounds of the measurement of time, and reads in each of what takes less than some milliseconds."""


@dataclass(frozen=True)
class Format:
    """A kind of file.

    Attributes:
        name: of a file.
        write: writes a file of a size: `small` for damage, or `usual`.
        read: all that is in it.
        read_usual: reads it as a job does.
    """

    name: str
    write: Callable[[Path, bool], None]
    read: Callable[[Path], Any]
    read_usual: Callable[[Path], Any]


def write_map_file(path: Path, is_usual: bool) -> None:
    """Maps of some images at pixels."""
    images, side = (60, 224) if is_usual else (4, 12)
    values = np.random.default_rng(0).normal(size=(images, side * side)).astype(np.float32)
    maps = Maps(values, (Pixels(side, side),))
    names = [f"val/{number}.png" for number in range(images)]
    write_maps(path, maps, image_ids=names, measures={}, attributes={"method": "lrp"})


def read_map_file(path: Path) -> Any:
    """All arrays and attributes of a NetCDF file."""
    with open_arrays(path) as file:
        arrays = {str(name): file[name].to_numpy().tolist() for name in file.variables}
    return arrays, {name: np.asarray(v).tolist() for name, v in read_attributes(path).items()}


def read_maps_only(path: Path) -> Any:
    """The maps, as a job that compares them reads them."""
    with open_arrays(path, ["coefficients"]) as file:
        return file["coefficients"].to_numpy()


def write_pairs(path: Path, is_usual: bool) -> None:
    """Pairs of models: 100 in a CSV, as a study has them, and 4,950 in parquet."""
    count = (100 if path.suffix == ".csv" else 4_950) if is_usual else 30
    numbers = np.random.default_rng(0).random((count, 12))
    table = pd.DataFrame(numbers, columns=[f"measure_{i}" for i in range(12)])
    table.insert(0, "model_a", [f"model_{i % 17}" for i in range(count)])
    write_table(table, path)


def read_pairs(path: Path) -> Any:
    return read_table(path).to_dict("tight")


def write_numbers(path: Path, is_usual: bool) -> None:
    """Sentences with numbers, as those of a verdict."""
    rows = [{"rule": f"rule {i}", "numbers": {"low": i / 7, "high": i}} for i in range(60)]
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(rows, indent=1))


def write_network(path: Path, is_usual: bool) -> None:
    """Random weights: ResNet50's, 102 MB, or those of a small network."""
    save(_network(path, is_usual), path, {})


def read_network(path: Path) -> Any:
    """The network, as a job that explains by it builds it."""
    architecture = _network(path, path.stat().st_size > 50e6).architecture
    return build(architecture, path, torch.device("cpu"))


def _network(path: Path, is_usual: bool) -> Any:
    if is_usual not in _NETWORKS:
        _NETWORKS[is_usual] = thinkalike.load("resnet50" if is_usual else "test_resnet", size=64)
    return _NETWORKS[is_usual]


_NETWORKS: dict[bool, Any] = {}


def write_image(path: Path, is_usual: bool) -> None:
    """A photograph of about 250 x 250 in a data set that is laid out."""
    new = path.with_name("laid_out")
    lay_out(new / "manifest.parquet", kind="samples", validation=0.2, seed=0)
    chosen = sorted(new.glob("val/*/*.JPEG"))[0]
    place = path.parent / chosen.relative_to(new)
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(chosen, place)
    (new / "manifest.parquet").replace(path.parent / "manifest.parquet")


def read_image(path: Path) -> Any:
    """Pixels of an image, as a model sees them."""
    return load_image(path, 224)


def values(read: Any) -> Any:
    """What was read, so that it can be compared."""
    if hasattr(read, "network"):
        tensors = read.network.state_dict()
        return {name: tensor.numpy().tobytes() for name, tensor in tensors.items()}, read.classes
    return read.tobytes() if isinstance(read, np.ndarray) else json.dumps(read)


FORMATS = {
    "NetCDF": Format("maps.nc", write_map_file, read_map_file, read_maps_only),
    "parquet": Format("pairs.parquet", write_pairs, read_pairs, read_table),
    "CSV": Format("pairs.csv", write_pairs, read_pairs, read_table),
    "safetensors": Format("w.safetensors", write_network, read_network, read_network),
    "JSON": Format("verdict.json", write_numbers, read_json, read_json),
    "image": Format("image", write_image, read_image, read_image),
}


def made(kind: Format, folder: Path, is_usual: bool) -> Path:
    """A file of a kind, in a folder of its own."""
    folder.mkdir(parents=True)
    kind.write(folder / kind.name, is_usual)
    images = sorted(folder.glob("val/*/*"))
    return images[0] if images else folder / kind.name


def damaged(content: bytes, flips: int, cuts: int) -> Iterator[bytes]:
    """A file's content with each of some bits flipped, and cut at some lengths."""
    for bit in np.random.default_rng(0).integers(0, 8 * len(content), flips).tolist():
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)
    for length in np.linspace(0, len(content) - 1, cuts).astype(int).tolist():
        yield content[:length]


def outcomes(kind: Format, folder: Path, flips: int, cuts: int) -> Counter[str]:
    """How often damage to a file was named, raised something else, or changed or not what was read."""
    path = made(kind, folder, is_usual=False)
    original, expected = path.read_bytes(), values(kind.read(path))
    found: Counter[str] = Counter()
    for content in damaged(original, flips, cuts):
        path.write_bytes(content)
        checksums._WHOLE.clear()  # times of files are coarse
        try:
            same = values(kind.read(path)) == expected
            found["the same" if same else "silent"] += 1
        except InputError:
            found["named"] += 1
        except Exception:
            found["traceback"] += 1
    return found


def cost(kind: Format, folder: Path) -> tuple[int, float, float]:
    """Bytes of a file of usual size, seconds of reading it without any check, and what the check adds.

    Each is the fastest of some rounds: what is slower waited for the machine.
    """
    path = made(kind, folder, is_usual=True)
    size = path.stat().st_size
    repeats = AT_A_TIME if size < 5e6 else 1
    check, counted = _check_of(path)

    def unchecked() -> None:
        with ExitStack() as stack:
            stack.enter_context(patch.object(damage, "check", lambda _: True))
            stack.enter_context(patch.object(damage, "checked_bytes", _only_read))
            stack.enter_context(patch.object(loading, "known_checksum", lambda _: None))
            for _ in range(repeats):
                kind.read_usual(path)

    def repeated(run: Callable[[], object]) -> Callable[[], None]:
        def runs() -> None:
            for _ in range(repeats):
                checksums._WHOLE.clear()
                run()

        return runs

    seconds = in_turns(
        {"unchecked": unchecked, "check": repeated(check), "counted": repeated(counted)}, ROUNDS
    )
    read, alone, twice = (float(seconds[name].min()) / repeats for name in seconds)
    return size, read, alone - twice


def _only_read(path: Path) -> tuple[bytes, bool]:
    return path.read_bytes(), True


def _check_of(path: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    """What checks a file, and what of that a reader would do anyway."""
    if path.suffix in (".nc", ".safetensors"):
        return lambda: checksums.check(path), lambda: None
    if path.suffix == ".JPEG":
        return lambda: (
            loading.known_checksum(path),
            checksums.digest(path.read_bytes()),
        ), lambda: None
    return lambda: checksums.checked_bytes(path), path.read_bytes


def main(arguments: list[str] | None = None) -> None:
    """Print what was found and what it costs."""
    parser = ArgumentParser("python -m benchmarks.damage", description=main.__doc__)
    parser.add_argument("--flips", type=int, default=FLIPS, help="of all formats together")
    flips: int = parser.parse_args(arguments).flips // len(FORMATS)
    with TemporaryDirectory() as name:
        folder = Path(name)
        print("| format | flips and cuts | named | traceback | silent | the same |")
        print("|---|---|---|---|---|---|")
        for title, kind in FORMATS.items():
            found = outcomes(kind, folder / "damage" / title, flips, CUTS)
            numbers = [found[key] for key in ("named", "traceback", "silent", "the same")]
            print(f"| {title} | {found.total()} | {' | '.join(map(str, numbers))} |")
        print("\n| format | size, MB | read, ms | check, ms | share of a read |")
        print("|---|---|---|---|---|")
        for title, kind in FORMATS.items():
            size, without, alone = cost(kind, folder / "cost" / title)
            print(
                f"| {title} | {size / 1e6:.2f} | {1e3 * without:.2f} | {1e3 * alone:.3f} | "
                f"{100 * alone / without:.1f} % |"
            )


if __name__ == "__main__":
    main()
