"""Put the similarities of groups of models together (rule join_similarities)."""

from contextlib import ExitStack

import numpy as np

from thinkalike.stores.arrays import create_arrays, open_arrays, parts, read_attributes
from thinkalike.stores.damage import same_images
from thinkalike.workflow.jobs import job_log

VALUES = ["similarity", "estimation_error"]
PAIR = ("image", "model_a", "model_b")


def main(tiles: list[str], output: str, *, models: list[str]) -> None:
    """`tiles` have the pairs of models (row, column) with row ≤ column in any order."""
    place = {model: number for number, model in enumerate(models)}
    rows, columns, image_ids = [], [], None
    for path in tiles:
        with open_arrays(path, [*VALUES, "image", "model_a", "model_b"]) as dataset:
            first, second = ([place[str(m)] for m in dataset[d].to_numpy()] for d in PAIR[1:])
            names = [str(name) for name in dataset["image"].to_numpy()]
        rows.append(first)
        columns.append(second)
        image_ids = image_ids or names
        same_images(path, names, tiles[0], image_ids)
    assert image_ids is not None
    size = len(models)
    with ExitStack() as stack:
        files = [stack.enter_context(open_arrays(path)) for path in tiles]
        file = stack.enter_context(
            create_arrays(
                output,
                {**dict.fromkeys(VALUES, (PAIR, np.float64)), "blank": (PAIR[:2], np.uint8)},
                sizes={},
                coordinates={"image": image_ids, "model_a": models, "model_b": models},
                attributes=read_attributes(tiles[0]),
            )
        )
        for images in parts(len(image_ids), 2 * size**2):
            count = images.stop - images.start
            values = {name: np.full((count, size, size), np.nan) for name in VALUES}
            blank = np.zeros((count, size), np.uint8)
            for dataset, first, second in zip(files, rows, columns, strict=True):
                for name, array in values.items():
                    tile = dataset[name][images].to_numpy()
                    array[:, *np.ix_(first, second)] = tile
                    array[:, *np.ix_(second, first)] = tile.transpose(0, 2, 1)
                if "blank" in dataset:
                    blank[:, first] = dataset["blank"][images].to_numpy()
            file.append(**values, blank=blank)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.tiles,
            snakemake.output.similarity,
            models=snakemake.params.models,
        )
