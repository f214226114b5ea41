"""What noise in Shapley values does to the cosine of two maps, and how well that is known."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np

from benchmarks import games
from benchmarks.accuracy import CAPTUM, NORMAL
from benchmarks.common import Row
from benchmarks.digits import OURS, OUTPUTS, Measured
from thinkalike.compare.bases import Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison, compare_arrays
from thinkalike.explain.shapley.coalitions import draw
from thinkalike.explain.shapley.solver import Solver
from thinkalike.methods import DRAWS
from thinkalike.randomness import generator

COSINE = Comparison("cosine", sign="signed", rescaling="none")
STATED = "bias as stated"
FAMILIES = ("orders 2 to 6", "orders 2 to 12", "products", "maximum")
"""Families of the simulated games, keys of `games.FAMILIES`."""
ALIKE = (0.0, 0.6, 0.95)
"""Weights of the first game of a pair in the second."""
BUDGETS = (52, 100, 350)
"""Evaluations of simulated games of 50 players: M + 2, 2 M, 7 M."""


def ceiling(groups: Mapping[str, Sequence[Measured]], models: Sequence[str]) -> list[Row]:
    """Rows about trained networks: the cosine of a model with itself, and of two models.

    Args:
        groups: name → games, among them each model's by its key.
        models: keys.
    """
    rows = []
    for output, name in enumerate(OUTPUTS):
        what = f"Cosine of a model with itself, other coalitions, {name}"
        for key, cases in groups.items():
            ours, theirs = (
                float(np.mean([_with_itself(m, method, output) for m in cases]))
                for method in (OURS, CAPTUM)
            )
            rows.append(Row(f"{what}: {key}", CAPTUM, ours, theirs))
    for output, name in enumerate(OUTPUTS):
        rows += _between_models({key: groups[key] for key in models}, output, name)
    return rows


def _between_models(
    measured: Mapping[str, Sequence[Measured]], output: int, name: str
) -> list[Row]:
    """Reported against true similarity of all pairs of models; ours share their coalitions."""
    what = f"Cosine of two models, {name}"
    rows, missed, errors, biases, others = [], [], [], [], []
    for a, b in combinations(measured, 2):
        pairs = list(zip(measured[a], measured[b], strict=True))
        true = np.array([_cosine(m, n, m.reference[output], n.reference[output]) for m, n in pairs])
        noise = [_stated(m, n, output) for m, n in pairs]
        ours = np.array([_shared(m, n, output) for m, n in pairs]) - true[:, None]
        theirs = np.array([_independent(m, n, output) for m, n in pairs]) - true[:, None]
        missed.append(ours)
        others.append(theirs)
        errors.append([error for error, _ in noise])
        biases.append([bias for _, bias in noise])
        place = f"{what}: {a} and {b}, reported − true ({true.mean():.3f})"
        for peer, value in (
            (f"{CAPTUM}, independent draws", theirs.mean()),
            (STATED, np.mean(biases[-1])),
        ):
            rows.append(Row(place, peer, float(ours.mean()), float(value)))
    away, error, bias = (
        np.array(part).reshape(len(missed), -1) for part in (missed, errors, biases)
    )
    absolute = [float(np.mean(np.abs(part))) for part in (away, np.array(others))]
    rows.append(Row(f"{what}: mean |error| of an image", f"{CAPTUM}, independent draws", *absolute))
    size, said = (float(np.sqrt(np.mean(part.mean(1) ** 2))) for part in (away, bias))
    rows.append(Row(f"{what}: reported − true of means, root mean square", STATED, size, said))
    rows.append(Row(f"{what}: mean stated standard error of an image", "", float(error.mean())))
    size = float(np.sqrt(np.mean(away**2) / np.mean(error**2)))
    rows.append(Row(f"{what}: error over stated standard error, root mean squares", "", size))
    scores = np.abs(away / error)
    middle = float(np.median(scores))
    rows.append(Row(f"{what}: median |error / stated standard error|", "", middle))
    inside = float(np.mean(scores < NORMAL))
    rows.append(Row(f"{what}: share within 1.96 standard errors", "", inside))
    return rows


def simulated(images: int, *, players: int = 50, budgets: Sequence[int] = BUDGETS) -> list[Row]:
    """Rows about pairs of simulated games: mean cosine less the true one, beside the bias as stated.

    The second game of a pair is a mixture of the first and of another one. With interactions `in common`
    it is the mixture in everything; with interactions `of its own` it has them from the other game, and
    an additive game makes its Shapley values those of the mixture.

    Args:
        images: pairs of each kind.
        players: M.
        budgets: numbers of evaluations.
    """
    rows = []
    for family in FAMILIES:
        for evaluations in budgets:
            parts = [_simulated_pairs(family, players, evaluations, i) for i in range(images)]
            true, values, bias = np.array(parts).mean(0)
            what = (
                f"Mean cosine of two games less the true one: {family}, {evaluations} evaluations"
            )
            for kind, place in _PAIRS:
                name = f"{what}, interactions {kind}, true {true[place]:.2f}"
                rows.append(Row(name, STATED, float(values[place] - true[place]), bias[place]))
    return rows


_PAIRS = [
    (kind, len(ALIKE) * number + place)
    for number, kind in enumerate(("in common", "of its own"))
    for place in range(len(ALIKE))
]


def _simulated_pairs(
    family: str, players: int, evaluations: int, number: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True cosines of the first game with each of the others, estimated ones, and stated biases."""
    random = generator(0, "cosines", family, number)
    first, other = (_of_unit_length(games.FAMILIES[family](players, random)) for _ in range(2))
    mixtures = [_mixture(first, other, weight, own) for own in (False, True) for weight in ALIKE]
    design = draw(players, evaluations, random)
    everyone = np.ones((1, players), bool)
    asked = np.vstack([everyone, design.members])
    all_games = [first, *mixtures]
    answers = np.stack([games.differences_of(each.game, asked) for each in all_games], 1)
    found = Solver(design).solve(answers[1:], answers[0], random, DRAWS)
    bases = (Pixels(1, players),)
    maps, truth = (
        [Maps(row[None], bases) for row in array]
        for array in (found.values.T, np.array([each.values for each in all_games]))
    )
    draws = [found.draws[None, :, :, game] for game in range(len(all_games))]
    rows = compare_arrays(maps, draws, COSINE)
    true = compare_arrays(truth, [None] * len(truth), COSINE)["similarity"]
    return true[0, 0, 1:], rows["similarity"][0, 0, 1:], rows["estimation_bias"][0, 0, 1:]


def _of_unit_length(known: games.Known) -> games.Known:
    """The game divided by the length of its Shapley values."""
    length = float(np.linalg.norm(known.values))
    return games.Known(lambda coalitions: known.game(coalitions) / length, known.values / length)


def _mixture(first: games.Known, other: games.Known, weight: float, own: bool) -> games.Known:
    """A game with the Shapley values weight · φ(first) + √(1 − weight²) · φ(other)."""
    rest = np.sqrt(1 - weight**2)
    values = weight * first.values + rest * other.values
    game: Callable[[np.ndarray], np.ndarray]
    if own:
        added = values - other.values

        def game(coalitions: np.ndarray) -> np.ndarray:
            return other.game(coalitions) + coalitions @ added

    else:

        def game(coalitions: np.ndarray) -> np.ndarray:
            return weight * first.game(coalitions) + rest * other.game(coalitions)

    return games.Known(game, values)


def _cosine(a: Measured, b: Measured, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cosine of the rendered maps of one image, (…, M_a) and (…, M_b); both have the same players."""
    assert np.array_equal(a.areas, b.areas)
    products = ((x * y * a.areas).sum(-1), (x**2 * a.areas).sum(-1), (y**2 * a.areas).sum(-1))
    return products[0] / np.sqrt(products[1] * products[2])


def _with_itself(m: Measured, method: str, output: int) -> float:
    """Mean cosine over pairs of seeds."""
    values = m.estimates[method][output]
    return float(np.mean([_cosine(m, m, x, y) for x, y in combinations(values, 2)]))


def _shared(a: Measured, b: Measured, output: int) -> np.ndarray:
    """Cosines of our maps, with the same coalitions for both models: (seeds,)."""
    return _cosine(a, b, a.estimates[OURS][output], b.estimates[OURS][output])


def _independent(a: Measured, b: Measured, output: int) -> np.ndarray:
    """Cosines of captum's maps, whose draws are other ones for every model: (seeds,)."""
    others = np.roll(b.estimates[CAPTUM][output], 1, axis=0)
    return _cosine(a, b, a.estimates[CAPTUM][output], others)


def _stated(a: Measured, b: Measured, output: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard error and bias that we state of `_shared`, (seeds,) each."""
    # one map for each seed, in a frame with so many pixels for each player
    basis = Segments(np.repeat(np.arange(len(a.areas)), a.areas)[None])
    bases = (basis,) * len(a.draws[output])
    maps = [Maps(m.estimates[OURS][output], bases) for m in (a, b)]
    rows = compare_arrays(maps, [m.draws[output] for m in (a, b)], COSINE)
    return rows["estimation_error"][:, 0, 1], rows["estimation_bias"][:, 0, 1]
