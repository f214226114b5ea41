"""Random weights in the place of the pretrained ones of one model (rule initialise_weights)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.networks.architecture import Architecture
from thinkalike.networks.pretrained import pretrained, randomised
from thinkalike.networks.weights import save
from thinkalike.randomness import integer_seed
from thinkalike.workflow.jobs import run


def main(weights: str, architecture: Mapping[str, Any], seed: int, code: str) -> None:
    network = Architecture.of(architecture)
    model = randomised(network, integer_seed(seed, "initialise_weights", network.name))
    save(model, weights, {**pretrained(network).transform, "source": "random", "code": code})


if __name__ == "__main__":
    run(main, snakemake)
