"""Clusters of explanation maps: which images are explained the same way, by one model or by several."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from thinkalike.clustering.spectral.choices import WAYS, choice_table
from thinkalike.clustering.spectral.cut import (
    ALL,
    APART,
    Clustering,
    Pair,
    clusterings,
    eigenvalue_count,
    graph_spectra,
)
from thinkalike.clustering.spectral.graphs import Scales, ScaleSettings
from thinkalike.clustering.spectral.nulls import NullSettings, null_test
from thinkalike.clustering.spectral.points import map_points
from thinkalike.clustering.spectral.spectra import plane
from thinkalike.clustering.spectral.stability import (
    agreements,
    draws,
    known_agreement,
    sample_clusters,
    stabilities,
)
from thinkalike.clustering.spectral.telling import beyond_one_cloud, null_table
from thinkalike.compare.maps import Maps
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


@dataclass(frozen=True, kw_only=True)
class SpectralSettings(ScaleSettings):
    """Settings of the clustering of maps: scales of the graphs, and what follows.

    Attributes:
        nulls: settings of the comparison with single clouds.
        clusters: K; None for the eigengap.
        bootstraps: samples of the maps that are clustered again, for the stability.
        shift: cells by which two maps may be shifted against each other.
    """

    nulls: NullSettings
    clusters: int | None = None
    bootstraps: int = 50
    shift: int = 0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Settings from a mapping whose `nulls` are one, too."""
        return cls(**{**settings, "nulls": NullSettings(**settings["nulls"])})


class MapClusters(NamedTuple):
    """Clusters of maps by four graphs and three Laplacians, as tables.

    Attributes:
        results: a row for each of the twelve: graph, laplacian, clusters, sizes (as in "120, 40, 14"),
            in_clusters (share of the maps), components, edges, gap, stability (mean over bootstrap
            samples) and its 95 % interval, maps, blank, neighbours, sigma, epsilon; and what
            `telling.null_table` says of it.
        eigenvalues: graph, laplacian, number, value, chosen.
        agreement: result, and adjusted Rand indices with all twelve.
        known: graph, laplacian, known, adjusted_rand, mutual_information.
        choices: as `choices.choice_table` gives them.
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
    """Cluster maps by their directions, with stability beside that of single clouds, and known labels.

    Blank maps have no direction and are in no cluster.

    Args:
        maps: of several models.
        table: a row for each map, model by model, with the columns of `KNOWN`.
        settings: of the clustering.
        name: seeds the bootstrap samples and the clouds, together with `seed`.
        seed: of the study.
        threads: samples that are clustered at the same time.

    Raises:
        InputError: more clusters than maps that are not blank, fewer than three of these, all the
            same, or a graph without an edge.
    """
    points = map_points(maps, settings.shift)
    del maps  # of pixels, they are large
    distances, inside = points.distances, points.inside
    count, clusters = len(inside), settings.clusters
    if count < len(table):
        log.warning("%d of %d maps are blank and left out", len(table) - count, len(table))
    if clusters is not None and not 1 <= clusters <= count:
        raise InputError(f"{clusters} clusters of {count} maps: give fewer, or more images")
    scales = settings.scales(distances)
    spectra = graph_spectra(distances, eigenvalue_count(clusters), scales)
    results = clusterings(distances, spectra, clusters, seed=seed)
    labels = [result.clusters for result in results.values()]
    numbers = {pair: result.number for pair, result in results.items()}
    same = dict.fromkeys(numbers, int(np.median(list(numbers.values()))))
    fixed = clusterings(distances, spectra, same, seed=seed)

    samples = draws(count, settings.bootstraps, seed, name)
    again = sample_clusters(
        distances, samples, [numbers, same], settings, seed=seed, threads=threads
    )
    stability = stabilities(labels, samples, [sample[0] for sample in again])
    test = null_test(
        points, settings, clusters, settings.nulls, name=name, seed=seed, threads=threads
    )
    tested = _results(results, stability, scales, len(table)).join(null_table(test))
    log.info("%s", beyond_one_cloud(tested))

    compared = [agreements(labels), agreements([one.clusters for one in fixed.values()])]
    of_samples = [[agreements(sample[way]) for sample in again] for way in range(len(WAYS))]
    ways = zip((np.nan, same[ALL[0]]), compared, of_samples, strict=True)
    return MapClusters(
        results=tested,
        eigenvalues=_eigenvalues(results),
        agreement=pd.DataFrame(compared[0], NAMES, NAMES).rename_axis("result").reset_index(),
        known=_known(results, table.iloc[inside]),
        choices=choice_table(dict(zip(WAYS, ways, strict=True))),
        points=_points(table, inside, plane(distances), labels),
    )


def _results(
    results: Mapping[Pair, Clustering],
    stability: np.ndarray,
    scales: Scales,
    maps: int,
) -> pd.DataFrame:
    rows = []
    for (pair, result), values in zip(results.items(), stability.T, strict=True):
        count = len(result.clusters)
        sizes = ", ".join(map(str, np.bincount(result.clusters[result.clusters != APART])))
        mean = values.mean()
        low, high = np.quantile(values, [0.025, 0.975])
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
