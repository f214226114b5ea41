"""Maps of parts of the images, put together into one file of all."""

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
    """What a file of maps says of all its images together.

    Args:
        nowhere_positive: maps without a positive coefficient.
        measures: `ledger_gap` (N,) is used, where there are accounts.
        accounts: name → (N,), the ledger of each image.

    Returns:
        `nowhere_positive`; where there is a ledger, `largest_ledger_gap` and `ledger`, a JSON text: what
        every account has, on average.
    """
    told: dict[str, Any] = {"nowhere_positive": nowhere_positive}
    if accounts:
        gap = np.asarray(measures["ledger_gap"])
        means = {name: float(values.mean()) for name, values in accounts.items() if len(values)}
        told["largest_ledger_gap"] = float(gap.max(initial=0))
        told["ledger"] = json.dumps(means)
    return told


def joined_accounts(
    parts: Sequence[Mapping[str, np.ndarray]], counts: Sequence[int]
) -> dict[str, np.ndarray]:
    """Accounts of parts of so many images, put together; one that a part does not have is 0 there."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {
        name: np.concatenate(
            [part.get(name, np.zeros(count)) for part, count in zip(parts, counts, strict=True)]
        )
        for name in names
    }


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
    shards = [_Shard.of(path) for path in paths]
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
    told = summary(
        sum(int(shard.attributes["nowhere_positive"]) for shard in shards),
        {"ledger_gap": np.concatenate([shard.ledger_gap for shard in shards])},
        accounts,
    )
    with create_arrays(
        output,
        first.variables,
        sizes=sizes,
        coordinates=coordinates,
        attributes=first.attributes | told,
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
    """What the file of a shard has, without its maps.

    Attributes:
        variables: name → (dimensions, type).
        sizes: dimension → length.
        attributes: of the file.
        image_ids: of its images.
        accounts: name → (N,), none where there is no ledger.
        ledger_gap: (N,), empty where there is none.
    """

    variables: Mapping[str, tuple[Sequence[str], Any]]
    sizes: Mapping[str, int]
    attributes: dict[str, Any]
    image_ids: list[str]
    accounts: Mapping[str, np.ndarray]
    ledger_gap: np.ndarray

    @classmethod
    def of(cls, path: str | Path) -> "_Shard":
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
