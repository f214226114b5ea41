"""Explain the clusters of iris and wine, beside what was published of them (rule explain_tables)."""

from replication import neon_examples
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(iris: str, wine: str, published: str) -> None:
    flowers, wines = neon_examples.iris(), neon_examples.wine()
    for example, path in ((flowers, iris), (wines, wine)):
        _, table = example.explained()
        write_table(table, path)
    comparison = neon_examples.compare(flowers, wines)
    counts = comparison["same"].value_counts()
    log.info("%s published numbers the same, %s not", counts["yes"], counts["no"])
    write_table(comparison, published)


if __name__ == "__main__":
    run(main, snakemake)
