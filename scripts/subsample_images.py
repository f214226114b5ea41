"""Compare similarity matrices of random subsets of images with that of all (rule subsample_images)."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from thinkalike.statistics.subsampling import subsample_parts
from thinkalike.stores.arrays import open_arrays, read_parts
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(
    values: str, differences: str, variances: str, *, sizes: list[int], repeats: int, seed: int
) -> None:
    with open_arrays(values, ["similarity", "model_a", "image"]) as dataset:
        models = np.array([str(name) for name in dataset["model_a"].to_numpy()])
        images = dataset.sizes["image"]

    def per_image() -> Iterator[np.ndarray]:
        return (array for _, array in read_parts(values, "similarity"))

    sizes = sorted(sizes)
    result = subsample_parts(per_image, images, sizes=sizes, repeats=repeats, seed=seed)
    write_table(
        pd.DataFrame(
            {
                "n": np.repeat(sizes, repeats),
                "repeat": np.tile(np.arange(repeats), len(sizes)),
                "sum_abs_difference": result.sum_abs_difference.ravel(),
            }
        ),
        differences,
    )
    first, second = np.triu_indices(len(models), 1)
    pairs = len(first)
    write_table(
        pd.DataFrame(
            {
                "n": np.repeat(sizes, pairs),
                "model_a": np.tile(models[first], len(sizes)),
                "model_b": np.tile(models[second], len(sizes)),
                "variance": result.variance.ravel(),
                "expected": result.expected.ravel(),
                "finite_population_factor": np.repeat(result.factor, pairs),
            }
        ),
        variances,
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.similarity,
            snakemake.output.differences,
            snakemake.output.variances,
            sizes=snakemake.params.sizes,
            repeats=snakemake.params.repeats,
            seed=snakemake.params.seed,
        )
