"""Pairs of models: what the two have in common, and all pairs of a study in one table."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

SEEDS = "seeds"
SAME_FAMILY = "same family"
DIFFERENT_FAMILIES = "different families"
CONTROL = "control"
CATEGORIES = (SEEDS, SAME_FAMILY, DIFFERENT_FAMILIES, CONTROL)
"""What two models have in common, in the order in which figures draw them."""
CASE = ("method", "metric", "subset")


def pair_categories(
    table: pd.DataFrame,
    *,
    architectures: Mapping[str, str],
    families: Mapping[str, str],
    untrained: Collection[str],
) -> pd.Series:
    """Category of every pair of models: seeds, same family, different families, or control.

    A pair with an untrained model is a control, whatever else its models have in common. Seeds are
    two models of one architecture, trained in the same way from other random numbers.

    Args:
        table: model_a, model_b.
        architectures: model → key that models share which differ in their seed alone; a model that
            is not in it shares its own with nobody.
        families: model → family.
        untrained: models with random weights.

    Returns:
        One of `CATEGORIES` for each row, with the index of the table.
    """
    a, b = table["model_a"], table["model_b"]
    architecture_a, architecture_b = (
        [architectures.get(model, model) for model in side] for side in (a, b)
    )
    categories = np.select(
        [
            (a.isin(untrained) | b.isin(untrained)).to_numpy(),
            np.array(architecture_a, object) == np.array(architecture_b, object),
            (a.map(families) == b.map(families)).to_numpy(),
        ],
        [CONTROL, SEEDS, SAME_FAMILY],
        DIFFERENT_FAMILIES,
    )
    return pd.Series(categories, table.index, dtype=str, name="category")


def collect_pairs(
    tables: Mapping[tuple[str, str, str], pd.DataFrame],
    *,
    names: Mapping[str, str],
    architectures: Mapping[str, str],
    families: Mapping[str, str],
    untrained: Sequence[str],
) -> pd.DataFrame:
    """All pairs of models of a study in one tidy table, a row for every pair, case and subset.

    Args:
        tables: (method, metric, subset) → pairs: model_a, model_b, and any numbers of theirs.
        names: model → display name.
        architectures, families, untrained: as for `pair_categories`.

    Returns:
        method, metric, subset, model_a, model_b, name_a, name_b, family_a, family_b, category, and the
        other columns of the tables as they are.
    """
    parts = [table.assign(**dict(zip(CASE, case, strict=True))) for case, table in tables.items()]
    pairs = pd.concat(parts, ignore_index=True)
    sides = {
        f"{what}_{side}": pairs[f"model_{side}"].map(values)
        for what, values in (("name", names), ("family", families))
        for side in "ab"
    }
    category = pair_categories(
        pairs, architectures=architectures, families=families, untrained=untrained
    )
    first = [*CASE, "model_a", "model_b", *sides, "category"]
    pairs = pairs.assign(**sides, category=category)
    return pairs[[*first, *(column for column in pairs if column not in first)]]
