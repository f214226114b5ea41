"""Training from scratch and fine-tuning, with timm's optimisers, schedulers and parameter groups."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from timm.optim import create_optimizer_v2, list_optimizers
from timm.scheduler import create_scheduler_v2
from torch import nn

from thinkalike.errors import InputError, did_you_mean
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.augmentation import view
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model, as_model, create
from thinkalike.networks.new_heads import with_new_head
from thinkalike.networks.predict import check_spread, logits
from thinkalike.progress import log, progress
from thinkalike.randomness import generator, integer_seed

WARMUP_EPOCHS = 0.3
"""Length of the warm-up of each part of fine-tuning: the first steps, on statistics of few batches, would
undo what the model knows."""

Augment = Callable[[np.ndarray, np.random.Generator], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Descent:
    """Settings of gradient descent.

    Attributes:
        epochs: how often every image is seen.
        batch_size: images per step.
        optimizer, schedule: timm's names.
        learning_rate: at its highest.
        weight_decay: of the optimiser.
        warmup_epochs: in which the learning rate rises linearly.
        layer_decay: factor on the learning rate from a layer to the one before it; None: no decay.
    """

    epochs: int
    batch_size: int
    optimizer: str
    schedule: str
    learning_rate: float
    weight_decay: float
    warmup_epochs: float
    layer_decay: float | None = None


@dataclass(frozen=True, kw_only=True)
class Training(Descent):
    """Settings of training from scratch.

    Attributes:
        shift: of the images in pixels, at most.
        mirror: whether half of the images are mirrored, left to right.
        crop: share of an image's area that a crop keeps, at least; 1: all of it.
    """

    shift: int
    mirror: bool
    crop: float


@dataclass(frozen=True, kw_only=True)
class Finetuning(Descent):
    """Settings of fine-tuning.

    Attributes:
        epochs: of the whole network.
        frozen_epochs: of the head alone, before.
        learning_rate: of the head, and of the last layers.
        mirror: whether half of the images are mirrored, left to right.
        crop: share of an image's area that a crop keeps, at least; 1: all of it.
    """

    schedule: str = "cosine"
    warmup_epochs: float = WARMUP_EPOCHS
    frozen_epochs: int
    mirror: bool
    crop: float


@dataclass(frozen=True)
class Examples:
    """Labelled images, and how a network sees them.

    Attributes:
        images: (N, H, W, 3) uint8.
        labels: (N,) integers.
        mean, std: of the network's normalisation, (3,) each, for RGB in [0, 1].
        augment: images and a generator → views of them, (n, size, size, 3) in 0 … 255, on the
            network's device.
    """

    images: np.ndarray
    labels: np.ndarray
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augment: Augment

    def batch(
        self, index: np.ndarray, random: np.random.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs of the network, (n, 3, size, size), and their labels, (n,)."""
        rgb = self.augment(self.images[index], random)
        mean, std = on_device(torch.tensor((self.mean, self.std)), rgb.device)
        labels = torch.from_numpy(np.array(self.labels[index], np.int64))
        inputs = ((rgb.float() / 255 - mean) / std).permute(0, 3, 1, 2)
        return inputs, on_device(labels, rgb.device)


def refuse_single_class(classes: Sequence[str]) -> None:
    """Refuse to teach a network with one output, whose loss is 0 whatever it answers.

    Raises:
        InputError: there is one class.
    """
    if len(classes) == 1:
        raise InputError(
            f"classes: all images are of {classes[0]}, so that there is nothing to learn; add another "
            "class, or take pretrained weights"
        )


def train(
    architecture: Architecture,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    classes: Sequence[str],
    size: int,
    settings: Training,
    seed: int,
    device: torch.device,
) -> Model:
    """Train a network from random weights.

    Cross-entropy; per step a learning rate that rises linearly and falls as a cosine; every image
    cropped, shifted and mirrored at random, each epoch anew (`augmentation.view`). Zero epochs leave the
    random weights: an untrained control.

    Args:
        architecture: of the network.
        images: (N, H, W, 3) uint8, of the side that `augmentation.loaded_size` says.
        labels: (N,) integers, indices of `classes`.
        classes: names of the outputs.
        size: side of the images that the network sees, in pixels.
        settings: of the training.
        seed: of the weights, the order and the views.
        device: to train on.

    Returns:
        The model, in eval mode.

    Raises:
        InputError: timm does not know the architecture or the optimiser, or there is one class.
    """
    refuse_single_class(classes)
    torch.manual_seed(integer_seed(seed, "weights"))
    network = create(architecture, classes=len(classes), size=size).to(device)
    model = as_model(network, architecture, classes=classes, size=size)

    def augment(batch: np.ndarray, random: np.random.Generator) -> torch.Tensor:
        return view(
            on_device(torch.from_numpy(batch), device),
            size,
            shift=settings.shift,
            mirror=settings.mirror,
            crop=settings.crop,
            random=random,
        )

    examples = Examples(images, labels, model.mean, model.std, augment)
    _descend(network.train(), examples, settings, seed=seed, names=("epoch",))
    network.eval()
    return model


def finetune(
    model: Model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    classes: Sequence[str],
    settings: Finetuning,
    seed: int,
) -> Model:
    """Teach a trained network other classes: a new head first, then everything.

    Cross-entropy; every image cropped and mirrored at random, each epoch anew. In each
    of the two parts the learning rate rises linearly for `WARMUP_EPOCHS` and falls as a cosine.
    While the body is frozen it is in eval mode, statistics and all: the head learns from the
    features that it is given later, and a body that has not learned stays bit for bit.
    Then layer l of L learns at learning_rate · layer_decay^(L − l), timm's count of layers.

    Args:
        model: with its own normalisation, for the size that is learned; it stays as it is.
        images: (N, H, W, 3) uint8, of the side that `augmentation.loaded_size` says.
        labels: (N,) integers, indices of `classes`.
        classes: names of the outputs; one that the model has too keeps the name that people call it.
        settings: of the fine-tuning.
        seed: of the head, the order, the crops and the mirroring.

    Returns:
        The fine-tuned model, in eval mode, on the same device.

    Raises:
        InputError: timm does not know the optimiser, or there is one class.
    """
    refuse_single_class(classes)
    torch.manual_seed(integer_seed(seed, "head"))
    network, head = with_new_head(model, len(classes))
    network.to(model.device)

    def augment(batch: np.ndarray, random: np.random.Generator) -> torch.Tensor:
        rgb = on_device(torch.from_numpy(batch), model.device)
        return view(
            rgb, model.size, shift=0, mirror=settings.mirror, crop=settings.crop, random=random
        )

    examples = Examples(images, labels, model.mean, model.std, augment)
    for part, epochs in (("frozen", settings.frozen_epochs), ("all", settings.epochs)):
        network.requires_grad_(part == "all")
        head.requires_grad_(True)
        network.train(part == "all")
        parts = (part, "epoch")
        _descend(network, examples, replace(settings, epochs=epochs), seed=seed, names=parts)
    known = dict(zip(model.classes, model.class_names or model.classes, strict=True))
    names = tuple(known.get(name, name) for name in classes)
    return replace(model, network=network.eval(), classes=tuple(classes), class_names=names)


def _descend(
    network: nn.Module,
    examples: Examples,
    settings: Descent,
    *,
    seed: int,
    names: tuple[str, ...],
) -> None:
    """Gradient descent on the parameters that ask for gradients, in the mode the network is in."""
    if settings.epochs == 0:
        return
    steps = max(len(examples.images) // settings.batch_size, 1)
    optimizer = _optimizer(network, settings)
    scheduler, _ = create_scheduler_v2(
        optimizer,
        sched=settings.schedule,
        num_epochs=settings.epochs,
        warmup_epochs=settings.warmup_epochs,  # type: ignore[arg-type]  # fractions work
        warmup_lr=settings.learning_rate / 20,
        min_lr=settings.learning_rate / 1000,
        step_on_epochs=False,
        updates_per_epoch=steps,
    )
    step = 0
    for epoch in progress(range(settings.epochs), what="epochs", total=settings.epochs):
        losses = []  # on the device, which is not asked for them before the epoch is over
        random = generator(seed, *names, epoch)
        for index in _batches(len(examples.images), settings.batch_size, random):
            inputs, labels = examples.batch(index, random)
            loss = functional.cross_entropy(network(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            scheduler.step_update(step)
            losses.append(loss.detach())
        mean = torch.stack(losses).double().mean().item()
        log.info("epoch %d of %d: loss %.4f", epoch + 1, settings.epochs, mean)


def _optimizer(network: nn.Module, settings: Descent) -> torch.optim.Optimizer:
    """timm's optimiser of the settings.

    Raises:
        InputError: timm does not know it.
    """
    known = list_optimizers()
    if settings.optimizer not in known:
        raise InputError(
            f"optimizer: timm has no optimiser {settings.optimizer!r}"
            f"{did_you_mean(settings.optimizer, known)}"
        )
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        network,
        opt=settings.optimizer,
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        layer_decay=settings.layer_decay,
    )
    return optimizer


def measure_accuracy(model: Model, images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Accuracy on images that are held out: the share whose largest logit is that of their label.

    Args:
        model: to be judged.
        images: (N, size, size, 3) uint8.
        labels: (N,), indices of its outputs.

    Returns:
        accuracy, and images, their number: both for the header of the weights.

    Raises:
        InputError: all images have the same logits.
    """
    values = logits(model, images)
    accuracy = float(np.mean(values.argmax(1) == labels))
    log.info("accuracy %.4f on the %d images of val", accuracy, len(images))
    check_spread(model, values)
    return {"accuracy": accuracy, "images": len(images)}


def _batches(count: int, size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Indices of shuffled batches of equal size; images left over are seen in another epoch."""
    order = random.permutation(count)
    for start in range(0, max(count - size, 0) + 1, size):
        yield order[start : start + size]
