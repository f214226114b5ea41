"""Do matrices of the models go together, beyond their families? All of them against each other."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from thinkalike.compare.geometry import complete
from thinkalike.compare.matrices import square_of_pairs, square_table
from thinkalike.errors import InputError
from thinkalike.methods import Case
from thinkalike.statistics.corrections import LEVEL, holm
from thinkalike.statistics.mantel import mantel
from thinkalike.statistics.roles import Roles

COLUMNS = (
    *("first", "second", "models", "r", "p", "p_holm"),
    *("permutations", "smallest_p", "note"),
)


def first_metric(tables: Mapping[Case, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Method → square table of its dissimilarities by the first of its metrics.

    Args:
        tables: method and metric → pairs of models, with model_a, model_b and dissimilarity.
    """
    first: dict[str, pd.DataFrame] = {}
    for (method, _), pairs in tables.items():
        if method not in first:
            first[method] = square_of_pairs(pairs, "dissimilarity")
    return first


def reference_matrices(
    agreement: pd.DataFrame, accuracy: pd.DataFrame, features: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """What methods are compared with: square tables in which what is alike is near.

    Args:
        agreement: model_a, model_b, same, different: numbers of images.
        accuracy: model, accuracy.
        features: model_a, model_b, debiased: their CKA.

    Returns:
        predictions, the share of images with different predictions; accuracy, the difference of two
        accuracies; features, 1 − debiased CKA.
    """
    images = agreement["same"] + agreement["different"]
    shares = agreement.assign(apart=agreement["different"] / images)
    values = accuracy["accuracy"].to_numpy(float)
    return {
        "predictions": square_of_pairs(shares, "apart"),
        "accuracy": square_table(np.abs(values[:, None] - values), accuracy["model"].tolist()),
        "features": square_of_pairs(features.assign(apart=1 - features["debiased"]), "apart"),
    }


def associations_table(
    methods: Mapping[str, pd.DataFrame],
    references: Mapping[str, pd.DataFrame],
    roles: Roles,
    *,
    seed: int,
) -> pd.DataFrame:
    """Mantel's test within families of every two methods, and of each method with each reference.

    Spearman's correlation over pairs of models, one-sided: models that are near in one are near in the
    other. One model of each architecture and no controls; those with a missing cell in either are left
    out. All matrices hold dissimilarities.

    Args:
        methods: name → square table.
        references: likewise.
        roles: of the models.
        seed: of the study.

    Returns:
        first; second; models, tested; r and p of `mantel`; p_holm, corrected for all rows;
        permutations, tried; smallest_p, which the families allow; note, what there is to say in words.
        Cells are empty where the models allow no test.
    """
    cases = [
        *combinations(methods, 2),
        *((method, reference) for method in methods for reference in references),
    ]
    matrices = {**references, **methods}
    rows = [
        {"first": a, "second": b, **_row(matrices[a], matrices[b], roles, seed)} for a, b in cases
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.assign(p_holm=holm(table["p"]))


def _row(first: pd.DataFrame, second: pd.DataFrame, roles: Roles, seed: int) -> dict[str, object]:
    independent = roles.independent([model for model in first.columns if model in second.columns])
    a, b = (table.loc[independent, independent].to_numpy() for table in (first, second))
    keep = complete(a + b)
    models = [independent[i] for i in keep]
    missing = [model for model in independent if model not in models]
    sentences = [f"left out, cells are missing: {', '.join(missing)}"] if missing else []
    families = [roles.family(model) for model in models]
    row: dict[str, object] = {"models": ", ".join(models)}
    try:
        test = mantel(a[np.ix_(keep, keep)], b[np.ix_(keep, keep)], families, seed=seed)
    except InputError as error:
        return {**row, "note": "; ".join([f"no test: {error}", *sentences])}
    if test.smallest_p > LEVEL:
        sentences.append(f"too few models: no p can be under {test.smallest_p:.2g}")
    return {
        **row,
        "r": test.r,
        "p": test.p,
        "permutations": test.permutations,
        "smallest_p": test.smallest_p,
        "note": "; ".join(sentences),
    }
