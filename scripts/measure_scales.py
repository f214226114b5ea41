"""Measure the similarity of models' maps at several scales (rule measure_scales)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.compare.similarity import Comparison
from thinkalike.statistics.moved import input_ceiling_pairs
from thinkalike.statistics.scales import ScaledStudy
from thinkalike.stores.maps import read_segments
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str],
    images: str,
    table: str,
    compared: Sequence[str],
    models: Sequence[str],
    architectures: Mapping[str, str],
    number: int,
    scales: Sequence[int],
    comparison: Mapping[str, Any],
    picture: Mapping[str, Any],
    stratified: bool,
    pixels: int,
    moved: Sequence[str] = (),
    segments: str | None = None,
) -> None:
    selected = read_table(images, ["image_id", "class_name", "path"])[:number]
    files = dict(zip(compared, explanations, strict=True))
    shared = read_segments(segments) if segments else None
    both = {
        model: input_ceiling_pairs(files[model], path, shared, pixels, comparison["sign"])
        for model, path in zip(models, moved, strict=False)
    }
    study = ScaledStudy(files, both, models, architectures, selected, segments, stratified, picture)
    write_table(study.table(Comparison("cosine", **comparison), scales), table)


if __name__ == "__main__":
    run(main, snakemake)
