"""The published numbers of the experiment log, in its order, and our answers from its tables."""

from collections.abc import Iterator

import pandas as pd

from replication.entries import april, june, later, may
from replication.quantity import Quantity, Tables, table_of


def quantities() -> Iterator[Quantity]:
    """All published numbers of the log, in its order."""
    for entries in (april, may, june, later):
        yield from entries.quantities()


def compare(tables: Tables) -> pd.DataFrame:
    """Table of every published number of the log beside our answer from the tables at hand.

    Returns:
        A row for each number, with the columns of `Row`.
    """
    return table_of(quantity.answered(tables) for quantity in quantities())
