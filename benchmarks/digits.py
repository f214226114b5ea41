"""The trained networks and the images of the digits study, and the games that they play."""

import hashlib
import inspect
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from benchmarks import games, regression
from benchmarks.common import single_threaded
from benchmarks.peers import ESTIMATORS
from thinkalike.errors import InputError
from thinkalike.explain import kernelshap
from thinkalike.explain.common import Question, baseline_image
from thinkalike.explain.shapley.coalitions import draw
from thinkalike.explain.shapley.solver import Solver
from thinkalike.images.loading import load_images
from thinkalike.images.segments import superpixels
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model
from thinkalike.networks.weights import build
from thinkalike.randomness import integer_seed
from thinkalike.stores.atomic import atomic
from thinkalike.stores.tables import read_table
from thinkalike.workflow.config.resolve import resolve

RESULTS = Path("results/digits")
CACHE = Path("results/benchmarks/cache")
BLACK = (0.0, 0.0, 0.0)
OUTPUTS = ("logit", "probability")
SEGMENTS = (49, 64)
"""Superpixels of an image, from and to."""
BATCH = 64
"""Of the passes that a game makes."""

OURS = "thinkalike"
BLIND = "ours, without what the image tells"
REGRESSION = "leverage regression on our coalitions"
METHODS = (OURS, BLIND, REGRESSION, *ESTIMATORS)


@cache
def study() -> dict[str, Any]:
    """The default study, which is the digits."""
    return resolve(yaml.safe_load(Path("config.yaml").read_text()))


def trained() -> list[str]:
    """Models of the study that have been trained."""
    entries = study()["catalogue"]
    return [key for key, entry in entries.items() if entry["training"]["epochs"] > 0]


def weights(key: str) -> Path:
    return RESULTS / "weights" / f"{key}.safetensors"


def check(models: list[str]) -> None:
    """Refuse to start without what the study makes of some models, or of all where none is named.

    Raises:
        InputError: a model is not one of the trained ones, or files are missing.
    """
    unknown = sorted(set(models) - set(trained()))
    if unknown:
        raise InputError(
            f"{', '.join(unknown)}: no trained model of config.yaml; choose from {trained()}"
        )
    needed = [RESULTS / "images.parquet", *map(weights, models or trained())]
    missing = [str(path) for path in needed if not path.exists()]
    if missing:
        raise InputError(
            f"{', '.join(missing)} missing; run `snakemake --cores all weights data` first"
        )


@lru_cache(maxsize=16)
def model(key: str) -> Model:
    """A trained model on the CPU."""
    architecture = Architecture.of({**study()["catalogue"][key], "name": key})
    return build(architecture, weights(key), torch.device("cpu"))


@cache
def images(count: int) -> np.ndarray:
    """The first images of the study, (count, size, size, 3) uint8."""
    paths = read_table(RESULTS / "images.parquet", ["path"])["path"].tolist()[:count]
    if len(paths) < count:
        raise InputError(f"{RESULTS}/images.parquet has {len(paths)} images, {count} are needed")
    return load_images(paths, study()["images"]["size"])


@cache
def labels(image: int) -> np.ndarray:
    """Superpixels of an image, between 49 and 64 of them, or else as near as SLIC comes to it."""
    best, distance = np.zeros(0), np.inf
    for count in range(SEGMENTS[0] + 1, 140, 4):
        found = superpixels(images(image + 1)[image], count=count, compactness=10)
        number = int(found.max()) + 1
        if SEGMENTS[0] <= number <= SEGMENTS[1]:
            return found
        if abs(number - np.mean(SEGMENTS)) < distance:
            best, distance = found, abs(number - np.mean(SEGMENTS))
    return best


def all_labels(count: int) -> np.ndarray:
    return np.stack([labels(i) for i in range(count)])


class NetworkGame:
    """A model and an image; players are superpixels, but for those that are black as the ground.

    A coalition's values are the logit and the probability of the class that is predicted for the
    whole image, where superpixels outside the coalition are black.

    Attributes:
        playing: (K,) which superpixels are players.
        players: M.
        target: the class.
    """

    def __init__(self, model: Model, pixels: np.ndarray, segments: np.ndarray) -> None:
        """Args:
        model: of the network, on the CPU.
        pixels: (size, size, 3) uint8 of the image.
        segments: (size, size) labels of its superpixels, 0, 1, …
        """
        self.model, self.pixels, self.segments = model, pixels, segments
        self.playing = np.bincount(self.segments.ravel(), pixels.sum(2).ravel()) > 0
        self.players = int(self.playing.sum())
        picture = self.model.normalise(pixels[None])
        # colour channels last in memory, as the networks take them
        self.picture, self.ground = (
            image.permute(0, 2, 3, 1).reshape(-1)
            for image in (picture, baseline_image(self.model, BLACK))
        )
        number = np.where(self.playing, np.cumsum(self.playing) - 1, self.players)
        self.player = torch.from_numpy(number[self.segments].astype(np.int64).repeat(3))
        with torch.inference_mode():
            self.target = int(self.model.network(picture).argmax())

    def __call__(self, coalitions: np.ndarray) -> np.ndarray:
        """(B, M) bool → (B, 2)."""
        inside = torch.from_numpy(np.pad(coalitions, ((0, 0), (0, 1))))
        values = []
        with torch.inference_mode():
            for part in inside.split(BATCH):
                painted = torch.where(part[:, self.player], self.picture, self.ground)
                logits = self.model.network(
                    painted.view(-1, *self.pixels.shape).permute(0, 3, 1, 2)
                )
                both = torch.stack([logits, logits.softmax(1)], -1)
                values.append(both[:, self.target])
        return torch.cat(values).double().numpy()


def game_of(key: str, image: int) -> NetworkGame:
    """The game of a trained model and an image of the study."""
    return NetworkGame(model(key), images(image + 1)[image], labels(image))


class Remembered:
    """A game that is asked about a coalition once; its answers are the same every time."""

    def __init__(self, game: games.Game) -> None:
        self.game = game
        self.known: dict[bytes, np.ndarray] = {}

    def __call__(self, coalitions: np.ndarray) -> np.ndarray:
        coalitions = np.ascontiguousarray(coalitions, bool)
        keys = [row.tobytes() for row in coalitions]
        fresh = {key: i for i, key in enumerate(keys) if key not in self.known}
        if fresh:
            answers = self.game(coalitions[list(fresh.values())])
            self.known.update(zip(fresh, answers, strict=True))
        return np.array([self.known[key] for key in keys])

    def of(self, output: int) -> games.Game:
        """The game of one of its values."""
        return lambda coalitions: self(coalitions)[:, output]


@dataclass(frozen=True)
class Measured:
    """Shapley values of the M players of one game, for both outputs.

    Attributes:
        reference: (2, M).
        reference_error: (2, M), as `regression.reference` gives it.
        areas: (M,) pixels of the players.
        estimates: method → (2, seeds, M).
        standard_errors: (2, seeds, M) of ours.
        draws: (2, seeds, R, M) of ours.
    """

    reference: np.ndarray
    reference_error: np.ndarray
    areas: np.ndarray
    estimates: dict[str, np.ndarray]
    standard_errors: np.ndarray
    draws: np.ndarray


def measure(key: str, image: int, evaluations: int, seeds: int, exact: int) -> Measured:
    """Ask every method about one game, as often as there are seeds.

    A seed stands for the same coalitions whatever the model and the output.

    Args:
        key, image: the game.
        evaluations: of every estimate.
        seeds: how many estimates.
        exact: evaluations of the reference.
    """
    game = game_of(key, image)
    truth, error = reference(game, weights(key), image, exact)
    remembered = Remembered(game)
    numbers = np.array([integer_seed(0, "benchmark", image, s) >> 32 for s in range(seeds)])
    estimates = {name: np.empty((2, seeds, game.players)) for name in METHODS}
    for s, number in enumerate(numbers):
        design = draw(game.players, evaluations, np.random.default_rng(number))
        total = games.differences_of(remembered, np.ones((1, game.players), bool))[0]
        differences = games.differences_of(remembered, design.members)
        blind = Solver(design).solve(differences, total, np.random.default_rng(0)).values
        plain = regression.regression(
            design.members, regression.design_weights(design), differences, total
        )
        for output in range(2):
            estimates[BLIND][output, s] = blind[:, output]
            estimates[REGRESSION][output, s] = plain[:, output]
            for name, estimate in ESTIMATORS.items():
                values = estimate(remembered.of(output), game.players, evaluations, int(number))
                estimates[name][output, s] = values
    errors, draws = [], []
    for output, name in enumerate(OUTPUTS):
        found = explained(game, name, numbers, evaluations)
        estimates[OURS][output] = found.maps.coefficients[:, game.playing]
        errors.append(found.standard_errors[:, game.playing])
        draws.append(found.draws[:, :, game.playing])
    areas = np.bincount(game.segments.ravel())[game.playing]
    return Measured(truth, error, areas, estimates, np.array(errors), np.array(draws))


def explained(
    game: NetworkGame, output: str, seeds: np.ndarray, evaluations: int
) -> kernelshap.Explanation:
    """Our explanation of a game as a study makes it, of all superpixels, once for each seed."""
    segments = np.repeat(game.segments[None], len(seeds), 0)
    return kernelshap.explain(
        game.model,
        np.repeat(game.pixels[None], len(seeds), 0),
        None,
        Question(output, BLACK, segments=segments, seeds=seeds),
        evaluations=evaluations,
    )


def reference(
    game: NetworkGame, weights: Path, image: int, evaluations: int
) -> tuple[np.ndarray, np.ndarray]:
    """Values (2, M) and their error, kept in a file that goes by all that they depend on."""
    content = hashlib.sha256(weights.read_bytes())
    content.update(game.picture.numpy().tobytes() + game.segments.tobytes())
    content.update(f"{game.model.name} {game.target} {OUTPUTS} {BLACK} {evaluations}".encode())
    for code in (regression.reference, regression.regression, regression.kernel_weights):
        content.update(inspect.getsource(code).encode())
    path = CACHE / f"{content.hexdigest()[:16]}.npz"
    if path.exists():
        with np.load(path) as kept:
            return kept["values"], kept["error"]
    generator = np.random.default_rng(integer_seed(0, "reference", image))
    values, error = (a.T for a in regression.reference(game, game.players, evaluations, generator))
    with atomic(path) as temporary:
        np.savez(temporary, values=values, error=error)
    return values, error


def measure_all(
    models: tuple[str, ...],
    count: int,
    *,
    workers: int,
    progress: Callable[[str], None],
    **settings: int,
) -> dict[str, list[Measured]]:
    """`measure` of the first images by all models, in processes of their own."""
    cases = [(key, image) for key in models for image in range(count)]
    found: dict[str, list[Measured]] = {key: [] for key in models}
    with ProcessPoolExecutor(workers, get_context("spawn"), single_threaded) as pool:
        results = pool.map(_measure, cases, repeat(settings))
        for (key, image), result in zip(cases, results, strict=True):
            found[key].append(result)
            if image == count - 1:
                progress(key)
    return found


def _measure(case: tuple[str, int], settings: dict[str, int]) -> Measured:
    return measure(*case, **settings)
