"""Error and time of KernelSHAP maps of few evaluations, against maps of many (rule measure_budgets)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.budgets import Budgets, budget_table
from thinkalike.explain.cases import Files, read_case
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    table: str,
    architecture: Mapping[str, Any],
    number: int,
    segments: Sequence[int],
    compactness: float,
    evaluations: Sequence[int],
    repeats: int,
    reference: int,
    explanation: Mapping[str, Any],
    size: int,
    seed: int,
    device: Any,
) -> None:
    options = {"size": size, "part": slice(number), "device": device}
    case = read_case(Files(images, weights, predictions), architecture, explanation, **options)
    budgets = Budgets(segments, compactness, evaluations, repeats, reference)
    write_table(budget_table(case, budgets, seed), table)


if __name__ == "__main__":
    run(main, snakemake)
