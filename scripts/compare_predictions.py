"""Agreement of all pairs of models, and the accuracy of each (rule compare_predictions)."""

from collections.abc import Sequence

import numpy as np

from thinkalike.compare.matrices import pair_table, square_table
from thinkalike.compare.predictions import accuracy_table
from thinkalike.compare.predictions import agreement as agreement_of
from thinkalike.stores.tables import read_table, write_table
from thinkalike.stores.weights import read_header
from thinkalike.workflow.jobs import run


def main(
    predictions: Sequence[str],
    weights: Sequence[str],
    agreement: str,
    pairs: str,
    accuracy: str,
    models: Sequence[str],
) -> None:
    tables = [read_table(path, ["predicted_class", "correct"]) for path in predictions]
    same = agreement_of(np.stack([table["predicted_class"] for table in tables], 1))
    write_table(square_table(same, models), agreement, index=True)
    write_table(pair_table(models, {"same": same, "different": len(tables[0]) - same}), pairs)
    headers = [read_header(path) for path in weights]
    write_table(accuracy_table(models, tables, headers), accuracy)


if __name__ == "__main__":
    run(main, snakemake)
