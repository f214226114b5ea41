"""Explain the clusters of iris and wine, beside what was published of them (rule explain_tables)."""

from replication.clusters import compare, iris, wine
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(iris_table: str, wine_table: str, published: str) -> None:
    flowers, wines = iris(), wine()
    for example, path in ((flowers, iris_table), (wines, wine_table)):
        _, table = example.explained()
        write_table(table, path)
    compared = compare(flowers, wines)
    counts = compared["same"].value_counts()
    log.info("%s published numbers the same, %s not", counts["yes"], counts["no"])
    write_table(compared, published)


if __name__ == "__main__":
    with job_log(snakemake):
        main(snakemake.output.iris, snakemake.output.wine, snakemake.output.published)
