"""Test families of models, matrices against matrices, and what methods tell apart (rule test_models)."""

from collections.abc import Mapping, Sequence
from typing import Any

from thinkalike.statistics.associations import associations_table, first_metric, reference_matrices
from thinkalike.statistics.families import families_table
from thinkalike.statistics.resolution import resolution_table
from thinkalike.statistics.roles import Roles
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.jobs import run


def main(
    pairs: Sequence[str],
    seeds: Sequence[str],
    agreement: str,
    accuracy: str,
    cka: str,
    family_tests: str,
    matrix_tests: str,
    resolution: str,
    cases: Sequence[str],
    roles: Mapping[str, Any],
    seed: int,
) -> None:
    known = Roles(**roles)
    keys = [tuple(case.split("/")) for case in cases]
    tables, own = (
        {k: read_table(p) for k, p in zip(keys, ps, strict=True)} for ps in (pairs, seeds)
    )
    write_table(families_table(tables, known, seed=seed), family_tests)
    references = reference_matrices(*(read_table(path) for path in (agreement, accuracy, cka)))
    found = associations_table(first_metric(tables), references, known, seed=seed)
    write_table(found, matrix_tests)
    write_table(resolution_table(tables, own, known), resolution)


if __name__ == "__main__":
    run(main, snakemake)
