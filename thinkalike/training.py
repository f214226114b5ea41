"""Training from scratch with timm's optimisers and schedulers."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from timm.optim import create_optimizer_v2, list_optimizers
from timm.scheduler import create_scheduler_v2
from torch import nn

from thinkalike.errors import InputError
from thinkalike.jobs import generator, integer_seed, log, progress
from thinkalike.models import create, preprocessing


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
    epochs = int(settings["epochs"])
    if epochs == 0:
        return network.eval()
    if settings["optimizer"] not in list_optimizers():
        near = get_close_matches(settings["optimizer"], list_optimizers(), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"training.optimizer: timm has no optimiser {settings['optimizer']!r}{hint}"
        )
    optimizer = create_optimizer_v2(
        network,
        opt=settings["optimizer"],
        lr=settings["learning_rate"],
        weight_decay=settings["weight_decay"],
    )
    batch_size = int(settings["batch_size"])
    steps = max(len(images) // batch_size, 1)
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
    mean, std = (torch.tensor(v, device=device) for v in preprocessing(network))
    target = torch.from_numpy(np.array(labels, np.int64))
    step = 0
    for epoch in progress(range(epochs), what="epochs", total=epochs):
        network.train()
        total = 0.0
        random = generator(seed, "epoch", epoch)
        for batch in _batches(len(images), batch_size, random):
            rgb = shifted(images[batch], int(settings["shift"]), random)
            inputs = (torch.from_numpy(rgb).to(device).float() / 255 - mean) / std
            outputs = network(inputs.permute(0, 3, 1, 2))
            loss = functional.cross_entropy(outputs, target[batch].to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            scheduler.step_update(step)
            total += loss.item()
        log.info("epoch %d of %d: loss %.4f", epoch + 1, epochs, total / steps)
    return network.eval()


def shifted(images: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    """Every image moved by up to `most` pixels in each direction, edges repeated."""
    if most == 0:
        return images
    size = images.shape[1]
    offsets = random.integers(-most, most + 1, size=(2, len(images), 1))
    rows, columns = np.clip(np.arange(size) + offsets, 0, size - 1)
    index = np.arange(len(images))[:, None, None]
    return images[index, rows[:, :, None], columns[:, None, :]]


def _batches(count: int, size: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """Shuffled batches of equal size; what is left over is seen in another epoch."""
    order = random.permutation(count)
    for start in range(0, max(count - size, 0) + 1, size):
        yield order[start : start + size]
