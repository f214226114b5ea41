"""Cut every image into superpixels (rule segment_images)."""

import numpy as np

from thinkalike.images.blocks import blocks
from thinkalike.images.loading import load_images
from thinkalike.images.segments import superpixels
from thinkalike.progress import log
from thinkalike.stores.arrays import create_arrays
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log


def main(
    images: str, segments: str, *, size: int, count: int, compactness: float, code: str
) -> None:
    selected = read_table(images, ["image_id", "path"])
    paths = list(selected["path"])
    sizes = []
    with create_arrays(
        segments,
        {"labels": (("image", "y", "x"), np.int16)},
        sizes={"y": size, "x": size},
        coordinates={"image": list(selected["image_id"])},
        attributes={
            "algorithm": "slic",
            "count": count,
            "compactness": compactness,
            "code": code,
        },
    ) as file:
        for block in blocks(len(paths)):
            labels = [
                superpixels(image, count=count, compactness=compactness)
                for image in load_images(paths[block], size)
            ]
            file.append(labels=labels)
            sizes += [int(each.max()) + 1 for each in labels]
    log.info("%d to %d segments an image, %.1f on average", min(sizes), max(sizes), np.mean(sizes))


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
