"""Measure the similarity of all pairs of models above that of different images (rule measure_chance)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.chance_streams import chance_files, predicted_by, write_chance
from thinkalike.compare.map_sources import map_files
from thinkalike.compare.similarity import Comparison
from thinkalike.images.pictures import pictures_of
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
    metric: str,
    comparison: Mapping[str, Any],
    picture: Mapping[str, Any],
    code: str,
    others: Sequence[str] = (),
    segments: str | None = None,
    predictions: Sequence[str] = (),
    other_predictions: Sequence[str] = (),
) -> None:
    selected = read_table(images, ["image_id", "class_name", "path"])[:number]
    ids, pictures = selected["image_id"].tolist(), pictures_of(selected["path"], picture)
    both = (zip(*each, strict=True) for each in ((models, explanations), (other_models, others)))
    files = map_files(*map(dict, both), Comparison(metric, **comparison), ids, segments, pictures)
    predicted = predicted_by(predictions, other_predictions, images, ids)
    rows = chance_files(files, selected["class_name"], subsets, predicted)
    write_chance(chance, rows, files, subsets=subsets, code=code)


if __name__ == "__main__":
    run(main, snakemake)
