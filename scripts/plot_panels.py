"""Draw images with the maps of models and methods: the panels of a study (rules plot_panels_…)."""

from collections.abc import Mapping, Sequence
from itertools import chain

from thinkalike.compare.scales import Pool
from thinkalike.plotting import panels
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    predictions: Sequence[str],
    explanations: Sequence[str],
    figures: Sequence[str],
    which: str,
    number: int,
    models: Sequence[str],
    signs: Mapping[str, str],
    pools: Mapping[str, Pool],
    names: Mapping[str, str],
    families: Mapping[str, str],
    segments: str | None = None,
) -> None:
    selected = read_table(images, ["image_id", "path", "class_name"])[:number]
    predicted = [panels.read_predictions(path, selected, images) for path in predictions]
    positions = panels.choose_images(which, predicted)[: len(figures) // 3]
    shown = selected["image_id"][: max(positions, default=-1) + 1]
    computed = panels.read_panel_maps(explanations, signs, shown, images, segments)
    maps = panels.with_pooled(computed, pools, segments)
    drawn = panels.draw_panels(selected, positions, maps, predicted, models, names, families)
    empty = panels.empty_panels(which, len(positions), len(selected), len(models), signs)
    with styled(families):
        for k, (figure, table) in zip(range(0, len(figures), 3), chain(drawn, empty), strict=False):
            save(figure, table, figures[k : k + 3])


if __name__ == "__main__":
    run(main, snakemake)
