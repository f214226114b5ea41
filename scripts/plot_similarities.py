"""Draw similarities per image, and the subsampling study (rule plot_similarities)."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from thinkalike.plotting import distributions
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.arrays import open_arrays, read_parts
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

BINS = 40
MOST_HISTOGRAMS = 24
"""Models whose pairs have room on a page."""


def main(
    similarity: str,
    differences: str,
    variances: str,
    histograms: list[str],
    subsampling: list[str],
    *,
    method: str,
    metric: str,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    with open_arrays(similarity, ["similarity", "model_a", "image"]) as dataset:
        models = [str(name) for name in dataset["model_a"].to_numpy()]
        images = dataset.sizes["image"]
    labels = {"models": models, "names": names, "families": families}
    title = title_of(method, metric)
    draw = _pairs if len(models) <= MOST_HISTOGRAMS else _models
    with styled():
        figure, table = draw(similarity, labels, title)
        save(figure, table, histograms)
        drawn, cells = read_table(differences), read_table(variances)
        figure = distributions.subsampling(drawn, cells, images=images, title=title)
        # long form: one row per box entry of either panel
        left = drawn.rename(columns={"sum_abs_difference": "value"}).assign(
            quantity="sum_abs_difference"
        )
        right = cells.rename(columns={"variance": "value"}).assign(quantity="variance")
        save(figure, pd.concat([left, right]), subsampling)


def _values(similarity: str) -> Iterator[np.ndarray]:
    """Similarities (n, M, M) of all images, in parts; NaN on the diagonal."""
    for _, values in read_parts(similarity, "similarity"):
        diagonal = np.arange(values.shape[1])
        values[:, diagonal, diagonal] = np.nan
        yield values


def _edges(similarity: str) -> np.ndarray:
    """Of the bins: from 0, or from −1 where a similarity is negative."""
    lowest = np.fmin.reduce([np.fmin.reduce(values, axis=None) for values in _values(similarity)])
    return np.linspace(-1.0 if lowest < 0 else 0.0, 1.0, BINS + 1)


def _pairs(similarity: str, labels: Mapping[str, Any], title: str) -> tuple[Figure, pd.DataFrame]:
    """A histogram of every pair of models."""
    models = labels["models"]
    edges = _edges(similarity)
    values = np.concatenate(list(_values(similarity)))
    counts = np.zeros((len(models), len(models), BINS), int)
    medians = np.full((len(models), len(models)), np.nan)
    rows = []
    for i in range(len(models)):
        for j in range(i):
            pair = values[:, i, j]
            pair = pair[np.isfinite(pair)]
            counts[i, j], _ = np.histogram(pair, edges)
            if pair.size:
                medians[i, j] = np.median(pair)
            bins = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "images": counts[i, j]})
            rows.append(bins.assign(model_a=models[j], model_b=models[i], median=medians[i, j]))
    table = pd.concat(rows)[["model_a", "model_b", "median", "low", "high", "images"]]
    figure = distributions.histograms(
        counts, edges, medians, **labels, title=f"{title}: similarity per image, and its median"
    )
    return figure, table


def _models(similarity: str, labels: Mapping[str, Any], title: str) -> tuple[Figure, pd.DataFrame]:
    """A row of every model, of its similarities with all others."""
    models = labels["models"]
    edges = _edges(similarity)
    counts = np.zeros((len(models), BINS), int)
    for values in _values(similarity):
        for number in range(len(models)):
            row = values[:, number]
            counts[number] += np.histogram(row[np.isfinite(row)], edges)[0]
    medians = distributions.medians_of(counts, edges)
    table = pd.DataFrame(
        {
            "model": np.repeat(models, BINS),
            "median": np.repeat(medians, BINS),
            "low": np.tile(edges[:-1], len(models)),
            "high": np.tile(edges[1:], len(models)),
            "images_and_models": counts.ravel(),
        }
    )
    figure = distributions.profiles(
        counts,
        edges,
        medians,
        **labels,
        title=f"{title}: similarity per image, with all other models",
    )
    return figure, table


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.similarity,
            snakemake.input.differences,
            snakemake.input.variances,
            snakemake.output.histograms,
            snakemake.output.subsampling,
            method=snakemake.wildcards.method,
            metric=snakemake.wildcards.metric,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
