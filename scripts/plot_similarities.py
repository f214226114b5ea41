"""Draw similarities per image, and the subsampling study (rule plot_similarities)."""

from collections.abc import Mapping, Sequence

from thinkalike.plotting.distributions import similarities
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.plotting.subsampling import subsampling as draw_subsampling
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    similarity: str,
    differences: str,
    variances: str,
    pairs: str,
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
    seeds = read_table(pairs, ["seed_std"])["seed_std"].median()
    with styled(families):
        drawn = similarities(kernel, names=names, families=families, title=title)
        save(*drawn, histograms)
        options = {"images": len(kernel.images), "seed_deviation": seeds, "title": title}
        save(*draw_subsampling(*draws, **options), subsampling)


if __name__ == "__main__":
    run(main, snakemake)
