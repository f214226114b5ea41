"""Fit a head for the classes of the data set to the frozen features of one model (rule fit_head)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from thinkalike.images.dataset import classes_of, examples, read_dataset
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.probes import with_head
from thinkalike.networks.training import measure_accuracy
from thinkalike.networks.weights import build, save
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    initial: str,
    weights: str,
    architecture: Mapping[str, Any],
    size: int,
    code: str,
    device: Any,
) -> None:
    images, headed = read_dataset(manifest), Architecture.of(architecture)
    body = build(replace(headed, head=""), initial, device, size)
    learned = examples(images, "train", size)
    model = with_head(body, *learned, classes=classes_of(images), kind=headed.head)
    measured = measure_accuracy(model, *examples(images, "val", size))
    source = read_header(initial).get("source", "")
    save(model, weights, {**measured, "head": headed.head, "source": source, "code": code})


if __name__ == "__main__":
    run(main, snakemake)
