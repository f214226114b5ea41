"""Does NEON name the features that keep points in their clusters? (rule evaluate_neon)"""

import numpy as np
import pandas as pd

from replication.clusters import iris, wine
from thinkalike.neon.estimator import Neon
from thinkalike.neon.flipping import Curves, areas, conservation, flip_by, sweep
from thinkalike.neon.planted import recovery
from thinkalike.progress import log
from thinkalike.randomness import generator
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log

MOST_POINTS = 512
"""Of a model that are flipped, from the first: they are enough for narrow intervals."""


def main(
    clusters: list[str],
    flipping: str,
    order_areas: str,
    betas: str,
    conserved: str,
    planted: str,
    *,
    models: list[str],
    seed: int,
) -> None:
    cases: dict[str, tuple[Neon, np.ndarray]] = {}
    for example in (iris(), wine()):
        neon = Neon(example.neon.centroids_).fit(example.points)
        cases[example.name] = neon, example.points.to_numpy()
    for model, path in zip(models, clusters, strict=True):
        with open_arrays(path, ["features", "centroids"]) as dataset:
            points = dataset["features"][:MOST_POINTS].to_numpy().astype(np.float64)
            neon = Neon(dataset["centroids"].to_numpy(), beta=float(dataset.attrs["beta"]))
        cases[model] = neon.fit(), points
    found: dict[str, list[pd.DataFrame]] = {"curves": [], "areas": [], "betas": [], "sums": []}
    for data, (neon, points) in cases.items():
        curves = flip_by(neon, points, draw=generator(seed, "flipping", data))
        tables = {
            "curves": _table(curves).assign(features=points.shape[1]),
            "areas": areas(curves, draw=generator(seed, "areas", data)),
            "betas": sweep(neon, points, draw=generator(seed, "betas", data)),
            "sums": conservation(neon, points),
        }
        for name, table in tables.items():
            table.insert(0, "data", data)
            found[name].append(table)
    joined = {name: pd.concat(tables, ignore_index=True) for name, tables in found.items()}
    log.info("areas:\n%s", joined["areas"].to_string(index=False))
    for name, path in (
        ("curves", flipping),
        ("areas", order_areas),
        ("betas", betas),
        ("sums", conserved),
    ):
        write_table(joined[name], path)
    write_table(recovery(seed), planted)


def _table(curves: dict[str, Curves]) -> pd.DataFrame:
    """Mean curves, tidy, in units of the mean logit."""
    parts = [
        pd.DataFrame(
            {
                "order": name,
                "removed": of.shares,
                "logit": of.logits.mean(0) / of.logits[:, 0].mean(),
                "staying": of.staying,
            }
        )
        for name, of in curves.items()
    ]
    return pd.concat(parts, ignore_index=True)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.clusters,
            snakemake.output.flipping,
            snakemake.output.areas,
            snakemake.output.betas,
            snakemake.output.conservation,
            snakemake.output.planted,
            models=snakemake.params.models,
            seed=snakemake.params.seed,
        )
