"""Join the maps of the shards of a model's images (rule join_shards)."""

from thinkalike.stores.joining import join
from thinkalike.workflow.jobs import run


def main(shards: list[str], explanations: str) -> None:
    join(shards, explanations)


if __name__ == "__main__":
    run(main, snakemake)
