"""Which view of the explorer shows what a sentence of the verdict says."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import pandas as pd

from thinkalike.compare.pairs import DIFFERENT_FAMILIES, SAME_FAMILY

VIEWS: dict[str, dict[str, str]] = {
    "predictions": {"view": "image"},
    "mostly_chance": {"view": "matrix", "quantity": "mean"},
    "above_chance": {"view": "matrix", "quantity": "rho"},
    "parts": {"view": "matrix", "quantity": "mean"},
    "closest": {"view": "pair"},
    "control_at_chance": {"view": "matrix", "quantity": "rho"},
    "control_opposed": {"view": "matrix", "quantity": "rho"},
    "control_alike": {"view": "matrix", "quantity": "rho"},
    "seeds": {"view": "matrix", "quantity": "rho"},
    "seeds_as_strangers": {"view": "matrix", "quantity": "rho"},
    "scale": {"view": "matrix", "quantity": "rho", "scale": "as_computed"},
    "families": {"view": "models"},
    "branches": {"view": "matrix"},
    "no_branches": {"view": "matrix"},
    "image_count": {"view": "matrix", "quantity": "width"},
    "no_order": {"view": "matrix", "quantity": "width"},
    "mute": {"view": "image"},
    "unconverged": {"view": "image"},
    "input_share": {"view": "image"},
    "short_chance": {"view": "matrix", "quantity": "mean"},
    "short_families": {"view": "models"},
    "short_images": {"view": "matrix", "quantity": "width"},
    "missing": {"view": "matrix", "quantity": "n"},
    "few_images": {"view": "matrix", "quantity": "n"},
    "seed_std": {"view": "matrix", "quantity": "width"},
    "no_families": {"view": "models"},
    "seen": {"view": "image"},
    "raw": {"view": "matrix", "quantity": "mean"},
}
"""Rule of a sentence (`statistics.verdict`) → state of the page that shows it.

What a study does not have, such as a control or further seeds, no view shows.
"""


def sentence_link(
    statement: Mapping[str, Any],
    cases: Mapping[str, Mapping[str, str]],
    pairs: Mapping[str, pd.DataFrame],
) -> str:
    """Fragment of the page's address for a sentence; empty where no view shows it.

    Args:
        statement: topic, rule, text.
        cases: title of a method → its `method` and `metric`.
        pairs: title of a method → all its pairs, with their category.
    """
    view = VIEWS.get(statement["rule"])
    if view is None:
        return ""
    title, text = statement["topic"], statement["text"]
    if title not in cases:  # a sentence about several methods names them; the first counts
        named = [each for each in cases if each in text]
        # one title may be the beginning of another
        title = min(named, key=lambda each: (text.find(each), -len(each)), default="")
    state = {**view, **cases.get(title, {})}
    if statement["rule"] == "closest":
        table = pairs[title]
        strangers = table[table["category"].isin([SAME_FAMILY, DIFFERENT_FAMILIES])]
        closest = strangers.nlargest(1, "rho")
        state |= {"a": str(closest["model_a"].iloc[0]), "b": str(closest["model_b"].iloc[0])}
    return urlencode(state, quote_via=quote)
