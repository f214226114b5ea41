"""Random weights in the place of the pretrained ones of one model (rule initialise_weights)."""

from collections.abc import Mapping
from typing import Any

import torch

from thinkalike.networks.model import create
from thinkalike.networks.pretrained import pretrained
from thinkalike.networks.weights import save
from thinkalike.randomness import integer_seed
from thinkalike.workflow.jobs import job_log


def main(weights: str, *, architecture: Mapping[str, Any], seed: int, code: str) -> None:
    wanted = pretrained(architecture)
    torch.manual_seed(integer_seed(seed, "initialise_weights", architecture["name"]))
    save(
        create(architecture, classes=len(wanted.classes), size=wanted.size),
        weights,
        entry=architecture,
        classes=list(wanted.classes),
        class_names=wanted.class_names,
        size=wanted.size,
        attributes={**wanted.transform, "source": "random", "code": code},
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.output.weights,
            architecture=snakemake.params.architecture,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
        )
