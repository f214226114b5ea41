"""Maps of parts of the images, put together into one file of all."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.errors import InputError
from thinkalike.shards import blocks
from thinkalike.stores import AGAIN, create_arrays, open_arrays, read_attributes

COMMON = "nowhere_positive"
LEDGER = ("largest_ledger_gap", "ledger")


def summary(
    nowhere_positive: int, measures: Mapping[str, np.ndarray], accounts: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """What a file of maps says of all its images together.

    Args:
        nowhere_positive: maps without a positive coefficient.
        measures: `ledger_gap` (N,) is used, where there are accounts.
        accounts: name → (N,), the ledger of each image.

    Returns:
        `nowhere_positive`; where there is a ledger, `largest_ledger_gap` and `ledger`, a JSON text: what
        every account has, on average.
    """
    told: dict[str, Any] = {COMMON: nowhere_positive}
    if accounts:
        gap = np.asarray(measures["ledger_gap"])
        means = {name: float(values.mean()) for name, values in accounts.items() if len(values)}
        told |= dict(zip(LEDGER, (float(gap.max(initial=0)), json.dumps(means)), strict=True))
    return told


def join(paths: Sequence[str | Path], output: str | Path) -> None:
    """One file of the maps of all images from those of its shards, in order.

    The file that one job would have written about all images, to the byte. Maps pass through memory a
    block at a time.

    Args:
        paths: of the shards, as `stores.write_maps` writes them.
        output: where to.

    Raises:
        InputError: a shard is damaged, or not of the same kind as the first.
    """
    layouts = [_layout(path) for path in paths]
    first = layouts[0]
    for path, layout in zip(paths, layouts, strict=True):
        if layout["variables"].keys() != first["variables"].keys():
            raise InputError(f"{path} has other variables than {paths[0]}; {AGAIN}")
    image_ids = [name for layout in layouts for name in layout["images"]]
    names = list(dict.fromkeys(name for layout in layouts for name in layout["accounts"]))
    sizes = {
        dimension: max(layout["sizes"][dimension] for layout in layouts)
        for dimension in first["sizes"]
        if dimension not in ("image", "account")
    }
    attributes = read_attributes(paths[0])
    blank = sum(int(read_attributes(path)[COMMON]) for path in paths)
    gaps = [layout["gap"] for layout in layouts]
    accounts = [_accounts(layout, names) for layout in layouts]
    attributes |= summary(
        blank,
        {"ledger_gap": np.concatenate(gaps)},
        dict(zip(names, np.concatenate(accounts, 1), strict=True)) if names else {},
    )
    coordinates = {"image": image_ids} | ({"account": names} if names else {})
    with create_arrays(
        output, first["variables"], sizes=sizes, coordinates=coordinates, attributes=attributes
    ) as file:
        for path, table in zip(paths, accounts, strict=True):
            with open_arrays(path) as dataset:
                for part in blocks(dataset.sizes["image"]):
                    rows = {}
                    for name, (dimensions, _) in first["variables"].items():
                        if name == "accounts":
                            rows[name] = table[:, part].T
                            continue
                        shape = [sizes.get(dimension, 0) for dimension in dimensions[1:]]
                        rows[name] = padded(dataset[name][part].to_numpy(), shape)
                    file.append(**rows)


def padded(rows: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Rows (N, …) in a larger `shape`, NaN after their ends."""
    missing = [(0, 0), *((0, a - b) for a, b in zip(shape, rows.shape[1:], strict=True))]
    return np.pad(rows, missing, constant_values=np.nan) if np.any(missing) else rows


def _layout(path: str | Path) -> dict[str, Any]:
    """What a shard has, without its maps."""
    with open_arrays(path, ["coefficients", "image"]) as dataset:
        return {
            "variables": {
                str(name): (variable.dims, variable.dtype)
                for name, variable in dataset.data_vars.items()
            },
            "sizes": dict(dataset.sizes),
            "images": [str(name) for name in dataset["image"].to_numpy()],
            "accounts": [str(name) for name in dataset["account"].to_numpy()]
            if "account" in dataset
            else [],
            "table": dataset["accounts"].to_numpy() if "accounts" in dataset else None,
            "gap": dataset["ledger_gap"].to_numpy() if "ledger_gap" in dataset else np.zeros(0),
        }


def _accounts(layout: Mapping[str, Any], names: Sequence[str]) -> np.ndarray:
    """(A, N) of all accounts; one that a shard does not have is 0 there."""
    table = np.zeros((len(names), len(layout["images"])))
    for column, name in enumerate(layout["accounts"]):
        table[names.index(name)] = layout["table"][:, column]
    return table
