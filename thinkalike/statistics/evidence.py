"""Evidence for the verdict, read from the tables of a study."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from thinkalike.statistics.statements import Evidence
from thinkalike.stores.tables import read_table


def read_evidence(
    cases: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Sequence[str]],
    scales: Sequence[str],
    shared: Mapping[str, str | None],
) -> list[Evidence]:
    """Read what the verdict on each method is made from.

    Args:
        cases: title, place (method and metric, as in `lrp/cosine`), pool and `scaled` (whether there is
            a table of scales) of each method.
        tables: `pairs`, `seeds`, `image_count`, `support` → files, one for each method.
        scales: files of those methods that have any.
        shared: `families`, `resolution`, `deletion`, `completeness` → file of all methods; None where
            there is none.

    Raises:
        InputError: a file is missing, damaged, or lacks a column.
    """
    families, resolution = (read_table(str(shared[name])) for name in ("families", "resolution"))
    deletion, completeness = (
        read_table(path) if (path := shared[name]) else None
        for name in ("deletion", "completeness")
    )
    of_scales = iter(scales)
    found = []
    for number, case in enumerate(cases):
        method = str(case["place"]).split("/")[0]
        each = {name: read_table(paths[number]) for name, paths in tables.items()}
        found.append(
            Evidence(
                title=case["title"],
                place=case["place"],
                pool=case["pool"],
                pairs=each["pairs"],
                seeds=each["seeds"],
                family=_row(families, case["place"]),
                resolution=_row(resolution, case["place"]),
                image_count=_first(each["image_count"]),
                branches=each["support"],
                scales=read_table(next(of_scales)) if case["scaled"] else None,
                mute=_mute(deletion, method),
                input_share=_input_share(completeness, method),
                **_converged(completeness, method),
            )
        )
    return found


def _row(table: pd.DataFrame, place: str) -> Mapping[str, Any]:
    """Row of a method and metric."""
    return _first(table[table["method"] + "/" + table["metric"] == place])


def _first(table: pd.DataFrame) -> Mapping[str, Any]:
    """First row of a table."""
    return {str(name): value for name, value in table.to_dict("records")[0].items()}


def _converged(completeness: pd.DataFrame | None, method: str) -> dict[str, Any]:
    """How many maps of each model by a method did not converge; nothing where it is not known."""
    if completeness is None or not (own := completeness[completeness["method"] == method]).size:
        return {}
    counts = {str(row.model): int(row.not_converged) for row in own.itertuples()}  # type: ignore[arg-type]
    return {"images": int(own["images"].iloc[0]), "not_converged": counts}


def _mute(deletion: pd.DataFrame | None, method: str) -> list[str]:
    """Models for which a method's own map does no more than another image's."""
    if deletion is None:
        return []
    own = deletion[(deletion["method"] == method) & deletion["mute"].eq(True).fillna(False)]
    return [str(model) for model in own["model"]]


def _input_share(sums: pd.DataFrame | None, method: str) -> Mapping[str, float]:
    """Model → share of the score that its maps have, of a method that books the rest on biases."""
    if sums is None:
        return {}
    own = sums[(sums["method"] == method) & sums["input_share"].notna()]
    return dict(zip(own["model"].astype(str), own["input_share"].astype(float), strict=True))
