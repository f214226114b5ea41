"""Training from scratch and fine-tuning, with timm's optimisers, schedulers and parameter groups."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as functional
from timm.optim import create_optimizer_v2, list_optimizers
from timm.scheduler import create_scheduler_v2
from torch import nn

from thinkalike.errors import InputError
from thinkalike.images.loading import load_images
from thinkalike.networks.model import Model, create, preprocessing
from thinkalike.networks.predict import logits
from thinkalike.progress import log, progress
from thinkalike.randomness import generator, integer_seed

ASPECT = 4 / 3
"""Width over height of a random crop, at most; height over width too."""


MARGIN = 1.15
"""Side of the images that crops are taken from, in sides of the crop: small ones keep their detail."""


WARMUP_EPOCHS = 0.3
"""Of fine-tuning: the first steps, on statistics of few batches, would undo what is known."""


Augment = Callable[[np.ndarray, np.random.Generator], torch.Tensor]


@dataclass(frozen=True)
class Examples:
    """What a network learns from.

    Attributes:
        images: (N, H, W, 3) uint8.
        labels: (N,) integers.
        mean, std: of the network's normalisation, (3,) each, for RGB in [0, 1].
        augment: images and a generator → what is seen of them, (n, size, size, 3) in 0 … 255, on
            the network's device.
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
        mean, std = (torch.tensor(v, device=rgb.device) for v in (self.mean, self.std))
        labels = torch.from_numpy(np.array(self.labels[index], np.int64))
        return ((rgb.float() / 255 - mean) / std).permute(0, 3, 1, 2), labels.to(rgb.device)


def train(
    entry: Mapping[str, Any],
    images: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    settings: Mapping[str, Any],
    seed: int,
    device: torch.device,
) -> nn.Module:
    """Train the network of a catalogue entry from random weights.

    Cross-entropy; per step a learning rate that rises linearly and falls as a cosine; every image
    shifted at random, each epoch anew. Zero epochs leave the random weights: an untrained control.

    Args:
        entry: of the catalogue.
        images: (N, size, size, 3) uint8.
        labels: (N,) integers below `classes`.
        classes: number of outputs.
        settings: epochs, batch_size, optimizer and schedule (timm's names), learning_rate,
            weight_decay, warmup_epochs, shift (pixels, at most).
        seed: of the weights, the order and the shifts.
        device: where to.

    Returns:
        The network, in eval mode.

    Raises:
        InputError: timm does not know the architecture or the optimiser.
    """
    torch.manual_seed(integer_seed(seed, "weights"))
    network = create(entry, classes=classes, size=images.shape[1]).to(device)
    most = int(settings["shift"])

    def augment(batch: np.ndarray, random: np.random.Generator) -> torch.Tensor:
        return torch.from_numpy(shifted(batch, most, random)).to(device)

    examples = Examples(images, labels, *preprocessing(network), augment)
    _descend(network.train(), examples, settings, section="training", seed=seed, names=("epoch",))
    return network.eval()


def finetune(
    model: Model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    classes: int,
    settings: Mapping[str, Any],
    seed: int,
) -> nn.Module:
    """Teach a trained network other classes: a new head first, then everything.

    Cross-entropy; every image cropped and mirrored at random, each epoch anew (`cropped`). In each
    of the two parts the learning rate rises linearly for `WARMUP_EPOCHS` and falls as a cosine.
    While the body is frozen it is in eval mode, statistics and all: the head learns from the
    features that it is asked about later, and a body that has not learned stays bit for bit.
    Then layer l of L learns at learning_rate · layer_decay^(L − l), timm's count of layers.

    Args:
        model: with its own normalisation, for the size that is learned; it stays as it is.
        images: (N, H, W, 3) uint8, H and W about `MARGIN` times the model's size.
        labels: (N,) integers below `classes`.
        classes: number of outputs.
        settings: frozen_epochs, epochs (of everything), batch_size, optimizer (timm's name),
            learning_rate (of the head, and of the last layers), layer_decay, weight_decay, crop
            (share of an image's area that a crop keeps, at least).
        seed: of the head, the order, the crops and the mirroring.

    Returns:
        The network, in eval mode, on the model's device.

    Raises:
        InputError: timm does not know the optimiser.
    """
    torch.manual_seed(integer_seed(seed, "head"))
    network: Any = deepcopy(model.network)
    network.reset_classifier(classes)
    network.to(model.device)

    def augment(batch: np.ndarray, random: np.random.Generator) -> torch.Tensor:
        rgb = torch.from_numpy(batch).to(model.device)
        return cropped(rgb, model.size, float(settings["crop"]), random)

    examples = Examples(images, labels, model.mean, model.std, augment)
    for frozen, epochs in ((True, settings["frozen_epochs"]), (False, settings["epochs"])):
        network.requires_grad_(not frozen)
        network.get_classifier().requires_grad_(True)
        _descend(
            network.train(not frozen),
            examples,
            {**settings, "epochs": epochs, "schedule": "cosine", "warmup_epochs": WARMUP_EPOCHS},
            section="finetuning",
            seed=seed,
            names=("frozen" if frozen else "all", "epoch"),
        )
    return network.eval()


def _descend(
    network: nn.Module,
    examples: Examples,
    settings: Mapping[str, Any],
    *,
    section: str,
    seed: int,
    names: tuple[str, ...],
) -> None:
    """Gradient descent on the parameters that ask for gradients, in the mode the network is in."""
    epochs = int(settings["epochs"])
    if epochs == 0:
        return
    batch_size = int(settings["batch_size"])
    steps = max(len(examples.images) // batch_size, 1)
    optimizer = _optimizer(network, settings, section)
    scheduler, _ = create_scheduler_v2(
        optimizer,
        sched=settings["schedule"],
        num_epochs=epochs,
        warmup_epochs=settings["warmup_epochs"],
        warmup_lr=settings["learning_rate"] / 20,
        min_lr=settings["learning_rate"] / 1000,
        step_on_epochs=False,
        updates_per_epoch=steps,
    )
    step = 0
    for epoch in progress(range(epochs), what="epochs", total=epochs):
        total = 0.0
        random = generator(seed, *names, epoch)
        for index in _batches(len(examples.images), batch_size, random):
            inputs, labels = examples.batch(index, random)
            loss = functional.cross_entropy(network(inputs), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            scheduler.step_update(step)
            total += loss.item()
        log.info("epoch %d of %d: loss %.4f", epoch + 1, epochs, total / steps)


def _optimizer(
    network: nn.Module, settings: Mapping[str, Any], section: str
) -> torch.optim.Optimizer:
    """timm's optimiser of the settings.

    Raises:
        InputError: timm does not know it.
    """
    name = settings["optimizer"]
    if name not in list_optimizers():
        near = get_close_matches(name, list_optimizers(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(f"{section}.optimizer: timm has no optimiser {name!r}{hint}")
    optimizer: torch.optim.Optimizer = create_optimizer_v2(
        network,
        opt=name,
        lr=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
        layer_decay=settings.get("layer_decay"),
    )
    return optimizer


def shifted(images: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    """Every image moved by up to `most` pixels in each direction, edges repeated."""
    if most == 0:
        return images
    size = images.shape[1]
    offsets = random.integers(-most, most + 1, size=(2, len(images), 1))
    rows, columns = np.clip(np.arange(size) + offsets, 0, size - 1)
    index = np.arange(len(images))[:, None, None]
    return images[index, rows[:, :, None], columns[:, None, :]]


def crop_boxes(count: int, least: float, random: np.random.Generator) -> np.ndarray:
    """Random boxes that keep a share of an image's area, uniform in [least, 1].

    The logarithm of width/height is uniform where the box fits into the image and the ratio is
    within 3/4 … 4/3; as fractions of the image's sides width = √(share · ratio) and
    height = √(share / ratio).

    Returns:
        (count, 4): left, top, width, height, as fractions of the image's sides.
    """
    share = random.uniform(least, 1, count)
    most = np.log(np.minimum(ASPECT, 1 / share))
    ratio = np.exp(random.uniform(-most, most))
    sides = np.sqrt(np.stack([share * ratio, share / ratio], 1)).clip(max=1)
    return np.concatenate([random.uniform(0, 1 - sides), sides], 1)


def cropped(
    images: torch.Tensor, size: int, least: float, random: np.random.Generator
) -> torch.Tensor:
    """A random crop of every image, resized bilinearly to a square, mirrored half of the time.

    Args:
        images: (N, H, W, 3) uint8.
        size: side of the square.
        least: smallest share of an image's area that a crop keeps.
        random: of the boxes and of the mirroring.

    Returns:
        (N, size, size, 3) float32, on the device of `images`.
    """
    left, top, width, height = crop_boxes(len(images), least, random).T
    flip = random.choice([-1, 1], len(images))
    # output coordinates in [-1, 1] → input coordinates in [-1, 1]
    placement = np.zeros((len(images), 2, 3), np.float32)
    placement[:, 0, 0], placement[:, 0, 2] = flip * width, 2 * left + width - 1
    placement[:, 1, 1], placement[:, 1, 2] = height, 2 * top + height - 1
    grid = functional.affine_grid(
        torch.from_numpy(placement).to(images.device),
        [len(images), 3, size, size],
        align_corners=False,
    )
    views = functional.grid_sample(
        images.permute(0, 3, 1, 2).float(),
        grid,
        mode="bilinear",
        padding_mode="border",
        align_corners=False,
    )
    return views.permute(0, 2, 3, 1)


def _batches(count: int, size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Shuffled batches of equal size; what is left over is seen in another epoch."""
    order = random.permutation(count)
    for start in range(0, max(count - size, 0) + 1, size):
        yield order[start : start + size]


def class_names(manifest: pd.DataFrame) -> list[str]:
    """The classes of a manifest, in the order of their labels."""
    classes = manifest.drop_duplicates("label").sort_values("label")["class_name"]
    return classes.astype(str).tolist()


def examples_of(
    manifest: pd.DataFrame, folder: Path, *, split: str, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """All images of a split and their labels.

    Args:
        manifest: of the data set.
        folder: that its paths start from.
        split: train or val.
        size: of the square that images are resized to, uncropped.

    Returns:
        (N, size, size, 3) uint8, and (N,).

    Raises:
        InputError: images that cannot be read; all are named.
    """
    part = manifest[manifest["split"] == split]
    images = load_images([str(folder / path) for path in part["path"]], size)
    return images, part["label"].to_numpy()


def accuracy_on_val(
    model: Model, images: np.ndarray, labels: np.ndarray, *, at_least: float, section: str
) -> dict[str, Any]:
    """Share of the images of val whose largest logit is that of their label.

    Args:
        model: to be judged.
        images: (N, size, size, 3) uint8, of val.
        labels: (N,).
        at_least: accuracy asked for.
        section: of the configuration that asks for it.

    Returns:
        accuracy, and images, their number: both for the header of the weights.

    Raises:
        InputError: the accuracy is lower than asked for.
    """
    accuracy = float(np.mean(logits(model, images).argmax(1) == labels))
    log.info("accuracy %.4f on the %d images of val", accuracy, len(images))
    if accuracy < at_least:
        raise InputError(
            f"{model.entry['name']} reaches an accuracy of {accuracy:.3f} on val, under "
            f"{section}.accuracy_at_least, {at_least}; give it more epochs or another learning "
            "rate, or lower the bar"
        )
    return {"accuracy": accuracy, "images": len(images)}
