"""Read the weights of one model from a file of the user's (rule import_weights)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.networks.architecture import Architecture
from thinkalike.networks.weights import save
from thinkalike.networks.wrapping import with_checkpoint
from thinkalike.workflow.jobs import run


def main(
    checkpoint: str,
    weights: str,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    size: int,
    code: str,
    depends_on: str,
) -> None:
    network = Architecture.of(architecture)
    model = with_checkpoint(network, checkpoint, size=size, **settings)
    save(model, weights, {"source": checkpoint, "checkpoint": depends_on, "code": code})


if __name__ == "__main__":
    run(main, snakemake)
