"""Draw what the transform of images does to accuracy (rule plot_accuracy)."""

from collections.abc import Mapping, Sequence

import pandas as pd

from thinkalike.plotting.accuracy import transforms, with_intervals
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

COLUMNS = ["model", "split", "transform", "correct", "images", "accuracy", "gained", "lost"]


def main(
    accuracy: Sequence[str],
    figure: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    table = with_intervals(pd.concat([read_table(path, COLUMNS) for path in accuracy]))
    with styled(families):
        save(transforms(table, names=names, families=families), table, figure)


if __name__ == "__main__":
    run(main, snakemake)
