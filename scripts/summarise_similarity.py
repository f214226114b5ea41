"""Turn similarities per image into one dissimilarity per pair of models (rule summarise_similarity)."""

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pandas as pd

from thinkalike.compare.subsets import matching
from thinkalike.compare.summaries import Part, mean_error_of_parts, summarise_parts
from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays, read_parts
from thinkalike.stores.damage import same_images
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import job_log


def main(
    values: str,
    predictions: list[str] | None,
    matrix: str,
    means: str,
    pairs: str,
    geometry: str,
    *,
    subset: str,
    dissimilarity: str,
) -> None:
    condition, _, number = subset.partition("_")
    first = slice(int(number) if number else None)
    needed = ["similarity", "estimation_error", "model_a", "image"]
    with open_arrays(values, needed) as dataset:
        models = [str(name) for name in dataset["model_a"].to_numpy()]
        image_ids = [str(name) for name in dataset["image"][first].to_numpy()]
    predicted = None
    if condition != "all":
        tables = [read_table(path, ["image_id", "predicted_class"]) for path in predictions or []]
        tables = [table[: len(image_ids)] for table in tables]
        for path, table in zip(predictions or [], tables, strict=True):
            same_images(path, table["image_id"], values, image_ids)
        # by name: models may have different outputs
        predicted = np.stack([table["predicted_class"] for table in tables], 1)

    def counting(images: slice) -> np.ndarray | None:
        if predicted is None:
            return None
        same = matching(predicted[images])
        # no model differs from itself; its diagonal is that of all images
        return same if condition == "matching" else ~same | np.eye(len(models), dtype=bool)

    def of(name: str) -> Iterator[Part]:
        for images, array in read_parts(values, name, len(image_ids)):
            yield array, counting(images)

    summary = summarise_parts(lambda: of("similarity"))
    estimation_error = mean_error_of_parts(of("estimation_error"))
    distances = dissimilarity(summary, dissimilarity)
    shape = geometry(distances)
    if shape.missing:
        log.warning("%d pairs of models have no image in common and are missing", shape.missing)
    log.info("%s", shape)
    table = pd.DataFrame(distances, index=pd.Index(models, name="model"), columns=models)
    write_table(table, matrix, index=True)
    mean = pd.DataFrame(summary.mean, index=pd.Index(models, name="model"), columns=models)
    write_table(mean, means, index=True)
    upper = np.triu_indices(len(models), 1)
    write_table(
        pd.DataFrame(
            {
                "model_a": np.array(models)[upper[0]],
                "model_b": np.array(models)[upper[1]],
                "n": summary.count[upper],
                "mean": summary.mean[upper],
                "std": summary.deviation[upper],
                "estimation_error": estimation_error[upper],
                "dissimilarity": distances[upper],
            }
        ),
        pairs,
    )
    write_table(pd.DataFrame([asdict(shape)]), geometry)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.similarity,
            snakemake.input.get("predictions"),
            snakemake.output.dissimilarity,
            snakemake.output.means,
            snakemake.output.pairs,
            snakemake.output.geometry,
            subset=snakemake.wildcards.subset,
            dissimilarity=snakemake.params.dissimilarity,
        )
