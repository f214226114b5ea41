"""Draw similarity by the scale at which maps are compared (rule plot_scales)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.pairs import pair_categories
from thinkalike.compare.scales import Pool
from thinkalike.plotting.pairs import COLUMNS_OF_PAIRS
from thinkalike.plotting.scales import scales as draw_scales
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    scales: Sequence[str],
    figure: Sequence[str],
    pools: Mapping[str, Pool],
    natives: Mapping[str, str],
    roles: Mapping[str, Any],
) -> None:
    """`scales` has a file for each method of `pools`."""
    columns = ["kind", "scale", *COLUMNS_OF_PAIRS]
    tables = {m: read_table(path, columns) for m, path in zip(pools, scales, strict=True)}
    known = {m: each.assign(category=pair_categories(each, **roles)) for m, each in tables.items()}
    with styled(roles["families"]):
        save(*draw_scales(known, pools, natives), figure)


if __name__ == "__main__":
    run(main, snakemake)
