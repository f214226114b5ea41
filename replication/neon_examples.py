"""The published examples of NEON, iris and wine, by our own code.

Wine is right where it was published (the demonstration `jacobkauffmann/neon_demo`), and comes out again
to its printed digits. Iris (the notebook LRP.ipynb of `AlexF1994/cluster-explain`, package cxplain) is
right up to the logit; its relevances are not, and stand here beside the right ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris, load_wine
from sklearn.preprocessing import minmax_scale

from replication.quantity import Row, table_of
from thinkalike.clustering.features import match
from thinkalike.errors import InputError
from thinkalike.neon.estimator import Neon
from thinkalike.neon.explanation import ClusterExplanation

SEED = 0
"""Seed of the evaluation of the examples, which belong to no study."""

STARTS = 200
"""Largest number of starts of k-means until one ends in the published optimum: the defaults of
scikit-learn, and with them where it ends from a seed, have changed since."""

IRIS, WINE = "cxplain, iris", "neon_demo, wine"

INERTIA = {"iris": 78.851441426146, "wine": 48.9605171}
"""Published sums of squared distances to the centroids."""

SIZES = "62, 50, 38"

BETA, LOGIT = "0.174563913966", "11.6712947138"

WRONG_RELEVANCES = {
    None: (3.84030905, 3.90558126, 3.58400297, 3.34829464),
    0.5: (3.45867224, 3.53642868, 3.15334397, 2.87255308),
}
"""β (None: from the points) → published relevances of point 0."""

STALE_RELEVANCES = (3.61217025, 7.53545926, 4.16625167, 3.70579392)
"""Relevances of point 0 in another cell of the notebook, which was run with an earlier rule."""

WRONG_MEANS = (1.795856, 1.787152, 1.770622, 1.729748)

WRONG = (
    "The published rule takes half the difference of two centroids for their midpoint, multiplies by a "
    "competitor's activation where its weight belongs, and normalises over the competitors where it has to "
    "over the features: relevances come out nearly the same for all features and do not sum to the logit."
)

STALE = f"{WRONG} (Of a cell run before the rule was changed: with the weight, the other errors remain.)"

ROWS_OF_WINE = {
    60: ("2", "1", "0.52", "0.0772"),
    61: ("2", "1", "0.56", "0.2447"),
    68: ("2", "1", "0.52", "0.0800"),
    70: ("2", "1", "0.52", "0.0866"),
    73: ("0", "1", "0.57", "0.2848"),
    83: ("2", "1", "0.61", "0.4378"),
    92: ("2", "1", "0.50", "0.0089"),
    95: ("0", "1", "0.53", "0.1348"),
    118: ("2", "1", "0.55", "0.2151"),
}
"""Point → class of its cluster, its own class, probability, and logit, which is the sum of relevances."""


@dataclass(frozen=True)
class Example:
    """A data set with the clusters that were published for it.

    Attributes:
        name: of the data set.
        points: (N, D), with names of the features.
        classes: (N,) names of the points' classes.
        neon: fitted.
    """

    name: str
    points: pd.DataFrame
    classes: np.ndarray
    neon: Neon

    def explained(self) -> tuple[ClusterExplanation, pd.DataFrame]:
        """Explanation of every point by NEON, and its table with classes of points and clusters."""
        explanation = self.neon.explain(self.points)
        matching = match(explanation.clusters, self.classes, explanation.count)
        names = np.array(matching.classes, object)
        table = explanation.table().assign(
            cluster=names[explanation.clusters], competitor=names[explanation.competitors]
        )
        table.insert(0, "class_name", self.classes)
        table.insert(0, "point", range(len(table)))
        return explanation, table


def iris() -> Example:
    """150 flowers, features in cm, in three clusters; β from the points."""
    data = load_iris(as_frame=True)
    classes = data["target_names"][data["target"].to_numpy()]
    return _example("iris", data["data"], classes, None)


def wine() -> Example:
    """178 wines, every feature scaled to [0, 1], in three clusters; β = 1."""
    data = load_wine(as_frame=True)
    points = pd.DataFrame(minmax_scale(data["data"]), columns=data["data"].columns)
    return _example("wine", points, data["target"].to_numpy().astype(str), 1.0)


def _example(name: str, points: pd.DataFrame, classes: np.ndarray, beta: float | None) -> Example:
    centroids = published_optimum(points.to_numpy(), INERTIA[name])
    return Example(name, points, classes, Neon(centroids, beta=beta).fit(points))


def published_optimum(points: np.ndarray, inertia: float) -> np.ndarray:
    """Centroids of three clusters in the local optimum of k-means that has this inertia.

    Raises:
        InputError: no start has ended there.
    """
    for seed in range(STARTS):
        fitted = KMeans(3, n_init=1, random_state=seed).fit(points)
        if abs(fitted.inertia_ - inertia) < 1e-6:
            return np.asarray(fitted.cluster_centers_)
    raise InputError(
        f"k-means ended in no optimum with the published inertia {inertia} from {STARTS} starts; give "
        "the installed scikit-learn's version with your report of this"
    )


def compare(flowers: Example, wines: Example) -> pd.DataFrame:
    """Table of every published number of the two examples beside ours."""
    return table_of([*_rows_of_iris(flowers), *_rows_of_wine(wines)])


def _row(entry: str, quantity: str, published: str, ours: str, reason: str = "") -> Row:
    return Row(entry, quantity, published, ours, "yes" if ours == published else "no", reason)


def _rows_of_iris(example: Example) -> Iterator[Row]:
    neon, names = example.neon, list(example.points.columns)
    explanation, _ = example.explained()
    sizes = sorted(np.bincount(explanation.clusters).tolist(), reverse=True)
    yield _row(IRIS, "points in each cluster", SIZES, ", ".join(map(str, sizes)))
    yield _row(IRIS, "β, one over the mean logit", BETA, f"{neon.beta_:.12g}")
    yield _row(IRIS, "logit of point 0", LOGIT, f"{explanation.logits[0]:.12g}")
    for beta, published in WRONG_RELEVANCES.items():
        what = f"relevances of point 0, {'β from the points' if beta is None else f'β = {beta}'}"
        varied = Neon(neon.centroids_, beta=beta or neon.beta_).fit()
        ours = varied.explain(example.points[:1]).relevances[0]
        yield from _relevances(what, names, published, ours, 8, WRONG)
        total = f"{sum(published):.6f}", f"{ours.sum():.6f}"
        yield _row(IRIS, f"{what}: their sum, the logit", *total, WRONG)
        if beta is not None:
            what += ", another cell"
            yield from _relevances(what, names, STALE_RELEVANCES, ours, 8, STALE)
    yield from _relevances("mean relevance", names, WRONG_MEANS, explanation.overall, 6, WRONG)


def _relevances(
    what: str,
    names: list[str],
    published: tuple[float, ...],
    ours: np.ndarray,
    digits: int,
    reason: str,
) -> Iterator[Row]:
    """One row for each feature."""
    for name, theirs, own in zip(names, published, ours, strict=True):
        yield _row(IRIS, f"{what}: {name}", f"{theirs:.{digits}f}", f"{own:.{digits}f}", reason)


def _rows_of_wine(example: Example) -> Iterator[Row]:
    explanation, table = example.explained()
    wrong = table.index[table["cluster"] != table["class_name"]]
    listed = ", ".join(map(str, ROWS_OF_WINE))
    yield _row(WINE, "points in a cluster of another class", listed, ", ".join(map(str, wrong)))
    for point, (cluster, own, probability, logit) in ROWS_OF_WINE.items():
        row = table.loc[point].to_dict()
        total = f"{explanation.relevances[point].sum():.4f}"
        yield _row(WINE, f"point {point}: cluster", cluster, row["cluster"])
        yield _row(WINE, f"point {point}: class", own, row["class_name"])
        yield _row(WINE, f"point {point}: probability", probability, f"{row['probability']:.2f}")
        yield _row(WINE, f"point {point}: sum of relevances", logit, total)
        yield _row(WINE, f"point {point}: logit", logit, f"{row['logit']:.4f}")
