"""Delete the regions that every model's maps rate highest from what one model sees (rule
delete_regions).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.explain.cases import Files, read_case
from thinkalike.explain.deletion import deletion_table, read_regions
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    images: str,
    weights: str,
    predictions: str,
    explanations: Sequence[str],
    deletion: str,
    model: str,
    models: Sequence[str],
    signs: Mapping[str, str],
    number: int,
    area: float,
    architecture: Mapping[str, Any],
    explanation: Mapping[str, Any],
    size: int,
    device: Any,
    segments: str | None = None,
) -> None:
    files, part = Files(images, weights, predictions, segments), slice(number)
    case = read_case(files, architecture, explanation, size=size, part=part, device=device)
    regions = read_regions(case, explanations, models, signs, area)
    classes = read_table(images, ["class_name"])["class_name"][part].tolist()
    write_table(deletion_table(case, model, regions, classes), deletion)


if __name__ == "__main__":
    run(main, snakemake)
