"""Draw all pairs of models beside chance, and similarity by scale (rule plot_pairs)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.compare.pairs import pair_categories
from thinkalike.plotting import pairs as drawing
from thinkalike.plotting.scales import scales as draw_scales
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    pairs: Sequence[str],
    seeds: Sequence[str],
    scales: Sequence[str],
    pairs_figure: Sequence[str],
    scales_figure: Sequence[str],
    metric: str,
    pools: Mapping[str, int | None],
    names: Mapping[str, str],
    architectures: Mapping[str, str],
    families: Mapping[str, str],
    untrained: Sequence[str],
) -> None:
    """`pairs`, `seeds` and `scales` have a file for each method of `pools`, in its order."""
    of = {"architectures": architectures, "families": families, "untrained": untrained}
    columns, every, wide = drawing.COLUMNS_OF_PAIRS, {}, []
    for (method, pool), *paths in zip(pools.items(), pairs, seeds, scales, strict=True):
        compared, own_seeds, scaled = (read_table(path, columns) for path in paths)
        every[method] = scaled.assign(category=pair_categories(scaled, **of))
        known = scaled if metric == "cosine" else scaled[:0]  # scales are by cosine
        wide.append(drawing.panel_pairs(compared, own_seeds, known, pool).assign(method=method))
    table = pd.concat(wide, ignore_index=True)
    table = table.assign(category=pair_categories(table, **of))
    with styled(families):
        save(*drawing.pairs(table, names=names, metric=metric), pairs_figure)
        save(*draw_scales(every, pools), scales_figure)


if __name__ == "__main__":
    run(main, snakemake)
