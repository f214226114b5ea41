"""Draw methods, metrics and numbers of images side by side (rule plot_comparisons)."""

from collections.abc import Mapping, Sequence

from thinkalike.plotting import embeddings, spreads
from thinkalike.plotting.nested import nested as draw_nested
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run

PAIRS = ["model_a", "model_b", "mean", "std", "dissimilarity"]


def main(
    pca: Sequence[str],
    quality: Sequence[str],
    pairs: Sequence[str],
    pca_comparison: Sequence[str],
    mean_and_spread: Sequence[str],
    cases: Sequence[str],
    untrained: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    nested: Sequence[str] = (),
) -> None:
    """`cases` are the method/metric/subset of `pairs`; `pca` and `quality` are of those with `all`."""
    split = [tuple(case.split("/")) for case in cases]
    tables = {case: read_table(path, PAIRS) for case, path in zip(split, pairs, strict=True)}
    full = {case[:2]: table for case, table in tables.items() if case[2] == "all"}
    points = dict(zip(full, (read_table(path) for path in pca), strict=True))
    measures = [read_table(path, ["value"], index="measure")["value"] for path in quality]
    of = {"names": names, "families": families}
    with styled(families):
        shares = dict(zip(full, measures, strict=True))
        save(*embeddings.pca_comparison(points, shares, untrained=untrained, **of), pca_comparison)
        save(*spreads.mean_and_spread(full, **of), mean_and_spread)
        if nested:
            save(*draw_nested(tables), nested)


if __name__ == "__main__":
    run(main, snakemake)
