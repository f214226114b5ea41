"""Resample images: how many it takes, what trees and factors are sure (rule resample_images)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thinkalike.statistics.intervals import strata
from thinkalike.statistics.resampling import Settings, resample_images
from thinkalike.stores.kernels import values_of_images
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    values: str,
    images: str,
    image_count: str,
    support: str,
    one_factor: str,
    influential: str,
    models: Sequence[str],
    correction: str,
    settings: Mapping[str, Any],
    stratified: bool,
    seed: int,
) -> None:
    number, parts = values_of_images(values, models, correction)
    selected = read_table(images, ["image_id", "class_name"])[:number]
    groups = strata(selected["class_name"].astype(str)) if stratified else None
    study = np.concatenate(list(parts())), selected["image_id"].tolist(), models
    tables = resample_images(*study, Settings(**settings), groups=groups, seed=seed)
    write_table(tables.image_count, image_count)
    write_table(tables.support, support)
    write_table(tables.one_factor, one_factor)
    write_table(tables.influential, influential)


if __name__ == "__main__":
    run(main, snakemake)
