"""Tests over permutations, and resampling of images, beside peers: `python -m benchmarks.statistics`.

Writes results/benchmarks/statistics.csv and, beside it, a JSON of where and how it was measured; `--docs`
puts the table on docs/measured/statistics.md, which says what is measured. Needs no study.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist, squareform
from skbio import DistanceMatrix
from skbio.stats import distance as skbio

from benchmarks import chance, resampling
from benchmarks.common import Goal, Part, Row, command_line, in_turns, run, timed
from thinkalike.statistics.mantel import mantel
from thinkalike.statistics.permanova import permanova, permdisp

OUTPUT = Path("results/benchmarks/statistics.csv")
PARTIAL = OUTPUT.with_stem("statistics-partial")
PAGE = Path("docs/measured/statistics.md")
PEER = "scikit-bio"


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        sizes: numbers of models of the families, for each case.
        permutations: drawn, by both.
        rounds: of runs in turns, whose median counts.
    """

    sizes: tuple[tuple[int, ...], ...] = ((9, 5), (40, 35, 25))
    permutations: int = 999
    rounds: int = 5


QUICK = Effort(((9, 5),), 99, 1)


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        quick: a little of everything, to see that it runs.
    """
    effort = QUICK if quick else Effort()
    return {
        "permutations": lambda: permutation_tests(effort),
        **chance.parts(quick=quick),
        **resampling.parts(quick=quick),
    }


def permutation_tests(effort: Effort) -> list[Row]:
    """Seconds of tests over as many permutations as a peer makes, and how far the statistics differ."""
    seconds, differences = [], []
    for sizes in effort.sizes:
        matrices, families = made_up(sizes)
        of = f"{sum(sizes)} models, {effort.permutations:,} permutations"
        for name, (ours, theirs) in tests(matrices, families, effort.permutations).items():
            spent = in_turns({"ours": ours, "theirs": theirs}, effort.rounds)
            goal = Goal("ratio", most=1)
            measure = f"Seconds of a test: {name}, {of}"
            seconds.append(timed(measure, PEER, spent["ours"], spent["theirs"], goal))
            apart = abs(ours() / theirs() - 1)
            measure = f"Relative difference of the statistics: {name}, {of}"
            differences.append(Row(measure, PEER, apart, goal=Goal("ours", most=1e-6)))
    return seconds + differences


def made_up(sizes: tuple[int, ...]) -> tuple[tuple[np.ndarray, np.ndarray], list[str]]:
    """Two matrices of distances of points in families, which have something in common, and the families."""
    draws = np.random.default_rng(0)
    shared = draws.normal(size=(sum(sizes), 8))
    first, second = (
        squareform(pdist(shared + draws.normal(size=shared.shape) / 2)) for _ in range(2)
    )
    return (first, second), np.repeat(list("abc")[: len(sizes)], sizes).tolist()


def tests(
    matrices: tuple[np.ndarray, np.ndarray], families: list[str], number: int
) -> dict[str, tuple[Callable[[], float], Callable[[], float]]]:
    """Test → ours and the peer's, each over so many drawn permutations; both return their statistic.

    scikit-bio's Mantel test permutes across families, so ours does here.
    """
    theirs = [DistanceMatrix(matrix) for matrix in matrices]
    drawn = {"permutations": number, "seed": 0}
    # in all dimensions and about means, as ours; by default about medians in ten
    spread = {**drawn, "test": "centroid", "dimensions": len(families) - 1}
    statistic = "test statistic"
    return {
        "Mantel, Pearson": (
            lambda: mantel(*matrices, seed=0, kind="pearson", most=number).r,
            lambda: skbio.mantel(*theirs, method="pearson", alternative="greater", **drawn)[0],
        ),
        "Mantel, Spearman": (
            lambda: mantel(*matrices, seed=0, most=number).r,
            lambda: skbio.mantel(*theirs, method="spearman", alternative="greater", **drawn)[0],
        ),
        "PERMANOVA": (
            lambda: permanova(matrices[0], families, seed=0, most=number).f,
            lambda: float(skbio.permanova(theirs[0], families, **drawn)[statistic]),
        ),
        "PERMDISP": (
            lambda: permdisp(matrices[0], families, seed=0, most=number).f,
            lambda: float(skbio.permdisp(theirs[0], families, **spread)[statistic]),
        ),
    }


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("statistics", __doc__, parts(quick=True), OUTPUT, PAGE)
    asked = parser.parse_args(arguments)
    run(asked, lambda: parts(quick=asked.quick), output=OUTPUT, partial=PARTIAL, page=PAGE)


if __name__ == "__main__":
    main()
