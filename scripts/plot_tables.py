"""Draw the explained clusters of iris and wine, beside what was published (rule plot_tables)."""

from replication.clusters import STALE_RELEVANCES, WRONG_RELEVANCES
from thinkalike.plotting.neon import iris_figure, wine_figure
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

TOLD = ["point", "class_name", "cluster", "competitor", "logit", "probability"]


def main(iris: str, wine: str, iris_paths: list[str], wine_paths: list[str]) -> None:
    flowers, wines = read_table(iris, TOLD), read_table(wine, TOLD)
    wines = wines.astype({"class_name": str, "cluster": str})
    wrong = wines[wines["cluster"] != wines["class_name"]]
    published = {
        f"published, β = {beta or '0.175'}": values for beta, values in WRONG_RELEVANCES.items()
    }
    published["published, other cell"] = STALE_RELEVANCES
    with styled():
        features = [name for name in flowers.columns if name not in TOLD]
        save(iris_figure(flowers, published, features), flowers, iris_paths)
        features = [name for name in wines.columns if name not in TOLD]
        save(wine_figure(wrong, features), wrong, wine_paths)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.iris,
            snakemake.input.wine,
            snakemake.output.iris,
            snakemake.output.wine,
        )
