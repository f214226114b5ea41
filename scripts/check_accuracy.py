"""Whether one trained model has learned enough to be explained (rule check_accuracy)."""

from thinkalike.compare.predictions import accuracy_reached
from thinkalike.stores.tables import write_table
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import run


def main(weights: str, accuracy: str, model: str, accuracy_at_least: float) -> None:
    write_table(accuracy_reached(model, read_header(weights), accuracy_at_least), accuracy)


if __name__ == "__main__":
    run(main, snakemake)
