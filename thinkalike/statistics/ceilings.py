"""Noise ceilings: how similar maps that are estimates are to themselves, estimated a second time."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison, similarity
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_maps, read_segments


@dataclass(frozen=True)
class Ceiling:
    """Mean similarity of a model's maps with their own repetition.

    Attributes:
        n: images for which there is a similarity.
        ceiling: mean over them; NaN if there is none.
        standard_error: of the mean over images; NaN for fewer than two.
    """

    n: int
    ceiling: float
    standard_error: float


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
    return Ceiling(
        n,
        float(values.mean()) if n else np.nan,
        float(values.std(ddof=1) / n**0.5) if n > 1 else np.nan,
    )


def ceiling_table(
    files: Mapping[str, tuple[str, str]], segments: str, comparison: Comparison, number: int
) -> pd.DataFrame:
    """Noise ceilings of several models from their files of maps.

    Args:
        files: model → files of its maps, and of its maps from other random choices.
        segments: file of the superpixels.
        comparison: as for `noise_ceiling`.
        number: of images, from the first.

    Returns:
        A row for every model: model, metric, n, ceiling, standard_error.

    Raises:
        InputError: a file is missing or damaged, or both are not about the same images.
    """
    shared = read_segments(segments)
    rows = []
    for model, (path, again) in files.items():
        second, images = read_maps(again, shared[:number])
        first, expected = read_maps(path, shared, slice(0, number))
        same_images(again, images, path, expected)
        ceiling = asdict(noise_ceiling(first, second, comparison))
        rows.append({"model": model, "metric": comparison.metric, **ceiling})
    return pd.DataFrame(rows)
