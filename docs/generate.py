"""Generate docs/configuration.md from the schema and config.yaml: `python -m docs.generate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "configuration.md"
HEAD = """# Configuration

*Generated from `schemas/config.schema.yaml` and `config.yaml` by `make docs`; do not edit.*

`config.yaml` is the default study. Another study is an overlay with what differs:

    snakemake --cores all --configfile studies/quick.yaml

In an overlay a mapping is merged key by key, a list replaces the one below. Nested keys belong into an
overlay: on the command line (`--config`) they arrive as text. The schema is closed: a key that is not
on this page is an error, and all errors are reported at once.

| key | values | default | what it is |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    schema = yaml.safe_load(
        (ROOT / "thinkalike" / "workflow" / "config" / "config.schema.yaml").read_text()
    )
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    rows = _rows(schema, schema, "", config)
    for prefix, entry in _named(schema, schema, ""):
        rows += _rows(entry, schema, prefix, None)
    return HEAD + "\n".join(rows) + "\n"


def _named(
    node: dict[str, Any], schema: dict[str, Any], prefix: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Mappings whose keys are the user's: prefix of their rows, and the schema of an entry."""
    for key, child in node.get("properties", {}).items():
        full = _followed(child, schema)
        entry = full.get("additionalProperties")
        if isinstance(entry, dict) and "properties" in _followed(entry, schema):
            yield f"{prefix}{key}.<key>.", _followed(entry, schema)
        yield from _named(full, schema, f"{prefix}{key}.")


def _rows(node: dict[str, Any], schema: dict[str, Any], prefix: str, values: Any) -> list[str]:
    rows = []
    for key, child in node.get("properties", {}).items():
        full = _followed(child, schema)
        there = isinstance(values, dict) and key in values
        value = values[key] if there else None
        nested = full.get("properties")
        default = "" if nested or not there else f"`{_short(value)}`"
        text = " ".join(str(full["description"]).split()).replace("|", "\\|")
        rows.append(f"| `{prefix}{key}` | {_values(full)} | {default} | {text} |")
        if nested:
            rows.extend(_rows(full, schema, f"{prefix}{key}.", value))
    return rows


def _followed(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """A node with the definition that it refers to; what it says itself goes first."""
    if "$ref" not in node:
        return node
    name = node["$ref"].removeprefix("#/$defs/")
    return {**schema["$defs"][name], **{k: v for k, v in node.items() if k != "$ref"}}


def _values(node: dict[str, Any]) -> str:
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "title" in node:  # a pattern in words
        return str(node["title"])
    kinds = node.get("type", "")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        items = node["items"]
        described = "enum" in items or "title" in items
        inner = _values(items) if described else items.get("type", "key")
        return f"list of {inner}"
    if kind == "object":
        return "mapping"
    bounds = []
    for name, sign in (
        ("minimum", "≥"),
        ("exclusiveMinimum", ">"),
        ("maximum", "≤"),
        ("exclusiveMaximum", "<"),
    ):
        if name in node:
            bounds.append(f"{sign} {node[name]}")
    return " ".join([kind, *bounds])


def _short(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    return text.removesuffix("...").strip()


if __name__ == "__main__":
    PAGE.write_text(page())
