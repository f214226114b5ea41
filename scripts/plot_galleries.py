"""Draw the clusters of every model's features, and how pure they are (rule plot_galleries)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.neon.features import read_clusters
from thinkalike.plotting import galleries as drawing
from thinkalike.plotting.style import save, styled
from thinkalike.stores.damage import same_images
from thinkalike.workflow.jobs import run


def main(
    images: str,
    clusters: Sequence[str],
    maps: Sequence[str],
    quality: Sequence[str],
    galleries: Sequence[str],
    models: Sequence[str],
    method: str,
    size: int,
    names: Mapping[str, str],
    families: Mapping[str, str],
    segments: str | None = None,
) -> None:
    """`galleries` has the three files of every model, one after the other."""
    selected, rows = drawing.Images.read(images, size, segments), []
    with styled(families):
        for place, model in enumerate(models):
            explained = read_clusters(clusters[place])
            same_images(clusters[place], explained.image_ids, images, selected.image_ids)
            drawn = drawing.model_gallery(explained, selected, maps[place], names[model], method)
            save(*drawn, galleries[3 * place : 3 * place + 3])
            rows.append({"model": model, **explained.quality, **drawing.map_gaps(maps[place])})
        table = pd.DataFrame(rows)
        save(drawing.cluster_quality(table, names=names, families=families), table, quality)


if __name__ == "__main__":
    run(main, snakemake)
