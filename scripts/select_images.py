"""Choose the images of a study and check that they can be read (rule select_images)."""

from pathlib import Path

from thinkalike.images.loading import load_images, report_constant
from thinkalike.images.selection import MANIFEST, select
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import job_log


def main(
    manifest: str, images: str, *, split: str, count: int, size: int, seed: int, order: str
) -> None:
    selected = select(
        read_table(manifest, MANIFEST), split=split, count=count, seed=seed, order=order
    )
    folder = Path(manifest).parent
    selected["path"] = [str(folder / path) for path in selected["path"]]
    report_constant(load_images(list(selected["path"]), size), list(selected["image_id"]))
    write_table(selected, images)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.manifest,
            snakemake.output.images,
            split=snakemake.params.split,
            count=snakemake.params.number,
            size=snakemake.params.size,
            seed=snakemake.params.seed,
            order=snakemake.params.order,
        )
