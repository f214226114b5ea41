"""Draw clusters of maps by the most telling result: means, nearest maps (rule plot_map_clusters)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.clustering.spectral.prototypes import UnitMaps, prototype_table, prototypes
from thinkalike.clustering.spectral.telling import telling
from thinkalike.compare.similarity import Comparison
from thinkalike.plotting.map_clusters import SHOWN, cluster_rows, map_clusters
from thinkalike.plotting.spectral import maps_title, result_name
from thinkalike.plotting.style import save, styled
from thinkalike.stores.maps import read_maps
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    points: str,
    results: str,
    explanations: Sequence[str],
    clusters: Sequence[str],
    name: str,
    method: str,
    class_name: str | None,
    comparison: Mapping[str, Any],
    size: int,
    names: Mapping[str, str],
) -> None:
    table = read_table(points, ["model", "image_id", "path", "predicted_name", "correct"])
    twelve = read_table(results, ["graph", "beyond", "excess", "sizes", "in_clusters"])
    best = twelve.loc[telling(twelve)]
    prepare = Comparison("cosine", **comparison).prepare
    maps = UnitMaps([prepare(read_maps(path)[0]) for path in explanations])
    labels = table[f"{best['graph']}/{best['laplacian']}"].to_numpy()
    shown = prototypes(maps, labels, SHOWN)
    rows = cluster_rows(shown, maps, table, size=size, names=names)
    title = f"{maps_title(name, method, class_name)}: {result_name(best)}"
    with styled():
        figure = map_clusters(rows, title=title, left_out=len(shown) - len(rows))
        save(figure, prototype_table(shown, table), clusters)


if __name__ == "__main__":
    run(main, snakemake)
