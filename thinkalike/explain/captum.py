"""Attributions of captum, each map one number for a pixel, a window or a superpixel.

What captum is given is the image in RGB, as its distance from the baseline colour, and a network that
normalises: gradients, products and noise then mean the same for every model, whatever its normalisation,
and captum's own default baseline of 0 is that of the question.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import captum.attr
import numpy as np
import torch
from torch import nn

from thinkalike.attributions import (
    Arguments,
    Attribution,
    attribution_of,
    is_complete,
    tiles,
    window_grid,
    wrong_arguments,
)
from thinkalike.compare.bases import Basis, Cells, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    check_maps,
    endpoints,
    explaining,
    score_function,
)
from thinkalike.explain.completeness import measured
from thinkalike.explain.replaced import check_rectified, check_rescaled
from thinkalike.explain.untouched import untouched
from thinkalike.networks.batches import Batches, is_out_of_memory
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model
from thinkalike.randomness import generator, integer_seed

BLACK = (0.0, 0.0, 0.0)

TOLERATED = 0.02
"""Share of the score's difference that a map which promises it may miss and counts as converged."""


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    attribution: str,
    arguments: Arguments = MappingProxyType({}),
    smooth: Mapping[str, Any] | None = None,
    depth: int = 100,
) -> Explanation:
    """An attribution by captum, of the score as a function of the image's RGB.

    Relevance is summed over channels; captum gives that of a window or superpixel, all of whose channels
    are replaced together, to every channel, and it is counted once.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts.
        question: output, baseline, precision and batch size are used; seeds by what is drawn at random,
            superpixels by FeatureAblation, and logits where known.
        attribution: name of a class in `captum.attr`, one of `thinkalike.attributions.ATTRIBUTIONS`.
        arguments: of its constructor and of its `attribute`, of those that its row names.
        smooth: `samples` and `sigma` of SmoothGrad: the mean map of so many images with normal noise of
            this standard deviation in RGB of [0, 1], nothing cut off. It is the same noise for every model
            (Smilkov et al., SmoothGrad: removing noise by adding noise, 2017). None for none.
        depth: of the layer in percent, for GuidedGradCam.

    Returns:
        Coefficients of the network's type: in the basis `Cells` for Occlusion by windows that tile the
        image, `Segments` for FeatureAblation, else `Pixels(size, size)`. Measures: `score` of the target
        class; of attributions that promise to be complete `difference`, score(x) − score(b); `gap`,
        Σ map − difference; and `converged`, whether |gap| is at most 2 % of |difference|
        (`completeness.allowed_gap`). Of several baseline colours score(b) is the mean.

    Raises:
        InputError: no such attribution or argument, a network that captum refuses or would explain by
            other rules than it says, no seeds or superpixels where they are needed, a map or a score that
            is not finite, a target that is no output, training mode.
    """
    row = attribution_of(attribution)
    for line in wrong_arguments(attribution, arguments):
        raise InputError(f"{attribution}: {line}")
    if row.rules == "rescale" and (question.output, question.precision) != ("logit", "float32"):
        raise InputError(f"{attribution} explains logits in float32 alone; ask for these")
    if question.seeds is None and (row.seeded or smooth):
        raise InputError(f"{attribution} draws at random; give a question with `seeds`")
    if question.segments is None and row.segments:
        raise InputError(f"{attribution} is on superpixels; give a question with `segments`")
    baseline = question.baseline if row.baseline else BLACK
    with (
        explaining(model),
        untouched(model.network),
        torch.inference_mode(False),
        torch.enable_grad(),
        _refusals_in_sentences(model, row),
    ):
        ends = endpoints(model, images, targets, replace(question, baseline=baseline))
        if row.rules == "relu":
            check_rectified(model, attribution)
        elif row.rules == "rescale":
            check_rescaled(model, attribution)
        layer = {"layer": _layer(model, attribution, depth)} if row.layer else {}
        work = _Attributing(model, images, ends.targets, question, row, arguments, baseline, layer)
        maps = work.maps(smooth)
        measures = {"score": ends.full}
        if is_complete(attribution, arguments):
            reference, epsilon = work.reference(ends.empty), torch.finfo(model.dtype).eps
            sums = maps.coefficients.astype(np.float64).sum(1)
            measures |= measured(ends.full, reference, sums, TOLERATED, epsilon)
    check_maps(maps, f"captum's {attribution} of {model.name}")
    return Explanation(maps, ends.targets, measures)


def _layer(model: Model, attribution: str, depth: int) -> nn.Module:
    """The layer at a depth, whose output has to be channels by rows by columns."""
    if model.architecture.layout != "nchw":
        raise InputError(
            f"captum's {attribution} averages over rows and columns that stand last, and those of "
            f"{model.name} stand elsewhere (layout {model.architecture.layout}); leave the model or the "
            "attribution out"
        )
    return model.layer(depth)


class _Scores(nn.Module):
    """The model's scores as a module, of images in RGB as their distance from a baseline."""

    def __init__(self, model: Model, question: Question, baseline: tuple[float, ...]) -> None:
        super().__init__()
        self.network = model.network  # so that captum finds the modules in it
        self.score = score_function(model, question)
        self.shift, self.scale = (
            on_device(torch.tensor(values, dtype=model.dtype), model.device)[:, None, None]
            for values in (np.subtract(baseline, model.mean), model.std)
        )
        self.training = False

    def forward(self, differences: torch.Tensor) -> torch.Tensor:
        inputs = (differences + self.shift) / self.scale
        return self.score(inputs.contiguous(memory_format=torch.channels_last))


class _Attributing:
    """Calls of captum for images, and the maps put together from them."""

    def __init__(
        self,
        model: Model,
        images: np.ndarray,
        targets: np.ndarray,
        question: Question,
        row: Attribution,
        arguments: Arguments,
        baseline: tuple[float, ...],
        layer: Mapping[str, nn.Module],
    ) -> None:
        self.model, self.images, self.question, self.row = model, images, question, row
        self.arguments, self.baseline = dict(arguments), np.asarray(baseline)
        self.targets = torch.as_tensor(np.asarray(targets), device=model.device).long()
        self.scores = _Scores(model, question, baseline)
        self.most = question.batches(model, gradients=row.gradients).size
        kind = getattr(captum.attr, row.name)
        made_with = {"multiply_by_inputs", "eps"} & self.arguments.keys()
        options = {name: self.arguments.pop(name) for name in made_with}
        self.method = kind(self.scores, **layer, **options)
        self.colours = self._colours(self.arguments.pop("baselines", None))
        self.calls = Batches(1 if row.seeded else max(self.most // self._copies(), 1))

    def reference(self, empty: np.ndarray) -> np.ndarray:
        """Score (N,) that maps are complete against: of the baseline, or the mean of several."""
        if self.colours is None:
            return empty
        with torch.no_grad():
            scores = self.scores(self.colours).double().mean(0)
        return scores[self.targets].cpu().numpy()

    def maps(self, smooth: Mapping[str, Any] | None) -> Maps:
        """Mean map of each image over the samples of SmoothGrad, or its own."""
        samples, sigma = (smooth["samples"], smooth["sigma"]) if smooth else (1, 0.0)
        bases = self._bases()
        width = max((basis.size for basis in bases), default=0)
        sums = np.zeros((len(self.images), width))

        def work(part: slice) -> np.ndarray:
            # one sample of an image after the other: memory holds a few samples of few images
            image, sample = np.divmod(np.arange(part.start, part.stop), samples)
            return self._called(image, sample, sigma)

        for part, relevance in self.calls.over(samples * len(self.images), work, "maps"):
            image = np.arange(part.start, part.stop) // samples
            shown = bases if len(bases) == 1 else [bases[i] for i in image]
            np.add.at(sums, image, _coefficients(relevance, shown, width))
        if len(bases) > 1:
            for values, basis in zip(sums, bases, strict=True):
                values[basis.size :] = np.nan
        dtype = torch.zeros(0, dtype=self.model.dtype).numpy().dtype
        return Maps((sums / samples).astype(dtype), tuple(bases))

    def _called(self, image: np.ndarray, sample: np.ndarray, sigma: float) -> np.ndarray:
        """Relevance (B, size, size) of samples of images, by one call of captum."""
        pixels = self.images[image].astype(np.float64)
        rgb = pixels / 255 if self.images.dtype == np.uint8 else pixels
        differences = rgb - self.baseline
        if sigma:
            differences = differences + sigma * np.stack(
                [self._noise(*pair) for pair in zip(image, sample, strict=True)]
            )
        tensor = on_device(torch.from_numpy(differences).to(self.model.dtype), self.model.device)
        inputs = tensor.permute(0, 3, 1, 2).requires_grad_(self.row.gradients)
        with self._seeded(image[0], sample[0]):
            options = {**self.arguments, **self._ours(image)}
            found = self.method.attribute(inputs, target=self.targets[image], **options)
        if found.shape != inputs.shape:
            raise InputError(
                f"captum's {self.row.name} cannot stretch the layer of {self.model.name} over the image; "
                "choose another depth or interpolate_mode"
            )
        relevance = found.detach().double()
        if not self.row.gradients:  # that of all channels together stands in each of them
            return relevance[:, 0].cpu().numpy()
        return relevance.sum(1).cpu().numpy()

    def _ours(self, image: np.ndarray) -> dict[str, Any]:
        """Arguments that the question fills in."""
        size = self.images.shape[1]
        ours: dict[str, Any] = {}
        if self.colours is not None:
            ours["baselines"] = self.colours
        elif self.row.name == "GradientShap":
            ours["baselines"] = torch.zeros(1, 3, size, size).to(self.scores.shift)
        if self.row.name == "IntegratedGradients" and self._copies() > self.most:
            ours["internal_batch_size"] = self.most
        if not self.row.gradients:
            ours["perturbations_per_eval"] = max(self.calls.size // len(image), 1)
        if self.row.segments:
            assert self.question.segments is not None
            labels = torch.as_tensor(self.question.segments[image].astype(np.int64))
            ours["feature_mask"] = on_device(labels[:, None], self.model.device)
        for name in ("sliding_window_shapes", "strides"):
            if name in self.arguments:
                ours[name] = tuple(self.arguments[name])
        return ours

    def _copies(self) -> int:
        count = {} if self.colours is None else {"baselines": self.colours}
        return self.row.copies({**self.arguments, **count})

    def _colours(self, colours: Any) -> torch.Tensor | None:
        """Images of several baseline colours, (R, 3, size, size), as captum gets images."""
        if colours is None:
            return None
        size = self.images.shape[1]
        values = torch.from_numpy(np.asarray(colours, np.float64) - self.baseline)
        values = values.to(self.model.device, self.model.dtype)[:, :, None, None]
        return values.expand(-1, 3, size, size).contiguous()

    def _bases(self) -> list[Basis]:
        """The basis of all maps, or that of each."""
        size = self.images.shape[1]
        if self.row.segments:
            assert self.question.segments is not None
            return [Segments(labels) for labels in self.question.segments]
        if self.row.name == "Occlusion" and tiles(self.arguments, size):
            return [Cells(*window_grid(self.arguments, size), size, size)]
        return [Pixels(size, size)]

    def _noise(self, image: int, sample: int) -> np.ndarray:
        """Normal noise (size, size, 3) of a sample of an image, the same for every model."""
        return generator(self._seed(image), "smooth", int(sample)).normal(
            size=self.images.shape[1:]
        )

    def _seed(self, image: int) -> int:
        assert self.question.seeds is not None
        return int(self.question.seeds[image])

    @contextmanager
    def _seeded(self, image: int, sample: int) -> Iterator[None]:
        """While open, the random numbers that captum draws are those of a sample of an image."""
        if not self.row.seeded:
            yield
            return
        seed = integer_seed(self._seed(image), "captum", int(sample))
        devices = [self.model.device] if self.model.device.type == "cuda" else []
        state = np.random.get_state()  # noqa: NPY002 (captum draws from the global one)
        try:
            with torch.random.fork_rng(devices):
                torch.manual_seed(seed)
                np.random.seed(seed % 2**32)  # noqa: NPY002
                yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


def _coefficients(relevance: np.ndarray, bases: list[Basis], width: int) -> np.ndarray:
    """Coefficients (B, width) of relevance (B, size, size) that is constant on the parts of its basis."""
    rows = relevance.reshape(len(relevance), -1)
    if isinstance(bases[0], Pixels):
        return rows
    found = np.zeros((len(rows), width))
    for number, values in enumerate(rows):
        basis = bases[0] if len(bases) == 1 else bases[number]
        assert isinstance(basis, (Cells, Segments))
        labels = basis.labels.ravel()
        first = np.unique(labels, return_index=True)[1]
        found[number, : basis.size] = values[first]
    return found


@contextmanager
def _refusals_in_sentences(model: Model, row: Attribution) -> Iterator[None]:
    """Refusals of captum, and of torch within it, as sentences; warnings of its hooks are not shown.

    Raises:
        InputError: captum refuses the network or the arguments.
    """
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"captum\..*")
            warnings.filterwarnings("ignore", message="Setting .*hooks")
            yield
    except InputError:
        raise
    except (AssertionError, NotImplementedError, RuntimeError, TypeError, ValueError) as error:
        if is_out_of_memory(error):
            raise
        reason = " ".join(str(error).split()).split(". ")[0] or type(error).__name__
        raise InputError(
            f"captum's {row.name} refuses {model.name}: {reason.rstrip('.')}; leave the model or the "
            "attribution out"
        ) from error
