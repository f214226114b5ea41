"""Accuracy of one model under its own transform and the study's (rule measure_accuracy)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from thinkalike.images.listing import SPLITS
from thinkalike.images.selection import MANIFEST, select
from thinkalike.networks.accuracy import accuracy_table, correct_by_transform
from thinkalike.networks.devices import device_for
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.stores.tables import read_table, write_table
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import job_log


def main(
    manifest: str,
    weights: str,
    output: str,
    *,
    architecture: Mapping[str, Any],
    number: int,
    size: int,
    seed: int,
    order: str,
    device: Any,
) -> None:
    images, folder = read_table(manifest, MANIFEST), Path(manifest).parent
    header = read_header(weights)
    own = build(architecture, weights, device)
    study = own if own.size == size else build(architecture, weights, device, size=size)
    parts = []
    for split in SPLITS:
        there = int((images["split"] == split).sum())
        chosen = select(images, split=split, count=min(number, there), seed=seed, order=order)
        paths = [str(folder / path) for path in chosen["path"]]
        right = correct_by_transform(own, study, header, paths, list(chosen["class_name"]))
        part = accuracy_table(right).assign(model=architecture["name"], split=split)
        for row in part.itertuples():
            log.info("%s, %s: %d of %d correct", split, row.transform, row.correct, row.images)
        parts.append(part)
    table = pd.concat(parts)
    columns = ["model", "split", *table.columns.drop(["model", "split"])]
    write_table(table[columns], output)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.manifest,
            snakemake.input.weights,
            snakemake.output.accuracy,
            architecture=snakemake.params.architecture,
            number=snakemake.params.number,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            order=snakemake.params.order,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
