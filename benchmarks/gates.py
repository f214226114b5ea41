"""Which of two factors LRP should hold fixed, by deletion: `python -m benchmarks.gates`.

Trains networks of products on scikit-learn's digits, in minutes, and explains other digits with them.
Writes results/benchmarks/gates.csv and, beside it, a JSON of where and how it was measured; `--docs` puts
the table on docs/measured/lrp.md, which says what is measured.
"""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import timm
import torch
from sklearn.datasets import load_digits
from timm.layers import GatedMlp, GluMlp, SwiGLU
from timm.models.mlp_mixer import MlpMixer, SpatialGatingBlock
from torch import nn
from torch.nn import functional as F

from benchmarks.common import Part, Row, command_line, run
from benchmarks.digits import BLACK
from benchmarks.judges import deletion
from benchmarks.lrp import question
from thinkalike.explain import lrp
from thinkalike.explain.common import baseline_image
from thinkalike.explain.relevance import products
from thinkalike.explain.relevance.tape import Composite
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model

OUTPUT = Path("results/benchmarks/gates.csv")
PARTIAL = OUTPUT.with_stem("gates-partial")
PAGE = Path("docs/measured/lrp.md")

SIZE = 64
"""Pixels on a side."""
TRAINED, EXPLAINED = 1500, 100
"""Digits to train on, and others to explain."""
SIDE, STEPS = 16, 16
"""Cells of a side that turn black, and the steps in which all of them do."""
EPOCHS, BATCH, RATE = 8, 50, 2e-3

mixer = partial(MlpMixer, num_classes=10, img_size=SIZE, patch_size=8, embed_dim=64)
NETWORKS: Mapping[str, Callable[[], nn.Module]] = {
    "ViT with SwiGLU": lambda: timm.create_model(
        "vit_tiny_patch16_224",
        num_classes=10,
        img_size=SIZE,
        patch_size=8,
        embed_dim=64,
        depth=4,
        num_heads=4,
        mlp_layer=SwiGLU,
    ),
    "gMixer": lambda: mixer(num_blocks=4, mlp_ratio=(1, 4), mlp_layer=GluMlp, act_layer=nn.SiLU),
    "gMLP": lambda: mixer(
        num_blocks=6, mlp_ratio=4, block_layer=SpatialGatingBlock, mlp_layer=GatedMlp
    ),
    "StarNet": lambda: timm.create_model("starnet_s050", num_classes=10),
    "MambaOut": lambda: timm.create_model(
        "mambaout_femto", num_classes=10, depths=(1, 1, 2, 1), dims=(24, 48, 64, 96)
    ),
}
HELD: Mapping[str, Callable[..., torch.Tensor | None]] = {
    "as it is": products.held,
    "halves": lambda _tape, _a, _b, _single: None,
    "first held": lambda _tape, a, b, _single: None if a is b else a,
    "second held": lambda _tape, a, b, _single: None if a is b else b,
}
"""What decides which of two values is held fixed: the rule of LRP, and what it is held against."""


@cache
def data() -> tuple[np.ndarray, np.ndarray]:
    """Digits, (N, SIZE, SIZE, 3) uint8, in an order of their own, and their labels."""
    digits = load_digits()
    small = torch.from_numpy(digits.images / 16)[:, None]
    large = F.interpolate(small, size=(SIZE, SIZE), mode="bilinear").clamp(0, 1)
    pixels = (255 * large).round().byte().expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy()
    order = np.random.default_rng(0).permutation(len(pixels))
    return pixels[order], digits.target[order]


def trained(name: str, epochs: int) -> Model:
    """A network, trained on the first digits."""
    torch.manual_seed(0)
    network = NETWORKS[name]()
    model = Model(network, (0.5,) * 3, (0.5,) * 3, SIZE, tuple("0123456789"), Architecture(name))
    pixels, labels = data()
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.01)
    steps = epochs * (TRAINED // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    network.train()
    for _ in range(epochs):
        for part in torch.randperm(TRAINED).numpy().reshape(-1, BATCH):
            scores = network(model.normalise(pixels[part]))
            target = torch.from_numpy(labels[part])
            optimiser.zero_grad()
            F.cross_entropy(scores, target, label_smoothing=0.05).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
    network.eval().requires_grad_(False)
    return model


def relevances(model: Model, pixels: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The classes predicted, (N,), and the maps (N, pixels) of every rule and of the plain gradient."""
    maps = {}
    for name, rule in HELD.items():
        with patch.object(products, "held", rule):
            found = lrp.relevance(model, pixels, None, question(), Composite())
        maps[name] = found.pixels
    inputs = model.normalise(pixels).requires_grad_()
    scores = model.network(inputs).gather(1, torch.from_numpy(found.targets)[:, None]).sum()
    (gradient,) = torch.autograd.grad(scores, inputs)
    away = inputs.detach() - baseline_image(model, BLACK)
    maps["gradient × input"] = (away * gradient).sum(1).flatten(1).numpy()
    return found.targets, maps


def of_network(name: str, epochs: int, count: int) -> list[Row]:
    """Areas under the deletion curve beside that of the rule as it is, and how good the network is."""
    model = trained(name, epochs)
    pixels, labels = (part[TRAINED : TRAINED + count] for part in data())
    targets, maps = relevances(model, pixels)
    areas = {
        rule: float(deletion(model, pixels, targets, each, side=SIDE, steps=STEPS).mean())
        for rule, each in maps.items()
    }
    what = f"Area under deletion, {name}"
    return [
        *(Row(f"{what}: {rule}", "as it is", a, areas["as it is"]) for rule, a in areas.items()),
        Row(f"Accuracy on the digits explained: {name}", "", float((targets == labels).mean())),
    ]


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is."""
    epochs, count = (1, 20) if quick else (EPOCHS, EXPLAINED)
    return {name: partial(of_network, name, epochs, count) for name in NETWORKS}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("gates", __doc__, parts(quick=False), OUTPUT, PAGE)
    asked = parser.parse_args(arguments)
    run(asked, lambda: parts(quick=asked.quick), output=OUTPUT, partial=PARTIAL, page=PAGE)


if __name__ == "__main__":
    main()
