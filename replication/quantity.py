"""A published number beside ours: what is published, how it is computed again, whether it is the same."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from thinkalike.stores.tables import read_square, read_table

UNEXPLAINED = (
    "Nobody has explained this: the table is not the published one, or our code has changed; fetch the "
    "tables again and look at what changed."
)


class NotAvailableError(LookupError):
    """A table, or what a number was computed from, is not there."""


class Answer(NamedTuple):
    """Our value as text, in the form in which the number is published, and a remark on it."""

    text: str
    remark: str = ""


class Tables:
    """The published tables at hand.

    Args:
        paths: `<experiment>/<file>` → file; an empty file stands for a table that is not there.
    """

    def __init__(self, paths: Mapping[str, str | Path]) -> None:
        self._paths = paths

    def __getitem__(self, key: str) -> pd.DataFrame | pd.Series:
        """Read a table: models × models, or the accuracy of every model.

        Raises:
            NotAvailableError: the table is not there.
        """
        path = self._paths.get(key)
        if path is None or Path(path).stat().st_size == 0:
            raise NotAvailableError(f"there is no copy of {key}")
        if Path(key).name.startswith("accuracy"):
            return read_table(path, ["model", "accuracy"], index="model")["accuracy"]
        return read_square(path)


@dataclass(frozen=True)
class Row:
    """One published number or claim beside ours.

    Attributes:
        entry: of the log, or the published example.
        quantity: name of the number.
        published: its published value.
        ours: the value computed again.
        same: `yes` or `no`, to the last printed digit; `n/a` where a table is not there.
        reason: a sentence; for every `no`, why.
    """

    entry: str
    quantity: str
    published: str
    ours: str
    same: str
    reason: str = ""


COLUMNS = [field.name for field in fields(Row)]


def table_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Table with one row for each number, in the order given."""
    return pd.DataFrame(rows, columns=COLUMNS)


@dataclass(frozen=True)
class Quantity:
    """A number or claim of the log, and the analysis of its tables that answers it.

    Attributes:
        entry: of the log.
        quantity: name of the number.
        published: what the log, its table or its figure says.
        analysis: function of the tables that returns our answer.
        tables: keys of those tables.
        reason: a sentence on the number; why ours differs, where `same` is false.
        same: whether our answer is known to be the published one.
    """

    entry: str
    quantity: str
    published: str
    analysis: Callable[..., str | Answer]
    tables: Sequence[str] = ()
    reason: str = ""
    same: bool = True

    def answered(self, tables: Tables) -> Row:
        """Row with our answer; one that is the same, or not, against what is known is unexplained."""
        try:
            answer = self.analysis(*(tables[key] for key in self.tables))
        except NotAvailableError as error:
            return self._row("not available", "n/a", f"Not available: {error}.")
        text, remark = answer if isinstance(answer, Answer) else (answer, "")
        same = text == self.published
        reasons = [self.reason, remark] if same == self.same else [UNEXPLAINED]
        return self._row(text, "yes" if same else "no", " ".join(filter(None, reasons)))

    def _row(self, ours: str, same: str, reason: str) -> Row:
        return Row(self.entry, self.quantity, self.published, ours, same, reason)
