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
    name: str,
    method: str,
    class_name: str | None,
) -> None:
    maps = read_table(points, ["x", "y", "model", "image_id"])
    twelve = read_table(results, ["graph", "clusters", "beyond", "stability_tested", "gap_cloud"])
    values = read_table(eigenvalues, ["graph", "laplacian", "number", "value"])
    labels = read_table(known, ["graph", "laplacian", "known", "adjusted_rand"])
    matrix = read_square(agreement)
    beside = twelve.join(matrix.reset_index(drop=True).add_prefix("with "))
    title = maps_title(name, method, class_name)
    with styled():
        save(embeddings(maps, twelve, title=title), maps.drop(columns="path"), embeddings_figure)
        save(spectra(values, twelve, title=title), values, spectra_figure)
        save(result_agreement(matrix, twelve, labels, title=title), beside, agreement_figure)


if __name__ == "__main__":
    run(main, snakemake)
