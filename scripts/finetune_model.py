"""Teach one trained model the classes of the data set (rule finetune_model)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from thinkalike.images.selection import MANIFEST
from thinkalike.networks.devices import device_for
from thinkalike.networks.training import MARGIN, accuracy_on_val, class_names, examples_of, finetune
from thinkalike.networks.weights import build, save
from thinkalike.randomness import integer_seed
from thinkalike.stores.tables import read_table
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import job_log


def main(
    manifest: str,
    initial: str,
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
    model = build(architecture, initial, device, size=size)
    learned, held_out = (
        examples_of(table, folder, split=split, size=side)
        for split, side in (("train", round(MARGIN * size)), ("val", size))
    )
    classes = class_names(table)
    # names that people use, where the pretrained model has the same class
    known = dict(zip(model.classes, model.class_names, strict=True))
    network = finetune(
        model,
        *learned,
        classes=len(classes),
        settings=settings,
        seed=integer_seed(seed, "finetune_model", architecture["name"]),
    )
    measured = accuracy_on_val(
        replace(model, network=network, classes=tuple(classes), class_names=tuple(classes)),
        *held_out,
        at_least=settings["accuracy_at_least"],
        section="finetuning",
    )
    save(
        network,
        weights,
        entry=architecture,
        classes=classes,
        class_names=[known.get(name, name) for name in classes],
        size=size,
        attributes={
            **measured,
            "mean": model.mean,
            "std": model.std,
            "finetuning": dict(settings),
            "source": read_header(initial).get("source", "trained here"),
            "code": code,
        },
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.manifest,
            snakemake.input.weights,
            snakemake.output.weights,
            architecture=snakemake.params.architecture,
            settings=snakemake.params.settings,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
