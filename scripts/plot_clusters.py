"""Draw one dissimilarity matrix and what was found in it (rule plot_clusters)."""

from collections.abc import Mapping, Sequence

from thinkalike.clustering.models import Clusters
from thinkalike.plotting import clusters, matrices
from thinkalike.plotting.embeddings import embeddings as draw_embeddings
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_square
from thinkalike.workflow.jobs import run


def main(
    dissimilarity: str,
    tables: Sequence[str],
    heat_map: Sequence[str],
    dendrograms: Sequence[str],
    communities: Sequence[str],
    embeddings: Sequence[str],
    method: str,
    metric: str,
    subset: str,
    kind: str,
    largest: float | None,
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    matrix, found = read_square(dissimilarity), Clusters.read(tables)
    of = {"names": names, "families": families, "title": title_of(method, metric, subset)}
    label, order = f"{kind} dissimilarity", found.order["model"].tolist()
    with styled(families):
        save(*matrices.heat_map(matrix, order=order, label=label, digits=2, **of), heat_map)
        save(*clusters.dendrograms(found, **of), dendrograms)
        save(*clusters.communities(found, matrix, largest=largest, **of), communities)
        save(*draw_embeddings(found.pca, found.mds, found.measures, **of), embeddings)


if __name__ == "__main__":
    run(main, snakemake)
