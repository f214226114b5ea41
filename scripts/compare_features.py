"""Linear CKA of the features of every two models (rule compare_features)."""

from collections.abc import Sequence

from thinkalike.compare.features import linear_cka
from thinkalike.compare.matrices import pair_table
from thinkalike.stores.features import read_features
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import run


def main(features: Sequence[str], cka: str, models: Sequence[str]) -> None:
    plain, debiased = linear_cka([read_features(path) for path in features])
    write_table(pair_table(models, {"cka": plain, "debiased": debiased}), cka)


if __name__ == "__main__":
    run(main, snakemake)
