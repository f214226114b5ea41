"""Draw methods, metrics and numbers of images side by side (rule plot_comparisons)."""

from collections.abc import Mapping

from thinkalike.plotting import comparisons
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

PAIRS = ["model_a", "model_b", "mean", "std", "dissimilarity"]


def main(
    pca: list[str],
    quality: list[str],
    pairs: list[str],
    pca_comparison: list[str],
    mean_and_spread: list[str],
    nested: list[str],
    *,
    cases: list[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    """Three figures; `nested` may be empty, for a study without nested subsets.

    `cases` are the method/metric/subset of `pairs`, with subset `all`, or `all_<n>` for the first n
    images; `pca` and `quality` belong to those with `all`, in the same order.
    """
    tables = {
        tuple(case.split("/")): read_table(path, PAIRS)
        for case, path in zip(cases, pairs, strict=True)
    }
    full = {
        (method, metric): t for (method, metric, subset), t in tables.items() if subset == "all"
    }
    of = {"names": names, "families": families}
    points = {
        case: read_table(path, ["model", "x", "y"]) for case, path in zip(full, pca, strict=True)
    }
    measured = {
        case: read_table(path, ["measure", "value"]).set_index("measure")["value"]
        for case, path in zip(full, quality, strict=True)
    }
    with styled():
        save(*comparisons.pca_comparison(points, measured, **of), pca_comparison)
        save(*comparisons.mean_and_spread(full, **of), mean_and_spread)
        if nested:
            fewer = {
                case: {
                    int(subset.removeprefix("all_")): table
                    for (*rest, subset), table in tables.items()
                    if tuple(rest) == case and subset.startswith("all_")
                }
                for case in full
            }
            save(*comparisons.nested(fewer, full), nested)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.pca,
            snakemake.input.quality,
            snakemake.input.pairs,
            snakemake.output.pca_comparison,
            snakemake.output.mean_and_spread,
            snakemake.output.get("nested", []),
            cases=snakemake.params.cases,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
