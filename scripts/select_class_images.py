"""Choose the images whose maps are clustered, of one class or of all (rule select_class_images)."""

from pathlib import Path

from thinkalike.images.loading import load_images, report_constant
from thinkalike.images.selection import MANIFEST, select_class
from thinkalike.progress import log
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    images: str,
    *,
    class_name: str | None,
    split: str,
    most: int,
    size: int,
    seed: int,
) -> None:
    selected = select_class(
        read_table(manifest, MANIFEST), class_name=class_name, split=split, most=most, seed=seed
    )
    log.info("%d images", len(selected))
    folder = Path(manifest).parent
    selected["path"] = [str(folder / path) for path in selected["path"]]
    report_constant(load_images(list(selected["path"]), size), list(selected["image_id"]))
    write_table(selected, images)


if __name__ == "__main__":
    run(main, snakemake)
