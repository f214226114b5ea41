"""Cut every image into regions (rule segment_images)."""

from collections.abc import Mapping
from typing import Any

from thinkalike.images.segments import write_segments
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import run


def main(
    images: str, segments: str, size: int, kind: str, options: Mapping[str, Any], code: str
) -> None:
    selected = read_table(images, ["image_id", "path"])
    write_segments(segments, selected, size=size, kind=kind, options=options, code=code)


if __name__ == "__main__":
    run(main, snakemake)
