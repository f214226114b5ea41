"""Add Gaussian noise to the weights of one model (rule disturb_weights)."""

from collections.abc import Mapping
from typing import Any

import torch

from thinkalike.networks.architecture import Architecture
from thinkalike.networks.disturbance import disturbed
from thinkalike.networks.weights import build, save
from thinkalike.workflow.jobs import run


def main(
    source: str, weights: str, architecture: Mapping[str, Any], scale: float, seed: int, code: str
) -> None:
    model = build(Architecture.of(architecture), source, torch.device("cpu"))
    save(disturbed(model, scale, seed), weights, {"noise": scale, "source": source, "code": code})


if __name__ == "__main__":
    run(main, snakemake)
