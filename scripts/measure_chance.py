"""Measure the similarity of all pairs of models above that of different images (rule measure_chance)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from thinkalike.compare.chance_streams import MapFiles, chance_files, predicted_by
from thinkalike.compare.similarity import Comparison
from thinkalike.stores.kernels import create_chance
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str],
    images: str,
    chance: str,
    models: Sequence[str],
    other_models: Sequence[str],
    number: int,
    subsets: Sequence[str],
    method: str,
    metric: str,
    comparison: Mapping[str, Any],
    code: str,
    others: Sequence[str] = (),
    segments: str | None = None,
    predictions: Sequence[str] = (),
    other_predictions: Sequence[str] = (),
) -> None:
    """Measure `models` against each other, or against `other_models` if there are any."""
    selected = read_table(images, ["image_id", "class_name"])[:number]
    ids, labels = selected["image_id"].tolist(), selected["class_name"].astype(str).to_numpy()
    settings = Comparison(metric, **comparison)
    pairs = (
        dict(zip(*each, strict=True)) for each in ((models, explanations), (other_models, others))
    )
    files = MapFiles(next(pairs), settings, ids, next(pairs), segments)
    predicted = predicted_by(predictions, other_predictions, images, ids)
    stated = {key: value for key, value in asdict(settings).items() if value is not None}
    attributes = {"method": method, **stated, "code": code}
    options = {"subsets": subsets, "attributes": attributes}
    with create_chance(chance, ids, models, other_models, **options) as output:
        output.append(class_name=labels)
        for rows in chance_files(files, labels, subsets, predicted):
            output.append(**rows)


if __name__ == "__main__":
    run(main, snakemake)
