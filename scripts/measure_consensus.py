"""Measure what the models' maps of each image have in common (rule measure_consensus)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thinkalike.compare.map_sources import map_files
from thinkalike.compare.similarity import Comparison
from thinkalike.statistics.consensus import consensus_of_maps
from thinkalike.statistics.influence import mean_contribution
from thinkalike.stores.kernels import values_of_images
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str],
    values: str,
    images: str,
    consensus: str,
    metric: str,
    models: Sequence[str],
    number: int,
    comparison: Mapping[str, Any],
    correction: str,
    seed: int,
    segments: str | None = None,
) -> None:
    selected = read_table(images, ["image_id", "class_name"])[:number]
    ids = selected["image_id"].tolist()
    paths = dict(zip(models, explanations, strict=True))
    files = map_files(paths, {}, Comparison(metric, **comparison), ids, segments)
    table = consensus_of_maps(files.blocks(), files.kernel, ids, seed=seed)
    _, parts = values_of_images(values, models, correction)
    table["contribution"] = mean_contribution(np.concatenate(list(parts())))
    table.insert(1, "class_name", selected["class_name"].astype(str))
    write_table(table, consensus)


if __name__ == "__main__":
    run(main, snakemake)
