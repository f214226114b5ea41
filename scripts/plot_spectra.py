"""Draw twelve clusterings of the same maps, their spectra and their agreement (rule plot_spectra)."""

from collections.abc import Sequence

from thinkalike.plotting.spectral import embeddings, maps_title, result_agreement, spectra
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_square, read_table
from thinkalike.workflow.jobs import run


def main(
    points: str,
    results: str,
    eigenvalues: str,
    agreement: str,
    known: str,
    embeddings_figure: Sequence[str],
    spectra_figure: Sequence[str],
    agreement_figure: Sequence[str],
    *,
    name: str,
    method: str,
    class_name: str | None,
) -> None:
    maps = read_table(points, ["x", "y", "model", "image_id"])
    twelve = read_table(results, ["graph", "laplacian", "clusters", "stability", "in_clusters"])
    values = read_table(eigenvalues, ["graph", "laplacian", "number", "value"])
    labels = read_table(known, ["graph", "laplacian", "known", "adjusted_rand"])
    matrix = read_square(agreement)
    beside = matrix.reset_index(drop=True).add_prefix("with ")
    title = maps_title(name, method, class_name)
    with styled():
        drawn = embeddings(
            maps, twelve, title=f"{title}: clusters by four graphs, three Laplacians"
        )
        save(drawn, maps.drop(columns="path"), embeddings_figure)
        drawn = spectra(values, twelve, title=f"{title}: eigenvalues, and the gap that was chosen")
        save(drawn, values, spectra_figure)
        drawn = result_agreement(matrix, twelve, labels, title=f"{title}: who agrees with whom")
        save(drawn, twelve.join(beside), agreement_figure)


if __name__ == "__main__":
    run(main, snakemake)
