"""Cut every image into superpixels (rule segment_images)."""

from thinkalike.images.segments import write_superpixels
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(images: str, segments: str, size: int, number: int, compactness: float, code: str) -> None:
    selected = read_table(images, ["image_id", "path"])
    write_superpixels(
        segments, selected, size=size, count=number, compactness=compactness, code=code
    )


if __name__ == "__main__":
    run(main, snakemake)
