"""Accuracy of one model under its own transform and the study's (rule measure_accuracy)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.images.dataset import read_dataset
from thinkalike.networks.accuracy import accuracy_by_transform
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.weights import build
from thinkalike.stores.tables import write_table
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    weights: str,
    accuracy: str,
    architecture: Mapping[str, Any],
    number: int,
    order: str,
    size: int,
    seed: int,
    device: Any,
) -> None:
    network = Architecture.of(architecture)
    own = build(network, weights, device)
    common = own if own.size == size else build(network, weights, device, size)
    table = accuracy_by_transform(
        own,
        common,
        read_header(weights),
        read_dataset(manifest),
        count=number,
        order=order,
        seed=seed,
    )
    write_table(table, accuracy)


if __name__ == "__main__":
    run(main, snakemake)
