"""Draw clusters of maps by the most stable result: means, nearest maps (rule plot_map_clusters)."""

from collections.abc import Mapping, Sequence

from thinkalike.clustering.spectral.prototypes import UnitMaps, prototype_table, prototypes
from thinkalike.clustering.spectral.study import most_informative
from thinkalike.compare.maps import rescaled, with_sign
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
    *,
    name: str,
    method: str,
    class_name: str | None,
    sign: str,
    rescaling: str,
    size: int,
    names: Mapping[str, str],
) -> None:
    table = read_table(points, ["model", "image_id", "path", "predicted_name", "correct"])
    twelve = read_table(results, ["graph", "laplacian", "stability", "sizes", "in_clusters"])
    best = twelve.loc[most_informative(twelve)]
    maps = UnitMaps(
        [rescaled(with_sign(read_maps(path)[0], sign), rescaling) for path in explanations]
    )
    labels = table[f"{best['graph']}/{best['laplacian']}"].to_numpy()
    found = prototypes(maps, labels, SHOWN)
    rows = cluster_rows(found, maps, table, size=size, names=names)
    more = len(found) - len(rows)
    title = f"{maps_title(name, method, class_name)}: {result_name(best)}"
    title += f"; {more} smaller clusters are in the table" if more else ""
    with styled():
        save(map_clusters(rows, title=title), prototype_table(found, table), clusters)


if __name__ == "__main__":
    run(main, snakemake)
