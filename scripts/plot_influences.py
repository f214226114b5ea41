"""Draw the images that matter for pairs of models, and consensus about images (rule plot_influences)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.similarity import Comparison
from thinkalike.plotting.image_pairs import MapSource, choose_pairs, consensus_figure, gallery
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    pairs: str,
    influential: str,
    consensus: str,
    images: str,
    explanations: Sequence[str],
    gallery_figure: Sequence[str],
    share_figure: Sequence[str],
    method: str,
    metric: str,
    models: Sequence[str],
    comparison: Mapping[str, Any],
    architectures: Mapping[str, str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    segments: str | None = None,
) -> None:
    files = dict(zip(models, explanations, strict=True))
    maps = MapSource(files, Comparison(metric, **comparison), segments)
    selected = read_table(images, ["image_id", "path", "class_name"])
    chosen = choose_pairs(read_table(pairs), models, architectures)
    of = {"names": names, "families": families, "title": title_of(method, metric)}
    with styled(families):
        save(*gallery(chosen, read_table(influential), selected, maps, **of), gallery_figure)
        save(*consensus_figure(read_table(consensus), title=of["title"]), share_figure)


if __name__ == "__main__":
    run(main, snakemake)
