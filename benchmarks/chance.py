"""Similarity above chance beside sums over all pairs of images, for `python -m benchmarks.statistics`."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from benchmarks.common import Goal, Part, Row, in_turns, timed
from thinkalike.compare.bases import Grid
from thinkalike.compare.chance import Block, CosineMismatch, influence, mean_mismatch
from thinkalike.compare.frames import Frame, unit
from thinkalike.compare.maps import Maps
from thinkalike.statistics.intervals import mean_interval

PEER = "NumPy, all pairs of images"


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        models, images: of the study in memory.
        many_models, many_images: of the study that comes in blocks.
        step: images of a block.
        rounds: of runs in turns.
    """

    models: int = 14
    images: int = 1024
    many_models: int = 100
    many_images: int = 10_000
    step: int = 500
    rounds: int = 3


QUICK = Effort(models=3, images=20, many_models=4, many_images=60, step=20, rounds=1)


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        quick: a little of everything, to see that it runs.
    """
    effort = QUICK if quick else Effort()
    return {"chance": lambda: above_chance(effort), "streams": lambda: streams(effort)}


def above_chance(effort: Effort) -> list[Row]:
    """Seconds from Grad-CAM maps to similarity above chance with intervals, of all pairs of models."""
    draws = np.random.default_rng(0)
    shape = (effort.models, effort.images, 49)
    cells = np.abs(draws.normal(size=shape) + draws.normal(size=shape[1:])).astype(np.float32)
    maps = [Maps(model, (Grid(7, 7, 224, 224),)) for model in cells]

    def ours() -> np.ndarray:
        coordinates = Frame.of(maps).coordinates_of(maps)
        block = slice(0, effort.images), coordinates, coordinates
        use = np.ones((effort.images, effort.models, effort.models), bool)
        mismatch = (engine := CosineMismatch([block], use)).of_block(block)
        means = mean_mismatch([(block[0], mismatch)], engine.use)
        mean_interval(means.rho + influence(mismatch, means, use))
        return means.rho

    def theirs() -> np.ndarray:
        units = unit(Frame.of(maps).coordinates_of(maps))
        same, other = np.empty((2, effort.models, effort.models))
        for a, first in enumerate(units):
            for b, second in enumerate(units):
                products = first @ second.T
                same[a, b] = np.trace(products) / effort.images
                pairs = effort.images * (effort.images - 1)
                other[a, b] = (products.sum() - np.trace(products)) / pairs
        spread = np.sqrt(np.diag(same - other))
        rho: np.ndarray = (same - other) / spread / spread[:, None]
        return rho

    spent = in_turns({"ours": ours, "theirs": theirs}, effort.rounds)
    of = f"{effort.models} models, {effort.images:,} Grad-CAM maps each"
    seconds = f"Seconds to similarity above chance: with intervals, {of}"
    apart = f"Largest difference of ρ: {of}"
    return [
        timed(seconds, PEER, spent["ours"], spent["theirs"], Goal("ours", most=2)),
        Row(apart, PEER, float(np.abs(ours() - theirs()).max()), goal=Goal("ours", most=1e-12)),
    ]


def streams(effort: Effort) -> list[Row]:
    """Seconds and bytes of similarity above chance of many models on many images, block by block."""
    models, images = effort.many_models, effort.many_images
    use = np.ones((images, models, models), bool)

    def blocks() -> Iterator[Block]:
        for start in range(0, images, effort.step):
            draws = np.random.default_rng(start)
            part = slice(start, min(start + effort.step, images))
            shared = draws.normal(size=(part.stop - start, 49))
            maps = draws.normal(size=(models, *shared.shape)) + shared
            yield part, maps, maps

    tracemalloc.start()
    before = perf_counter()
    engine = CosineMismatch(blocks(), use)
    means = mean_mismatch(((block[0], engine.of_block(block)) for block in blocks()), use)
    for block in blocks():
        influence(engine.of_block(block), means, use[block[0]])
    seconds, peak = perf_counter() - before, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    of = f"{models} models, {images:,} images, in blocks of {effort.step}"
    return [
        Row(f"Seconds in blocks: {of}", "", seconds),
        Row(f"Peak GB in blocks: {of}", "", peak / 1e9, goal=Goal("ours", most=2)),
    ]
