"""Explain a small image with architectures of timm by all methods: `python -m docs.tools.model_support`.

It writes docs/reference/models.csv and models.md, and is gone on with where it was stopped
(results/timm_models/support.jsonl). `--again lrp` asks that method anew; `--page` only writes the page.
"""

import argparse
import math
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import timm
import torch
import yaml
from timm.models._registry import _model_to_module

from docs.tools import timm_models
from docs.tools.random_networks import create
from docs.tools.sweeps import Row, read, sweep
from thinkalike.explain import gradcam, integrated_gradients, kernelshap, lrp
from thinkalike.explain.common import Explanation, Question
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model, as_model
from thinkalike.networks.timm_table import timm_entry, timm_table

ROOT = Path(__file__).resolve().parents[2]
JOURNAL = ROOT / "results" / "timm_models" / "support.jsonl"
TABLE = ROOT / "docs" / "reference" / "models.csv"
PAGE = ROOT / "docs" / "reference" / "models.md"

METHODS = {
    "gradcam": "Grad-CAM",
    "integrated_gradients": "Integrated Gradients",
    "kernelshap": "KernelSHAP",
    "lrp": "LRP",
}
SIZES = (64, 96, 128, 160, 192, 224)
CLASSES = 10
SEGMENTS, EVALUATIONS = (2, 4), 16
"""Rows and columns of the segments of KernelSHAP, and its evaluations."""

STEPS = 6
"""Steps of Integrated Gradients; the map does not have to be exact."""

YES, NOT_YET = "yes", "not tried"


def row(name: str, again: str = "") -> Row:
    """What each method says to an architecture: `yes`, or the reason why not.

    Args:
        name: of the architecture.
        again: the only method to ask; the others keep what the journal has. Empty for all.
    """
    warnings.simplefilter("ignore")
    begin = time.perf_counter()
    known = read(JOURNAL).get(name, {}) if again else {}
    model, image = fitting(name, known.get("size"))
    composites = yaml.safe_load((ROOT / "config.yaml").read_text())["settings"]["lrp"]["composites"]
    family = model.architecture.family
    methods: dict[str, Callable[..., Explanation]] = {
        "gradcam": partial(gradcam.explain, depth=100),
        "integrated_gradients": partial(
            integrated_gradients.explain, tolerance=0.01, map_tolerance=1.0, most_steps=STEPS
        ),
        "kernelshap": partial(kernelshap.explain, evaluations=EVALUATIONS),
        "lrp": partial(lrp.explain, composite=composites.get(family, composites["other"])),
    }
    asked = [again] if known else list(methods)
    answers = {method: answer(methods[method], model, image) for method in asked}
    kept = {key: value for key, value in known.items() if key in METHODS}
    seconds = round(time.perf_counter() - begin, 1)
    return {"size": model.size, "seconds": seconds, **kept, **answers}


def fitting(name: str, size: int | None = None) -> tuple[Model, np.ndarray]:
    """A model with random weights, and a picture for it, (1, size, size, 3), of soft colours and noise.

    The size is the smallest at which the last layer of Grad-CAM has several cells.
    """
    entry = timm_entry(name)
    need = entry.get("size", {})
    multiple = need.get("multiple", 1)
    least = [math.ceil(max(s, need.get("minimum", 0)) / multiple) * multiple for s in SIZES]
    sizes = [size] if size else [need["only"]] if "only" in need else list(dict.fromkeys(least))
    architecture = Architecture.of({**entry, "name": "the network"})
    labels = [str(number) for number in range(CLASSES)]
    for side in sizes:
        network = create(name, side, CLASSES)
        model = as_model(network, architecture, classes=labels, size=side)
        if cells(model) > 1 or side == sizes[-1]:
            break
    generator = np.random.default_rng(0)
    coarse = torch.from_numpy(generator.uniform(0, 255, (1, 3, 5, 5)))
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic").numpy()
    noisy = smooth + generator.normal(0, 10, smooth.shape)
    return model, np.clip(noisy, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


def cells(model: Model) -> int:
    """Cells a side of the last layer of Grad-CAM."""
    layer, sides = model.architecture.layer(100), []

    def look(_module: object, _inputs: object, output: torch.Tensor) -> None:
        sides.append(model.to_grid(output, layer).shape[2])

    handle = model.layer(100).register_forward_hook(look)
    with torch.inference_mode():
        model.network(torch.zeros(1, 3, model.size, model.size))
    handle.remove()
    return sides[-1]


def answer(explain: Callable[..., Explanation], model: Model, image: np.ndarray) -> str:
    """`yes` if a method makes a map of finite numbers that are not all 0, or the reason why it does not."""
    rows, columns = SEGMENTS
    across = np.arange(model.size) * columns // model.size
    down = np.arange(model.size) * rows // model.size
    question = Question(
        output="logit",
        baseline=(0.0, 0.0, 0.0),
        batch_size=8,
        segments=(columns * down[:, None] + across)[None].astype(np.int16),
        seeds=np.zeros(1, np.int64),
    )
    try:
        coefficients = explain(model, image, None, question).maps.coefficients
    except Exception as error:  # whatever a network of timm raises
        message = str(error).splitlines()[0][:300]
        return (
            message
            if type(error).__name__ == "InputError"
            else f"{type(error).__name__}: {message}"
        )
    if not np.isfinite(coefficients).all():
        return "the map is not finite"
    return YES if coefficients.any() else "the map is 0 everywhere"


def table() -> pd.DataFrame:
    """A row for each architecture of timm: its catalogue entry, and the answers of the methods."""
    rows, known = read(JOURNAL), timm_table()
    failures = read(timm_models.JOURNAL)
    lines = []
    for name in timm.list_models():
        entry, found = known.get(name, {}), rows.get(name, {})
        # what has no row of the table was not explained: for the reason there, if it was tried
        problem = "" if entry else failures.get(name, {}).get("error", "")
        answers = {m: found.get(m) or found.get("error") or problem or NOT_YET for m in METHODS}
        given = {"module": _model_to_module[name], "family": entry.get("family", "")}
        lines.append({"name": name, **given, "size": found.get("size", ""), **answers})
    return pd.DataFrame(lines)


def page(answers: pd.DataFrame) -> str:
    """The page about them: counts, reasons, and modules of timm."""
    return "\n".join([HEAD, *_counts(answers), "", *_reasons(answers), "", *_modules(answers), ""])


HEAD = """# Models

*Generated by `make timm-models`; do not edit. Every row: [models.csv](models.csv).*

A study names these architectures by their names in timm, with a tag of published weights behind a
dot or without ([your own model](../guides/your-own-model.md)).
`thinkalike.networks.catalogue.list_models()` lists them with their families and sizes; layers of
Grad-CAM and the rest are in `thinkalike/timm_models.csv`.

Each was made with random weights and ten outputs and explained one small picture of soft colours,
the class it predicts, at the smallest of 64, 96, … 224 pixels that it takes and at which its last
layer has several cells: by Grad-CAM there, Integrated Gradients in 6 steps, KernelSHAP on 8
segments with 16 evaluations, and LRP with the default rules. *Explained* means a map of finite
numbers that are not all 0; for LRP also that its ledger closes.
"""


def _counts(answers: pd.DataFrame) -> Iterator[str]:
    """Numbers of architectures, and shares of those that were tried."""
    yield f"| method | explained | tried | of {len(answers)} | share of those tried |"
    yield "|---|---|---|---|---|"
    explained = answers[list(METHODS)] == YES
    tried = answers[list(METHODS)] != NOT_YET
    first = list(METHODS)[:3]
    counts = {title: (explained[method], tried[method]) for method, title in METHODS.items()}
    counts["the first three"] = explained[first].all(axis=1), tried[first].all(axis=1)
    for title, (yes, asked) in counts.items():
        share = f"{yes.sum() / asked.sum():.1%}" if asked.any() else "–"
        yield f"| {title} | {yes.sum()} | {asked.sum()} | {asked.mean():.1%} | {share} |"


def _reasons(answers: pd.DataFrame) -> Iterator[str]:
    yield "## Refused because"
    yield ""
    yield "| method | reason | architectures | such as |"
    yield "|---|---|---|---|"
    for method, title in METHODS.items():
        refused = answers[~answers[method].isin([YES, NOT_YET])]
        # the same reason with other numbers is one
        reasons = refused[method].str.replace(r"\d+", "n", regex=True)
        groups = sorted(refused.groupby(reasons), key=lambda group: -len(group[1]))
        for _, group in groups:
            reason = group[method].iloc[0].replace("|", r"\|")
            yield f"| {title} | {reason} | {len(group)} | {', '.join(group['name'][:3])} |"


def _modules(answers: pd.DataFrame) -> Iterator[str]:
    yield "## By module of timm"
    yield ""
    yield f"| module | architectures | families | {' | '.join(METHODS.values())} |"
    yield "|---" * (3 + len(METHODS)) + "|"
    for module, group in answers.groupby("module"):
        explained = [str((group[method] == YES).sum()) for method in METHODS]
        families = ", ".join(f for f in group["family"].value_counts().index if f)
        yield f"| {module} | {len(group)} | {families} | {' | '.join(explained)} |"


def write() -> None:
    """The table and the page."""
    answers = table()
    TABLE.parent.mkdir(exist_ok=True)
    answers.to_csv(TABLE, index=False, lineterminator="\n")
    PAGE.write_text(page(answers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="*", help="pattern of the architectures to explain")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--again", default="", choices=["", *METHODS], help="a method to ask anew")
    parser.add_argument("--page", action="store_true", help="write the page of what is known")
    options: Any = parser.parse_args()
    if not options.page:
        names = [name for name in timm.list_models() if name in timm_table()]
        work = partial(row, again=options.again)
        sweep(names, work, JOURNAL, options.processes, options.only, anew=bool(options.again))
    write()


if __name__ == "__main__":
    main()
