"""Explain every image with one model by one method (rule explain_images)."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from thinkalike.datasets import load_images
from thinkalike.explain.common import BATCH_SIZE, Question
from thinkalike.jobs import device_for, integer_seed, job_log, log
from thinkalike.maps import blank, with_sign
from thinkalike.models import build
from thinkalike.stores import read_segments, read_table, write_maps


def main(
    images: str,
    weights: str,
    predictions: str,
    segments: str | None,
    explanations: str,
    *,
    method: str,
    architecture: Mapping[str, Any],
    settings: Mapping[str, Any],
    target: str,
    output: str,
    baseline: list[float],
    seed: int,
    code: str,
    device: Any,
) -> None:
    selected = read_table(images, ["image_id", "path", "label"])
    predicted = read_table(predictions, ["image_id", "predicted"], index="image_id")
    image_ids = selected["image_id"].tolist()
    targets = (
        predicted.loc[image_ids, "predicted"] if target == "prediction" else selected["label"]
    ).to_numpy()
    model = build(architecture, weights, device)
    question = Question(
        output=output,
        baseline=tuple(baseline),
        batch_size=BATCH_SIZE,
        segments=np.stack([s.labels for s in read_segments(segments)]) if segments else None,
        seeds=np.array([integer_seed(seed, method, image_id) for image_id in image_ids]),
    )
    pixels = load_images(selected["path"].tolist(), model.size)
    explain = import_module(f"thinkalike.explain.{method}").explain
    explanation = explain(model, pixels, targets, question, **settings)
    blanks = int(blank(with_sign(explanation.maps, "positive")).sum())
    if blanks:
        log.warning(
            "%s: %d of %d maps nowhere positive", architecture["name"], blanks, len(targets)
        )
    write_maps(
        explanations,
        explanation.maps,
        image_ids=image_ids,
        measures={"target": targets, **explanation.measures},
        attributes={
            "method": method,
            "model": architecture["name"],
            "units": f"{output} of the target class",
            "target": target,
            "nowhere_positive": blanks,
            "baseline": baseline,
            "code": code,
            **settings,
        },
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.weights,
            snakemake.input.predictions,
            snakemake.input.get("segments"),
            snakemake.output.explanations,
            method=snakemake.wildcards.method,
            architecture=snakemake.params.architecture,
            settings=snakemake.params.settings,
            target=snakemake.params.target,
            output=snakemake.params.output,
            baseline=snakemake.params.baseline,
            seed=snakemake.params.seed,
            code=snakemake.params.code,
            device=device_for(snakemake.resources.get("gpu", 0), snakemake.threads),
        )
