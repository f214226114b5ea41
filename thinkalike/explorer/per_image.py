"""What every image says of every pair of models, and what maps of different images would say."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.map_sources import MapSource, map_files
from thinkalike.compare.similarity import Comparison
from thinkalike.explorer.blocks import Blocks, row_codes, table_codes
from thinkalike.explorer.folder import Key, StudyFolder
from thinkalike.stores.arrays import NUMBERS
from thinkalike.stores.kernels import Chance, Kernel

STEPS = 250
"""Steps from 0 to the largest similarity: finer than that of two maps is known."""
BINS = 60
"""Bins of the similarities of maps of different images."""
DIFFERENT = 1000
"""Pairs of different images, at most, that the maps of two models are compared on, each both ways."""


class ImagesOfPairs:
    """Similarities of the comparisons of a study image by image, as a page has them.

    What several comparisons share, such as a method's maps, is read once where they follow each other.

    Args:
        blocks: of the page.
        study: of the files.
    """

    def __init__(self, blocks: Blocks, study: StudyFolder) -> None:
        self.blocks, self.study = blocks, study
        self._shared: dict[str, dict[str, Any]] = {}
        self._maps: dict[tuple[Any, ...], MapSource] = {}

    def add(self, key: Key, pairs: pd.DataFrame) -> dict[str, Any] | None:
        """Add the similarities of a comparison, as `PerImage` of `page/types.js`.

        The similarities themselves and the null are of all images, whatever the subset.

        Args:
            key: of the comparison.
            pairs: model_a, model_b, in order.

        Returns:
            None where the similarities of single images are not there.
        """
        path = self.study.path("similarity", key.method, f"{key.metric}.nc")
        if not path.exists():
            return None
        if key.place not in self._shared:
            self._shared[key.place] = self._of_all_images(key, Kernel.read(str(path)), pairs)
        return {**self._shared[key.place], "influence": self._influence(key, pairs)}

    def _influence(self, key: Key, pairs: pd.DataFrame) -> str | None:
        path = self.study.path("chance", key.method, f"{key.metric}.nc")
        if not path.exists():
            return None
        known = Chance.read(str(path), key.subset)
        rows = _of_pairs(known.parts(), known.models, pairs)
        # a mean over images hardly notices the steps of 8 bits
        name = f"pairs/{key.place}/{key.subset}/influence"
        return self.blocks.add_numbers(name, *row_codes(rows))

    def _of_all_images(self, key: Key, kernel: Kernel, pairs: pd.DataFrame) -> dict[str, Any]:
        """All of `PerImage` that does not depend on the subset."""
        values = _of_pairs(kernel.parts(), kernel.models, pairs)
        largest = np.abs(values[np.isfinite(values)]).max(initial=0)
        step = float(f"{(largest or 1) / STEPS:.6g}")
        name, codes = f"pairs/{key.place}/values", table_codes(values, step)
        comparison = self.study.comparison(key.method, key.metric)
        has_sign = comparison is not None and comparison.sign == "signed"
        low = -1 if has_sign and key.metric == "cosine" else 0
        return {
            "collection": "study",
            "images": len(kernel.images),
            "values": self.blocks.add_numbers(name, codes, step),
            "nulls": self._nulls(key, kernel, comparison, pairs, low),
            "nullRange": [low, 1],
        }

    def _nulls(
        self,
        key: Key,
        kernel: Kernel,
        comparison: Comparison | None,
        pairs: pd.DataFrame,
        low: float,
    ) -> str | None:
        """Block of how often maps of different images are so similar; None where maps are not there."""
        source = self._source(key, kernel, comparison)
        if source is None:
            return None
        counts = _null_counts(source, kernel, pairs, low)
        return self.blocks.add_numbers(f"pairs/{key.place}/nulls", counts)

    def _source(self, key: Key, kernel: Kernel, comparison: Comparison | None) -> MapSource | None:
        """Maps of all models as they were compared; None where they are not there."""
        files = {model: self.study.maps_file(key.method, model) for model in kernel.models}
        if comparison is None or len(kernel.images) < 2 or None in files.values():
            return None
        prepared = (key.method, replace(comparison, metric="", sigma=0))
        if prepared in self._maps:
            return self._maps[prepared].compared_by(comparison.metric, comparison.sigma)
        paths = {model: str(path) for model, path in files.items()}
        segments = str(self.study.segments) if self.study.segments else None
        source = map_files(paths, {}, comparison, kernel.images, segments)
        self._maps = {prepared: source}  # memory holds the maps of one method at a time
        return source


def _of_pairs(parts: Any, models: list[str], pairs: pd.DataFrame) -> np.ndarray:
    """Rows (pairs, images) of values (image, model, model) that come in parts."""
    place = {model: number for number, model in enumerate(models)}
    first, second = (pairs[side].map(place).to_numpy(int) for side in ("model_a", "model_b"))
    columns = [values[:, first, second].astype(np.float32) for _, values in parts]
    return np.concatenate(columns).T


def _null_counts(source: MapSource, kernel: Kernel, pairs: pd.DataFrame, low: float) -> np.ndarray:
    """Numbers of similarities in each bin, (pairs, bins) uint16.

    The maps of image i are compared with those of the images i + 1, i + 2, … after it, around a block.
    """
    place = {model: number for number, model in enumerate(kernel.models)}
    first, second = (pairs[side].map(place).to_numpy(int) for side in ("model_a", "model_b"))
    usable = ~kernel.blank if source.comparison.blanks == "exclude" else np.ones_like(kernel.blank)
    counts = np.zeros(len(pairs) * BINS, np.int64)
    rows = np.arange(len(pairs)) * BINS
    shifts = max(DIFFERENT // len(kernel.images), 1)
    for part, maps, _ in source.blocks():
        by_image, there = maps.swapaxes(0, 1), usable[part]
        images = len(there)
        step = max(NUMBERS // (8 * len(pairs)), 1)
        for shift, start in product(range(1, min(shifts, images - 1) + 1), range(0, images, step)):
            ones = np.arange(start, min(start + step, images))
            others = (ones + shift) % images
            values = source.kernel(by_image[ones], by_image[others])
            bins = np.floor((values - low) / (1 - low) * BINS).clip(0, BINS - 1).astype(int)
            both = there[ones][:, :, None] & there[others][:, None, :]
            for one, other in ((first, second), (second, first)):
                places = (rows + bins[:, one, other])[both[:, one, other]]
                counts += np.bincount(places, minlength=len(counts))
    return counts.reshape(len(pairs), BINS).astype(np.uint16)
