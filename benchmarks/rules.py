"""Which rules of layer-wise relevance propagation say what matters: `python -m benchmarks.rules`.

Writes results/benchmarks/rules.csv and, beside it, a JSON of where and how it was measured; `--docs` puts
the tables on docs/measured/lrp.md, which says what is measured. Networks are those of the digits study,
those of a study of photographs, and pretrained EfficientNet-Lites:

    python -m benchmarks.rules --images FOLDER --photographs OVERLAY --lite FOLDER
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pandas as pd
import torch

from benchmarks import digits
from benchmarks.attention import ATTENDED
from benchmarks.common import Part, Row, command_line, run
from benchmarks.imagenet import photographs, pretrained, random_model
from benchmarks.judges import SuperpixelValues, cosines, deletion, sums
from benchmarks.speed import forward_operations, operations_of
from thinkalike.errors import InputError
from thinkalike.explain import lrp
from thinkalike.explain.common import Question, baseline_image
from thinkalike.explain.relevance.table import TABLE
from thinkalike.explain.relevance.tape import Composite, Table
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model
from thinkalike.networks.weights import build
from thinkalike.randomness import generator
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.forecast.plan import read_config

OUTPUT = Path("results/benchmarks/rules.csv")
PARTIAL = OUTPUT.with_stem("rules-partial")
PAGE = Path("docs/measured/lrp.md")

SIDE = 8
"""Cells of a side at which maps are compared, as `settings.lrp.pool` has it, and removed."""
STEPS = 8
"""In which all cells are removed, the same number in each."""
LITE_SIZE = 160
"""Pixels of a side of the images that pretrained networks explain."""
LITES = ("tf_efficientnet_lite0", "tf_efficientnet_lite1")
PLUS = float("inf")
RULES: Mapping[str, tuple[Composite, Table]] = {
    "epsilon": (Composite(), TABLE),
    "γ 0.1": (Composite(convolutions=0.1), TABLE),
    "γ 0.25": (Composite(convolutions=0.25), TABLE),
    "γ 1": (Composite(convolutions=1), TABLE),
    "z⁺": (Composite(convolutions=PLUS), TABLE),
    "γ 0.25, linear 0.05": (Composite(convolutions=0.25, linears=0.05), TABLE),
    "AttnLRP": (Composite(), ATTENDED),
    "AttnLRP, γ 0.25, linear 0.05": (Composite(convolutions=0.25, linears=0.05), ATTENDED),
}
"""γ of convolutions, and of linear layers where that is said; the others have 0."""
PARTNERS = 3
"""Other networks, at most, that the maps of one are held against."""
SUPERPIXELS = 8
"""Images, from the first, whose superpixels have Shapley values."""

JUDGES = {
    "deletion": "own score while cells turn black, the most relevant first",
    "cross-deletion": "score of the other trained networks, in the order of this one's map",
    "KernelSHAP": "cosine with KernelSHAP on superpixels",
    "trained": "cosine with the maps of the other trained networks",
    "above untrained": "that less the cosine with the map of the untrained network",
    "above chance": "that less the cosine with the maps that the others have of another image",
}
"""What maps are judged by; less is better for the first two, more for the others."""
SHARE = "input share"
ERROR = "standard error of the difference from epsilon"


@dataclass(frozen=True)
class Networks:
    """Trained networks, and images of what they were trained on.

    Attributes:
        name: of these networks.
        trained: key → model, all of one size.
        pixels: (N, size, size, 3) uint8.
    """

    name: str
    trained: Mapping[str, Model]
    pixels: np.ndarray

    def partners(self, key: str) -> list[str]:
        """Networks that the maps of one are held against: those that follow it, in a circle."""
        keys = list(self.trained)
        place = keys.index(key) + 1
        return [*keys[place:], *keys[: place - 1]][:PARTNERS]

    @cached_property
    def superpixels(self) -> SuperpixelValues:
        """Of the first images."""
        return SuperpixelValues(self.pixels[:SUPERPIXELS])


def question() -> Question:
    return Question(output="logit", baseline=digits.BLACK, batch_size=8)


def maps(
    model: Model, pixels: np.ndarray, targets: np.ndarray | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The classes explained, (N,), maps (N, pixels) of all rules and what they are held against, and the
    share of the score that the pixels have, (N,), by rule.
    """
    every, shares, trained = {}, {}, str(targets is None)
    for name, (composite, table) in RULES.items():
        if table is ATTENDED and model.architecture.family == "cnn":
            continue
        with patch.object(lrp, "TABLE", table):
            found = lrp.relevance(model, pixels, targets, question(), composite)
        targets = found.targets
        every[name], shares[name] = found.pixels, found.input / found.scores
    assert targets is not None
    every["gradient × input"] = np.concatenate(
        [
            gradient_times_input(model, pixels[i : i + 8], targets[i : i + 8])
            for i in range(0, len(pixels), 8)
        ]
    )
    noise = generator(0, "rules", model.name, trained)
    every["random"] = noise.normal(size=every["epsilon"].shape)
    return targets, every, shares


def gradient_times_input(model: Model, pixels: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(x − b) · ∂score/∂x with b black, summed over colours, (N, pixels)."""
    inputs = model.normalise(pixels).requires_grad_()
    scores = model.network(inputs).gather(1, torch.from_numpy(targets)[:, None]).sum()
    (gradient,) = torch.autograd.grad(scores, inputs)
    away = inputs.detach() - baseline_image(model, digits.BLACK)
    products: np.ndarray = (away * gradient).sum(1).flatten(1).numpy()
    return products


def judged(networks: Networks) -> dict[tuple[str, str, str], np.ndarray]:
    """(model, rule, judge) → its verdict on the maps of each image, (N,) or fewer."""
    targets, every, shares, values = {}, {}, {}, {}
    for key, model in networks.trained.items():
        targets[key], every[key], shares[key] = maps(model, networks.pixels)
        values[key] = networks.superpixels.values(model, targets[key][:SUPERPIXELS])
        print(f"  {networks.name}: {key} explained", flush=True)
    found = {}
    for key, model in networks.trained.items():
        untrained = random_model(model.architecture, len(model.classes), model.size)
        _, of_untrained, _ = maps(untrained, networks.pixels, targets[key])
        others = networks.partners(key)
        for rule, own in every[key].items():
            cells = sums(own, SIDE)
            theirs = [sums(every[each][rule], SIDE) for each in others if rule in every[each]]
            trained = _mean_cosines(cells, theirs)
            chance = _mean_cosines(cells, [np.roll(each, 1, 0) for each in theirs])
            removed = {
                each: deletion(
                    networks.trained[each],
                    networks.pixels,
                    targets[each],
                    own,
                    side=SIDE,
                    steps=STEPS,
                )
                for each in (key, *others)
            }
            verdicts = {
                "deletion": removed.pop(key),
                "cross-deletion": np.mean(list(removed.values()), axis=0),
                "KernelSHAP": networks.superpixels.agreement(own, values[key]),
                "trained": trained,
                "above untrained": trained - cosines(cells, sums(of_untrained[rule], SIDE)),
                "above chance": trained - chance,
                SHARE: shares[key].get(rule, np.full(len(own), np.nan)),
            }
            found |= {(key, rule, judge): verdict for judge, verdict in verdicts.items()}
        print(f"  {networks.name}: {key} judged", flush=True)
    return found


def _mean_cosines(own: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
    """Mean of the cosines with each of the others, (N,); no numbers where there is none."""
    found = [cosines(own, each) for each in others] or [np.full(len(own), np.nan)]
    return np.mean(found, axis=0)


def study(networks: Networks) -> list[Row]:
    """Means of the verdicts over images and the networks of a family, with errors over images."""
    found, rows = judged(networks), []
    families: dict[str, list[str]] = {}
    for key, model in networks.trained.items():
        families.setdefault(model.architecture.family, []).append(key)
    for family, keys in families.items():
        of = f"{networks.name}, {family} ({', '.join(keys)})"
        for rule in (*RULES, "gradient × input", "random"):
            if (keys[0], rule, "deletion") not in found:
                continue
            for judge in JUDGES:
                each, base = (
                    np.mean([found[key, name, judge] for key in keys], axis=0)
                    for name in (rule, "epsilon")
                )
                error = np.std(each - base, ddof=1) / np.sqrt(len(each))
                what = f"{of}, {judge}"
                rows += [
                    Row(f"{what}: {rule}", "epsilon", each.mean(), base.mean()),
                    Row(f"{what}, {ERROR}: {rule}", "", error),
                ]
            share = np.median(np.concatenate([found[key, rule, SHARE] for key in keys]))
            rows.append(Row(f"{of}, {SHARE}: {rule}", "", share))
    return rows


def operations(networks: Networks) -> list[Row]:
    """Floating point operations of a map over those of a forward pass."""
    rows = []
    for key, model in networks.trained.items():
        pixels = networks.pixels[:1]
        forward = forward_operations(model, pixels)
        for rule in ("epsilon", "γ 0.25"):
            explain = partial(lrp.relevance, model, pixels, None, question(), RULES[rule][0])
            what = f"{networks.name}, operations over a forward pass: {key}, {rule}"
            rows.append(Row(what, "", operations_of(explain) / forward))
    return rows


def of_digits(count: int) -> Networks:
    """The trained networks of the digits study, one of each kind."""
    keys = [key for key in digits.trained() if "_seed" not in key and not key.endswith("_twin")]
    digits.check(keys)
    return Networks("Digits", {key: digits.model(key) for key in keys}, digits.images(count))


def of_study(overlay: Path, folder: Path, count: int) -> Networks:
    """The networks of a study that have been trained, further seeds among them.

    Raises:
        InputError: there are fewer than two yet.
    """
    config = resolve(read_config([Path("config.yaml"), overlay]))
    weights = Path("results") / config["study"] / "weights"
    entries = {
        key: entry
        for key, entry in config["catalogue"].items()
        if entry["training"]["epochs"] > 0 and (weights / f"{key}.safetensors").exists()
    }
    if len(entries) < 2:
        raise InputError(
            f"--photographs: {weights} has fewer than two trained networks; run "
            f"`snakemake --cores all weights --configfile {overlay}` first"
        )
    models = {
        key: build(
            Architecture.of({**entry, "name": key}),
            weights / f"{key}.safetensors",
            torch.device("cpu"),
        )
        for key, entry in entries.items()
    }
    size = config["images"]["size"]
    return Networks("Photographs", models, photographs(folder, count, size))


def of_lites(weights: Path, folder: Path, count: int) -> Networks:
    """Pretrained EfficientNet-Lites."""
    models = {key: pretrained(weights / key, LITE_SIZE) for key in LITES}
    return Networks("EfficientNet-Lite", models, photographs(folder, count, LITE_SIZE))


def parts(
    lite: Path | None, overlay: Path | None, folder: Path | None, *, count: int
) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        lite: folder of the weights of EfficientNet-Lites.
        overlay: of a study of photographs.
        folder: of images for both.
        count: images that are explained.
    """

    def given(value: Path | None, option: str) -> Path:
        if value is None:
            raise InputError(f"{option}: is missing; give it, or measure without: --parts digits")
        return value

    def measured(make: Callable[[], Networks]) -> list[Row]:
        networks = make()
        return study(networks) + operations(networks)

    return {
        "digits": lambda: measured(lambda: of_digits(count)),
        "photographs": lambda: measured(
            lambda: of_study(given(overlay, "--photographs"), given(folder, "--images"), count)
        ),
        "lite": lambda: measured(
            lambda: of_lites(given(lite, "--lite"), given(folder, "--images"), count)
        ),
    }


def tables(rows: pd.DataFrame) -> list[str]:
    """A table for the networks of each family: rules by judges, in brackets the difference from epsilon."""
    values = dict(zip(rows["measure"], rows["ours"], strict=True))
    kinds = dict.fromkeys(m.rsplit(", deletion: ", 1)[0] for m in values if ", deletion: " in m)
    lines = []
    for of in kinds:
        lines += ["", f"### {of}", "", f"| rule | {' | '.join(JUDGES)} | {SHARE} |"]
        lines.append("|---" * (len(JUDGES) + 2) + "|")
        for rule in (*RULES, "gradient × input", "random"):
            if f"{of}, deletion: {rule}" in values:
                cells = [*(_cell(values, f"{of}, {j}", rule) for j in JUDGES)]
                share = values[f"{of}, {SHARE}: {rule}"]
                lines.append(
                    f"| {rule} | {' | '.join(cells)} | {share and f'{float(share):.2g}'} |"
                )
    return lines + list(_costs(values))


def _cell(values: Mapping[str, str], what: str, rule: str) -> str:
    value, base = values[f"{what}: {rule}"], values[f"{what}: epsilon"]
    if not value or rule == "epsilon":
        return value and f"{float(value):.3f}"
    error = float(values[f"{what}, {ERROR}: {rule}"])
    return f"{float(value):.3f} ({float(value) - float(base):+.3f} ± {error:.3f})"


def _costs(values: Mapping[str, str]) -> Iterator[str]:
    what = ", operations over a forward pass: "
    yield from (
        "",
        "### Operations over a forward pass",
        "",
        "| network | operations |",
        "|---|---|",
    )
    for measure, value in values.items():
        if what in measure:
            yield f"| {measure.replace(what, ', ')} | {float(value):.2f} |"


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    none = parts(None, None, None, count=0)
    parser = command_line("rules", __doc__, none, OUTPUT, PAGE)
    parser.add_argument("--images", type=Path, help="folder of class folders with photographs")
    parser.add_argument("--photographs", type=Path, help="overlay of a study of photographs")
    parser.add_argument("--lite", type=Path, help="folder of tf_efficientnet_lite0 and lite1")
    asked = parser.parse_args(arguments)
    count = 4 if asked.quick else 24
    make = partial(parts, asked.lite, asked.photographs, asked.images, count=count)
    run(asked, make, output=OUTPUT, partial=PARTIAL, page=PAGE, layout=tables)


if __name__ == "__main__":
    main()
