"""Draw the clusters of every model's features, and how pure they are (rule plot_galleries)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from thinkalike.clustering.features import UNMATCHED
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import render
from thinkalike.errors import InputError
from thinkalike.images.loading import load_image, load_images
from thinkalike.plotting.galleries import MOST, STRONGEST, Row, Shown, cluster_quality, gallery
from thinkalike.plotting.panels import overlay
from thinkalike.plotting.style import method_name, save, styled
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.damage import AGAIN
from thinkalike.stores.maps import read_maps, read_segments
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

READ = [
    "features",
    "relevances",
    "logits",
    "clusters",
    "competitors",
    "centroids",
    "classes",
    "called",
]
EMPTY = 235
"""Grey in the place of a mean of nothing."""
SIDE = 128
"""Pixels of an image, at most: it is drawn 0.6 inches wide."""


def main(
    images: str,
    clusters: Sequence[str],
    maps: Sequence[str],
    segments: str | None,
    quality: Sequence[str],
    galleries: Sequence[Sequence[str]],
    *,
    models: Sequence[str],
    method: str,
    size: int,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    selected = read_table(images, ["image_id", "path", "class_name"])
    shared = read_segments(segments) if segments else None
    pixels = load_images(selected["path"].tolist(), min(size, SIDE))
    rows = []
    with styled():
        for model, path, of_maps, paths in zip(models, clusters, maps, galleries, strict=True):
            with open_arrays(path, READ) as dataset:
                found = {name: dataset[name].to_numpy() for name in READ}
                told = dict(dataset.attrs)
                known = dataset["image"].to_numpy().tolist()
            if known != selected["image_id"].tolist():
                raise InputError(f"{path} is about other images than the study's; {AGAIN}")
            rendered, gap = _maps(of_maps, shared, selected["image_id"].tolist())
            rows.append({"model": model, **_summary(found, told), **gap})
            table = _table(found, selected["class_name"].to_numpy())
            drawn = {
                position: _tiles(selected["path"][position], values, pixels.shape[1])
                for position, values in rendered.items()
            }
            shown = sorted(
                (_row(r, found, pixels, drawn) for r in _largest(table)), key=lambda row: row.name
            )
            left_out = len(table) - len(shown)
            note = f"; {left_out} smaller clusters are in the table" if left_out else ""
            title = (
                f"{names[model]}: why an image is in its cluster, rather than in the next one "
                f"({method_name(method)}{note})"
            )
            save(gallery(shown, title=title), table, paths)
        summary = pd.DataFrame(rows)
        drawn = cluster_quality(
            summary,
            names=names,
            families=families,
            title="Clusters of the models' features beside the images' classes",
        )
        save(drawn, summary, quality)


def _maps(
    path: str, segments: Sequence[Segments] | None, image_ids: Sequence[str]
) -> tuple[dict[int, np.ndarray], dict[str, float]]:
    """Position of an image → its rendered map; and, where a method says so, what its maps miss."""
    with open_arrays(path, ["image"]) as dataset:
        there = [str(name) for name in dataset["image"].to_numpy()]
        gap = {}
        if "gap" in dataset:
            missed = np.abs(dataset["gap"] / dataset["difference"])
            gap["median_gap_of_maps"] = float(missed.median())
    positions = [image_ids.index(name) for name in there]
    of_images, _ = read_maps(path, [segments[i] for i in positions] if segments else None)
    return {position: render(of_images, row) for row, position in enumerate(positions)}, gap


def _tiles(path: str, values: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """An image, and its map over it, (side, side, 3) uint8 each."""
    over = overlay(load_image(path, len(values)), values)
    picture = Image.fromarray((255 * over).round().astype(np.uint8))
    drawn = picture.resize((side, side), Image.Resampling.BILINEAR)
    return load_image(path, side), np.asarray(drawn)


def _summary(found: Mapping[str, np.ndarray], told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "images": len(found["clusters"]),
        "features": found["features"].shape[1],
        "clusters": len(found["centroids"]),
        **{name: float(told[name]) for name in ("purity", "matched", "adjusted_rand", "beta")},
        "mean_logit": float(found["logits"].mean()),
    }


def _table(found: Mapping[str, np.ndarray], class_names: np.ndarray) -> pd.DataFrame:
    """A row for every cluster that has images, the largest first where they are not all drawn."""
    rows = []
    for cluster in np.unique(found["clusters"]):
        members = np.flatnonzero(found["clusters"] == cluster)
        own = class_names[members]
        mean = found["relevances"][members].mean(0, dtype=np.float64)
        logit = found["logits"][members].mean()
        strongest = np.argsort(-np.abs(mean), kind="stable")[:STRONGEST]
        shares = mean[strongest] / logit if logit > 0 else np.zeros(len(strongest))
        rows.append(
            {
                "cluster": cluster,
                "class_name": found["classes"][cluster],
                "images": len(members),
                "of_class": int((own == found["classes"][cluster]).sum()),
                "next": np.bincount(found["competitors"][members]).argmax(),
                "mean_logit": logit,
                "strongest": ", ".join(map(str, strongest)),
                "shares": ", ".join(f"{share:.4f}" for share in shares),
            }
        )
    return pd.DataFrame(rows)


def _largest(table: pd.DataFrame) -> list[pd.Series]:
    kept = table.nlargest(MOST, "images").index if len(table) > MOST else table.index
    return [row for _, row in table.loc[sorted(kept)].iterrows()]


def _row(
    row: pd.Series,
    found: Mapping[str, np.ndarray],
    pixels: np.ndarray,
    drawn: Mapping[int, tuple[np.ndarray, np.ndarray]],
) -> Row:
    def mean(cluster: int) -> np.ndarray:
        members = pixels[found["clusters"] == cluster]
        if not len(members):  # of two equal centroids one has no image
            return np.full(pixels.shape[1:], EMPTY, np.uint8)
        return members.mean(0).round().astype(np.uint8)

    def called(cluster: int) -> str:
        return str(found["called"][cluster]) or f"cluster {cluster}"

    cluster = row["cluster"]
    of_class = f"\n{row['of_class']} of that class" if row["class_name"] != UNMATCHED else ""
    return Row(
        name=called(cluster),
        note=f"{row['images']} images{of_class}",
        mean=mean(cluster),
        next_mean=mean(row["next"]),
        shown=[
            Shown(
                *tiles,
                called(found["competitors"][position]),
                float(found["logits"][position]),
            )
            for position, tiles in drawn.items()
            if found["clusters"][position] == cluster
        ],
        features=[int(name) for name in row["strongest"].split(", ")],
        relevances=[float(share) for share in row["shares"].split(", ")],
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.clusters,
            snakemake.input.maps,
            snakemake.input.get("segments"),
            snakemake.output.quality,
            [
                snakemake.output.galleries[i : i + 3]
                for i in range(0, len(snakemake.output.galleries), 3)
            ],
            models=snakemake.params.models,
            method=snakemake.params.method,
            size=snakemake.params.size,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
