"""Agreement of all pairs of models, and the accuracy of each (rule compare_predictions)."""

import numpy as np
import pandas as pd

from thinkalike.jobs import job_log
from thinkalike.similarity import agreement
from thinkalike.stores import read_header, read_table, write_table


def main(
    predictions: list[str],
    weights: list[str],
    counts: str,
    pairs: str,
    accuracy: str,
    *,
    models: list[str],
) -> None:
    tables = [read_table(path, ["predicted", "correct"]) for path in predictions]
    same = agreement(np.stack([table["predicted"] for table in tables], 1))
    square = pd.DataFrame(same, index=pd.Index(models, name="model"), columns=models)
    write_table(square, counts, index=True)
    upper = np.triu_indices(len(models), 1)
    images = len(tables[0])
    write_table(
        pd.DataFrame(
            {
                "model_a": np.array(models)[upper[0]],
                "model_b": np.array(models)[upper[1]],
                "same": same[upper],
                "different": images - same[upper],
            }
        ),
        pairs,
    )
    headers = [read_header(path) for path in weights]
    write_table(
        pd.DataFrame(
            {
                "model": models,
                "correct": [int(table["correct"].sum()) for table in tables],
                "images": images,
                "accuracy": [float(table["correct"].mean()) for table in tables],
                "val_accuracy": [header["accuracy"] for header in headers],
                "val_images": [header["images"] for header in headers],
            }
        ),
        accuracy,
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.predictions,
            snakemake.input.weights,
            snakemake.output.agreement,
            snakemake.output.pairs,
            snakemake.output.accuracy,
            models=snakemake.params.models,
        )
