"""Draw the clusters of every model's features, and how pure they are (rule plot_galleries)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.images.loading import load_images
from thinkalike.neon.features import read_clusters
from thinkalike.plotting.galleries import (
    SIDE,
    cluster_quality,
    gallery,
    gallery_rows,
    gallery_title,
    read_rendered,
)
from thinkalike.plotting.style import save, styled
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_segments
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    clusters: Sequence[str],
    maps: Sequence[str],
    quality: Sequence[str],
    galleries: Sequence[str],
    *,
    models: Sequence[str],
    method: str,
    size: int,
    names: Mapping[str, str],
    families: Mapping[str, str],
    segments: str | None = None,
) -> None:
    """`galleries` has the three files of every model, one after the other."""
    selected = read_table(images, ["image_id", "path", "class_name"])
    paths, shared = selected["path"].tolist(), read_segments(segments) if segments else None
    pixels = load_images(paths, min(size, SIDE))
    rows = []
    with styled():
        for place, (model, path, rendered) in enumerate(zip(models, clusters, maps, strict=True)):
            explained = read_clusters(path)
            same_images(path, explained.image_ids, images, selected["image_id"])
            summary = explained.summary(selected["class_name"].tolist())
            drawn, gap = read_rendered(rendered, shared, explained.image_ids)
            rows.append({"model": model, **explained.quality, **gap})
            shown = gallery_rows(explained, summary, pixels, paths, drawn)
            title = gallery_title(names[model], method, len(summary) - len(shown))
            save(gallery(shown, title=title), summary, galleries[3 * place : 3 * place + 3])
        table = pd.DataFrame(rows)
        title = "Clusters of the models' features beside the images' classes"
        figure = cluster_quality(table, names=names, families=families, title=title)
        save(figure, table, quality)


if __name__ == "__main__":
    run(main, snakemake)
