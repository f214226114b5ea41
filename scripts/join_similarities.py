"""Put the similarities of groups of models together (rule join_similarities)."""

from collections.abc import Sequence

from thinkalike.stores.kernels import join_kernels
from thinkalike.workflow.jobs import run


def main(tiles: Sequence[str], similarity: str, models: Sequence[str]) -> None:
    join_kernels(tiles, similarity, models)


if __name__ == "__main__":
    run(main, snakemake)
