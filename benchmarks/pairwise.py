"""Similarity of all pairs of models: in the basis of the maps, beside a loop over rendered ones."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch.nn.functional import cosine_similarity

from benchmarks.common import Goal, Row, in_turns, timed
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.products import inner_products
from thinkalike.compare.similarity import Comparison, from_products
from thinkalike.compare.streams import compare_files
from thinkalike.stores.maps import read_maps, write_maps

PEER = "loop over pairs of rendered maps"
BOUND = "one read, half the products at the rate of large matrices"
READING = "reading the files"
SIGMA = 80 / 224
"""Bandwidth per pixel of the experiment log."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        models, images: of the study that times are given for.
        dense: images that the loop is timed on, and pixel maps; the time is scaled up.
        side: of the frame, pixels.
        segments: of an image.
        rounds: of every pair of runs.
    """

    models: int = 14
    images: int = 1024
    dense: int = 64
    side: int = 224
    segments: int = 50
    rounds: int = 3


def pairs(effort: Effort) -> list[Row]:
    """Cosine and RBF of all pairs of models for every image: seconds, largest difference, bytes."""
    kinds: dict[str, Callable[[int], list[Maps]]] = {
        "Grad-CAM, 7 x 7": lambda count: _grids(effort, count, (7,)),
        "Grad-CAM, half of the models 14 x 14": lambda count: _grids(effort, count, (7, 14)),
        f"KernelSHAP, {effort.segments} segments": lambda count: _segments(effort, count),
    }
    timed, exact, stored = [], [], []
    for kind, make in kinds.items():
        whole, few = make(effort.images), make(effort.dense)
        rendered = _rendered(few)
        rows = _rows(effort, kind, whole, few, rendered, Goal("ratio", most=0.01))
        timed.append(rows[0])
        exact.append(rows[1])
        stored.append(rows[2])
    # The loop is asked about these maps as they are; there is nothing to render.
    whole = _pixels(effort)
    rendered = torch.from_numpy(np.stack([maps.coefficients for maps in whole]))
    rows = _rows(effort, "pixel maps", whole, whole, rendered, Goal("ratio", most=1 / 30))
    return [*timed, rows[0], *limits(effort, whole), *exact, rows[1], *stored, rows[2]]


def limits(effort: Effort, maps: list[Maps]) -> list[Row]:
    """Seconds of cosine and RBF of maps of pixels beside what this machine needs at the least.

    In memory: one read of the maps, and a multiplication and addition in float64 for every pixel and pair,
    each map with itself too, at the rate at which NumPy multiplies large matrices. From files: what
    reading them takes.
    """
    size = f"{effort.models} models x {effort.images} images, scaled from {effort.dense}"
    large = np.random.default_rng(0).standard_normal((2, 1024, 1024))
    work = effort.models * (effort.models + 1) / 2 * effort.dense * effort.side**2
    with TemporaryDirectory() as folder:
        files = {str(number): str(Path(folder) / f"{number}.nc") for number in range(len(maps))}
        images = [str(number) for number in range(effort.dense)]
        for path, each in zip(files.values(), maps, strict=True):
            write_maps(path, each, image_ids=images, measures={}, attributes={})
        comparison = Comparison("cosine", "signed", "max_abs")
        runs = {
            "ours": lambda: both(maps, effort.side**2),
            "read": lambda: [each.coefficients.max() for each in maps],
            "product": lambda: large[0] @ large[1],
            "from files": lambda: list(compare_files(files, comparison, images=images)),
            "files": lambda: [read_maps(path) for path in files.values()],
        }
        seconds = in_turns(runs, effort.rounds)
    least = seconds["read"] + seconds["product"] * work / large.shape[1] ** 3
    up = effort.images / effort.dense
    whole, reading = seconds["from files"] * up, seconds["files"] * up
    return [
        timed(
            f"Least seconds of cosine and RBF, {size}: pixel maps",
            BOUND,
            seconds["ours"] * up,
            least * up,
        ),
        timed(f"Seconds from files to cosine, {size}: pixel maps", READING, whole, reading),
    ]


def _rows(
    effort: Effort,
    kind: str,
    whole: list[Maps],
    few: list[Maps],
    rendered: torch.Tensor,
    goal: Goal,
) -> list[Row]:
    size = f"{effort.models} models x {effort.images} images"
    scaled = f", loop scaled from {effort.dense}"
    if whole is few:
        scaled = f", both scaled from {effort.dense}"
    runs = {
        # segments as they come from a file: nothing known of them yet
        "ours": lambda: both(_fresh(whole), effort.side**2),
        "theirs": lambda: loop(rendered),
    }
    seconds = in_turns(runs, effort.rounds)
    up = effort.images / effort.dense
    ours = seconds["ours"] * (up if whole is few else 1)
    theirs = seconds["theirs"] * up
    values = both(few, effort.side**2)
    # in float64: the rounding of the loop's own sums is not to be counted
    largest = max(
        float(np.abs(ours_of[:, a, b] - dense_of).max())
        for (a, b), dense in loop(rendered.double()).items()
        for ours_of, dense_of in zip(values, dense, strict=True)
    )
    pixels = effort.models * effort.images * effort.side**2 * 4
    return [
        Row(
            f"Seconds of cosine and RBF, {size}{scaled}: {kind}",
            PEER,
            float(np.median(ours)),
            float(np.median(theirs)),
            goal,
            float(np.median(ours / theirs)),
        ),
        Row(
            f"Largest difference from the similarity of rendered maps: {kind}",
            "",
            largest,
            goal=Goal("ours", most=1e-5),
        ),
        Row(
            f"Megabytes of maps, {size}: {kind}",
            "rendered, float32",
            _bytes(whole) * (up if whole is few else 1) / 1e6,
            pixels / 1e6,
        ),
    ]


def both(maps: list[Maps], pixels: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and RBF, (images, models, models) each, from the same inner products."""
    products = inner_products(maps)
    cosine = from_products(products, "cosine", pixels=pixels)
    return cosine, from_products(products, "rbf", pixels=pixels, sigma=SIGMA)


def loop(rendered: torch.Tensor) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """The same of rendered maps (models, images, pixels), one pair of models after the other.

    As the experiment log has it: torch's cosine, then the RBF of the distances.
    """
    pixels = rendered.shape[2]
    pairs = {}
    for a, b in combinations(range(len(rendered)), 2):
        cosine = cosine_similarity(rendered[a], rendered[b], dim=1)
        square = (rendered[a] - rendered[b]).pow(2).sum(1)
        pairs[a, b] = cosine.numpy(), torch.exp(-square / (2 * SIGMA**2 * pixels)).numpy()
    return pairs


def _rendered(models: list[Maps]) -> torch.Tensor:
    maps = [[render(m, i).ravel() for i in range(len(m))] for m in models]
    return torch.from_numpy(np.array(maps, np.float32))


def _grids(effort: Effort, count: int, cells: tuple[int, ...]) -> list[Maps]:
    """Grad-CAM after its ReLU: independent normal cells, the negative ones 0."""
    rng = np.random.default_rng(0)
    models = []
    for number in range(effort.models):
        rows = cells[number * len(cells) // effort.models]
        values = np.maximum(rng.standard_normal((count, rows * rows)), 0).astype(np.float32)
        models.append(Maps(values, (Grid(rows, rows, effort.side, effort.side),)))
    return models


def _segments(effort: Effort, count: int) -> list[Maps]:
    """Normal values of the cells of Voronoi diagrams, an own one for every image."""
    rng = np.random.default_rng(0)
    pixels = np.indices((effort.side, effort.side)).reshape(2, -1).T
    bases = []
    for _ in range(count):
        seeds = rng.choice(pixels, effort.segments, replace=False)
        labels = cKDTree(seeds).query(pixels)[1].reshape(effort.side, effort.side)
        bases.append(Segments(labels.astype(np.int16)))
    shape = (count, effort.segments)
    return [Maps(rng.standard_normal(shape), tuple(bases)) for _ in range(effort.models)]


def _pixels(effort: Effort) -> list[Maps]:
    """Independent normal pixels, as Integrated Gradients gives them."""
    rng = np.random.default_rng(0)
    shape = (effort.dense, effort.side**2)
    basis = Pixels(effort.side, effort.side)
    return [Maps(rng.standard_normal(shape, np.float32), (basis,)) for _ in range(effort.models)]


def _fresh(models: list[Maps]) -> list[Maps]:
    if not isinstance(models[0].bases[0], Segments):
        return models
    bases = tuple(Segments(basis.labels) for basis in models[0].bases)  # type: ignore[attr-defined]
    return [replace(maps, bases=bases) for maps in models]


def _bytes(models: list[Maps]) -> int:
    """Of the coefficients, and of the segments, which all models share."""
    shared = {id(b): b.labels.nbytes for b in models[0].bases if isinstance(b, Segments)}
    return sum(maps.coefficients.nbytes for maps in models) + sum(shared.values())
