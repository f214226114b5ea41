"""Train one model from scratch (rule train_model)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from thinkalike.images.selection import MANIFEST
from thinkalike.networks.devices import device_for
from thinkalike.networks.model import Model, preprocessing
from thinkalike.networks.training import accuracy_on_val, class_names, examples_of, train
from thinkalike.networks.weights import save
from thinkalike.randomness import integer_seed
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log


def main(
    manifest: str,
    weights: str,
    *,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    size: int,
    seed: int,
    code: str,
    device: Any,
) -> None:
    table, folder = read_table(manifest, MANIFEST), Path(manifest).parent
    learned, held_out = (
        examples_of(table, folder, split=split, size=size) for split in ("train", "val")
    )
    classes = class_names(table)
    network = train(
        architecture,
        *learned,
        classes=len(classes),
        settings=settings,
        seed=integer_seed(seed, "train_model", architecture["name"]),
        device=device,
    )
    mean, std = preprocessing(network)
    measured = accuracy_on_val(
        Model(network, mean, std, size, tuple(classes), architecture),
        *held_out,
        # an untrained control has learned nothing, and is not asked to
        at_least=settings["accuracy_at_least"] if settings["epochs"] else 0,
        section="training",
    )
    save(
        network,
        weights,
        entry=architecture,
        classes=classes,
        size=size,
        attributes={**measured, "training": dict(settings), "code": code},
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.manifest,
            snakemake.output.weights,
            architecture=snakemake.params.architecture,
            settings=snakemake.params.settings,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
