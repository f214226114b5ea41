"""Cut every image into superpixels (rule segment_images)."""

import numpy as np

from thinkalike.datasets import load_images
from thinkalike.jobs import job_log, log
from thinkalike.segments import superpixels
from thinkalike.stores import content_hash, read_table, write_arrays


def main(
    images: str, segments: str, *, size: int, count: int, compactness: float, code: str
) -> None:
    selected = read_table(images, ["image_id", "path"])
    pixels = load_images(list(selected["path"]), size)
    labels = np.stack(
        [superpixels(image, count=count, compactness=compactness) for image in pixels]
    )
    sizes = labels.max((1, 2)) + 1
    log.info("%d to %d segments an image, %.1f on average", sizes.min(), sizes.max(), sizes.mean())
    write_arrays(
        segments,
        {"labels": (("image", "y", "x"), labels)},
        coordinates={"image": list(selected["image_id"])},
        attributes={
            "segmentation": content_hash(*labels),
            "algorithm": "slic",
            "count": count,
            "compactness": compactness,
            "code": code,
        },
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.output.segments,
            size=snakemake.params.size,
            count=snakemake.params.number,
            compactness=snakemake.params.compactness,
            code=snakemake.params.code,
        )
