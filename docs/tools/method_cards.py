"""Write the tables of docs/reference/methods from methods.py: `python -m docs.tools.method_cards`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from docs.tools.markers import write_part
from thinkalike.methods import (
    COMPARISON_SETTINGS,
    METHODS,
    OTHER_FAMILIES,
    Method,
    expected_steps,
    kernelshap_budget,
)

ROOT = Path(__file__).resolve().parents[2]
CARDS = ROOT / "docs" / "reference" / "methods"
SIZES = {"digits": (64, 30), "photographs": (224, 50)}
"""Images of a study → side in pixels and number of superpixels, for which things are counted."""
CELLS = {100: 49}
"""Depth in percent → cells of the Grad-CAM layer, of a network that halves 224 pixels five times."""
EXAMPLES = {"captum": {"attribution": "Saliency"}}
"""Method → what a variant of it has to say, for its counts."""
BY_VARIANT = ("captum", "file")
"""Methods whose needs and promises follow from what a variant says."""


def parts() -> Iterator[tuple[Path, str, str]]:
    """Page, name of its generated part, and that part, for all pages of methods."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    yield CARDS / "index.md", "methods", overview(config)
    for method in METHODS.values():
        yield CARDS / f"{method.key}.md", "row", card(method, config)


def overview(config: dict[str, Any]) -> str:
    """Table of all methods: what each needs, what a map costs, what is known of a map."""
    rows = ["| method | forward passes a map | needs | what is checked |", "|---|---|---|---|"]
    for method in METHODS.values():
        title = f"[{method.title}]({method.key}.md)"
        cells = (title, _passes(method, config, "photographs"), _needs(method), _checked(method))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def card(method: Method, config: dict[str, Any]) -> str:
    """Table of what the row of a method says, with its defaults in config.yaml."""
    rows = ["| | |", "|---|---|"]
    return "\n".join([*rows, *(f"| {name} | {text} |" for name, text in _facts(method, config))])


def _facts(method: Method, config: dict[str, Any]) -> Iterator[tuple[str, str]]:
    defaults = config["settings"][method.key]
    passes = partial(_passes, method, config)
    yield "name in `methods`", f"`{method.key}`"
    if method.has_maps:
        yield "module", f"`{method.module}`"
        yield (
            "settings that change maps",
            _listed({k: v for k, v in defaults.items() if k not in COMPARISON_SETTINGS}),
        )
    yield "forward passes a map", f"digits {passes('digits')}, photographs {passes('photographs')}"
    if method.has_maps and method.key not in BY_VARIANT:
        size, segments = SIZES["photographs"]
        numbers = method.numbers(_settings(method, config, segments), size, segments, CELLS)
        yield "numbers stored for a map of 224 pixels", f"{numbers:,}"
        yield "explains an embedding", "yes" if method.embedding else "no"
    yield "needs", _needs(method)
    yield "what is checked", _checked(method)
    yield "metrics", ", ".join(f"`{metric}`" for metric in method.metrics)
    if method.has_maps:
        compared = {name: defaults[name] for name in ("sign", "pool", "rescaling")}
        yield "compared by default", _listed(compared)


def _needs(method: Method) -> str:
    needs = {
        "a layer with a grid": method.layer,
        "superpixels": method.segments,
        "a baseline": method.baseline and method.key not in BY_VARIANT,
        "maps of KernelSHAP": method.explained_by == "kernelshap",
        "what its attribution needs": method.key == "captum",
        "a function `explain` in a file": method.key == "file",
    }
    return ", ".join(need for need, needed in needs.items() if needed)


def _checked(method: Method) -> str:
    if method.estimated:
        return "standard error and draws of every value"
    if method.key == "captum":
        return "the sum, where the attribution promises one"
    return "what every map misses of its sum" if method.complete else "finite numbers"


def _passes(method: Method, config: dict[str, Any], images: str) -> str:
    size, segments = SIZES[images]
    settings = _settings(method, config, segments)
    if method.key == "captum":
        return "by its attribution"
    if method.key == "file":
        return "by its function"
    if method.key == "integrated_gradients":
        steps = expected_steps(settings["map_tolerance"], settings["most_steps"], images)
        return f"{2 * steps:.0f}"
    return f"{method.passes(settings, size, segments):g}"


def _settings(method: Method, config: dict[str, Any], segments: int) -> dict[str, Any]:
    """Complete settings of a method, with what follows from the number of superpixels."""
    settings = {**config["settings"][method.key], **EXAMPLES.get(method.key, {})}
    if method.key == "kernelshap":
        settings |= kernelshap_budget(settings, segments)
    if method.key == "lrp":
        settings["composite"] = settings["composites"][OTHER_FAMILIES]
    return settings


def _listed(settings: dict[str, Any]) -> str:
    dump = partial(yaml.safe_dump, default_flow_style=True, width=10_000)
    texts = {
        name: dump(value).strip().removesuffix("...").strip() for name, value in settings.items()
    }
    return ", ".join(f"`{name}: {text}`" for name, text in texts.items())


def main() -> None:
    """Write all generated parts."""
    for page, name, part in parts():
        write_part(page, name, part)


if __name__ == "__main__":
    main()
