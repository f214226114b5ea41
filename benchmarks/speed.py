"""How long explanations take, and how many operations, beside passes of the network and beside peers."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks import digits, peers
from benchmarks.common import Goal, Row, fastest, in_turns, timed
from benchmarks.digits import BLACK
from benchmarks.imagenet import IMAGENET_SIZE, imagenet_keys, imagenet_model, noise
from thinkalike.explain import gradcam, integrated_gradients, kernelshap
from thinkalike.explain.common import Question, baseline_image, endpoints
from thinkalike.explain.completeness import allowed_gap
from thinkalike.networks.model import Model

IMAGENET_TIMED = ("resnet18", "efficientnet_b3", "deit_s")
BATCHES = (16, 32, 64, 128, 256)
"""Sizes that bare passes and captum may choose from."""
LADDER = (6, 8, 12, 16, 18, 24, 32, 48, 54, 64, 96, 128, 162, 192, 256, 384, 512)
"""Numbers of steps that a fixed rule may choose from."""
STEPS = 18
TOLERANCE = 0.01
MAP_TOLERANCE = 0.075
"""That of config.yaml."""
MOST_STEPS = 1458
FEWER = Goal("ratio", most=0.99)


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        models: of the digits study.
        images: for Grad-CAM; Integrated Gradients has a quarter, KernelSHAP an eighth of them.
        evaluations: of KernelSHAP.
        rounds: of every pair of runs.
        imagenet: images for Grad-CAM at 224 x 224.
    """

    models: tuple[str, ...]
    images: int = 64
    evaluations: int = 350
    rounds: int = 5
    imagenet: int = 8


class Pooled:
    """Seconds of all models together, round by round."""

    def __init__(self) -> None:
        self.ours: list[np.ndarray] = []
        self.theirs: list[np.ndarray] = []

    def add(self, ours: np.ndarray, theirs: np.ndarray) -> None:
        self.ours.append(ours)
        self.theirs.append(theirs)

    def row(self, measure: str, peer: str, goal: Goal | None) -> Row:
        return timed(measure, peer, np.sum(self.ours, axis=0), np.sum(self.theirs, axis=0), goal)


def kernelshap_passes(effort: Effort) -> list[Row]:
    """KernelSHAP in full over as many bare passes, with the images ready, in their best batches."""
    count = max(effort.images // 8, 1)
    what = f"Seconds of KernelSHAP, {count} images, {effort.evaluations} evaluations"
    peer = "bare forward passes"
    rows, pooled = [], Pooled()
    for key in effort.models:
        model = digits.model(key)
        ours = _kernelshap(model, count, effort.evaluations)
        evaluations = int(ours().measures["evaluations"].sum())
        best = best_batch(model)
        bare = partial(passes, model, evaluations, best)
        seconds = in_turns({"ours": ours, "bare": bare}, effort.rounds)
        pooled.add(seconds["ours"], seconds["bare"])
        rows.append(timed(f"{what}: {key}", peer, seconds["ours"], seconds["bare"]))
    return [pooled.row(f"{what}: all models", peer, Goal("ratio", most=1.15)), *rows]


def kernelshap_peers(effort: Effort) -> list[Row]:
    """KernelSHAP in full beside captum's, through its interface for images."""
    count = max(effort.images // 32, 1)
    what = f"Seconds of KernelSHAP, {count} images, {effort.evaluations} evaluations"
    default, best = "captum, one at a time (default)", "captum, best perturbations_per_eval"
    rows, pooled = [], {default: Pooled(), best: Pooled()}
    for key in effort.models:
        model = digits.model(key)
        ours = _kernelshap(model, count, effort.evaluations)
        captum = partial(
            peers.captum_image_kernelshap,
            model,
            *_for_captum(model, digits.images(count)),
            digits.all_labels(count),
            evaluations=effort.evaluations,
        )
        together = fastest(
            {n: partial(captum, together=n) for n in (16, 64, effort.evaluations)}, 1
        )
        runs = {
            "ours": ours,
            default: partial(captum, together=1),
            best: partial(captum, together=together),
        }
        seconds = in_turns(runs, effort.rounds // 2 + 1)
        for peer, bound in ((default, 1 / 3), (best, 1.0)):
            goal = Goal("ratio", most=bound)
            pooled[peer].add(seconds["ours"], seconds[peer])
            label = peer if peer == default else f"{peer} ({together})"
            rows.append(timed(f"{what}: {key}", label, seconds["ours"], seconds[peer], goal))
    first = [
        pooled[peer].row(f"{what}: all models", peer, Goal("ratio", most=bound))
        for peer, bound in ((default, 1 / 3), (best, 1.0))
    ]
    return first + rows


def gradcam_peers(effort: Effort) -> list[Row]:
    """Grad-CAM with its prediction beside two libraries, at equal batch size."""
    rows: list[Row] = []
    pooled: dict[str, Pooled] = {}
    goal = Goal("ratio", most=0.5)
    side = digits.study()["images"]["size"]
    what = f"Seconds of Grad-CAM, {effort.images} images of {side} x {side}, batch {effort.images}"
    for key in effort.models:
        seconds = _gradcam_seconds(digits.model(key), digits.images(effort.images), effort.rounds)
        for peer in [name for name in seconds if name != "ours"]:
            pooled.setdefault(peer, Pooled()).add(seconds["ours"], seconds[peer])
            rows.append(timed(f"{what}: {key}", peer, seconds["ours"], seconds[peer], goal))
    rows = [p.row(f"{what}: all models it takes", peer, goal) for peer, p in pooled.items()] + rows
    side, count = IMAGENET_SIZE, effort.imagenet
    what = f"Seconds of Grad-CAM, {count} images of {side} x {side}, batch {count}, random weights"
    for key in IMAGENET_TIMED:
        seconds = _gradcam_seconds(imagenet_model(key), noise(count, side), effort.rounds)
        for peer in [name for name in seconds if name != "ours"]:
            rows.append(timed(f"{what}: {key}", peer, seconds["ours"], seconds[peer], goal))
    return rows


def integrated_gradients_peers(effort: Effort) -> list[Row]:
    """Integrated Gradients beside captum's with as many steps, captum in its best batches."""
    count = max(effort.images // 4, 1)
    what = f"Seconds of Integrated Gradients, {count} images, {STEPS} steps"
    peer = "captum, best internal_batch_size"
    rows, pooled = [], Pooled()
    goal = Goal("ratio", most=1.0)
    for key in effort.models:
        model = digits.model(key)
        inputs, baseline, _ = _for_captum(model, digits.images(count))
        captum = partial(
            peers.captum_integrated_gradients,
            model,
            inputs,
            baseline,
            steps=STEPS,
            method="riemann_middle",
        )
        sizes = [None, *(size for size in BATCHES if size >= count)]
        together = fastest({size: partial(captum, together=size) for size in sizes}, 1)
        ours = partial(_integrated_gradients, model, digits.images(count), STEPS)
        runs = {"ours": ours, "theirs": partial(captum, together=together)}
        seconds = in_turns(runs, effort.rounds)
        pooled.add(seconds["ours"], seconds["theirs"])
        label = f"{peer} ({together or 'all at once'})"
        rows.append(timed(f"{what}: {key}", label, seconds["ours"], seconds["theirs"], goal))
    return [pooled.row(f"{what}: all models", peer, goal), *rows]


def integrated_gradients_steps(effort: Effort) -> list[Row]:
    """Steps until every map is complete to 1 %: ours on average, captum's the same for all."""
    count = max(effort.images // 4, 1)
    what = f"Steps of Integrated Gradients, {count} images, all complete to {TOLERANCE:.0%}"
    peer = "captum, Gauss-Legendre (default)"
    rows = []
    for key in effort.models:
        model, images = digits.model(key), digits.images(count)
        found = integrated_gradients.explain(
            model,
            images,
            None,
            Question("logit", BLACK),
            tolerance=TOLERANCE,
            map_tolerance=MAP_TOLERANCE,
            most_steps=MOST_STEPS,
        )
        complete = bool(found.measures["converged"].all())
        ours = float(found.measures["steps"].mean()) if complete else np.inf
        theirs = _fixed_steps(model, images)
        rows.append(Row(f"{what}: {key}", peer, ours, theirs, FEWER))
    # what was not reached counts as the most that was tried, for both
    means = [
        float(np.mean([min(value, most) for value in values]))
        for values, most in (
            ([row.ours for row in rows], MOST_STEPS),
            ([row.theirs for row in rows], LADDER[-1]),
        )
    ]
    return [Row(f"{what}: mean of models", peer, *means, FEWER), *rows]


def operations(effort: Effort) -> list[Row]:
    """Floating point operations, counted by torch's formulas, over those of a forward pass."""
    rows = _gradcam_operations("digits", {key: partial(_digits_case, key) for key in effort.models})
    rows += _gradcam_operations(
        "ImageNet", {key: partial(_imagenet_case, key) for key in imagenet_keys()}
    )
    what = "Operations of Integrated Gradients for each step over a forward pass"
    for key in effort.models:
        model, images = _digits_case(key)
        more, fewer = (
            operations_of(partial(_integrated_gradients, model, images, steps)) for steps in (18, 6)
        )
        share = (more - fewer) / (18 - 6) / forward_operations(model, images)
        rows.append(Row(f"{what}: {key}", "", share, goal=Goal("ours", most=2.1)))
    return rows


def _gradcam_operations(
    group: str, cases: dict[str, Callable[[], tuple[Model, np.ndarray]]]
) -> list[Row]:
    what = "Operations of Grad-CAM at depth 100 over a forward pass"
    rows = []
    for key, case in cases.items():
        model, images = case()
        forward = forward_operations(model, images)
        ours = operations_of(partial(_gradcam, model, images)) / forward
        network, layer = _differentiable(model)
        peer, theirs = "pytorch-grad-cam", np.nan
        if not _grouped(network):
            run = partial(peers.pytorch_gradcam, model, network, layer, model.normalise(images))
            theirs = operations_of(run) / forward
        rows.append(Row(f"{what}: {key}", peer, ours, theirs))
    worst = max(rows, key=lambda row: row.ours)
    name = worst.measure.split(": ")[1]
    largest = f"{what}: largest of {len(rows)} {group} models ({name})"
    return [Row(largest, "", worst.ours, goal=Goal("ours", most=1.10)), *rows]


def _grouped(network: nn.Module) -> bool:
    """Whether it has grouped convolutions: torch's formula for their weights' gradients is too large."""
    return any(m.groups > 1 for m in network.modules() if isinstance(m, nn.Conv2d))


def _digits_case(key: str) -> tuple[Model, np.ndarray]:
    return digits.model(key), digits.images(1)


def _imagenet_case(key: str) -> tuple[Model, np.ndarray]:
    return imagenet_model(key), noise(1, IMAGENET_SIZE)


def _kernelshap(model: Model, count: int, evaluations: int) -> Callable[[], kernelshap.Explanation]:
    question = Question("logit", BLACK, segments=digits.all_labels(count), seeds=np.arange(count))
    return partial(
        kernelshap.explain, model, digits.images(count), None, question, evaluations=evaluations
    )


def passes(model: Model, count: int, batch: int) -> None:
    """So many forward passes of images that are there already."""
    inputs = model.normalise(noise(batch, model.size))
    with torch.inference_mode():
        for start in range(0, count, batch):
            model.network(inputs[: count - start])


def best_batch(model: Model) -> int:
    return fastest({size: partial(passes, model, max(BATCHES), size) for size in BATCHES})


def _for_captum(
    model: Model, images: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images as tensors, the baseline, the predictions."""
    inputs = model.normalise(images)
    with torch.no_grad():
        return inputs, baseline_image(model, BLACK), model.network(inputs).argmax(1)


def _gradcam(model: Model, images: np.ndarray) -> gradcam.Explanation:
    question = Question("logit", BLACK, batch_size=len(images))
    return gradcam.explain(model, images, None, question, depth=100)


def _gradcam_seconds(model: Model, images: np.ndarray, rounds: int) -> dict[str, np.ndarray]:
    """All from images as they are read; peers with a network as it is built."""
    network, layer = _differentiable(model)
    runs: dict[str, Callable[[], object]] = {
        "ours": partial(_gradcam, model, images),
        "pytorch-grad-cam": lambda: peers.pytorch_gradcam(
            model, network, layer, model.normalise(images)
        ),
    }
    # captum averages gradients over the wrong axes where channels come last
    if model.architecture.layout == "nchw":
        runs["captum LayerGradCam"] = lambda: peers.captum_gradcam(
            network, layer, model.normalise(images)
        )
    return in_turns(runs, rounds)


def _differentiable(model: Model) -> tuple[nn.Module, nn.Module]:
    """A copy of the network whose parameters ask for gradients, as peers need it, and its layer."""
    network = deepcopy(model.network).requires_grad_(True)
    return network, network.get_submodule(model.architecture.layer(100).module)


def _integrated_gradients(
    model: Model, images: np.ndarray, steps: int
) -> integrated_gradients.Explanation:
    """A fixed number of steps: no tolerance is met before."""
    settings = {"tolerance": 0.0, "map_tolerance": 0.0, "most_steps": steps}
    return integrated_gradients.explain(model, images, None, Question("logit", BLACK), **settings)


def _fixed_steps(model: Model, images: np.ndarray) -> float:
    """The fewest steps of captum's default rule for which every map is complete; ∞ if none are."""
    inputs, baseline, _ = _for_captum(model, images)
    scores = endpoints(model, images, None, Question("logit", BLACK))
    allowed = allowed_gap(scores.full, scores.empty, TOLERANCE, float(torch.finfo(model.dtype).eps))
    for steps in LADDER:
        _, maps = peers.captum_integrated_gradients(
            model, inputs, baseline, steps=steps, method="gausslegendre", together=64
        )
        gap = maps.double().sum((1, 2, 3)).numpy() - scores.difference
        if (np.abs(gap) <= allowed).all():
            return float(steps)
    return np.inf


class _Counter(TorchDispatchMode):
    """Counts as torch's FlopCounterMode does, by its formulas.

    Not by that class itself: it follows modules, too, for which torch.autograd.grad is not supported.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        kwargs = kwargs or {}
        formula = flop_registry.get(func._overloadpacket)
        if formula is None:
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        result = func(*args, **kwargs)
        if formula is not None:
            self.total += formula(*args, **kwargs, out_val=result)
        return result


def operations_of(run: Callable[[], object]) -> int:
    with _Counter() as counter:
        run()
    return counter.total


def forward_operations(model: Model, images: np.ndarray) -> int:
    inputs = model.normalise(images)
    with torch.no_grad():
        return operations_of(lambda: model.network(inputs))
