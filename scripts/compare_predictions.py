"""Agreement of all pairs of models, and the accuracy of each (rule compare_predictions)."""

import numpy as np
import pandas as pd

from thinkalike.compare.predictions import agreement
from thinkalike.stores.tables import read_table, write_table
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import job_log


def main(
    predictions: list[str],
    weights: list[str],
    counts: str,
    pairs: str,
    accuracy: str,
    *,
    models: list[str],
) -> None:
    tables = [read_table(path, ["predicted_class", "correct"]) for path in predictions]
    # by name, as models may differ in their outputs; numbers for names are faster to compare
    named = np.stack([table["predicted_class"] for table in tables], 1)
    same = agreement(pd.factorize(named.ravel())[0].reshape(named.shape))
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
    # weights that were not trained on this data set have not been held against its validation split
    headers = [read_header(path) for path in weights]
    write_table(
        pd.DataFrame(
            {
                "model": models,
                "correct": [int(table["correct"].sum()) for table in tables],
                "images": images,
                "accuracy": [float(table["correct"].mean()) for table in tables],
                "val_accuracy": [header.get("accuracy", np.nan) for header in headers],
                "val_images": [header.get("images", 0) for header in headers],
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
