"""Choose the images of a study and check that they can be read (rule select_images)."""

from thinkalike.images.dataset import read_dataset
from thinkalike.images.loading import load_images, report_constant
from thinkalike.images.selection import report_seen, select
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    images: str,
    *,
    split: str,
    number: int,
    order: str,
    exclude: str | None,
    size: int,
    seed: int,
) -> None:
    choice = {"split": split, "count": number, "order": order, "exclude": exclude}
    selected = select(read_dataset(manifest), **choice, seed=seed)
    report_seen(selected)
    report_constant(load_images(list(selected["path"]), size), list(selected["image_id"]))
    write_table(selected, images)


if __name__ == "__main__":
    run(main, snakemake)
