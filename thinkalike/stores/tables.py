"""Tables of a study: parquet between jobs, CSV for people."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import pandas as pd

from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic
from thinkalike.stores.checksums import ATTRIBUTE, PLACEHOLDER
from thinkalike.stores.damage import AGAIN, brief, content

KEYS = ("model", "model_a", "model_b", "architecture")
"""Columns with keys of models: text, also where all models are called `true` and `inf`."""


def write_table(table: pd.DataFrame, path: str | Path, *, index: bool = False) -> None:
    """Write a table as parquet or CSV, by the suffix of `path`; the same table gives the same bytes."""
    with atomic(path) as temporary:
        if temporary.suffix == ".parquet":
            _write_parquet(table, temporary, index=index)
        else:
            table.to_csv(temporary, index=index, lineterminator="\n")


def _write_parquet(table: pd.DataFrame, path: Path, *, index: bool) -> None:
    """Write what pandas would write, and room for a checksum in the metadata."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    arrow = pyarrow.Table.from_pandas(table, preserve_index=index)
    with ParquetWriter(path, arrow.schema) as writer:
        writer.write_table(arrow)
        writer.add_key_value_metadata({ATTRIBUTE: PLACEHOLDER})


def read_table(
    path: str | Path, columns: Sequence[str] = (), index: str | None = None
) -> pd.DataFrame:
    """Read a parquet or CSV table and check that it has `columns`.

    Raises:
        InputError: the file is missing, cannot be read, or lacks a column.
    """
    path = Path(path)
    with content(path, "table") as read:
        if path.suffix == ".parquet":
            table = pd.read_parquet(BytesIO(read))
        else:  # only an empty cell is missing: `null` is a fine name for a model
            text = dict.fromkeys(KEYS, str)
            table = pd.read_csv(BytesIO(read), keep_default_na=False, na_values=[""], dtype=text)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError(f"{path} has no column {', '.join(missing)}; {AGAIN}")
    return table.set_index(index) if index else table


def read_square(path: str | Path) -> pd.DataFrame:
    """Read a square table of models against models, names as header and index.

    Raises:
        InputError: rows and columns are not the same models in the same order, the table is empty, or a
            cell is not a number.
    """
    table = read_table(path)
    table = table.set_index(table.columns[0])
    if table.empty or list(table.index) != list(table.columns):
        raise InputError(f"{path}: rows and columns are not the same models; {AGAIN}")
    try:
        return table.astype(float)
    except ValueError as error:
        raise InputError(f"{path}: a cell is not a number ({brief(error)}); {AGAIN}") from None
