"""Compare similarity matrices of random subsets of images with that of all (rule subsample_images)."""

from collections.abc import Sequence

from thinkalike.statistics.subsampling import subsample_parts
from thinkalike.stores.kernels import values_of_images
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    values: str,
    differences: str,
    variances: str,
    models: Sequence[str],
    correction: str,
    sizes: Sequence[int],
    repeats: int,
    seed: int,
) -> None:
    images, parts = values_of_images(values, models, correction)
    options = {"sizes": sorted(sizes), "repeats": repeats, "seed": seed}
    result = subsample_parts(parts, images, **options)
    write_table(result.difference_table(), differences)
    write_table(result.variance_table(models), variances)


if __name__ == "__main__":
    run(main, snakemake)
