"""Draw the explained clusters of iris and wine, beside what was published (rule plot_tables)."""

from replication.neon_examples import STALE_RELEVANCES, WRONG_RELEVANCES
from thinkalike.plotting.neon import iris_figure as draw_iris
from thinkalike.plotting.neon import wine_figure as draw_wine
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

COLUMNS = ["point", "class_name", "cluster", "competitor", "logit", "probability"]
"""Columns of an explained table besides its features."""


def main(iris: str, wine: str, iris_figure: list[str], wine_figure: list[str]) -> None:
    flowers, wines = read_table(iris, COLUMNS), read_table(wine, COLUMNS)
    wines = wines.astype({"class_name": str, "cluster": str})
    wrong = wines[wines["cluster"] != wines["class_name"]]
    published = {
        f"published, β = {beta or '0.175'}": values for beta, values in WRONG_RELEVANCES.items()
    }
    published["published, other cell"] = STALE_RELEVANCES
    with styled():
        features = [name for name in flowers.columns if name not in COLUMNS]
        save(draw_iris(flowers, published, features), flowers, iris_figure)
        features = [name for name in wines.columns if name not in COLUMNS]
        save(draw_wine(wrong, features), wrong, wine_figure)


if __name__ == "__main__":
    run(main, snakemake)
