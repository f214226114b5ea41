"""Does NEON name the features that keep flowers and wines in their clusters? (rule evaluate_tables)"""

from replication.neon_examples import SEED, iris, wine
from thinkalike.neon.estimator import Neon
from thinkalike.neon.evaluation import evaluate
from thinkalike.neon.planted import recovery
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(flipping: str, areas: str, betas: str, conservation: str, planted: str) -> None:
    cases = {
        example.name: (Neon(example.neon.centroids_).fit(example.points), example.points.to_numpy())
        for example in (iris(), wine())
    }
    evaluation = evaluate(cases, seed=SEED)
    log.info("areas:\n%s", evaluation.areas.to_string(index=False))
    for table, path in zip(evaluation, (flipping, areas, betas, conservation), strict=True):
        write_table(table, path)
    write_table(recovery(SEED), planted)


if __name__ == "__main__":
    run(main, snakemake)
