"""What blank maps do to matrices, and the rms dissimilarity, on whose diagonal they show."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from replication.analyses.matrices import decimals
from thinkalike.compare.bases import Pixels
from thinkalike.compare.dissimilarity import dissimilarity
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import similarity
from thinkalike.compare.summaries import Summary, summarise
from thinkalike.randomness import generator


def blank_maps_from_mean(table: pd.DataFrame, *, images: int, models: Sequence[str]) -> str:
    """Blank maps by the diagonal of a mean cosine similarity: (1 − s) × images."""
    return _counts((1 - _diagonal(table)) * images, models)


def blank_maps_from_rms(table: pd.DataFrame, *, images: int, models: Sequence[str]) -> str:
    """Blank maps by the diagonal of an rms dissimilarity: D² = p² + p(1 − p) n/(n − 1), solved for p."""
    ratio = images / (images - 1)
    share = (np.sqrt(ratio**2 + 4 * (1 - ratio) * _diagonal(table) ** 2) - ratio) / (
        2 * (1 - ratio)
    )
    return _counts(share * images, models)


def _diagonal(table: pd.DataFrame) -> pd.Series:
    return pd.Series(np.diag(table), table.columns)


def _counts(blanks: pd.Series, models: Sequence[str]) -> str:
    rounded = blanks.round().astype(int)
    others = int(rounded.drop(list(models)).sum())
    return f"{' / '.join(str(rounded[model]) for model in models)}, others {others}"


def diagonal(table: pd.DataFrame, *, models: Sequence[str]) -> str:
    """Dissimilarity of models with themselves, as the table has it."""
    return decimals(_diagonal(table)[list(models)])


def diagonal_by_formula(*, blanks: Sequence[int], images: int) -> str:
    """rms dissimilarity of models with themselves: √(p² + p(1 − p) n/(n − 1)), p = blank/n."""
    shares = np.array(blanks) / images
    return decimals(np.sqrt(shares**2 + shares * (1 - shares) * images / (images - 1)))


def diagonal_by_comparison(*, blanks: Sequence[int], images: int) -> str:
    """rms dissimilarity of models with themselves, by our comparison of synthetic maps."""
    draws = generator(0, "synthetic maps")
    models = []
    for number in blanks:
        coefficients = draws.random((images, 16)) + 0.1
        coefficients[:number] = 0
        models.append(Maps(coefficients, (Pixels(4, 4),)))
    values = similarity(models, "cosine", blanks="zero")
    return decimals(np.diag(dissimilarity(summarise(values), "rms")))


def rms_from_moments(*, images: int, distance: float, deviation: float) -> str:
    """rms dissimilarity from 1 − mean and the deviation over n, which becomes the one over n − 1."""
    mean = np.array([[1 - distance]])
    unbiased = np.array([[deviation]]) * np.sqrt(images / (images - 1))
    summary = Summary(np.array([[images]]), mean, unbiased)
    return decimals(dissimilarity(summary, "rms").ravel(), 6)
