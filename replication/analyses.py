"""What the experiment log did with its tables, done by our own code, as text to be compared.

Every function takes `Tables` first and returns a text in the form in which the number is published,
or a text and a remark.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise
from math import comb
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from thinkalike.clustering import hierarchical, louvain
from thinkalike.compare.bases import Pixels
from thinkalike.compare.dissimilarity import dissimilarity
from thinkalike.compare.geometry import geometry
from thinkalike.compare.maps import Maps
from thinkalike.compare.matrices import off_diagonal
from thinkalike.compare.similarity import similarity
from thinkalike.compare.summaries import Summary, summarise
from thinkalike.randomness import generator
from thinkalike.statistics.tests import family_test
from thinkalike.stores.tables import read_square, read_table

TRANSFORMERS = ("DeiT_S", "DeiT_T", "PyramidViT_V2_B2", "Swin_T", "ViT_B_32")
"""By the log's names; its other models are CNNs."""


SEEDS = 31


UNTUNED = ("MobileNetV3", "Swin_T")
"""Models that 20240505 could not fine-tune."""


class NotAvailableError(LookupError):
    """A table, or what a number was computed from, is not there."""


class Found(NamedTuple):
    """A text, and what is to be said about it."""

    text: str
    remark: str = ""


Analysis = Callable[["Tables"], "str | Found"]


class Tables:
    """The published tables that are there, by `<experiment>/<file>`; an empty file is not there."""

    def __init__(self, paths: Mapping[str, str | Path]) -> None:
        self._paths = paths

    def square(self, key: str) -> pd.DataFrame:
        """Models against models."""
        return read_square(self._path(key))

    def accuracy(self, key: str) -> pd.Series:
        """Accuracy by model."""
        return read_table(self._path(key), ["model", "accuracy"], index="model")["accuracy"]

    def _path(self, key: str) -> Path:
        path = self._paths.get(key)
        if path is None or Path(path).stat().st_size == 0:
            raise NotAvailableError(f"there is no copy of {key}")
        return Path(path)


def numbers(values: Sequence[float] | np.ndarray, digits: int, between: str = " / ") -> str:
    """Numbers with so many decimals."""
    return between.join(f"{value:.{digits}f}" for value in values)


def models_of(table: pd.DataFrame) -> list[str]:
    """The models of a square table."""
    return [str(name) for name in table.columns]


def hollow(table: pd.DataFrame) -> np.ndarray:
    """The matrix with zeros on the diagonal: a model is no distance from itself."""
    matrix = table.to_numpy(float, copy=True)
    np.fill_diagonal(matrix, 0)
    return matrix


def pair_extremes(tables: Tables, key: str, *, digits: int = 4) -> Found:
    """Smallest, mean and largest cell of different models; the remark names the pairs."""
    table = tables.square(key)
    cells = off_diagonal(table.to_numpy())
    pairs = list(combinations(models_of(table), 2))
    low, high = (pairs[int(i)] for i in (cells.argmin(), cells.argmax()))
    return Found(
        numbers([cells.min(), cells.mean(), cells.max()], digits),
        f"Smallest {'–'.join(low)}, largest {'–'.join(high)}.",
    )


def extreme_pair(tables: Tables, key: str, *, largest: bool) -> str:
    """The two models with the largest or the smallest cell."""
    table = tables.square(key)
    cells = off_diagonal(table.to_numpy())
    index = cells.argmax() if largest else cells.argmin()
    return "–".join(list(combinations(models_of(table), 2))[int(index)])


def mean_cell(tables: Tables, key: str, *, digits: int) -> str:
    """Mean over pairs of different models."""
    return numbers([off_diagonal(tables.square(key).to_numpy()).mean()], digits)


def mean_change(tables: Tables, before: str, after: str) -> str:
    """The same, of two tables."""
    return " → ".join(mean_cell(tables, key, digits=4) for key in (before, after))


def pair_change(tables: Tables, before: str, after: str, *, pair: tuple[str, str]) -> str:
    """One cell of two tables."""
    return " → ".join(cell(tables, key, pair=pair, digits=3) for key in (before, after))


def cell(tables: Tables, key: str, *, pair: tuple[str, str], digits: int = 4) -> str:
    """One cell."""
    table = tables.square(key)
    a, b = map(models_of(table).index, pair)
    return numbers([table.to_numpy()[a, b]], digits)


def count_range(
    tables: Tables, key: str, *, of: int, models: Sequence[str], without: Sequence[str] = ()
) -> str:
    """Smallest and largest count of some models with the others, `without` left out."""
    table = tables.square(key).drop(index=list(without), columns=list(without), errors="ignore")
    others = table.drop(columns=list(models)).loc[list(models)].to_numpy()
    return f"{others.min():.0f} to {others.max():.0f} of {of}"


def correlation_with_diagonal(tables: Tables, counts: str, similarities: str) -> str:
    """Pearson correlation over all cells: both triangles and the diagonal, as the log did."""
    x, y = (tables.square(key).to_numpy().ravel() for key in (counts, similarities))
    return numbers([np.corrcoef(x, y)[0, 1]], 6)


def correlation_of_pairs(tables: Tables, counts: str, similarities: str, *, ranks: bool) -> str:
    """Pearson or Spearman correlation over pairs of different models."""
    x, y = (off_diagonal(tables.square(key).to_numpy()) for key in (counts, similarities))
    value = spearmanr(x, y).statistic if ranks else np.corrcoef(x, y)[0, 1]
    return numbers([float(value)], 3)


def explained_variance(tables: Tables, key: str) -> str:
    """PCA on the rows of 1 − similarity, as on 14 measured features; not multidimensional scaling."""
    return numbers(PCA(2).fit(1 - tables.square(key).to_numpy()).explained_variance_ratio_, 3)


def blank_maps_from_mean(tables: Tables, key: str, *, images: int, models: Sequence[str]) -> str:
    """Blank maps by the diagonal of a mean cosine similarity: (1 − s) × images."""
    diagonal = pd.Series(np.diag(tables.square(key)), tables.square(key).columns)
    return _counts((1 - diagonal) * images, models)


def blank_maps_from_rms(tables: Tables, key: str, *, images: int, models: Sequence[str]) -> str:
    """The same by that of rms: D² = p² + p(1 − p) n/(n − 1), solved for p."""
    table = tables.square(key)
    square = pd.Series(np.diag(table) ** 2, table.columns)
    ratio = images / (images - 1)
    share = (np.sqrt(ratio**2 + 4 * (1 - ratio) * square) - ratio) / (2 * (1 - ratio))
    return _counts(share * images, models)


def _counts(blanks: pd.Series, models: Sequence[str]) -> str:
    rounded = blanks.round().astype(int)
    others = int(rounded.drop(list(models)).sum())
    return f"{' / '.join(str(rounded[model]) for model in models)}, others {others}"


def diagonal(tables: Tables, key: str, *, models: Sequence[str]) -> str:
    """Dissimilarity of models with themselves, as the table has it."""
    table = tables.square(key)
    return numbers(np.diag(table.loc[list(models), list(models)]), 4)


def diagonal_by_formula(_: Tables, *, blanks: Sequence[int], images: int) -> str:
    """The same from the number of blank maps: √(p² + p(1 − p) n/(n − 1)), p = blank/n."""
    shares = np.array(blanks) / images
    return numbers(np.sqrt(shares**2 + shares * (1 - shares) * images / (images - 1)), 4)


def diagonal_by_comparison(_: Tables, *, blanks: Sequence[int], images: int) -> str:
    """The same from our comparison of synthetic maps with so many blank ones."""
    draws = generator(0, "synthetic maps")
    models = []
    for number in blanks:
        coefficients = draws.random((images, 16)) + 0.1
        coefficients[:number] = 0
        models.append(Maps(coefficients, (Pixels(4, 4),)))
    values = similarity(models, "cosine", blanks="zero")
    return numbers(np.diag(dissimilarity(summarise(values), "rms")), 4)


def rms_from_moments(_: Tables, *, images: int, distance: float, deviation: float) -> str:
    """Our rms from 1 − mean and the deviation over n, which becomes the one over n − 1."""
    mean = np.array([[1 - distance]])
    unbiased = np.array([[deviation]]) * np.sqrt(images / (images - 1))
    summary = Summary(np.array([[images]]), mean, unbiased)
    return numbers(dissimilarity(summary, "rms").ravel(), 6)


def heights(tables: Tables, key: str, *, kind: str, last: int | None = None) -> str:
    """Heights of a dendrogram, the last ones or all."""
    tree = hierarchical.linkage(hollow(tables.square(key)), kind, euclidean=True)
    return numbers(tree[:, 2][-last if last else None :], 4, " ")


def ward_of_unit_maps(tables: Tables, key: str, *, number: int) -> str:
    """Groups of a cut of ward on √(2(1 − s)), the distance of unit maps (chord), from mean cosine."""
    table = tables.square(key)
    similarities = table.to_numpy(float, copy=True)
    np.fill_diagonal(similarities, 1)
    nothing = np.zeros_like(similarities)
    distances = dissimilarity(Summary(nothing, similarities, nothing), "chord")
    tree = hierarchical.linkage(distances, "ward", euclidean=True)
    return groups(models_of(table), hierarchical.cut(tree, number))


def groups(names: Sequence[str], labels: Sequence[int] | np.ndarray) -> str:
    """All groups but the largest by name, the largest as `rest`; of equals it is the last."""
    members = pd.Series(names).groupby(list(labels), sort=False).agg(list)
    if len(members) == 1:
        return "one community"
    ordered = sorted(map(sorted, members))
    largest = max(range(len(ordered)), key=lambda i: (len(ordered[i]), i))
    named = [", ".join(group) for i, group in enumerate(ordered) if i != largest]
    return " | ".join([*named, "rest"])


def colouring(tables: Tables, key: str, *, resolution: float) -> Found:
    """Louvain communities with weights 1 − D that most seeds give."""
    names, found, seeds = _communities(tables, key, resolution)
    return Found(groups(names, found), f"For {seeds} of {SEEDS} seeds.")


def _communities(
    tables: Tables, key: str, resolution: float
) -> tuple[list[str], tuple[int, ...], int]:
    table = tables.square(key)
    graph = louvain.similarity_graph(table.to_numpy(), models_of(table), largest=1)
    found = Counter(
        tuple(louvain.communities(graph, resolution=resolution, seed=seed)[0])
        for seed in range(SEEDS)
    )
    labels, seeds = found.most_common(1)[0]
    return models_of(table), labels, seeds


def colourings_that_are_splits(tables: Tables, *, resolutions: Mapping[str, float]) -> Found:
    """How many colourings are put together from the clusters of a dendrogram's second split."""
    other = []
    for key, resolution in resolutions.items():
        _, labels, _ = _communities(tables, key, resolution)
        tree = hierarchical.linkage(hollow(tables.square(key)), "ward", euclidean=True)
        clusters = hierarchical.cut(tree, 3)
        coloured = len(set(labels)) > 1
        if not coloured or len(set(zip(clusters, labels, strict=True))) > 3:
            other.append(_short(key))
    return Found(
        f"{len(resolutions) - len(other)} of {len(resolutions)}", f"Not {' and '.join(other)}."
    )


def _short(key: str) -> str:
    method, metric = Path(key).stem.split("_")[-2:]
    return f"{method} {metric}"


def architecture_p(tables: Tables, key: str, *, digits: int | None = None) -> Found:
    """Exact test of CNNs against transformers; as a fraction where no digits are asked for."""
    table = tables.square(key)
    test = family_test(hollow(table), _architectures(models_of(table)), seed=0)
    fraction = f"{round(test.p * test.permutations)}/{test.permutations}"
    difference = f"Mean between minus mean within: {test.statistic:.4f}"
    if digits is None:
        return Found(fraction, f"{difference}.")
    return Found(numbers([test.p], digits), f"{difference}; p = {fraction}.")


def _architectures(names: Sequence[str]) -> list[str]:
    return ["transformer" if name in TRANSFORMERS else "cnn" for name in names]


def architecture_agreement(tables: Tables, key: str, *, kinds: Sequence[str]) -> str:
    """Adjusted Rand index of the cut into two clusters with CNN/transformer, by linkage."""
    table = tables.square(key)
    values = []
    for kind in kinds:
        tree = hierarchical.linkage(hollow(table), kind, euclidean=True)
        clusters = hierarchical.cut(tree, 2)
        values.append(adjusted_rand_score(_architectures(models_of(table)), clusters))
    return numbers(values, 2)


def dendrograms(tables: Tables, before: str, after: str) -> Found:
    """Whether two ward dendrograms join the same models, whatever the heights."""
    clades = [_clades(tables.square(key)) for key in (before, after)]
    same = len(clades[0] & clades[1])
    cuts = [cut_in_two(tables, key) for key in (before, after)]
    return Found(
        "the same" if clades[0] == clades[1] else "differs",
        f"{same} of {len(clades[0])} inner clusters are in both; cut in two: before {cuts[0]}; "
        f"after {cuts[1]}.",
    )


def cut_in_two(tables: Tables, key: str, *, kind: str = "ward") -> str:
    """The two clusters below the top of a dendrogram."""
    table = tables.square(key)
    tree = hierarchical.linkage(hollow(table), kind, euclidean=True)
    return groups(models_of(table), hierarchical.cut(tree, 2))


def _clades(table: pd.DataFrame) -> set[frozenset[str]]:
    """The sets of models that a ward dendrogram joins, all models together left out."""
    tree = hierarchical.linkage(hollow(table), "ward", euclidean=True)
    sets = [frozenset([name]) for name in models_of(table)]
    for left, right in tree[:, :2].astype(int):
        sets.append(sets[left] | sets[right])
    return set(sets[len(table) : -1])


def most_alike_linkages(tables: Tables, *, keys: Sequence[str]) -> Found:
    """The two linkages whose dendrograms correlate most, mean over matrices."""
    pairs = list(combinations(sorted(hierarchical.LINKAGES), 2))
    correlations = []
    for key in keys:
        matrix = hollow(tables.square(key))
        trees = {
            kind: hierarchical.linkage(matrix, kind, euclidean=True)
            for kind in hierarchical.LINKAGES
        }
        correlations.append(
            [hierarchical.cophenetic_agreement(trees[a], trees[b]) for a, b in pairs]
        )
    means = pd.Series(
        np.mean(correlations, axis=0), [f"{a} and {b}" for a, b in pairs]
    ).sort_values(ascending=False)
    ranked = ", ".join(f"{pair} {value:.2f}" for pair, value in means.items())
    return Found(str(means.index[0]), f"Mean correlation of cophenetic distances: {ranked}.")


def euclidean_matrices(tables: Tables, *, keys: Sequence[str]) -> Found:
    """How many matrices hold Euclidean distances, once their diagonal is 0."""
    not_so = [key for key in keys if not geometry(hollow(tables.square(key))).euclidean]
    return Found(
        f"{len(keys) - len(not_so)} of {len(keys)}", f"Not {' and '.join(map(_short, not_so))}."
    )


def accuracies(tables: Tables, key: str) -> str:
    """Accuracy of all models, in the order of the table."""
    return numbers(tables.accuracy(key).to_numpy(), 4, " ")


def accuracies_as_counts(tables: Tables, *, keys: Sequence[str], images: int) -> str:
    """How many accuracies are a number of images over all images, to their four digits."""
    values = np.concatenate([tables.accuracy(key).to_numpy() for key in keys])
    nearest = np.round(values * images) / images
    return f"{(np.round(nearest, 4) == values).sum()} of {len(values)}"


def accuracy_differences(
    tables: Tables, *, pairs: Sequence[tuple[str, str]], model: str, digits: int
) -> str:
    """How much more accurate a model is by the first table of a pair than by the second."""
    differences = [tables.accuracy(a)[model] - tables.accuracy(b)[model] for a, b in pairs]
    return numbers(differences, digits)


def largest_differences(
    tables: Tables, *, pairs: Sequence[tuple[str, str]], number: int, without: Sequence[str] = ()
) -> Found:
    """The models with the largest such differences, if all pairs of tables name the same."""
    named, remarks = [], []
    for a, b in pairs:
        differences = (tables.accuracy(a) - tables.accuracy(b)).drop(list(without))
        largest = differences.nlargest(number)
        named.append(" and ".join(sorted(largest.index)))
        remarks.append(", ".join(f"{name} {value:.4f}" for name, value in largest.items()))
    text = named[0] if all(a == b for a, b in pairwise(named)) else " or ".join(named)
    return Found(text, f"{'; '.join(remarks)}.")


def comparisons(_: Tables, *, images: int, models: int) -> str:
    """Comparisons of two models on one image: images × pairs."""
    return str(images * comb(models, 2))


def unpublished(_: Tables, *, what: str) -> str:
    """A number that nothing published leads to."""
    raise NotAvailableError(what)
