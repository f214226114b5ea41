"""Coordinates of the maps of many models, from files or from memory, a block of images at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.chance import MOST_IN_BLOCK, Block, rbf_kernel
from thinkalike.compare.frames import Frame, unit, without
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison
from thinkalike.compare.streams import read_part
from thinkalike.stores.arrays import NUMBERS
from thinkalike.stores.maps import open_maps, read_segments

Pictures = Callable[[slice], np.ndarray]
"""Images → (n, height, width), how far each pixel is from the baseline."""


class MapSource:
    """Coordinates of the maps of two groups of models on the same images, a block at a time.

    Args:
        models: keys of the first models of each pair.
        others: keys of the second; none, where they are the same models.
        comparison: what is done to maps before they are compared.
        images: ids of the images.
        read: images → maps of all models, the first ones first, as they were computed, and the segments of
            the images, or None where maps are not averaged over them.
        pictures: given, what maps have in common with the picture itself is taken off. Maps of absolute
            values lie where the picture is, whatever the network: an untrained one has as much of that
            as a trained one.
    """

    def __init__(
        self,
        models: Sequence[str],
        others: Sequence[str],
        comparison: Comparison,
        images: Sequence[str],
        read: Callable[[slice], tuple[Iterable[Maps], Sequence[Segments] | None]],
        pictures: Pictures | None = None,
    ) -> None:
        self.models, self.others = list(models), list(others)
        self.comparison, self.images, self.pictures = comparison, images, pictures
        self._read = read
        prepared = self._prepared(slice(0, 1))
        basis = prepared[0].bases[0]
        self.pixels = basis.height * basis.width
        self.frame = Frame.of(prepared)
        numbers = self.frame.size * len(prepared)
        self.step = int(np.clip(NUMBERS // numbers, 32, MOST_IN_BLOCK))
        self._kept: list[Block] | None = None

    def kernel(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Similarities (…, n, m) of maps with these coordinates, (…, n, P) and (…, m, P)."""
        if self.comparison.metric == "cosine":
            products: np.ndarray = unit(a) @ unit(b).swapaxes(-1, -2)
            return products
        return rbf_kernel(self.comparison.sigma, self.pixels)(a, b)

    def compared_by(self, metric: str, sigma: float) -> "MapSource":
        """The maps of this source compared by another metric; a block in memory is not read again."""
        other = copy(self)
        other.comparison = replace(self.comparison, metric=metric, sigma=sigma)
        return other

    def blocks(self) -> Iterator[Block]:
        """Coordinates of all images; a single block stays in memory."""
        if self._kept is None and len(self.images) <= self.step:
            self._kept = [self._block(slice(0, len(self.images)))]
        if self._kept is not None:
            yield from self._kept
            return
        for start in range(0, len(self.images), self.step):
            yield self._block(slice(start, min(start + self.step, len(self.images))))

    def _prepared(self, part: slice) -> list[Maps]:
        maps, segments = self._read(part)
        return [self.comparison.prepare(each, segments) for each in maps]

    def _block(self, part: slice) -> Block:
        maps = self._prepared(part)
        coordinates = self.frame.coordinates_of(maps)
        if self.pictures is not None:
            pixels = self.pictures(part).reshape(coordinates.shape[1], -1)
            coordinates = without(coordinates, self.frame.nearest(pixels))
        rows, columns = np.split(coordinates, [len(self.models)])
        return part, rows, columns if self.others else rows


def map_files(
    models: Mapping[str, str],
    others: Mapping[str, str],
    comparison: Comparison,
    images: Sequence[str],
    segments: str | None = None,
    pictures: Pictures | None = None,
) -> MapSource:
    """Maps in files, as `stores.maps.write_maps` writes them.

    Args:
        models: model → file of its maps.
        others: likewise, of the second models of pairs; none, where they are the same.
        comparison, pictures: as for `MapSource`.
        images: ids of the images, the first in all files.
        segments: file of the segments, for maps on them or averaged over them.

    Raises:
        InputError: a file is missing, damaged, about other images, or on other superpixels.
    """
    paths = [*models.values(), *others.values()]

    def read(part: slice) -> tuple[Iterable[Maps], Sequence[Segments] | None]:
        shared = read_segments(segments, part) if segments else None

        def maps() -> Iterator[Maps]:
            for path in paths:
                with open_maps(path) as file:
                    yield read_part(file, shared, part, paths[0], images[part])

        return maps(), shared  # one model's at a time: pooled, those of all are far smaller

    return MapSource(list(models), list(others), comparison, images, read, pictures)


def map_arrays(
    models: Mapping[str, Maps],
    comparison: Comparison,
    images: Sequence[str] | None = None,
    segments: Sequence[Segments] | None = None,
    pictures: Pictures | None = None,
) -> MapSource:
    """Maps in memory.

    Args:
        models: model → its maps of the same images.
        comparison, pictures: as for `MapSource`.
        images: ids of the images; by default their numbers.
        segments: of the images, where maps are averaged over them.
    """
    count = len(next(iter(models.values())))
    names = [str(number) for number in range(count)] if images is None else images

    def read(part: slice) -> tuple[list[Maps], Sequence[Segments] | None]:
        some = [
            replace(
                maps,
                coefficients=maps.coefficients[part],
                bases=maps.bases if len(maps.bases) == 1 else maps.bases[part],
            )
            for maps in models.values()
        ]
        return some, None if segments is None else segments[part]

    return MapSource(list(models), [], comparison, names, read, pictures)
