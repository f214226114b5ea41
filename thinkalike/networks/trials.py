"""Networks of any origin made into classifiers, or refused: what two random images show.

`as_classifier` runs a network, finds the form of its outputs, and refuses in a sentence what cannot be
explained: one whose scores are noise, say, or depend on the other images of a batch.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from thinkalike.errors import InputError
from thinkalike.networks.outputs import Classifier, check_outputs, class_logits, key_of, taken
from thinkalike.progress import log
from thinkalike.user_code import place_of

HALF = (torch.float16, torch.bfloat16)

SEED = 0
"""Seed of the random images that a network is tried with."""

NOISE = 1e-5
"""Largest difference between two passes of one image that is rounding, in the largest score."""

NEIGHBOURS = 1e-3
"""Largest difference that the other images of a batch may make, in the largest score: other batches are
summed in another order."""


def as_classifier(
    network: nn.Module,
    *,
    name: str,
    size: int,
    outputs: Mapping[str, Any] = MappingProxyType({}),
    classes: int | None = None,
) -> nn.Module:
    """A network that gives logits (N, classes), from any network; in eval mode and in float32.

    The network is tried with two random images. Where it gives logits already it is returned itself, else
    in a `Classifier`.

    Args:
        network: changed: put into eval mode; half precision becomes float32.
        name: of the model in messages.
        size: side of the images in pixels.
        outputs: `logits`, the name or position of the logits in what the network gives; `kind`, one of
            `KINDS`.
        classes: number of classes that it must have; None for any.

    Raises:
        InputError: it is no network of torch with parameters on one device, does not take such images,
            gives no logits of so many classes, or gives others in the next pass or in another batch.
    """
    check_outputs(outputs, name)
    network = _checked(network, name).eval()
    halves = {parameter.dtype for parameter in network.parameters()}.intersection(HALF)
    if halves:
        network.float()
        kinds = " and ".join(sorted(str(kind).removeprefix("torch.") for kind in halves))
        log.info("%s: weights in %s, run in float32", name, kinds)
    with torch.no_grad():
        trial = _Trial(network, name, size)
        key = key_of(trial.given, outputs, name)
        logits = taken(trial.given, key)
        _check_logits(logits, outputs, classes, name)
        classifier = Classifier(network, key, trial.contiguous)
        trial.compare(classifier)
    is_plain = key is None and not trial.contiguous and logits.ndim == 2 and logits.shape[1] > 1
    return network if is_plain and trial.keeps_rows else classifier


def _checked(network: Any, name: str) -> nn.Module:
    """The network without what torch wraps around one, if it can be explained at all.

    Raises:
        InputError: it cannot.
    """
    if isinstance(network, Mapping):
        raise InputError(
            f"{name} is weights ({type(network).__name__}) and no network; build the network and call "
            "its load_state_dict"
        )
    if isinstance(network, torch.jit.ScriptModule | torch.jit.ScriptFunction):
        raise InputError(
            f"{name} is a scripted or traced network, whose layers cannot be seen; give the "
            "torch.nn.Module that it was made from"
        )
    if not isinstance(network, nn.Module):
        raise InputError(
            f"{name} is of type {type(network).__name__} and no torch.nn.Module; give a network"
        )
    if isinstance(network, nn.DataParallel | nn.parallel.DistributedDataParallel):
        network = network.module
    # what torch.compile makes of a network
    network = getattr(network, "_orig_mod", network)
    parameters = list(network.parameters())
    if not any(parameter.is_floating_point() for parameter in parameters):
        raise InputError(
            f"{name} has no parameters of floating point, so nothing says where and in which precision it "
            "computes; give a network that has learned something (quantised ones have none)"
        )
    devices = {str(tensor.device) for tensor in (*parameters, *network.buffers())}
    if "meta" in devices:
        raise InputError(
            f"{name} has parameters without values (device meta); load its weights first"
        )
    if len(devices) > 1:
        raise InputError(
            f"{name} is spread over {', '.join(sorted(devices))}; move it to one device"
        )
    return network


class _Trial:
    """Passes of a network on two random images.

    Attributes:
        given: what it gives for both.
        contiguous: whether it takes images only with their channels first in memory.
        keeps_rows: whether it gives the same number of dimensions for one image.
    """

    def __init__(self, network: nn.Module, name: str, size: int) -> None:
        self.name, self.size = name, size
        first = next(network.parameters())
        draw = torch.Generator().manual_seed(SEED)
        images = torch.randn(2, size, size, 3, generator=draw)
        # as `Model.normalise` has them in memory
        self.images = images.to(first.device, first.dtype).permute(0, 3, 1, 2)
        self.contiguous, self.keeps_rows = False, True
        if any(map(is_lazy, network.parameters())):
            self._pass(network, self.images.contiguous())  # which gives lazy layers their sizes
        network.to(memory_format=torch.channels_last)
        try:
            self.given = network(self.images)
        except Exception:
            # `view` of what has its channels last, in networks written for the other order
            self.contiguous = True
            network.to(memory_format=torch.contiguous_format)
            self.given = self._pass(network, self.images.contiguous())

    def compare(self, classifier: Classifier) -> None:
        """Compare the logits with those of a second pass, and of a pass of one image.

        Raises:
            InputError: they differ.
        """
        first, second = (self._pass(classifier, self.images) for _ in range(2))
        scale = float(first.abs().max())
        if _difference(first, second) > NOISE * scale:
            raise InputError(
                f"{self.name} draws noise in eval mode: two passes of one image differ; switch off its "
                "dropout or sampling"
            )
        one = self.images[:1].contiguous() if classifier.contiguous else self.images[:1]
        given = taken(self._pass(classifier.inner, one), classifier.key)
        self.keeps_rows = given.ndim == taken(self.given, classifier.key).ndim
        if given.numel() != taken(self.given, classifier.key)[:1].numel():
            raise InputError(
                f"{self.name} gives {tuple(given.shape)} for one image and "
                f"{tuple(taken(self.given, classifier.key).shape)} for two; its outputs must have a row "
                "for each image"
            )
        if _difference(first[:1], class_logits(given, 1)) > NEIGHBOURS * scale:
            raise InputError(
                f"{self.name} gives an image other scores beside other images of a batch; give its batch "
                "normalisation running statistics, or leave it out"
            )

    def _pass(self, network: Callable[[torch.Tensor], Any], images: torch.Tensor) -> Any:
        try:
            return network(images)
        except Exception as error:
            raise InputError(
                f"{self.name} does not take {len(images)} RGB images of {self.size} x {self.size} pixels "
                f"({place_of(error)}); set the size that it is made for, or change its forward"
            ) from error


def _difference(first: torch.Tensor, second: torch.Tensor) -> float:
    """Largest difference of scores; of those that are not finite in both, none."""
    both = first.isfinite() | second.isfinite()
    return float((first - second)[both].abs().nan_to_num(torch.inf).max()) if both.any() else 0.0


def _check_logits(logits: Any, outputs: Mapping[str, Any], classes: int | None, name: str) -> None:
    """Refuse outputs of two images that are no logits of so many classes.

    Raises:
        InputError: they are none.
    """
    if not isinstance(logits, torch.Tensor):
        raise InputError(
            f"{name}: its logits are a {type(logits).__name__}, not a tensor; name a tensor by outputs: "
            "{logits: …}"
        )
    shape = tuple(logits.shape)
    if not shape or shape[0] != 2:
        raise InputError(
            f"{name} gives a tensor of shape {shape} for two images; its outputs must have a row for each "
            "image"
        )
    if any(length > 1 for length in shape[2:]):
        raise InputError(
            f"{name} gives a tensor of shape {shape} for two images: scores of pixels, cells or tokens, "
            "and not one for each class; add what pools them, or name other outputs by outputs: {logits: …}"
        )
    if not logits.is_floating_point():
        raise InputError(
            f"{name} gives numbers of type {str(logits.dtype).removeprefix('torch.')}: classes, and no "
            "scores of them; give the network without its argmax"
        )
    columns = logits[0].numel()
    kind = outputs.get("kind", "softmax")
    if columns == 1 and kind == "multilabel":
        raise InputError(f"{name} has one output; `multilabel` takes two at least, set kind binary")
    if columns > 1 and kind == "binary":
        raise InputError(
            f"{name} has {columns} outputs; `binary` is for a single logit, leave kind out"
        )
    rows = class_logits(logits, 2)
    is_shares = bool((rows >= 0).all() and ((rows.sum(1) - 1).abs() < NEIGHBOURS).all())
    if columns > 1 and kind == "softmax" and is_shares:
        raise InputError(
            f"{name} gives probabilities and no logits: they are not negative and sum to 1; give the "
            "network without its softmax"
        )
    if classes is not None and rows.shape[1] != classes:
        what = (
            "a single logit, which stands for two classes" if columns == 1 else f"{columns} outputs"
        )
        raise InputError(
            f"{name} has {what}, and {classes} classes are named; name a class for each output, in their "
            "order"
        )
