"""Noise ceilings: how similar maps that are estimates are to themselves, estimated a second time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from thinkalike.compare.maps import Maps
from thinkalike.compare.matrices import pair_table
from thinkalike.compare.similarity import LOWEST, Comparison, similarity
from thinkalike.statistics.intervals import bounded_interval
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_maps, read_segments

HIGH = 0.95
"""Ceiling from which noise in the maps is too small to correct for."""


@dataclass(frozen=True)
class Ceiling:
    """Mean similarity of a model's maps with their own repetition.

    Attributes:
        n: images for which there is a similarity.
        ceiling: mean over them; NaN if there is none.
        standard_error: of the mean over images; NaN for fewer than two.
        low, high: its 95 % interval (`statistics.intervals.bounded_interval`), within what a similarity
            can be.
    """

    n: int
    ceiling: float
    standard_error: float
    low: float
    high: float


def noise_ceiling(maps: Maps, again: Maps, comparison: Comparison) -> Ceiling:
    """How far noise alone lowers the similarity of maps: without noise it would be 1.

    Args:
        maps: of N images.
        again: of the same images, from other random choices, on bases of the same kind.
        comparison: as the maps of different models are compared, blank maps included.
    """
    # with the bases of the first on both sides no product of two bases is computed
    pair = [comparison.prepare(maps), comparison.prepare(Maps(again.coefficients, maps.bases))]
    values = similarity(pair, comparison.metric, sigma=comparison.sigma, blanks=comparison.blanks)[
        :, 0, 1
    ]
    values = values[np.isfinite(values)]
    n = len(values)
    mean = float(values.mean()) if n else np.nan
    error = float(values.std(ddof=1) / n**0.5) if n > 1 else np.nan
    low, high = bounded_interval(
        mean, error, lowest=LOWEST[comparison.metric], freedom=max(n - 1, 1)
    )
    return Ceiling(n, mean, error, float(low), float(high))


def disattenuated(
    first: Sequence[Maps], again: Sequence[Maps], comparison: Comparison
) -> tuple[np.ndarray, np.ndarray]:
    """Mean similarities across random choices, and what they would be without noise in the maps.

    With a₁, a₂ the maps of a model from two sets of random choices, c_ab = ½ (a₁·b₂ + a₂·b₁), means over
    images; without noise c_ab/√(c_aa c_bb). Similarities of maps from the same choices have a part of their
    error in common: divided by the ceilings they would be too high, without any limit.

    Args:
        first: maps of N images by every model.
        again: of the same images and models, from other random choices, on bases of the same kind.
        comparison: as maps of different models are compared.

    Returns:
        c and c_ab/√(c_aa c_bb), (M, M) each; NaN where a ceiling is not above 0.

    Source: Spearman, The proof and measurement of association between two things, 1904.
    """
    pairs = zip(first, again, strict=True)
    on_first = [comparison.prepare(Maps(maps.coefficients, own.bases)) for own, maps in pairs]
    values = similarity(
        [comparison.prepare(maps) for maps in first],
        comparison.metric,
        others=on_first,
        sigma=comparison.sigma,
        blanks=comparison.blanks,
    )
    across = np.nanmean(values, axis=0)
    across = (across + across.T) / 2
    ceilings = np.diag(across)
    scale = np.sqrt(np.where(ceilings > 0, ceilings, np.nan))
    return across, across / scale / scale[:, None]


@dataclass(frozen=True)
class CeilingTables:
    """Noise ceilings of the models of a study.

    Attributes:
        models: a row for every model: model, metric, n, ceiling, standard_error, low, high.
        pairs: a row for every two models: model_a, model_b, across (mean similarity of maps from
            different random choices), disattenuated (without noise; missing where both ceilings are at
            least `HIGH`, so that there is nothing to correct).
    """

    models: pd.DataFrame
    pairs: pd.DataFrame


def ceiling_tables(
    files: Mapping[str, tuple[str, str]], segments: str, comparison: Comparison, number: int
) -> CeilingTables:
    """Noise ceilings of several models from their files of maps.

    Args:
        files: model → files of its maps, and of its maps from other random choices.
        segments: file of the superpixels.
        comparison: as for `noise_ceiling`.
        number: of images, from the first.

    Raises:
        InputError: a file is missing or damaged, or both are not about the same images.
    """
    shared = read_segments(segments)[:number]
    rows, first, second = [], [], []
    for model, (path, again) in files.items():
        other, images = read_maps(again, shared)
        maps, expected = read_maps(path, shared, slice(0, number))
        same_images(again, images, path, expected)
        ceiling = asdict(noise_ceiling(maps, other, comparison))
        rows.append({"model": model, "metric": comparison.metric, **ceiling})
        first.append(maps)
        second.append(other)
    across, without_noise = disattenuated(first, second, comparison)
    high = np.array([row["ceiling"] >= HIGH for row in rows])
    without_noise[high[:, None] & high] = np.nan
    matrices = {"across": across, "disattenuated": without_noise}
    return CeilingTables(pd.DataFrame(rows), pair_table(list(files), matrices))
