"""Collect the time and memory of all jobs of a study into one table (rule collect_benchmarks)."""

from pathlib import Path

import pandas as pd

from thinkalike.errors import InputError
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(folder: str, table: str) -> None:
    parts = []
    for path in sorted(Path(folder).rglob("*.tsv")):
        try:
            part = pd.read_csv(path, sep="\t")
        except pd.errors.EmptyDataError:  # of a disk that was full, or a power cut
            log.warning("%s is empty and left out", path)
            continue
        relative = path.relative_to(folder).with_suffix("")
        part.insert(0, "rule", relative.parts[0], allow_duplicates=True)
        part.insert(1, "job", "/".join(relative.parts[1:]))
        parts.append(part.loc[:, ~part.columns.duplicated()])
    if not parts:
        raise InputError(
            f"{folder} has no benchmark yet; run the study first (snakemake --cores all)"
        )
    both = pd.concat(parts)
    write_table(both, table)
    by_rule = both.groupby("rule").agg(
        jobs=("s", "size"), seconds=("s", "sum"), peak_mb=("max_rss", "max")
    )
    log.info("\n%s", by_rule.sort_values("seconds", ascending=False).to_string())


if __name__ == "__main__":
    run(main, snakemake)
