"""Clusters of explanation maps: which images are explained the same way, by one model or by several."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from thinkalike.clustering.spectral.cut import (
    ALL,
    APART,
    Clustering,
    Pair,
    clusterings,
    eigenvalue_count,
    graph_spectra,
)
from thinkalike.clustering.spectral.graphs import Scales, ScaleSettings, distances_from_products
from thinkalike.clustering.spectral.spectra import plane
from thinkalike.clustering.spectral.stability import (
    agreements,
    choices,
    draws,
    known_agreement,
    stabilities,
)
from thinkalike.compare.magnitude import near_one
from thinkalike.compare.maps import Maps
from thinkalike.compare.products import all_inner_products
from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_image_ids
from thinkalike.stores.tables import read_table

KNOWN = {
    "predicted": "predicted_name",
    "correct": "correct",
    "class": "class_name",
    "split": "split",
    "image": "image_id",
    "model": "model",
}
"""Known label of a map → its column in the table of maps."""

NAMES = ["/".join(pair) for pair in ALL]


@dataclass(frozen=True)
class SpectralSettings(ScaleSettings):
    """Settings of the clustering of maps: scales of the graphs, and what follows.

    Attributes:
        clusters: K; None for the eigengap.
        bootstraps: samples of the maps that are clustered again, for the stability.
    """

    clusters: int | None = None
    bootstraps: int = 50


class MapClusters(NamedTuple):
    """Clusters of maps by four graphs and three Laplacians, as tables.

    Attributes:
        results: a row for each of the twelve: graph, laplacian, clusters, sizes (as in "120, 40, 14"),
            in_clusters (share of the maps), components, edges, gap, stability (mean over bootstrap
            samples) and its 95 % interval, maps, blank, neighbours, sigma, epsilon.
        eigenvalues: graph, laplacian, number, value, chosen.
        agreement: result, and adjusted Rand indices with all twelve.
        known: graph, laplacian, known, adjusted_rand, mutual_information.
        choices: number (of clusters: by the eigengap, or the same for all), clusters, graph, laplacian,
            both.
        points: a row for each map: its columns in the table given, blank, x and y (in the plane of the
            principal components), and its cluster by each of the twelve.
    """

    results: pd.DataFrame
    eigenvalues: pd.DataFrame
    agreement: pd.DataFrame
    known: pd.DataFrame
    choices: pd.DataFrame
    points: pd.DataFrame


def table_of_maps(
    images: str, explanations: Sequence[str], predictions: Sequence[str], models: Sequence[str]
) -> pd.DataFrame:
    """A row for each map, model by model: image_id, path, class_name, split, and what was predicted.

    Args:
        images: table of the images.
        explanations, predictions: files of maps and of predictions, one for each model.
        models: names.

    Raises:
        InputError: a file is about other images.
    """
    selected = read_table(images, ["image_id", "path", "class_name", "split"])
    columns = ["image_id", "predicted_name", "correct", "probability"]
    parts = []
    for model, maps, predicted in zip(models, explanations, predictions, strict=True):
        table = read_table(predicted, columns)[columns]
        same_images(maps, read_image_ids(maps), images, selected["image_id"])
        same_images(predicted, table["image_id"], images, selected["image_id"])
        part = selected[["image_id", "path", "class_name", "split"]].merge(table, on="image_id")
        parts.append(part.assign(model=model))
    return pd.concat(parts, ignore_index=True)


def cluster_maps(
    maps: Sequence[Maps],
    table: pd.DataFrame,
    settings: SpectralSettings,
    *,
    name: str,
    seed: int,
    threads: int = 1,
) -> MapClusters:
    """Cluster maps by their directions, with stability and agreement with known labels.

    Blank maps have no direction and are in no cluster.

    Args:
        maps: of several models.
        table: a row for each map, model by model, with the columns of `KNOWN`.
        settings: of the clustering.
        name: seeds the bootstrap samples, together with `seed`.
        seed: of the study.
        threads: samples that are clustered at the same time.

    Raises:
        InputError: more clusters than maps that are not blank, fewer than three of these, all the
            same, or a graph without an edge.
    """
    distances, inside = unit_distances(maps)
    del maps  # of pixels, they are large
    count, clusters = len(inside), settings.clusters
    if count < len(table):
        log.warning("%d of %d maps are blank and left out", len(table) - count, len(table))
    if clusters is not None and not 1 <= clusters <= count:
        raise InputError(f"{clusters} clusters of {count} maps: give fewer, or more images")
    scales = settings.scales(distances)
    spectra = graph_spectra(distances, eigenvalue_count(clusters), scales)
    results = clusterings(distances, spectra, clusters, seed=seed)
    samples = draws(count, settings.bootstraps, seed, name)
    stability = stabilities(distances, results, samples, settings, seed=seed, threads=threads)

    labels = [result.clusters for result in results.values()]
    matrix = agreements(labels)
    same = int(np.median([result.number for result in results.values()]))
    fixed = [one.clusters for one in clusterings(distances, spectra, same, seed=seed).values()]
    return MapClusters(
        results=_results(results, stability, scales, len(table)),
        eigenvalues=_eigenvalues(results),
        agreement=pd.DataFrame(matrix, NAMES, NAMES).rename_axis("result").reset_index(),
        known=_known(results, table.iloc[inside]),
        choices=_choices({"eigengap": (np.nan, matrix), "same": (same, agreements(fixed))}),
        points=_points(table, inside, plane(distances), labels),
    )


def unit_distances(maps: Sequence[Maps]) -> tuple[np.ndarray, np.ndarray]:
    """Distances of maps scaled to length 1, (n, n), and the positions (n,) of those that are not blank."""
    # near 1, squares of float64 are numbers, as those of float32 are; directions stay
    maps = [
        each
        if each.coefficients.dtype == np.float32
        else replace(each, coefficients=near_one(each.coefficients, axis=1)[0])
        for each in maps
    ]
    products = all_inner_products(maps)
    length = np.sqrt(np.diagonal(products))
    inside = np.flatnonzero(length > 0)
    products = products[np.ix_(inside, inside)]
    products /= length[inside, None]
    products /= length[inside]
    return distances_from_products(products), inside


def _choices(agreement: Mapping[str, tuple[float, np.ndarray]]) -> pd.DataFrame:
    """Which choice matters, with clusters by the eigengap and with the same number of them for all.

    Args:
        agreement: how clusters are numbered → their number and the agreements of the results.
    """
    rows = [
        {"number": name, "clusters": number, **vars(choices(matrix))}
        for name, (number, matrix) in agreement.items()
    ]
    return pd.DataFrame(rows)


def _results(
    results: Mapping[Pair, Clustering],
    stability: Mapping[Pair, np.ndarray],
    scales: Scales,
    maps: int,
) -> pd.DataFrame:
    rows = []
    for pair, result in results.items():
        count = len(result.clusters)
        sizes = ", ".join(map(str, np.bincount(result.clusters[result.clusters != APART])))
        mean = stability[pair].mean()
        low, high = np.quantile(stability[pair], [0.025, 0.975])
        log.info("%s, %s: %d clusters (%s), stability %.3f", *pair, result.number, sizes, mean)
        rows.append(
            {
                "graph": pair[0],
                "laplacian": pair[1],
                "clusters": result.number,
                "sizes": sizes,
                "in_clusters": 1 - result.apart / count,
                "components": result.components,
                "edges": result.edges,
                "gap": result.gap,
                "stability": mean,
                "stability_low": low,
                "stability_high": high,
                "maps": count,
                "blank": maps - count,
                **vars(scales),
            }
        )
    return pd.DataFrame(rows)


def _eigenvalues(results: Mapping[Pair, Clustering]) -> pd.DataFrame:
    rows = [
        (*pair, number, value, number == result.number)
        for pair, result in results.items()
        for number, value in enumerate(result.values, 1)
    ]
    return pd.DataFrame(rows, columns=["graph", "laplacian", "number", "value", "chosen"])


def _known(results: Mapping[Pair, Clustering], maps: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (*pair, name, *known_agreement(result.clusters, maps[column].to_numpy()))
        for name, column in KNOWN.items()
        for pair, result in results.items()
    ]
    columns = ["graph", "laplacian", "known", "adjusted_rand", "mutual_information"]
    return pd.DataFrame(rows, columns=columns)


def _points(
    table: pd.DataFrame, inside: np.ndarray, plane: np.ndarray, labels: list[np.ndarray]
) -> pd.DataFrame:
    """The table of maps with their places and clusters; blank maps have neither."""
    points = table.assign(blank=True, x=np.nan, y=np.nan, **dict.fromkeys(NAMES, APART))
    rows = points.index[inside]
    points.loc[rows, "blank"] = False
    points.loc[rows, ["x", "y"]] = plane
    points.loc[rows, NAMES] = np.stack(labels, 1)
    return points


def most_informative(results: pd.DataFrame) -> int:
    """Row of the result to look at: the most stable one that says something.

    It has nine of ten maps in clusters, and a second cluster with one of twenty; where no result has,
    the most stable one counts. A result that parts one map from all others says little, however often
    it comes out.

    Args:
        results: sizes, stability and in_clusters, as in `MapClusters.results`.
    """
    ranks = []
    for place, row in enumerate(results.to_dict("records")):
        sizes = [int(size) for size in str(row["sizes"]).split(", ")]
        second = sizes[1] if sizes[1:] else 0
        informative = row["in_clusters"] >= 0.9 and second >= sum(sizes) / 20
        ranks.append((informative, row["stability"], -place))
    return max(range(len(ranks)), key=ranks.__getitem__)


def read_cases(paths: Sequence[str], cases: Iterable[str], columns: Sequence[str]) -> pd.DataFrame:
    """One kind of table of several cases, below each other, with the case as the first column.

    Args:
        paths: of the tables.
        cases: names, one for each table.
        columns: that they must have.
    """
    tables = []
    for case, path in zip(cases, paths, strict=True):
        tables.append(read_table(path, columns))
        tables[-1].insert(0, "case", case)
    return pd.concat(tables, ignore_index=True)
