"""Draw clusters of maps by the most stable result: means, nearest images (rule plot_map_clusters)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from thinkalike.clustering.spectral.stability import telling
from thinkalike.compare.maps import Maps, render, rescaled, with_sign
from thinkalike.compare.products import all_inner_products
from thinkalike.images.loading import load_image, load_images
from thinkalike.plotting.spectral import (
    GRAPH_NAMES,
    LAPLACIAN_NAMES,
    MOST_ROWS,
    Group,
    map_clusters,
    of_maps,
)
from thinkalike.plotting.style import save, styled
from thinkalike.stores.maps import read_maps
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

SIDE = 96
"""Pixels of an image, at most: it is drawn half an inch wide."""
SHOWN = 5
"""Images of a cluster."""


def main(
    points: str,
    results: str,
    explanations: Sequence[str],
    paths: Sequence[str],
    *,
    name: str,
    method: str,
    class_name: str | None,
    models: Sequence[str],
    sign: str,
    rescaling: str,
    size: int,
    names: Mapping[str, str],
) -> None:
    table = read_table(points, ["model", "image_id", "path", "predicted_name", "blank"])
    twelve = read_table(results, ["graph", "laplacian", "clusters", "stability", "sizes"])
    best = twelve.loc[telling(twelve["stability"], twelve["sizes"], twelve["in_clusters"])]
    labels = table[f"{best['graph']}/{best['laplacian']}"].to_numpy()

    maps = [rescaled(with_sign(read_maps(path)[0], sign), rescaling) for path in explanations]
    products = all_inner_products(maps)
    length = np.sqrt(np.diagonal(products))
    scale = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
    sources = [(of, row) for of in maps for row in range(len(of))]
    images = load_images(table["path"].tolist()[: len(maps[0])], min(size, SIDE))
    rows, groups = [], []
    for cluster in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == cluster)
        # with maps of length 1 the nearest to the mean has the largest inner product with it
        near = (products[np.ix_(members, members)] * scale[members]).mean(1) * scale[members]
        nearest = members[np.argsort(-near, kind="stable")][:SHOWN]
        rows.append(_row(cluster, table.iloc[members], table.iloc[nearest], near.mean()))
        if cluster < MOST_ROWS:
            groups.append(
                Group(
                    number=cluster,
                    notes=_notes(table.iloc[members], names, len(models) > 1),
                    mean=_mean(maps, labels == cluster, scale),
                    image=images[members % len(images)].mean(0).round().astype(np.uint8),
                    shown=[
                        (
                            load_image(table["path"][one], size),
                            render(*sources[one]),
                            _name(table.iloc[one], names, len(models) > 1),
                        )
                        for one in nearest
                    ],
                )
            )
    left_out = len(rows) - len(groups)
    more = f"; {left_out} smaller clusters are in the table" if left_out else ""
    told = (
        f"{of_maps(name, method, class_name)}: {GRAPH_NAMES[best['graph']]} graph, "
        f"{LAPLACIAN_NAMES[best['laplacian']]} Laplacian (stability {best['stability']:.2f}){more}"
    )
    with styled():
        save(map_clusters(groups, title=told), pd.DataFrame(rows), paths)


def _mean(maps: Sequence[Maps], chosen: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The mean of rendered maps of length 1, from the means of their coefficients."""
    total, start = 0.0, 0
    for of in maps:
        weights = np.where(chosen, scale, 0)[start : start + len(of)]
        mean = weights @ of.coefficients.astype(np.float64)
        total = total + render(Maps(mean[None], of.bases), 0)
        start += len(of)
    return np.asarray(total) / chosen.sum()


def _row(
    cluster: int, members: pd.DataFrame, nearest: pd.DataFrame, likeness: float
) -> dict[str, object]:
    return {
        "cluster": cluster + 1,
        "maps": len(members),
        "cosine_with_mean": likeness,
        "correct": members["correct"].mean(),
        "predicted": _counts(members["predicted_name"]),
        "models": _counts(members["model"]),
        "nearest": ", ".join(nearest["image_id"] + " " + nearest["model"]),
    }


def _counts(values: pd.Series, most: int | None = None) -> str:
    counts = values.astype(str).value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    return ", ".join(
        f"{name} ({number})" for name, number in counts.head(most or len(counts)).items()
    )


def _notes(members: pd.DataFrame, names: Mapping[str, str], several: bool) -> list[str]:
    notes = [f"{len(members)} maps", f"predicted: {_counts(members['predicted_name'], 2)}"]
    if several:
        notes += _counts(members["model"].map(dict(names)), 2).split(", ")
    return notes


def _name(row: pd.Series, names: Mapping[str, str], several: bool) -> str:
    wrong = "" if row["correct"] else " ✗"
    told = names[row["model"]] if several else str(row["predicted_name"])
    return f"{told}{wrong}"


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.points,
            snakemake.input.results,
            snakemake.input.explanations,
            snakemake.output.clusters,
            name=snakemake.params.name,
            method=snakemake.params.method,
            class_name=snakemake.params.class_name,
            models=snakemake.params.models,
            sign=snakemake.params.sign,
            rescaling=snakemake.params.rescaling,
            size=snakemake.params.size,
            names=snakemake.params.names,
        )
