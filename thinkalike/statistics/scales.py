"""Similarity above chance at several scales, beside what seeds and a moved image leave of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.bases import Segments
from thinkalike.compare.chance import CosineMismatch, influence, mean_mismatch
from thinkalike.compare.chance_streams import measured_chance
from thinkalike.compare.frames import Frame
from thinkalike.compare.map_sources import map_files
from thinkalike.compare.maps import Maps
from thinkalike.compare.matrices import pair_table
from thinkalike.compare.scales import pool_of
from thinkalike.compare.similarity import Comparison
from thinkalike.images.pictures import pictures_of
from thinkalike.statistics.intervals import mean_interval
from thinkalike.statistics.pairs import SEEDS, above_chance
from thinkalike.stores.maps import read_segments


@dataclass(frozen=True)
class ScaledStudy:
    """Maps of a study by one method, to be compared at several scales.

    Attributes:
        files: model or further seed → file of its maps.
        moved: model → its maps of the first images, and of these images moved, moved back.
        models: keys of the study's models.
        architectures: model or further seed → what seeds of one network have in common.
        images: image_id, class_name and path of the images.
        segments: file of the segments, for maps on them or averaged over them.
        stratified: whether images were chosen class by class.
        picture: as for `images.pictures.pictures_of`.
    """

    files: Mapping[str, str]
    moved: Mapping[str, tuple[Maps, Maps]]
    models: Sequence[str]
    architectures: Mapping[str, str]
    images: pd.DataFrame
    segments: str | None
    stratified: bool
    picture: Mapping[str, Any]

    def table(self, comparison: Comparison, scales: Sequence[int]) -> pd.DataFrame:
        """Similarity above chance of all pairs at all scales, beside their ceilings.

        Args:
            comparison: how maps are compared, but for their scale.
            scales: numbers of cells a side, `compare.scales.NATIVE` or `SEGMENTED`.

        Returns:
            A row for every pair and scale: scale, kind, model_a, model_b, n, mean, chance, rho,
            standard_error, low, high. Kinds are `pair`, two of the models; `seeds`, two seeds of one
            network; `moved`, a model with itself, the images moved.
        """
        tables = [
            self._at(replace(comparison, pool=pool_of(scale))).assign(scale=scale)
            for scale in scales
        ]
        table = pd.concat(tables, ignore_index=True)
        return table[["scale", "kind", "model_a", "model_b", *SEEDS]]

    def _at(self, comparison: Comparison) -> pd.DataFrame:
        ids, pictures = (
            self.images["image_id"].tolist(),
            pictures_of(self.images["path"].tolist(), self.picture),
        )
        files = map_files(self.files, {}, comparison, ids, self.segments, pictures)
        chance = measured_chance(files, self.images["class_name"].tolist())
        above = above_chance(chance, self.architectures, stratified=self.stratified)
        table = pair_table(chance.models, {name: above[name] for name in SEEDS})
        sides = [table[side] for side in ("model_a", "model_b")]
        first, second = (side.map(self.architectures) for side in sides)
        both = sides[0].isin(self.models) & sides[1].isin(self.models)
        kinds = table.assign(kind=np.where(first == second, "seeds", "pair"))[
            (first == second) | both
        ]
        moved_images = max((len(maps) for maps, _ in self.moved.values()), default=0)
        shared = (
            read_segments(self.segments, slice(0, moved_images))
            if self.segments and moved_images
            else None
        )
        moved = [
            {
                "kind": "moved",
                "model_a": model,
                "model_b": model,
                **moved_similarity(*maps, comparison, shared),
            }
            for model, maps in self.moved.items()
        ]
        return pd.concat([kinds, pd.DataFrame(moved)], ignore_index=True)


def moved_similarity(
    maps: Maps,
    moved: Maps,
    comparison: Comparison,
    segments: Sequence[Segments] | None = None,
) -> dict[str, float]:
    """Similarity above chance of maps and those of the same images moved, moved back.

    Args:
        maps, moved: as `compare.moved.moved_back` gives them.
        comparison: how they are compared.
        segments: of the images in their place, where maps are averaged over them.

    Returns:
        `statistics.pairs.SEEDS` → number.
    """
    pair = [comparison.prepare(each, segments) for each in (maps, moved)]
    first, second = Frame.of(pair).coordinates_of(pair)[:, None]
    block = slice(0, len(maps)), first, second
    use = ((first != 0).any(2) & (second != 0).any(2)).T[:, :, None]
    engine = CosineMismatch([block], use)
    mismatch = engine.of_block(block)
    means = mean_mismatch([(block[0], mismatch)], use)
    interval = mean_interval(means.rho + influence(mismatch, means, use))
    numbers = {
        "n": means.count,
        "mean": means.same,
        "chance": means.cross,
        "rho": means.rho,
        "standard_error": interval.standard_error,
        "low": np.maximum(interval.low, -1),
        "high": np.minimum(interval.high, 1),
    }
    return {name: float(values[0, 0]) for name, values in numbers.items()}
