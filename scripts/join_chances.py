"""Join similarities above chance of groups of models (rule join_chances)."""

from collections.abc import Sequence

from thinkalike.stores.kernels import join_chances
from thinkalike.workflow.jobs import run


def main(tiles: Sequence[str], chance: str, models: Sequence[str]) -> None:
    join_chances(tiles, chance, models)


if __name__ == "__main__":
    run(main, snakemake)
