"""Copy the weights of one model, which studies share, into a study (rule place_weights)."""

from thinkalike.stores.weights import copy_weights
from thinkalike.workflow.jobs import run


def main(trained: str, weights: str) -> None:
    copy_weights(trained, weights)


if __name__ == "__main__":
    run(main, snakemake)
