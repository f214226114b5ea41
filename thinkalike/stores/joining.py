"""Files of the maps of shards, put together into one file of all images."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.errors import InputError
from thinkalike.images.blocks import blocks
from thinkalike.stores.arrays import create_arrays, open_arrays, read_attributes
from thinkalike.stores.damage import AGAIN


def summary(
    nowhere_positive: int, measures: Mapping[str, np.ndarray], accounts: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Attributes of a file of maps about all its images together.

    Args:
        nowhere_positive: number of maps without a positive coefficient.
        measures: `ledger_gap` (N,) is used if there are accounts.
        accounts: name → (N,), the ledger of each image.

    Returns:
        `nowhere_positive`; with a ledger also `largest_ledger_gap` and `ledger`, a JSON text of the mean
        of every account.
    """
    attributes: dict[str, Any] = {"nowhere_positive": nowhere_positive}
    if accounts:
        gap = np.asarray(measures["ledger_gap"])
        means = {name: float(values.mean()) for name, values in accounts.items() if len(values)}
        attributes["largest_ledger_gap"] = float(gap.max(initial=0))
        attributes["ledger"] = json.dumps(means)
    return attributes


def joined_accounts(
    parts: Sequence[Mapping[str, np.ndarray]], counts: Sequence[int]
) -> dict[str, np.ndarray]:
    """Accounts of parts of so many images, put together; 0 for an account that a part does not have."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [part.get(name, np.zeros(count)) for part, count in zip(parts, counts, strict=True)]
        )
        for name in names
    }


def join(paths: Sequence[str | Path], output: str | Path) -> None:
    """Write one file of the maps of all images from those of its shards, in order.

    It is the file that one job would have written of all images, to the byte. Maps pass through memory
    a block at a time.

    Args:
        paths: of the shards, as `stores.maps.write_maps` writes them.
        output: where to.

    Raises:
        InputError: a shard is damaged, or not of the same kind as the first.
    """
    shards = [_Shard.read(path) for path in paths]
    first = shards[0]
    for path, shard in zip(paths, shards, strict=True):
        if shard.variables.keys() != first.variables.keys():
            raise InputError(f"{path} has other variables than {paths[0]}; {AGAIN}")
    counts = [len(shard.image_ids) for shard in shards]
    accounts = joined_accounts([shard.accounts for shard in shards], counts)
    coordinates = {"image": [name for shard in shards for name in shard.image_ids]}
    if accounts:
        coordinates["account"] = list(accounts)
    sizes = {
        dimension: max(shard.sizes[dimension] for shard in shards)
        for dimension in first.sizes
        if dimension not in ("image", "account")
    }
    together = summary(
        sum(int(shard.attributes["nowhere_positive"]) for shard in shards),
        {"ledger_gap": np.concatenate([shard.ledger_gap for shard in shards])},
        accounts,
    )
    with create_arrays(
        output,
        first.variables,
        sizes=sizes,
        coordinates=coordinates,
        attributes=first.attributes | together,
    ) as file:
        starts = np.cumsum([0, *counts])
        for path, start in zip(paths, starts[:-1], strict=True):
            with open_arrays(path) as dataset:
                for block in blocks(dataset.sizes["image"]):
                    rows = {}
                    for name, (dimensions, _) in first.variables.items():
                        if name != "accounts":
                            shape = [sizes[dimension] for dimension in dimensions[1:]]
                            rows[name] = padded(dataset[name][block].to_numpy(), shape)
                    if accounts:
                        images = slice(start + block.start, start + block.stop)
                        rows["accounts"] = np.stack([a[images] for a in accounts.values()], 1)
                    file.append(**rows)


def padded(rows: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Rows (N, …) in a larger `shape`, NaN after their ends."""
    missing = [(0, 0), *((0, a - b) for a, b in zip(shape, rows.shape[1:], strict=True))]
    return np.pad(rows, missing, constant_values=np.nan) if np.any(missing) else rows


@dataclass(frozen=True)
class _Shard:
    """Contents of the file of a shard, without its maps.

    Attributes:
        variables: name → (dimensions, type).
        sizes: dimension → length.
        attributes: of the file.
        image_ids: of its images.
        accounts: name → (N,); empty without a ledger.
        ledger_gap: (N,); empty without a ledger.
    """

    variables: Mapping[str, tuple[Sequence[str], Any]]
    sizes: Mapping[str, int]
    attributes: dict[str, Any]
    image_ids: list[str]
    accounts: Mapping[str, np.ndarray]
    ledger_gap: np.ndarray

    @classmethod
    def read(cls, path: str | Path) -> "_Shard":
        with open_arrays(path, ["coefficients", "image"]) as dataset:
            ledger = "accounts" in dataset
            names = dataset["account"].to_numpy() if ledger else []
            return cls(
                {str(name): (v.dims, v.dtype) for name, v in dataset.data_vars.items()},
                dict(dataset.sizes),
                read_attributes(path),
                [str(name) for name in dataset["image"].to_numpy()],
                {
                    str(name): dataset["accounts"][:, column].to_numpy()
                    for column, name in enumerate(names)
                },
                dataset["ledger_gap"].to_numpy() if ledger else np.zeros(0),
            )
