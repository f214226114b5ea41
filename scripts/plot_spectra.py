"""Draw twelve clusterings of the same maps, their spectra and how far they agree (rule plot_spectra)."""

from collections.abc import Sequence

from thinkalike.plotting.spectral import embeddings, of_maps, result_agreement, spectra
from thinkalike.plotting.style import save, styled
from thinkalike.stores.tables import read_square, read_table
from thinkalike.workflow.jobs import job_log


def main(
    points: str,
    results: str,
    eigenvalues: str,
    agreement: str,
    known: str,
    embeddings_paths: Sequence[str],
    spectra_paths: Sequence[str],
    agreement_paths: Sequence[str],
    *,
    name: str,
    method: str,
    class_name: str | None,
) -> None:
    title = of_maps(name, method, class_name)
    maps = read_table(points, ["x", "y", "model", "image_id"])
    twelve = read_table(results, ["graph", "laplacian", "clusters", "stability", "in_clusters"])
    values = read_table(eigenvalues, ["graph", "laplacian", "number", "value"])
    with_known = read_table(known, ["graph", "laplacian", "known", "adjusted_rand"])
    matrix = read_square(agreement)
    with styled():
        drawn = embeddings(
            maps, twelve, title=f"{title}: clusters by four graphs, three Laplacians"
        )
        save(drawn, maps.drop(columns="path"), embeddings_paths)
        drawn = spectra(values, twelve, title=f"{title}: eigenvalues, and the gap that was chosen")
        save(drawn, values, spectra_paths)
        drawn = result_agreement(matrix, twelve, with_known, title=f"{title}: who agrees with whom")
        table = twelve.merge(
            matrix.reset_index(drop=True).add_prefix("with "), left_index=True, right_index=True
        )
        save(drawn, table, agreement_paths)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.points,
            snakemake.input.results,
            snakemake.input.eigenvalues,
            snakemake.input.agreement,
            snakemake.input.known,
            snakemake.output.embeddings,
            snakemake.output.spectra,
            snakemake.output.agreement,
            name=snakemake.params.name,
            method=snakemake.params.method,
            class_name=snakemake.params.class_name,
        )
