"""Models: a network with its own preprocessing and label space, made by timm."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from thinkalike.errors import InputError
from thinkalike.images.synsets import class_word
from thinkalike.networks.architecture import Architecture, Layer
from thinkalike.networks.compiler import compiler_deferred
from thinkalike.networks.devices import on_device
from thinkalike.networks.heads import Cosines, draw_heads_of_zeros, with_cosines
from thinkalike.networks.outputs import class_logits, inner_of, probabilities
from thinkalike.networks.own import constructed
from thinkalike.networks.trials import as_classifier

with compiler_deferred():
    import timm


TIMM_ERRORS = (
    *(RuntimeError, ValueError, TypeError, AssertionError),
    *(LookupError, ArithmeticError, AttributeError),
)
"""What code of timm ends with where it does not take the arguments, the size or the weights."""


@dataclass(frozen=True)
class Model:
    """A network with its own preprocessing and label space.

    Attributes:
        network: in eval mode, without gradients of its parameters.
        mean, std: of its normalisation, (3,) each, for RGB in [0, 1].
        size: side of its square input in pixels.
        classes: names of its outputs, in order: its label space.
        architecture: of the network.
        class_names: names that people use for the outputs; empty where these are the classes.
    """

    network: nn.Module
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size: int
    classes: tuple[str, ...]
    architecture: Architecture
    class_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        kind, outputs = type(inner_of(self.network)).__name__, f"{len(self.classes)} classes"
        shown = outputs if self.classes else "no head"
        return f"<Model {self.name}: {kind}, {self.size} x {self.size} pixels, {shown}>"

    @property
    def name(self) -> str:
        """Name of the model in messages."""
        return self.architecture.name

    @property
    def class_titles(self) -> list[str]:
        """Names of the outputs in figures: words for synsets, whoever trained the network."""
        return [class_word(name) for name in self.class_names or self.classes]

    @property
    def device(self) -> torch.device:
        return next(self.network.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        return next(self.network.parameters()).dtype

    def normalise(self, images: np.ndarray) -> torch.Tensor:
        """Images as the network takes them, on its device and of its type.

        Args:
            images: (N, size, size, 3) uint8, or float in [0, 1].

        Returns:
            (N, 3, size, size), colour channels last in memory, as the convolutions are fastest.
        """
        rgb = on_device(torch.from_numpy(np.ascontiguousarray(images)), self.device)
        scale = 255 if rgb.dtype == torch.uint8 else 1
        constants = scale * torch.tensor((self.mean, self.std), dtype=self.dtype)
        # row by row: three channels at a time are too few for a processor's vectors
        mean, std = on_device(constants, self.device).repeat(1, rgb.shape[2])
        rows = rgb.flatten(2).to(self.dtype, copy=True).sub_(mean).div_(std)
        return rows.view(rgb.shape).permute(0, 3, 1, 2)

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities (N, classes) of the classes from their logits."""
        return probabilities(logits, self.architecture.outputs)

    def layer(self, depth: int) -> nn.Module:
        """The Grad-CAM target layer at a depth in percent.

        Raises:
            InputError: the architecture names no layer at that depth, or the network does not have it.
        """
        name = self.architecture.layer(depth).module
        try:
            return self.network.get_submodule(name)
        except AttributeError:
            raise InputError(
                f"{self.name} has no layer {name!r} (layers.depth_{depth} in its "
                "catalogue entry); name one of its modules"
            ) from None

    def to_grid(self, activations: torch.Tensor, layer: Layer | None = None) -> torch.Tensor:
        """Activations of a target layer as (N, C, rows, columns), prefix tokens dropped.

        Args:
            activations: output of the layer, or its gradient.
            layer: with a layout and prefix; by default one with those of the architecture.

        Raises:
            InputError: the patch tokens are no square grid.
        """
        form = layer or self.architecture
        match form.layout:
            case "nchw":
                return activations
            case "nhwc":
                return activations.permute(0, 3, 1, 2)
        tokens = activations[:, form.prefix :]
        side = round(tokens.shape[1] ** 0.5)
        if side * side != tokens.shape[1]:
            raise InputError(
                f"{self.name}: {tokens.shape[1]} patch tokens are no square grid; "
                "set `prefix` in its catalogue entry to the number of tokens before them"
            )
        return tokens.reshape(len(tokens), side, side, -1).permute(0, 3, 1, 2)


def penultimate(network: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Features (B, D) of inputs, from which the last layer of a network makes its logits.

    Of a network of timm they are what its head gets; of another the input of the linear layer whose output
    the logits are.

    Raises:
        InputError: the network has no such features, or has them on a grid.
    """
    timm_network: Any = inner_of(network)
    if not _is_of_timm(timm_network):
        _, features = _before_the_last_layer(network, inputs)
        if features is None:
            raise _no_features(timm_network)
        return features
    try:
        body = timm_network.forward_features(inputs)
    except (AttributeError, TypeError):
        raise _no_features(timm_network) from None
    return _before_the_head(timm_network, body)


def _is_of_timm(network: nn.Module) -> bool:
    return hasattr(network, "forward_features") and hasattr(network, "forward_head")


def _before_the_head(network: nn.Module, body: torch.Tensor) -> torch.Tensor:
    """Features (B, D) from what a network of timm gives to its head.

    Raises:
        InputError: as for `penultimate`.
    """
    try:
        timm_network: Any = network
        features: torch.Tensor = timm_network.forward_head(body, pre_logits=True)
    except (AttributeError, TypeError):
        raise _no_features(network) from None
    if features.ndim != 2:
        raise InputError(
            f"the features of a {type(network).__name__} have shape {tuple(features.shape)}, not images "
            "by features; leave the model out of neon.models"
        )
    return features


def _before_the_last_layer(
    network: nn.Module, inputs: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Logits (B, classes) of inputs, and the input (B, D) of the linear layer that makes them, if any."""
    logits, _, features = _last_layer(network, inputs)
    return logits, features


def _last_layer(
    network: nn.Module, inputs: torch.Tensor
) -> tuple[torch.Tensor, nn.Module | None, torch.Tensor | None]:
    """Logits of inputs, the linear layer that makes them and its input (B, D); None where there is none."""
    passes: dict[nn.Module, tuple[torch.Tensor, torch.Tensor]] = {}

    def keep(layer: nn.Module, given: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        if given:
            passes[layer] = given[0], output

    layers = [module for module in network.modules() if isinstance(module, nn.Linear | Cosines)]
    handles = [layer.register_forward_hook(keep) for layer in layers]
    try:
        logits = network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    for layer, (features, output) in reversed(passes.items()):
        if features.ndim == 2 and torch.equal(class_logits(output, len(output)), logits):
            return logits, layer, features
    return logits, None, None


def _no_features(network: nn.Module) -> InputError:
    return InputError(
        f"a {type(network).__name__} has no features before its head; leave the model out of neon.models, "
        "or of a target `embedding`"
    )


def with_penultimate(network: nn.Module, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits (B, classes) of inputs, and the penultimate features (B, D) from the same pass.

    The pass is the network's own. Of a network of timm what it makes of the images before its head is kept,
    and the head alone is asked again for the features. (B, 0) features where the network has none.
    """
    none = inputs.new_zeros(len(inputs), 0)
    inner = inner_of(network)
    if not _is_of_timm(inner):
        logits, features = _before_the_last_layer(network, inputs)
        return logits, none if features is None else features
    kept: list[torch.Tensor] = []
    timm_network: Any = inner
    own = timm_network.forward_features

    def keeping(*arguments: Any, **options: Any) -> torch.Tensor:
        kept.append(own(*arguments, **options))
        return kept[-1]

    inner.__dict__["forward_features"] = keeping
    try:
        logits = network(inputs)
    finally:
        del inner.__dict__["forward_features"]
    try:
        return logits, _before_the_head(inner, kept[-1])
    except (InputError, IndexError):  # no such features, or the network goes another way
        return logits, none


def name_of_head(network: nn.Module, size: int, name: str) -> str:
    """Name of the linear layer whose outputs are the logits of a network.

    Raises:
        InputError: there is no such layer.
    """
    first = next(network.parameters())
    with torch.no_grad():
        _, head, _ = _last_layer(network, first.new_zeros(2, 3, size, size))
    if head is None:
        raise InputError(
            f"{name}: a {type(inner_of(network)).__name__} does not end in a linear layer, so that it "
            "cannot get another head; leave it as it is, or train it from scratch"
        )
    return next(key for key, module in network.named_modules() if module is head)


def create(architecture: Architecture, *, classes: int, size: int) -> nn.Module:
    """An untrained network, in eval mode, from torch's random state.

    In a network of timm a head of zeros is drawn, too (`draw_heads_of_zeros`).

    Args:
        architecture: of the network.
        classes: number of outputs; 0 for features without a head.
        size: side of the images it is given.

    Raises:
        InputError: timm does not know the architecture, or refuses the arguments; or a network from
            elsewhere cannot be built or explained (`own.constructed`, `trials.as_classifier`).
    """
    network = _built(architecture, classes, size)
    if architecture.head == "means":
        with_cosines(network, name_of_head(network, size, architecture.name))
    return network


def _built(architecture: Architecture, classes: int, size: int) -> nn.Module:
    """The network as timm, or the user's function, makes it."""
    if architecture.file:
        return classified(constructed(architecture, classes), architecture, classes, size)
    name, arguments = architecture.timm, dict(architecture.arguments)
    outputs = 1 if architecture.outputs.get("kind") == "binary" else classes
    if not timm.is_model(name):
        near = timm.list_models(f"*{name.split('_')[0]}*")[:3]
        hint = f"; near: {', '.join(near)}" if near else ""
        raise InputError(f"timm has no model {name!r}; see timm.list_models(){hint}")
    try:
        try:
            network = timm.create_model(name, num_classes=outputs, img_size=size, **arguments)
        except TypeError:  # convolutional networks take any size and do not know the argument
            network = timm.create_model(name, num_classes=outputs, **arguments)
        # some sizes are refused only when an image comes
        with torch.inference_mode():
            given = network.eval()(torch.zeros(1, 3, size, size))
    except TIMM_ERRORS as error:
        kind = (
            f"{type(error).__name__}: " if isinstance(error, LookupError | ArithmeticError) else ""
        )
        raise InputError(
            f"timm cannot make {name!r} for {size} x {size} images with {arguments}: {kind}{error}; "
            "change images.size, or `arguments` in its catalogue entry"
        ) from None
    if outputs and not architecture.outputs:
        _check_scores(given, outputs, f"timm's {name!r} with {arguments}")
    draw_heads_of_zeros(network)
    return classified(network, architecture, classes, size) if architecture.outputs else network


def _check_scores(given: Any, outputs: int, source: str) -> None:
    """Refuse what a network gives for one image if it is not a score for each of its outputs."""
    if isinstance(given, torch.Tensor) and given.shape == (1, outputs):
        return
    is_tensor = isinstance(given, torch.Tensor)
    what = f"numbers of shape {tuple(given.shape)}" if is_tensor else f"a {type(given).__name__}"
    raise InputError(
        f"{source} gives {what} for one image, not one score for each of {outputs} classes; change "
        "`arguments` in its catalogue entry"
    )


def classified(
    network: nn.Module, architecture: Architecture, classes: int, size: int
) -> nn.Module:
    """The network as a classifier, as its architecture says what it gives (`trials.as_classifier`)."""
    return as_classifier(
        network, name=architecture.name, size=size, outputs=architecture.outputs, classes=classes
    )


def as_model(
    network: nn.Module,
    architecture: Architecture,
    *,
    classes: Sequence[str],
    size: int,
    class_names: Sequence[str] = (),
) -> Model:
    """A network as a model, normalised as its architecture says, or timm's configuration of it.

    Raises:
        InputError: neither says how.
    """
    if architecture.file and not (architecture.mean and architecture.std):
        raise InputError(
            f"{architecture.name}: nothing says how its images are normalised; give mean and std in its "
            "catalogue entry, [0, 0, 0] and [1, 1, 1] for a network that takes them as they are"
        )
    configuration = timm.data.resolve_model_data_config(network)
    mean, std = (
        tuple(given or configuration[key])
        for key, given in (("mean", architecture.mean), ("std", architecture.std))
    )
    return Model(network, mean, std, size, tuple(classes), architecture, tuple(class_names))
