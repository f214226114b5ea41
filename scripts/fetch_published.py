"""Fetch the published tables of the experiment log (rule fetch_published)."""

from replication.fetching import place
from replication.published import TABLES
from thinkalike.progress import log
from thinkalike.workflow.jobs import run


def main(tables: list[str], folder: str | None) -> None:
    """`tables` are the paths of `TABLES`, in that order."""
    missing = [
        table.key
        for table, path in zip(TABLES, tables, strict=True)
        if not place(table, path, folder=folder)
    ]
    if missing:
        log.warning("%s lacks %d tables; what needs them is n/a", folder, len(missing))
        log.info("lacking: %s", ", ".join(missing))
    log.info("%d of %d tables", len(TABLES) - len(missing), len(TABLES))


if __name__ == "__main__":
    run(main, snakemake)
