"""Predict the class of every image with one model (rule predict_images)."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from thinkalike.errors import naming
from thinkalike.images.blocks import blocks
from thinkalike.images.loading import load_images
from thinkalike.networks.devices import device_for
from thinkalike.networks.predict import logits, predictions
from thinkalike.networks.weights import build
from thinkalike.progress import log
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import job_log


def main(
    images: str,
    weights: str,
    predicted: str,
    *,
    architecture: Mapping[str, Any],
    device: Any,
    size: int | None = None,
) -> None:
    selected = read_table(images, ["image_id", "path", "class_name"])
    model = build(architecture, weights, device, size)
    paths = list(selected["path"])
    values = []
    for block in blocks(len(paths)):
        with naming(selected["image_id"].tolist()[block]):
            values.append(logits(model, load_images(paths[block], model.size)))
    table = predictions(np.concatenate(values), selected, model)
    log.info("%d of %d correct", table["correct"].sum(), len(table))
    write_table(table, predicted)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.output.predictions,
            architecture=snakemake.params.architecture,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
            size=snakemake.params.size,
        )
