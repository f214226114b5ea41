"""Do families of models differ? The tests of every matrix of a study, in one table."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from thinkalike.compare.geometry import complete, geometry
from thinkalike.compare.matrices import square_of_pairs
from thinkalike.errors import InputError
from thinkalike.methods import Case
from thinkalike.progress import log
from thinkalike.randomness import integer_seed
from thinkalike.statistics.corrections import LEVEL, holm
from thinkalike.statistics.permanova import permanova, permdisp
from thinkalike.statistics.roles import Roles
from thinkalike.statistics.separation import family_test

COLUMNS = (
    *("method", "metric", "models", "sizes"),
    *("separation", "p", "p_holm"),
    *("permanova_f", "permanova_r_squared", "permanova_p", "permanova_p_holm"),
    *("permdisp_f", "permdisp_p", "labelings", "smallest_p"),
    *("within_minus_between", "lowest", "highest", "note"),
)


def family_measures(table: pd.DataFrame, roles: Roles, *, seed: int) -> dict[str, float]:
    """How much further apart models of different families are, and how often chance does that.

    Args:
        table: dissimilarities with the models as index and columns.
        roles: of the models.
        seed: of the study.

    Returns:
        family_difference and family_p, the statistic and p of `family_test` of the models of
        `tested_models`; NaN where these allow no test, and the log says why.
    """
    models, _ = tested_models(table, roles)
    families = [roles.family(model) for model in models]
    try:
        test = family_test(
            table.loc[models, models].to_numpy(), families, seed=integer_seed(seed, "families")
        )
    except InputError as error:
        log.info("no test of families: %s", error)
        return {"family_difference": float("nan"), "family_p": float("nan")}
    log.info("different families are %.3f further apart, p = %.4f", test.statistic, test.p)
    return {"family_difference": test.statistic, "family_p": test.p}


def tested_models(table: pd.DataFrame, roles: Roles) -> tuple[list[str], list[str]]:
    """Models of a matrix that tests of families are about, and what is to be said of the others.

    One model of each architecture and no controls (`Roles.independent`), without those that have no image
    in common with another (`compare.geometry.complete`), and without families of one model, which
    have no pair within.

    Args:
        table: dissimilarities with the models as index and columns.
        roles: of the models.

    Returns:
        The models, in order, and sentences on which were left out.
    """
    independent = roles.independent([str(model) for model in table.columns])
    keep = complete(table.loc[independent, independent].to_numpy())
    there = [independent[i] for i in keep]
    models = roles.in_families(there)
    sentences = []
    if missing := [model for model in independent if model not in there]:
        sentences.append(f"left out for want of images to compare: {', '.join(missing)}")
    if single := [model for model in there if model not in models]:
        sentences.append(f"left out, the only one of its family: {', '.join(single)}")
    return models, sentences


def families_table(tables: Mapping[Case, pd.DataFrame], roles: Roles, *, seed: int) -> pd.DataFrame:
    """Tests of whether families differ, a row for every method and metric.

    Each p is of these models: the smallest there can be is beside it. p_holm and permanova_p_holm are
    corrected for all rows of the table (`holm`); PERMDISP is a check on PERMANOVA and is not
    corrected, which would only make it miss more.

    Args:
        tables: method and metric → pairs of models, with model_a, model_b, dissimilarity and rho.
        roles: of the models.
        seed: of the study.

    Returns:
        method; metric; models, tested; sizes of their families; separation and p of `family_test`;
        F, R² and p of `permanova`; F and p of `permdisp`; labelings, tried by each of them; smallest_p,
        which they allow; within_minus_between, mean rho of pairs within families minus that of pairs
        between them, with the lowest and the highest if one model is left out; note, what there is to
        say in words. Cells are empty where the models allow no test.
    """
    rows = [
        {"method": method, "metric": metric, **_family_row(pairs, roles, seed)}
        for (method, metric), pairs in tables.items()
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for column in ("p", "permanova_p"):
        table[f"{column}_holm"] = holm(table[column])
    return table


def _family_row(pairs: pd.DataFrame, roles: Roles, seed: int) -> dict[str, object]:
    distances = square_of_pairs(pairs, "dissimilarity")
    models, sentences = tested_models(distances, roles)
    families = [roles.family(model) for model in models]
    counts = Counter(families)
    row: dict[str, object] = {
        "models": ", ".join(models),
        "sizes": ", ".join(f"{family} {count}" for family, count in counts.items()),
    }
    matrix = distances.loc[models, models].to_numpy()
    named = integer_seed(seed, "families")
    try:
        test = family_test(matrix, families, seed=named)
        place = permanova(matrix, families, seed=named)
        spread = permdisp(matrix, families, seed=named)
    except InputError as error:
        return {**row, "note": "; ".join([f"no test: {error}", *sentences])}
    if place.smallest_p > LEVEL:
        sentences.append(f"too few models: no p can be under {place.smallest_p:.2g}")
    if not geometry(matrix).euclidean:
        sentences.append("distances are not Euclidean, PERMANOVA and PERMDISP are rough")
    rho = square_of_pairs(pairs, "rho", diagonal=1).loc[models, models].to_numpy()
    return {
        **row,
        "separation": test.statistic,
        "p": test.p,
        "permanova_f": place.f,
        "permanova_r_squared": place.r_squared,
        "permanova_p": place.p,
        "permdisp_f": spread.f,
        "permdisp_p": spread.p,
        "labelings": place.permutations,
        "smallest_p": place.smallest_p,
        **_differences(rho, families),
        "note": "; ".join(sentences),
    }


def within_minus_between(matrix: np.ndarray, families: Sequence[str]) -> float:
    """Mean of the cells of pairs within families minus that of pairs between them.

    Args:
        matrix: (M, M), symmetric; the diagonal is not used, missing cells are left out.
        families: of the M models.

    Returns:
        NaN where there is no pair within families, or none between them.
    """
    rows, columns = np.triu_indices_from(matrix, 1)
    labels = np.asarray(families)
    cells, within = matrix[rows, columns], labels[rows] == labels[columns]
    parts = [cells[mask & np.isfinite(cells)] for mask in (within, ~within)]
    if not all(map(len, parts)):
        return float("nan")
    return float(parts[0].mean() - parts[1].mean())


def _differences(rho: np.ndarray, families: Sequence[str]) -> dict[str, float]:
    """Within minus between, and its range over the sets with one model less that have both."""
    models = np.arange(len(families))
    fewer = [
        within_minus_between(rho[np.ix_(kept, kept)], np.asarray(families)[kept].tolist())
        for kept in (np.delete(models, model) for model in models)
    ]
    left = [value for value in fewer if np.isfinite(value)]
    return {
        "within_minus_between": within_minus_between(rho, families),
        "lowest": min(left, default=float("nan")),
        "highest": max(left, default=float("nan")),
    }
