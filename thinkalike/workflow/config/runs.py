"""Several checkpoints of one training run: one entry of the catalogue that stands for several models."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
"""Alternatives in the path of weights, as in epoch_{10,20,40}.pt."""

LISTS = (
    ("models",),
    ("neon", "models"),
    ("spectral", "models"),
    ("budgets", "models"),
    ("grounded", "ladder"),
)
"""Lists of models, in which such an entry may be named for all of its models."""


def expanded(study: dict[str, Any]) -> dict[str, Any]:
    """A configuration with an entry for each checkpoint of those that stand for several.

    `runs: {like: mine, weights: epoch_{10,20}.pt}` becomes `runs_10` and `runs_20`, whose names are that of
    `runs` with 10 and 20 behind it. Where `runs` stands in a list of models, they stand there.

    Args:
        study: configuration as it was read; changed.
    """
    catalogue = study.get("catalogue")
    if not isinstance(catalogue, dict):
        return study
    members: dict[str, list[str]] = {}
    entries: dict[str, Any] = {}
    for key, entry in catalogue.items():
        parts = dict(_parts(key, entry))
        members |= {key: list(parts)} if parts else {}
        name = _name(key, catalogue)
        entries |= {
            part: {**entry, "weights": path, **({"name": f"{name} {text}"} if name else {})}
            for part, (text, path) in parts.items()
        } or {key: entry}
    study["catalogue"] = entries
    for values, key in _lists(study):
        values[key] = [
            model
            for given in values[key]
            for model in (members.get(given, [given]) if isinstance(given, str) else [given])
        ]
    return study


def _parts(key: object, entry: Any) -> Iterator[tuple[str, tuple[str, str]]]:
    """Key of each model that an entry stands for, with the text that tells it apart and its weights."""
    weights = entry.get("weights") if isinstance(entry, Mapping) else None
    found = BRACES.search(weights) if isinstance(weights, str) else None
    if found:
        for text in (part.strip() for part in found[1].split(",")):
            safe = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
            path = f"{found.string[: found.start()]}{text}{found.string[found.end() :]}"
            yield f"{key}_{safe}", (text, path)


def _name(key: object, catalogue: Mapping[Any, Any]) -> str:
    """Display name of an entry, its own or that of the one it is like; empty if it has none here."""
    seen = set()
    while key in catalogue and key not in seen and isinstance(catalogue[key], Mapping):
        seen.add(key)
        if "name" in catalogue[key]:
            return str(catalogue[key]["name"])
        key = catalogue[key].get("like")
    return ""


def _lists(study: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Mappings with a list of models, and its key in them."""
    for *sections, key in LISTS:
        values: Any = study
        for section in sections:
            values = values.get(section) if isinstance(values, Mapping) else None
        if isinstance(values, dict) and isinstance(values.get(key), list):
            yield values, key
    figures = study.get("figures")
    panels = figures.get("panels") if isinstance(figures, Mapping) else None
    for values in panels.values() if isinstance(panels, Mapping) else ():
        if isinstance(values, dict) and isinstance(values.get("models"), list):
            yield values, "models"
