"""Layer-wise relevance propagation: how faithful which rules are, and zennit: `python -m benchmarks.lrp`.

Writes results/benchmarks/lrp.csv and, beside it, a JSON of where and how it was measured; `--docs` puts the
table on docs/lrp.md, which says what is measured. Needs the images and the trained models of the digits
study.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from zennit.attribution import Gradient
from zennit.composites import EpsilonPlus

from benchmarks import digits
from benchmarks.common import Goal, Part, Row, command_line, in_turns, run, timed
from benchmarks.imagenet import IMAGENET_SIZE, imagenet_keys, imagenet_model, noise
from benchmarks.speed import forward_operations, operations_of
from thinkalike.explain import integrated_gradients, lrp
from thinkalike.explain.common import Question, baseline_image
from thinkalike.explain.relevance.tape import Composite
from thinkalike.networks.model import Model

OUTPUT = Path("results/benchmarks/lrp.csv")
PARTIAL = OUTPUT.with_stem("lrp-partial")
PAGE = Path("docs/lrp.md")

PATCH = 4
"""Pixels on a side of what is removed at a time."""
STEPS = 16
"""In which all patches are removed, the same number in each."""
PLUS = float("inf")
CANDIDATES: Mapping[str, Composite] = {
    "epsilon": Composite(),
    "γ 0.1": Composite(convolutions=0.1),
    "γ 0.25": Composite(convolutions=0.25),
    "γ 1": Composite(convolutions=1),
    "z⁺": Composite(convolutions=PLUS),
    "γ 0.1, lower half": Composite(convolutions=0.1, share=0.5),
    "γ 0.25, lower half": Composite(convolutions=0.25, share=0.5),
    "z⁺, lower half": Composite(convolutions=PLUS, share=0.5),
    "γ 0.25, linear 0.05": Composite(convolutions=0.25, linears=0.05),
    "γ 0.25, linear 0.25": Composite(convolutions=0.25, linears=0.25),
}
"""γ of convolutions, and of linear layers where that is said; the others have 0."""


def question() -> Question:
    return Question(output="logit", baseline=digits.BLACK, batch_size=50)


def maps(model: Model, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The classes predicted, (N,), and the maps (N, pixels) of all candidates and of what they are held
    against.
    """
    found = {
        name: lrp.relevance(model, pixels, None, question(), composite)
        for name, composite in CANDIDATES.items()
    }
    targets = found["epsilon"].targets
    every = {name: relevance.pixels for name, relevance in found.items()}
    every["Integrated Gradients"] = integrated_gradients.explain(
        model, pixels, targets, question(), tolerance=0.02, map_tolerance=0.05, most_steps=54
    ).maps.coefficients
    inputs = model.normalise(pixels).requires_grad_()
    scores = model.network(inputs).gather(1, torch.from_numpy(targets)[:, None]).sum()
    (gradient,) = torch.autograd.grad(scores, inputs)
    away = inputs.detach() - baseline_image(model, digits.BLACK)
    every["gradient × input"] = (away * gradient).sum(1).flatten(1).numpy()
    every["random"] = np.random.default_rng(0).normal(size=every["epsilon"].shape)
    return targets, every


def deletion(
    model: Model, pixels: np.ndarray, targets: np.ndarray, relevances: np.ndarray
) -> np.ndarray:
    """(N,) mean of the score while patches turn black, the most relevant first, less that of black.

    In units of the mean difference between the images and black. The lower, the sooner the score falls.
    """
    count, size = pixels.shape[:2]
    side = size // PATCH
    summed = relevances.reshape(count, side, PATCH, side, PATCH).sum((2, 4)).reshape(count, -1)
    order = np.argsort(-summed, 1, kind="stable").reshape(count, STEPS, -1)
    left = pixels.reshape(count, side, PATCH, side, PATCH, 3).transpose(0, 1, 3, 2, 4, 5)
    left = left.reshape(count, side * side, PATCH, PATCH, 3).copy()
    rows = np.arange(count)
    curve = np.empty((STEPS + 1, count))
    for step in range(STEPS + 1):
        whole = left.reshape(count, side, side, PATCH, PATCH, 3).transpose(0, 1, 3, 2, 4, 5)
        with torch.inference_mode():
            scores = model.network(model.normalise(whole.reshape(pixels.shape)))
        curve[step] = scores.double().numpy()[rows, targets]
        if step < STEPS:
            left[rows[:, None], order[:, step]] = 0
    return (curve - curve[-1]).mean(0) / (curve[0] - curve[-1]).mean()


def faithfulness(models: tuple[str, ...], count: int) -> list[Row]:
    """Areas under the deletion curve beside that of epsilon, means over images."""
    pixels = digits.images(count)
    areas: dict[str, dict[str, float]] = {}
    families: dict[str, list[str]] = {}
    for key in models:
        model = digits.model(key)
        targets, every = maps(model, pixels)
        areas[key] = {
            name: float(deletion(model, pixels, targets, each).mean())
            for name, each in every.items()
        }
        families.setdefault(model.architecture.family, []).append(key)
    for family, keys in families.items():
        areas[f"mean of {family} ({len(keys)})"] = {
            name: float(np.mean([areas[key][name] for key in keys])) for name in areas[keys[0]]
        }
    return [
        Row(f"Area under deletion, {of}: {name}", "epsilon", area, values["epsilon"])
        for of, values in reversed(areas.items())
        for name, area in values.items()
    ]


def ledgers(models: tuple[str, ...], count: int) -> list[Row]:
    """Largest gap of any image in both precisions, and the median share of constants in the score."""
    pixels = digits.images(count)
    rows = []
    for key in models:
        model = digits.model(key)
        exact = replace(model, network=deepcopy(model.network).double())
        for name in ("epsilon", "γ 0.1"):
            of = f"{key}, {name}"
            single, double = (
                lrp.relevance(m, pixels, None, question(), CANDIDATES[name]) for m in (model, exact)
            )
            for precision, found, goal in (("32", single, 1e-3), ("64", double, 1e-9)):
                what = f"Largest gap of the ledger in float{precision}: {of}"
                rows.append(Row(what, "", float(found.gap.max()), goal=Goal("ours", most=goal)))
            share = float(np.median(double.constants / double.scores))
            rows.append(Row(f"Share of the score that constants have, median: {of}", "", share))
    return sorted(rows, key=lambda row: row.measure.split(":")[0])


def operations(count: int) -> list[Row]:
    """Floating point operations over those of a forward pass, networks of 224 x 224 pixels."""
    rows = []
    for key in imagenet_keys()[:count]:
        model, pixels = imagenet_model(key), noise(1, IMAGENET_SIZE)
        forward = forward_operations(model, pixels)
        for name, most in (("epsilon", 2.6), ("γ 0.1", 4.2)):
            run = partial(lrp.relevance, model, pixels, None, question(), CANDIDATES[name])
            what = f"Operations over a forward pass, {name}: {key}"
            rows.append(Row(what, "", operations_of(run) / forward, goal=Goal("ours", most=most)))
    return sorted(rows, key=lambda row: row.measure.split(":")[0])


def of_zennit(model: Model, inputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Relevance of the inputs by EpsilonPlus."""
    with Gradient(model.network, EpsilonPlus()) as attributor:
        _, relevances = attributor(
            inputs, lambda scores: torch.eye(scores.shape[1])[targets] * scores
        )
    return relevances


def peers(count: int, rounds: int) -> list[Row]:
    """Seconds beside zennit's EpsilonPlus on DenseNet121, on which it conserves."""
    model, pixels = imagenet_model("densenet121"), noise(count, IMAGENET_SIZE)
    targets = np.zeros(count, np.int64)
    asked = Question(output="logit", baseline=digits.BLACK, batch_size=count)
    inputs, classes = model.normalise(pixels), torch.from_numpy(targets)
    runs = {
        name: partial(lrp.relevance, model, pixels, targets, asked, composite)
        for name, composite in {
            "epsilon": CANDIDATES["epsilon"],
            "z⁺": CANDIDATES["z⁺"],
        }.items()
    }
    seconds = in_turns({**runs, "zennit": partial(of_zennit, model, inputs, classes)}, rounds)
    return [
        timed(
            f"Seconds for {count} images, DenseNet121: {name}",
            "zennit EpsilonPlus",
            seconds[name],
            seconds["zennit"],
            Goal("ratio", most=1),
        )
        for name in runs
    ]


def parts(models: tuple[str, ...], *, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is."""
    keys, count, rounds = (models[:2], 8, 1) if quick else (models, 100, 5)
    return {
        "faithfulness": lambda: faithfulness(keys, count),
        "ledger": lambda: ledgers(keys, count),
        "operations": lambda: operations(2 if quick else 14),
        "peers": lambda: peers(2, rounds),
    }


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("lrp", __doc__, parts((), quick=False), OUTPUT, PAGE)
    parser.add_argument("--models", nargs="+", default=[], help="fewer or other trained models")
    asked = parser.parse_args(arguments)

    def make() -> dict[str, Part]:
        digits.check(asked.models)
        return parts(tuple(asked.models or digits.trained()), quick=asked.quick)

    run(asked, make, output=OUTPUT, partial=PARTIAL, page=PAGE, complete=not asked.models)


if __name__ == "__main__":
    main()
