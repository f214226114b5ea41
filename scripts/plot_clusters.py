"""Draw one dissimilarity matrix and what was found in it (rule plot_clusters)."""

from collections.abc import Mapping, Sequence

from thinkalike.clustering.models import Clusters
from thinkalike.compare.pairs import pair_categories
from thinkalike.plotting import clusters, heat_maps
from thinkalike.plotting.embeddings import embeddings as draw_embeddings
from thinkalike.plotting.style import save, styled, title_of
from thinkalike.stores.tables import read_square, read_table
from thinkalike.workflow.jobs import run


def main(
    dissimilarity: str,
    pairs: str,
    seeds: str,
    tables: Sequence[str],
    heat_map: Sequence[str],
    dendrograms: Sequence[str],
    communities: Sequence[str],
    embeddings: Sequence[str],
    method: str,
    metric: str,
    subset: str,
    kind: str,
    corrected: bool,
    largest: float | None,
    untrained: Sequence[str],
    architectures: Mapping[str, str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    support: str | None = None,
) -> None:
    matrix, found, table = read_square(dissimilarity), Clusters.read(tables), read_table(pairs)
    known = {"architectures": architectures, "families": families, "untrained": untrained}
    table = table.assign(category=pair_categories(table, **known))
    of = {"names": names, "families": families, "title": title_of(method, metric, subset)}
    drawn = heat_maps.Pairs.of(table, found, list(matrix.columns))
    is_chord = corrected and kind == "chord"
    marks = heat_maps.bar_marks(read_table(seeds)) if is_chord else {}
    label = heat_maps.label_of(kind, corrected)
    shares = clusters.read_support(support) if support else {}
    with styled(families):
        save(*heat_maps.dissimilarities(drawn, marks=marks, label=label, **of), heat_map)
        save(*clusters.dendrograms(found, support=shares, **of), dendrograms)
        save(*clusters.communities(found, matrix, largest=largest, **of), communities)
        points = found.pca, found.mds, found.measures
        save(*draw_embeddings(*points, untrained=untrained, **of), embeddings)


if __name__ == "__main__":
    run(main, snakemake)
