"""Choose the images whose maps are clustered, of one class or of all (rule select_class_images)."""

from thinkalike.images.dataset import read_dataset
from thinkalike.images.loading import load_images, report_constant
from thinkalike.images.selection import report_seen, select_class
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    images: str,
    *,
    class_name: str | None,
    split: str,
    most: int,
    exclude: str | None,
    size: int,
    seed: int,
) -> None:
    choice = {"class_name": class_name, "split": split, "most": most, "exclude": exclude}
    selected = select_class(read_dataset(manifest), **choice, seed=seed)
    log.info("%d images", len(selected))
    report_seen(selected)
    report_constant(load_images(list(selected["path"]), size), list(selected["image_id"]))
    write_table(selected, images)


if __name__ == "__main__":
    run(main, snakemake)
