"""Fetch the published tables of the experiment log (rule fetch_published)."""

from replication.fetching import place
from replication.published import HOST, TABLES
from thinkalike.progress import log
from thinkalike.workflow.jobs import job_log


def main(paths: list[str], *, folder: str | None, host: str = HOST) -> None:
    """`paths` are those of `TABLES`, in that order."""
    missing = [
        table.key
        for table, path in zip(TABLES, paths, strict=True)
        if not place(table, path, folder=folder, host=host)
    ]
    if missing:
        log.warning("%s lacks %d tables; what needs them is n/a", folder, len(missing))
        log.info("lacking: %s", ", ".join(missing))
    log.info("%d of %d tables", len(TABLES) - len(missing), len(TABLES))


if __name__ == "__main__":
    with job_log(snakemake):
        main(list(snakemake.output.tables), folder=snakemake.params.folder)
