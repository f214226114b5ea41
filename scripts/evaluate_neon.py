"""Does NEON name the features that keep images in their clusters? (rule evaluate_neon)"""

import numpy as np

from thinkalike.neon.estimator import Neon
from thinkalike.neon.evaluation import evaluate
from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run

MOST_POINTS = 512
"""Images of a model that are flipped, from the first: they are enough for narrow intervals."""


def main(
    clusters: list[str],
    flipping: str,
    areas: str,
    betas: str,
    conservation: str,
    models: list[str],
    seed: int,
) -> None:
    cases = {}
    for model, path in zip(models, clusters, strict=True):
        with open_arrays(path, ["features", "centroids"]) as dataset:
            points = dataset["features"][:MOST_POINTS].to_numpy().astype(np.float64)
            neon = Neon(dataset["centroids"].to_numpy(), beta=float(dataset.attrs["beta"]))
        cases[model] = neon.fit(), points
    evaluation = evaluate(cases, seed=seed)
    log.info("areas:\n%s", evaluation.areas.to_string(index=False))
    for table, path in zip(evaluation, (flipping, areas, betas, conservation), strict=True):
        write_table(table, path)


if __name__ == "__main__":
    run(main, snakemake)
