"""What the maps of every model and method sum to, and what they should (rule tabulate_completeness)."""

from collections.abc import Sequence

from thinkalike.statistics.completeness import completeness
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(
    explanations: Sequence[str], table: str, methods: Sequence[str], models: Sequence[str]
) -> None:
    cases = [(method, model) for method in methods for model in models]
    files = zip(cases, explanations, strict=True)
    write_table(completeness((*case, path) for case, path in files), table)


if __name__ == "__main__":
    run(main, snakemake)
