"""Turn similarities per image into one dissimilarity per pair of models (rule summarise_similarity)."""

from collections.abc import Sequence

from thinkalike.compare.streams import dissimilarity_tables
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    similarity: str,
    dissimilarity: str,
    means: str,
    pairs: str,
    geometry: str,
    subset: str,
    kind: str,
    predictions: Sequence[str] = (),
) -> None:
    tables = dissimilarity_tables(Kernel.read(similarity), kind, subset, predictions)
    write_table(tables.dissimilarity, dissimilarity, index=True)
    write_table(tables.similarity, means, index=True)
    write_table(tables.pairs, pairs)
    write_table(tables.geometry, geometry)


if __name__ == "__main__":
    run(main, snakemake)
