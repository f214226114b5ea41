"""Shares of Grad-CAM's mass with other target layers, and with cells mended (rule explain_layers)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.cases import Files, read_case
from thinkalike.explain.layers import border_tables
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    table: str,
    architecture: Mapping[str, Any],
    layers: Sequence[str],
    mended: Sequence[Sequence[int]],
    number: int,
    explanation: Mapping[str, Any],
    size: int,
    device: Any,
) -> None:
    options = {"size": size, "part": slice(number), "device": device}
    case = read_case(Files(images, weights, predictions), architecture, explanation, **options)
    write_table(border_tables(case, layers, mended), table)


if __name__ == "__main__":
    run(main, snakemake)
