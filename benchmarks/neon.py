"""NEON beside its peers: `python -m benchmarks.neon`.

Writes results/benchmarks/neon.csv and, beside it, a JSON of where and how it was measured; `--docs` puts
the table on docs/measured/neon.md, which says what is measured. Needs no study.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits, load_iris, load_wine

from benchmarks import neon_peers as peers
from benchmarks.common import Goal, Part, Row, command_line, in_turns, run, timed
from thinkalike.neon.estimator import Neon
from thinkalike.neon.flipping import flip, flip_by

OUTPUT = Path("results/benchmarks/neon.csv")
PARTIAL = OUTPUT.with_stem("neon-partial")
PAGE = Path("docs/measured/neon.md")
PEERS = {peers.LOOP: peers.loop, peers.WEIGHTS: peers.all_weights}
DATA = {"iris": (load_iris, 3), "wine": (load_wine, 3), "digits": (load_digits, 10)}
"""Loaders, and how many clusters are made."""
SPREAD = 0.2
"""Of centroids, in standard deviations of a cluster: clusters that touch each other."""
FAR = 20
"""The same of two groups of clusters, in every feature."""


@dataclass(frozen=True)
class Shape:
    """Of made-up data.

    Attributes:
        points, features, clusters: how many.
        quicker: what is to be taken of a peer's seconds, at most.
    """

    points: int
    features: int
    clusters: int
    quicker: float

    def __str__(self) -> str:
        return f"{self.points:,} x {self.features:,}, {self.clusters} clusters"


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        shapes: that are timed; memory is that of the first.
        rounds: of runs in turns.
        checked: points that are explained in extended precision too.
        data: names of DATA.
    """

    shapes: tuple[Shape, ...] = (Shape(100_000, 512, 50, 1 / 15), Shape(10_000, 3_072, 10, 1))
    rounds: int = 3
    checked: int = 1_000
    data: tuple[str, ...] = tuple(DATA)


QUICK = Effort((Shape(500, 32, 8, 1 / 15),), 1, 20, ("iris",))


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        quick: a little of everything, to see that it runs.
    """
    effort = QUICK if quick else Effort()
    return {
        "speed": lambda: speed(effort),
        "floor": lambda: floor(effort),
        "memory": lambda: memory(effort),
        "conservation": lambda: conservation(effort),
        "faithfulness": lambda: faithfulness(effort),
    }


def speed(effort: Effort) -> list[Row]:
    """Seconds for the relevances of all points, and how far off they are."""
    seconds, errors = [], []
    for shape, dtype in _cases(effort):
        of = f"{shape}, {dtype}"
        points, centroids = blobs(shape, dtype)
        neon = _fitted(points, centroids)
        runs: dict[str, Callable[[], object]] = {"ours": lambda p=points, n=neon: n.explain(p)}
        for name, relevances in PEERS.items():
            runs[name] = lambda r=relevances, p=points, c=centroids, b=neon.beta_: r(p, c, b)
        spent = in_turns(runs, effort.rounds)
        few = points[: effort.checked]
        exact = peers.loop(few.astype(np.longdouble), centroids.astype(np.longdouble), neon.beta_)
        ours = _error(neon.explain(few).relevances, exact)
        for name, relevances in PEERS.items():
            goal = Goal("ratio", most=shape.quicker)
            seconds.append(
                timed(f"Seconds of all relevances: {of}", name, spent["ours"], spent[name], goal)
            )
            errors.append(
                Row(
                    "Largest difference from extended precision, of a point's largest relevance, "
                    f"{len(few):,} points: {of}",
                    name,
                    ours,
                    _error(relevances(few, centroids, neon.beta_), exact),
                    Goal("ours", most=1e-10) if dtype == "float64" else None,
                )
            )
    return seconds + errors


def floor(effort: Effort) -> list[Row]:
    """Seconds beside those of the two products of matrices that cannot be done without."""
    rows = []
    for shape, dtype in _cases(effort):
        points, centroids = blobs(shape, dtype)
        neon = _fitted(points, centroids)
        far = blobs(shape, dtype, apart=FAR)
        neon_of_far = _fitted(*far)
        shares = np.random.default_rng(1).random((shape.points, shape.clusters)).astype(dtype)
        runs: dict[str, Callable[[], object]] = {
            "products": lambda p=points, c=centroids, s=shares: (p @ c.T, s @ c),
            "β given": lambda p=points, n=neon: n.explain(p),
            "β found as well": lambda p=points, c=centroids: Neon(c).fit(p).explain(p),
            "β given, two groups of clusters far apart": lambda f=far, n=neon_of_far: n.explain(
                f[0]
            ),
        }
        spent = in_turns(runs, effort.rounds)
        for name in list(runs)[1:]:
            rows.append(
                timed(
                    f"Seconds beside two products of matrices: {shape}, {dtype}, {name}",
                    "X Mᵀ and S M",
                    spent[name],
                    spent["products"],
                    Goal("ratio", most=4) if name == "β given" else None,
                )
            )
    return rows


def memory(effort: Effort) -> list[Row]:
    """Peak memory, points and relevances among it."""
    rows = []
    for shape, dtype in _cases(Effort(effort.shapes[:1])):
        points, centroids = blobs(shape, dtype)
        neon = _fitted(points, centroids)
        taken = points.nbytes + peak(lambda p=points, n=neon: n.explain(p))
        measure = f"Peak memory, multiple of the points: {shape}, {dtype}"
        rows.append(Row(measure, "", taken / points.nbytes, goal=Goal("ours", most=3)))
    return rows


def conservation(effort: Effort) -> list[Row]:
    """How far the relevances of real points are from summing to their logits."""
    exact, single, medians = [], [], []
    for name in effort.data:
        load, count = DATA[name]
        points = load().data.astype(np.float64)
        kmeans = KMeans(count, n_init=10, random_state=0).fit(points)
        found = 1 / float(Neon(kmeans, beta=0).fit().logits(points).mean())
        for beta, named in ((0, "β = 0"), (found, "β = 1/mean logit"), (np.inf, "β = ∞")):
            of = f"{name}, {named}"
            neon = Neon(kmeans, beta=beta).fit()
            ours = sums(neon, points)
            single_ours = sums(neon, points.astype(np.float32))
            theirs = peers.cxplain(points, kmeans.cluster_centers_, beta).sum(1) / neon.logits(
                points
            )
            exact.append(
                Row(
                    f"Largest |ΣR − f|/f, float64: {of}",
                    peers.CXPLAIN,
                    _off(ours),
                    _off(theirs),
                    Goal("ours", most=1e-10),
                )
            )
            single.append(Row(f"Largest |ΣR − f|/f, float32: {of}", "", _off(single_ours)))
            medians.append(
                Row(
                    f"Median of ΣR/f, float64: {of}",
                    peers.CXPLAIN,
                    float(np.median(ours)),
                    float(np.median(theirs)),
                )
            )
    return exact + single + medians


def faithfulness(effort: Effort) -> list[Row]:
    """Areas of feature flipping: how much of the logit is left on average, as features are removed."""
    rows = []
    for name in effort.data:
        load, count = DATA[name]
        points = load().data.astype(np.float64)
        kmeans = KMeans(count, n_init=10, random_state=0).fit(points)
        neon = Neon(kmeans).fit(points)
        curves = flip_by(neon, points, draw=np.random.default_rng(0))
        wrong = peers.cxplain(points, neon.centroids_, neon.beta_)
        order = np.argsort(-wrong, axis=1, kind="stable")
        clusters = neon.predict(points)
        curves[peers.CXPLAIN] = flip(points, neon.centroids_, clusters, order, points.mean(0))
        areas = {key: float(c.areas.mean() / c.logits[:, 0].mean()) for key, c in curves.items()}
        for key in (peers.CXPLAIN, "gradient_input", "distance", "random"):
            # areas may be negative: their quotient says nothing
            rows.append(
                Row(
                    f"Area of feature flipping: {name}",
                    key.replace("_", " × "),
                    areas["neon"],
                    areas[key],
                    Goal("ours", most=areas[key]),
                    in_pairs=np.nan,
                )
            )
    return rows


def blobs(shape: Shape, dtype: str, apart: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around centroids that are normally distributed, in two groups if they are apart."""
    rng = np.random.default_rng(0)
    centroids = SPREAD * rng.standard_normal((shape.clusters, shape.features))
    centroids[::2] += apart
    clusters = rng.integers(shape.clusters, size=shape.points)
    points = rng.standard_normal((shape.points, shape.features)) + centroids[clusters]
    return points.astype(dtype), centroids.astype(dtype)


def peak(work: Callable[[], object]) -> int:
    """Bytes that work has at once at most, beside what was there before; what it returns counts."""
    tracemalloc.start()
    try:
        result = work()
        _, most = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return most


def sums(neon: Neon, points: np.ndarray) -> np.ndarray:
    """(N,) ΣR/f of points, summed in float64."""
    found = neon.explain(points)
    return found.relevances.sum(1, dtype=np.float64) / found.logits


def _cases(effort: Effort) -> list[tuple[Shape, str]]:
    return [(shape, dtype) for shape in effort.shapes for dtype in ("float32", "float64")]


def _fitted(points: np.ndarray, centroids: np.ndarray) -> Neon:
    """With the β of the heuristic, given."""
    return Neon(centroids, beta=Neon(centroids).fit(points).beta_).fit()


def _error(relevances: np.ndarray, exact: np.ndarray) -> float:
    """The largest over points, each in the unit of its largest relevance."""
    return float((np.abs(relevances - exact).max(1) / np.abs(exact).max(1)).max())


def _off(ratios: np.ndarray) -> float:
    return float(np.abs(ratios - 1).max())


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("neon", __doc__, parts(quick=True), OUTPUT, PAGE)
    asked = parser.parse_args(arguments)
    run(asked, lambda: parts(quick=asked.quick), output=OUTPUT, partial=PARTIAL, page=PAGE)


if __name__ == "__main__":
    main()
