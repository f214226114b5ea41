"""Shapley values from few evaluations beside the newest peers: `python -m benchmarks.shapley`.

Games whose values are known (benchmarks/games.py), the digits networks, and the time of solving. Writes
results/benchmarks/shapley.csv and, beside it, a JSON of where and how it was measured; `--docs` puts the
table on docs/measured/shapley.md, which says what is measured. The peers are those of shapiq 1.8, which
`make bench-peers` installs; without them ours is measured alone. A network of timm on photographs is asked
too where the three options for it are given.
"""

import argparse
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

import thinkalike as ta
from benchmarks import digits, estimates, games, newest, speed
from benchmarks.accuracy import PLAYERS
from benchmarks.common import Goal, Part, Row, by_kind, command_line, in_turns, run, single_threaded
from benchmarks.digits import NetworkGame
from benchmarks.estimates import COVERAGE, ERROR, LEAST, WIDTH, Cases, label
from benchmarks.imagenet import imagenet_model, random_model
from thinkalike.errors import InputError
from thinkalike.explain.shapley.coalitions import Design, draw
from thinkalike.explain.shapley.solver import Solver
from thinkalike.images.listing import SUFFIXES, files_below
from thinkalike.images.segments import superpixels
from thinkalike.methods import DRAWS
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model

OUTPUT = Path("results/benchmarks/shapley.csv")
PARTIAL = OUTPUT.with_stem("shapley-partial")
PAGE = Path("docs/measured/shapley.md")
PARTS = ("families", "networks", "seconds", "photographs")
MODELS = ("resnet", "efficientnet", "convnext", "vit", "vit_registers")
TIMED = ("resnet", "vit")
"""Networks of the digits study whose passes solving is held against: a slow one and the fastest."""
PASSES = 64
"""Passes that are timed."""
SEGMENTS = 50
"""Superpixels of a photograph, about."""
IMAGENET_CLASSES = tuple(map(str, range(1000)))
FIVE_PERCENT = Goal("ratio", most=0.05)


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        budgets: evaluations; `LEAST` is M + 2.
        games: of each family, for coverage.
        beside: of these also by peers.
        models, images, seeds: of the digits networks.
        exact: evaluations of a reference, for a digits network and for a photograph.
        photographs: of the network of timm.
        rounds: of timing.
        workers: processes.
    """

    budgets: tuple[int, ...] = (LEAST, 100, 150, 350, 1000, 2000)
    games: int = 60
    beside: int = 12
    models: tuple[str, ...] = MODELS
    images: int = 4
    seeds: int = 2
    exact: tuple[int, int] = (40_000, 8_000)
    photographs: int = 4
    rounds: int = 5
    workers: int = 2


QUICK = Effort(
    budgets=(LEAST, 150),
    games=4,
    beside=2,
    models=MODELS[:1],
    images=1,
    seeds=1,
    exact=(2_000, 1_000),
    photographs=1,
    rounds=1,
)


@dataclass(frozen=True)
class Network:
    """A network of timm with weights of its own, and photographs for it."""

    name: str
    weights: Path
    photographs: Path

    @property
    def paths(self) -> list[Path]:
        """Files of the photographs, in order."""
        every = files_below(self.photographs)
        return [path for path in every if path.suffix.lower() in SUFFIXES]


def families(effort: Effort) -> list[Row]:
    """Errors, coverage and width for every family of games in closed form."""
    jobs = [
        partial(estimates.of_families, number, effort.budgets, number < effort.beside)
        for number in range(effort.games)
    ]
    return estimates.rows(in_processes(jobs, effort.workers), tuple(games.NAMED))


def networks(effort: Effort) -> list[Row]:
    """Errors against references, coverage and width for the trained networks of the digits study."""
    cases = product(effort.models, range(effort.images))
    jobs = [partial(_digits_case, key, image, effort) for key, image in cases]
    return estimates.rows(in_processes(jobs, effort.workers), digits.OUTPUTS, "digits, ")


def _digits_case(key: str, image: int, effort: Effort) -> Cases:
    game = digits.game_of(key, image)
    truth = digits.reference(game, digits.weights(key), image, effort.exact[0])
    return estimates.of_network(game, truth, effort.budgets, _seeds(image, effort))


def photographs(network: Network, effort: Effort) -> list[Row]:
    """Errors against references, coverage and width for a network of timm on photographs."""
    jobs = [
        partial(_photograph_case, network, image, effort) for image in range(effort.photographs)
    ]
    return estimates.rows(in_processes(jobs, effort.workers), digits.OUTPUTS, f"{network.name}, ")


def _photograph_case(network: Network, image: int, effort: Effort) -> Cases:
    model = ta.load(network.name, weights=network.weights, classes=IMAGENET_CLASSES)
    paths = network.paths
    # from all over the folder, whose order is often that of classes
    chosen = paths[image * len(paths) // effort.photographs]
    (pixels,) = ta.images([chosen], size=model.size).pixels
    game = NetworkGame(model, pixels, superpixels(pixels, count=SEGMENTS, compactness=10))
    truth = digits.reference(game, network.weights, image, effort.exact[1])
    return estimates.of_network(game, truth, effort.budgets, _seeds(image, effort))


def _seeds(image: int, effort: Effort) -> range:
    return range(image * effort.seeds, (image + 1) * effort.seeds)


def in_processes(jobs: Sequence[Callable[[], Cases]], workers: int) -> Cases:
    """All estimates that jobs make, in processes of one thread each."""
    with ProcessPoolExecutor(workers, get_context("spawn"), single_threaded) as pool:
        return estimates.together(list(pool.map(_called, jobs)))


def _called(job: Callable[[], Cases]) -> Cases:
    return job()


def seconds(effort: Effort) -> list[Row]:
    """The time of solving for one image and one model, over that of its passes without anything else."""
    passes = {name: _seconds_of_a_pass(*timed, effort.rounds) for name, timed in _timed().items()}
    known = games.FAMILIES["orders 2 to 6"](PLAYERS, np.random.default_rng(0))
    total = games.differences_of(known.game, np.ones((1, PLAYERS), bool))
    relevance = np.random.default_rng(0).uniform(0.1, 3, PLAYERS)
    rows = []
    for budget in effort.budgets:
        evaluations = budget or PLAYERS + 2
        design = draw(PLAYERS, evaluations, np.random.default_rng(0))
        found = games.differences_of(known.game, design.members)[:, None]
        solve = partial(_solve, design, relevance, found, total)
        ours = float(np.median(in_turns({"ours": solve}, effort.rounds)["ours"]))
        for name, one in passes.items():
            of = f"Seconds of solving: {PLAYERS} players, {label(budget)} evaluations"
            rows.append(Row(of, f"passes of {name}", ours, one * evaluations, FIVE_PERCENT))
    return rows


def _solve(design: Design, relevance: np.ndarray, found: np.ndarray, total: np.ndarray) -> None:
    Solver(design, relevance).solve(found, total, np.random.default_rng(0), DRAWS)


def _timed() -> dict[str, tuple[Model, int]]:
    """Networks with random weights, which cost as much as trained ones, and the size of their batches."""
    side = digits.study()["images"]["size"]
    small = {
        f"{key}, {side} px": Architecture.of({**digits.study()["catalogue"][key], "name": key})
        for key in TIMED
    }
    timed = {name: (random_model(each, 10, side), PASSES) for name, each in small.items()}
    return {**timed, "ResNet-50, 224 px": (imagenet_model("resnet50"), PASSES // 4)}


def _seconds_of_a_pass(model: Model, batch: int, rounds: int) -> float:
    taken = in_turns({"passes": partial(speed.passes, model, batch, batch)}, rounds)["passes"]
    return float(np.median(taken)) / batch


def layout(rows: pd.DataFrame) -> list[str]:
    """One line for everything that is asked and every budget: all errors, coverage and width."""
    parts = rows["measure"].str.split(": ", n=1, expand=True)
    wide = parts[0].isin([ERROR, COVERAGE, WIDTH])
    peers = [name for name in rows[parts[0] == ERROR]["peer"].unique() if name]
    columns = ("of", "evaluations", "ours", *peers, "coverage", "width", "goals missed")
    lines = ["", "### Median squared relative error, and 95 % intervals", ""]
    lines += ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    for of in parts[wide][1].unique():
        chosen = rows[wide & (parts[1] == of)]
        kinds = parts.loc[chosen.index, 0]
        errors = chosen[kinds == ERROR]
        values = [errors["ours"].iloc[0], *errors["theirs"][errors["peer"] != ""]]
        least = min(map(float, values))
        marked = [f"**{value}**" if float(value) == least else value for value in values]
        interval = [chosen[kinds == kind]["ours"].iloc[0] for kind in (COVERAGE, WIDTH)]
        missed = dict.fromkeys(
            kinds[chosen["met"] == "no"].map({ERROR: "error", COVERAGE: "coverage"})
        )
        cells = (*of.rsplit(", ", 1), *marked, *interval, ", ".join(missed))
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, *by_kind(rows[~wide])]


def parts(asked: argparse.Namespace) -> dict[str, Part]:
    """What can be measured, in the order in which it is; what cannot is told.

    Raises:
        InputError: the digits networks, the weights or the photographs are not there.
    """
    effort = replace(QUICK if asked.quick else Effort(), workers=asked.workers)
    there: dict[str, Part] = {
        "families": partial(families, effort),
        "networks": partial(networks, effort),
        "seconds": partial(seconds, effort),
    }
    if "networks" in (asked.parts or PARTS):
        digits.check(list(effort.models))
    if not newest.ESTIMATORS:
        print(newest.MISSING, flush=True)
    if asked.weights is None or asked.photographs is None:
        sentence = (
            "a network on photographs is left out; give --weights and --photographs to have it"
        )
        if "photographs" in (asked.parts or ()):
            raise InputError(sentence)
        print(sentence, flush=True)
        return there
    network = Network(asked.network, asked.weights, asked.photographs)
    for option, path in (("--weights", network.weights), ("--photographs", network.photographs)):
        if not path.exists():
            raise InputError(f"{option}: there is no {path}; give a path that exists")
    if len(network.paths) < effort.photographs:
        raise InputError(
            f"--photographs: {network.photographs} has {len(network.paths)} images, "
            f"{effort.photographs} are needed; give a folder with more of them"
        )
    return {**there, "photographs": partial(photographs, network, effort)}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("shapley", __doc__, PARTS, OUTPUT, PAGE)
    parser.add_argument("--workers", type=int, default=2, help="processes for what is not timed")
    parser.add_argument("--network", default="tf_efficientnet_lite0", help="name in timm")
    parser.add_argument("--weights", type=Path, help="file of that network's weights (safetensors)")
    parser.add_argument("--photographs", type=Path, help="folder of photographs for it")
    asked = parser.parse_args(arguments)
    run(asked, partial(parts, asked), output=OUTPUT, partial=PARTIAL, page=PAGE, layout=layout)


if __name__ == "__main__":
    main()
