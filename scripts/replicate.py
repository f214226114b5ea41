"""Answer the published quantities of the experiment log by our own code (rule replicate)."""

from replication.analyses import Tables
from replication.published import TABLES
from replication.quantities import compare
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(tables: list[str], output: str) -> None:
    """`tables` are the paths of `TABLES`, in that order; an empty file is not available."""
    table = compare(Tables({t.key: path for t, path in zip(TABLES, tables, strict=True)}))
    counts = table["same"].value_counts()
    log.info("%s", ", ".join(f"{counts.get(word, 0)} {word}" for word in ("yes", "no", "n/a")))
    for row in table[table["same"] == "no"].itertuples():
        log.info("no: %s: %s: published %s, ours %s", *row[1:5])
    write_table(table, output)


if __name__ == "__main__":
    with job_log(snakemake):
        main(list(snakemake.input.tables), snakemake.output.table)
