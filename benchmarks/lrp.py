"""Layer-wise relevance propagation: its ledger, its operations, and zennit: `python -m benchmarks.lrp`.

Writes results/benchmarks/lrp.csv and, beside it, a JSON of where and how it was measured; `--docs` puts the
table on docs/measured/lrp.md, which says what is measured. Needs the images and the
trained models of the digits study.
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
from thinkalike.explain import lrp
from thinkalike.explain.common import Question
from thinkalike.explain.relevance.tape import Composite
from thinkalike.networks.model import Model

OUTPUT = Path("results/benchmarks/lrp.csv")
PARTIAL = OUTPUT.with_stem("lrp-partial")
PAGE = Path("docs/measured/lrp.md")

COMPOSITES: Mapping[str, Composite] = {
    "epsilon": Composite(),
    "γ 0.1": Composite(convolutions=0.1),
    "z⁺": Composite(convolutions=float("inf")),
}
"""γ of convolutions; linear layers have 0."""


def question() -> Question:
    return Question(output="logit", baseline=digits.BLACK, batch_size=50)


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
                lrp.relevance(m, pixels, None, question(), COMPOSITES[name]) for m in (model, exact)
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
            run = partial(lrp.relevance, model, pixels, None, question(), COMPOSITES[name])
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
        for name, composite in {name: COMPOSITES[name] for name in ("epsilon", "z⁺")}.items()
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
