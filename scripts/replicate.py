"""Answer the published quantities of the experiment log by our own code (rule replicate)."""

from replication.log import compare
from replication.published import TABLES
from replication.quantity import Tables
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(tables: list[str], table: str) -> None:
    """`tables` are the paths of `TABLES`, in that order; an empty file is not available."""
    comparison = compare(Tables({t.key: path for t, path in zip(TABLES, tables, strict=True)}))
    counts = comparison["same"].value_counts()
    log.info("%s", ", ".join(f"{counts.get(word, 0)} {word}" for word in ("yes", "no", "n/a")))
    for row in comparison[comparison["same"] == "no"].itertuples():
        log.info("no: %s: %s: published %s, ours %s", *row[1:5])
    write_table(comparison, table)


if __name__ == "__main__":
    run(main, snakemake)
