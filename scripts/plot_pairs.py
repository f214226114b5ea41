"""Draw all pairs of models beside chance (rule plot_pairs)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from thinkalike.compare.pairs import pair_categories
from thinkalike.compare.scales import Pool
from thinkalike.plotting import pairs as drawing
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    pairs: Sequence[str],
    seeds: Sequence[str],
    scales: Sequence[str],
    pairs_figure: Sequence[str],
    metric: str,
    pools: Mapping[str, Pool],
    mapped: Sequence[str],
    names: Mapping[str, str],
    roles: Mapping[str, Any],
) -> None:
    """`pairs` and `seeds` have a file for each method of `pools`, `scales` for each with maps."""
    columns, wide = drawing.COLUMNS_OF_PAIRS, []
    scaled = {m: read_table(path, columns) for m, path in zip(mapped, scales, strict=True)}
    for (method, pool), *paths in zip(pools.items(), pairs, seeds, strict=True):
        known = scaled.get(method) if metric == "cosine" else None  # scales are by cosine
        both = [read_table(path, columns) for path in paths]
        wide.append(drawing.panel_pairs(*both, known, pool).assign(method=method))
    table = pd.concat(wide, ignore_index=True)
    table = table.assign(category=pair_categories(table, **roles))
    with styled(roles["families"]):
        save(*drawing.pairs(table, names=names, metric=metric), pairs_figure)


if __name__ == "__main__":
    run(main, snakemake)
