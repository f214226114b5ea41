"""Compare similarity matrices of random subsets of images with that of all (rule subsample_images)."""

from collections.abc import Sequence

from thinkalike.statistics.subsampling import subsample_parts
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    similarity: str,
    differences: str,
    variances: str,
    sizes: Sequence[int],
    repeats: int,
    seed: int,
) -> None:
    kernel = Kernel.read(similarity)
    result = subsample_parts(
        lambda: (values for _, values in kernel.parts()),
        len(kernel.images),
        sizes=sorted(sizes),
        repeats=repeats,
        seed=seed,
    )
    write_table(result.difference_table(), differences)
    write_table(result.variance_table(kernel.models), variances)


if __name__ == "__main__":
    run(main, snakemake)
