"""Cells of matrices of models, what they are on average, and how two matrices correlate."""

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.decomposition import PCA

from replication.quantity import Answer, NotAvailableError
from thinkalike.compare.matrices import off_diagonal


def decimals(values: Sequence[float] | np.ndarray, digits: int = 4, between: str = " / ") -> str:
    """Numbers as text with a fixed number of decimals."""
    return between.join(f"{value:.{digits}f}" for value in values)


def models_of(table: pd.DataFrame) -> list[str]:
    """Names of the models of a square table."""
    return [str(name) for name in table.columns]


def pair_cells(table: pd.DataFrame) -> np.ndarray:
    """Cells of all pairs of different models."""
    return off_diagonal(table.to_numpy())


def extreme_pair(table: pd.DataFrame, *, largest: bool) -> str:
    """The two models with the largest or the smallest cell."""
    cells = pair_cells(table)
    index = cells.argmax() if largest else cells.argmin()
    return "–".join(list(combinations(models_of(table), 2))[int(index)])


def pair_extremes(table: pd.DataFrame, *, digits: int = 4) -> Answer:
    """Smallest, mean and largest cell of different models; the remark names the pairs."""
    cells = pair_cells(table)
    low, high = (extreme_pair(table, largest=largest) for largest in (False, True))
    return Answer(
        decimals([cells.min(), cells.mean(), cells.max()], digits),
        f"Smallest {low}, largest {high}.",
    )


def mean_cell(table: pd.DataFrame, *, digits: int = 4) -> str:
    """Mean over pairs of different models."""
    return decimals([pair_cells(table).mean()], digits)


def mean_change(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """Mean over pairs of different models in two tables."""
    return f"{mean_cell(before)} → {mean_cell(after)}"


def cell(table: pd.DataFrame, *, pair: tuple[str, str], digits: int = 4) -> str:
    """Cell of two models."""
    return decimals([table.loc[pair]], digits)


def pair_change(before: pd.DataFrame, after: pd.DataFrame, *, pair: tuple[str, str]) -> str:
    """Cell of two models in two tables."""
    return " → ".join(cell(table, pair=pair, digits=3) for table in (before, after))


def count_range(
    table: pd.DataFrame, *, images: int, models: Sequence[str], without: Sequence[str] = ()
) -> str:
    """Smallest and largest count of some models with the others, `without` left out."""
    table = table.drop(index=list(without), columns=list(without), errors="ignore")
    others = table.drop(columns=list(models)).loc[list(models)].to_numpy()
    return f"{others.min():.0f} to {others.max():.0f} of {images}"


def correlation_with_diagonal(counts: pd.DataFrame, similarities: pd.DataFrame) -> str:
    """Pearson correlation over all cells: both triangles and the diagonal, as the log did."""
    x, y = counts.to_numpy().ravel(), similarities.to_numpy().ravel()
    return decimals([np.corrcoef(x, y)[0, 1]], 6)


def correlation_of_pairs(counts: pd.DataFrame, similarities: pd.DataFrame, *, ranks: bool) -> str:
    """Pearson or Spearman correlation over pairs of different models."""
    x, y = pair_cells(counts), pair_cells(similarities)
    value = spearmanr(x, y).statistic if ranks else np.corrcoef(x, y)[0, 1]
    return decimals([float(value)], 3)


def explained_variance(table: pd.DataFrame) -> str:
    """PCA on the rows of 1 − similarity, as on 14 measured features; not multidimensional scaling."""
    return decimals(PCA(2).fit(1 - table.to_numpy()).explained_variance_ratio_, 3)


def comparisons(*, images: int, models: int) -> str:
    """Comparisons of two models on one image: images × pairs."""
    return str(images * comb(models, 2))


def unpublished(*, what: str) -> str:
    """Refuse a number that nothing published leads to.

    Raises:
        NotAvailableError: always.
    """
    raise NotAvailableError(what)
