"""Whether the maps of a method say what matters to each model (rule summarise_deletion)."""

from collections.abc import Sequence

import pandas as pd

from thinkalike.progress import log
from thinkalike.statistics.deletion import COLUMNS, deletion_summary
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(deletions: Sequence[str], summary: str, untrained: Sequence[str], by_class: bool) -> None:
    table = pd.concat([read_table(path, COLUMNS) for path in deletions], ignore_index=True)
    result = deletion_summary(table, untrained, by_class=by_class)
    for method, mute in result[result["mute"].fillna(False)].groupby("method", sort=False):
        log.info("%s is mute for %s", method, ", ".join(mute["model"]))
    write_table(result, summary)


if __name__ == "__main__":
    run(main, snakemake)
