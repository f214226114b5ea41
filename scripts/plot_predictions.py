"""Draw accuracy, agreement, and agreement against dissimilarity (rule plot_predictions)."""

from collections.abc import Mapping, Sequence

from thinkalike.plotting import predictions
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_square, read_table
from thinkalike.workflow.jobs import run


def main(
    accuracy: str,
    agreement: str,
    pairs: str,
    correlations: str,
    dissimilarities: Sequence[str],
    accuracy_figure: Sequence[str],
    agreement_figure: Sequence[str],
    scatter: Sequence[str],
    cases: Sequence[str],
    bar: float,
    untrained: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    of = {"names": names, "families": families}
    split = [tuple(case.split("/")) for case in cases]
    tables = dict(zip(split, map(read_table, dissimilarities), strict=True))
    agreed = read_table(pairs, ["model_a", "model_b", "same"])
    with styled(families):
        options = {"bar": bar, "untrained": untrained, **of}
        save(*predictions.accuracy(read_table(accuracy), **options), accuracy_figure)
        save(*predictions.agreement(read_square(agreement), **of), agreement_figure)
        points = agreed, tables, read_table(correlations), untrained
        save(*predictions.agreement_scatter(*points), scatter)


if __name__ == "__main__":
    run(main, snakemake)
