"""Draw similarities per image, and the subsampling study (rule plot_similarities)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from thinkalike.jobs import job_log
from thinkalike.plotting import distributions
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores import open_arrays, read_table

BINS = 40


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
    with open_arrays(similarity, ["similarity", "model_a"]) as dataset:
        values = dataset["similarity"].to_numpy()
        models = [str(name) for name in dataset["model_a"].to_numpy()]
    off = ~np.eye(len(models), dtype=bool)
    lowest = np.nanmin(values[:, off]) if np.isfinite(values[:, off]).any() else 0.0
    edges = np.linspace(-1.0 if lowest < 0 else 0.0, 1.0, BINS + 1)
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
    title = title_of(method, metric)
    with styled():
        figure = distributions.histograms(
            counts,
            edges,
            medians,
            models=models,
            names=names,
            families=families,
            title=f"{title}: similarity per image, and its median",
        )
        save(figure, table, histograms)
        drawn, cells = read_table(differences), read_table(variances)
        figure = distributions.subsampling(drawn, cells, images=len(values), title=title)
        # long form: one row per box entry of either panel
        left = drawn.rename(columns={"sum_abs_difference": "value"}).assign(
            quantity="sum_abs_difference"
        )
        right = cells.rename(columns={"variance": "value"}).assign(quantity="variance")
        save(figure, pd.concat([left, right]), subsampling)


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
