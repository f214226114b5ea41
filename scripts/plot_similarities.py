"""Draw similarities per image, and the subsampling study (rule plot_similarities)."""

from collections.abc import Mapping, Sequence

from thinkalike.plotting import distributions
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    similarity: str,
    differences: str,
    variances: str,
    histograms: Sequence[str],
    subsampling: Sequence[str],
    method: str,
    metric: str,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    kernel, title = Kernel.read(similarity, models), title_of(method, metric)
    draws = read_table(differences), read_table(variances)
    with styled(families):
        drawn = distributions.similarities(kernel, names=names, families=families, title=title)
        save(*drawn, histograms)
        images = len(kernel.images)
        save(*distributions.subsampling(*draws, images=images, title=title), subsampling)


if __name__ == "__main__":
    run(main, snakemake)
