"""Make thinkalike/timm_models.csv, what architectures of timm take: `python -m docs.tools.timm_models`.

It is gone on with where it was stopped (results/timm_models/table.jsonl).
"""

import argparse
import csv
import math
import warnings
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models._registry import _model_to_module

from docs.tools.random_networks import create
from docs.tools.sweeps import Row, sweep
from thinkalike.errors import InputError
from thinkalike.networks.introspection import Layers, inspect

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "thinkalike" / "timm_models.csv"
JOURNAL = ROOT / "results" / "timm_models" / "table.jsonl"
COLUMNS = (
    *("name", "module", "family", "layer_25", "layer_50", "layer_75", "layer_100"),
    *("size", "multiple", "minimum", "only", "mean", "std", "outputs", "classes", "tags"),
)
MULTIPLES = (1, 2, 4, 7, 8, 14, 16, 28, 32, 56, 64)
SMALL = (16, 32, 48, 64, 96, 128, 160, 192)
INSPECTED = (96, 128, 192, 224, 256, 384, 512)
"""Sizes at which layers are looked for: the first at which the last one has several cells."""


def row(name: str) -> Row:
    """The row of an architecture, as text."""
    warnings.simplefilter("ignore")
    configuration = timm.get_pretrained_cfg(name, allow_unregistered=False)
    native = configuration.input_size[-1]
    if not runs(name, native):
        raise InputError("it gives no scores of classes, also at the size of its own")
    sizes = takes(name, native)
    layers = layers_of(name, native, sizes)
    tags = [full.partition(".")[2] for full in timm.list_pretrained(f"{name}.*")]
    return {
        "module": _model_to_module[name],
        "family": layers.family,
        **{
            f"layer_{depth.removeprefix('depth_')}": f"{layer.module} {layer.layout} {layer.prefix}"
            for depth, layer in layers.layers.items()
        },
        "size": native,
        **sizes,
        "mean": " ".join(map(str, configuration.mean)),
        "std": " ".join(map(str, configuration.std)),
        "outputs": configuration.num_classes,
        "classes": meaning(configuration.num_classes),
        "tags": " ".join(sorted(tags, key=lambda tag: tag != configuration.tag)),
    }


def meaning(outputs: int) -> str:
    """What so many outputs of published weights stand for; none where they have no head."""
    if not outputs:
        return "none"
    return timm.data.infer_imagenet_subset({"num_classes": outputs}) or "unknown"


def takes(name: str, native: int) -> dict[str, int]:
    """Sizes that a network takes: `only` one, or a `multiple` (over 1) and a `minimum` (over 16).

    Tried on networks without numbers: sizes about the native one for the multiple, then small ones.
    """
    for multiple in MULTIPLES:
        near = math.ceil(native / multiple) * multiple
        if all(runs(name, near + multiple * step) for step in (1, -1, 2)):
            break
    else:
        return {"only": native}
    smaller = (math.ceil(size / multiple) * multiple for size in SMALL)
    minimum = next((size for size in smaller if size < near and runs(name, size)), near)
    sizes = {"multiple": multiple} if multiple > 1 else {}
    return {**sizes, "minimum": minimum} if minimum > max(16, multiple) else sizes


def runs(name: str, size: int) -> bool:
    """Whether a network for images of a size gives a score for each of ten classes."""
    try:
        network = create(name, size, 10, "meta")
        with torch.inference_mode():
            outputs = network(torch.zeros(1, 3, size, size, device="meta"))
    except Exception:  # whatever a network of timm raises
        return False
    return outputs.shape == (1, 10)


def layers_of(name: str, native: int, sizes: dict[str, int]) -> Layers:
    """Grad-CAM layers, found at the smallest size at which the last one is deep and has several cells."""
    multiple, least = sizes.get("multiple", 1), sizes.get("minimum", 1)
    tried = [math.ceil(max(size, least) / multiple) * multiple for size in INSPECTED]
    candidates = dict.fromkeys([*tried, native] if "only" not in sizes else [native])
    layers: list[Layers] = []
    problem: Exception | None = None
    for size in candidates:
        if size > max(native, 224):
            continue
        try:
            layers.append(inspect(create(name, size, 10), size))
        except (InputError, RuntimeError, MemoryError) as error:
            # without its traceback, which holds the tensors of the pass
            problem = error.with_traceback(None)
            if isinstance(error, MemoryError):
                break
            continue
        if layers[-1].depth > 0.8 and layers[-1].side > 2:
            return layers[-1]
    if not layers:
        raise problem or InputError("no size that could be inspected")
    return max(layers, key=lambda found: found.depth)


def write(rows: dict[str, Row]) -> None:
    """The table of the rows that have no error."""
    with TABLE.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
        table.writeheader()
        for name, values in sorted(rows.items()):
            if "error" not in values:
                table.writerow({"name": name, **values})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="*", help="pattern of the architectures to look at")
    parser.add_argument("--processes", type=int, default=2)
    options: Any = parser.parse_args()
    torch.set_num_threads(1)
    write(sweep(timm.list_models(), row, JOURNAL, options.processes, options.only))


if __name__ == "__main__":
    main()
