"""Turn similarities per image into one dissimilarity per pair of models (rule summarise_similarity)."""

from collections.abc import Mapping, Sequence

from thinkalike.statistics.completeness import read_not_converged
from thinkalike.statistics.pairs import Settings, pair_tables
from thinkalike.stores.kernels import Chance, Kernel
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    similarity: str,
    chance: str,
    dissimilarity: str,
    means: str,
    rho: str,
    seeds: str,
    pairs: str,
    geometry: str,
    models: Sequence[str],
    architectures: Mapping[str, str],
    settings: Mapping[str, str],
    stratified: bool,
    subset: str,
    predictions: Sequence[str] = (),
    explanations: Sequence[str] = (),
) -> None:
    kernel, above = Kernel.read(similarity, models), Chance.read(chance, subset)
    options = {"subset": subset, "predictions": predictions, "stratified": stratified}
    options["not_converged"] = read_not_converged(explanations, kernel.images)
    tables = pair_tables(kernel, above, architectures, Settings(**settings), **options)
    squares = dissimilarity, means, rho
    for table, path in zip(tables, (*squares, pairs, seeds, geometry), strict=True):
        write_table(table, path, index=path in squares)


if __name__ == "__main__":
    run(main, snakemake)
