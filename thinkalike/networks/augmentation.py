"""Random views of images, to train on: moved, mirrored, cropped."""

import numpy as np
import torch
import torch.nn.functional as functional

from thinkalike.networks.devices import on_device

ASPECT = 4 / 3
"""Width over height of a random crop, at most; height over width too."""

MARGIN = 1.15
"""Side of the images that crops are taken from, in sides of the crop: small ones keep their detail."""


def loaded_size(size: int, crop: float) -> int:
    """Side of the images that views of one size are made from, in pixels.

    Args:
        size: side of the views.
        crop: smallest share of an image's area that a view keeps; 1: all of it.
    """
    return size if crop == 1 else round(MARGIN * size)


def view(
    images: torch.Tensor,
    size: int,
    *,
    shift: int,
    mirror: bool,
    crop: float,
    random: np.random.Generator,
) -> torch.Tensor:
    """A random view of every image, of one size.

    Args:
        images: (N, H, W, 3) uint8; H and W as `loaded_size` says.
        size: side of the views.
        shift: largest move in each direction, in pixels.
        mirror: whether half of the views are mirrored, left to right.
        crop: smallest share of an image's area that a view keeps; 1: all of it.
        random: of the views.

    Returns:
        (N, size, size, 3), on the device of `images`.
    """
    if crop < 1:
        images = cropped(images, size, crop, random)
    images = shifted(images, shift, random)
    return mirrored(images, random) if mirror else images


def shifted(images: torch.Tensor, most: int, random: np.random.Generator) -> torch.Tensor:
    """Images (N, size, size, 3) moved by up to `most` pixels in each direction, edges repeated."""
    if most == 0:
        return images
    size = images.shape[1]
    offsets = random.integers(-most, most + 1, size=(2, len(images), 1))
    places = on_device(
        torch.from_numpy(np.clip(np.arange(size) + offsets, 0, size - 1)), images.device
    )
    index = torch.arange(len(images), device=images.device)[:, None, None]
    return images[index, places[0][:, :, None], places[1][:, None, :]]


def mirrored(images: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Images (N, H, W, 3), half of them mirrored left to right."""
    flip = on_device(torch.from_numpy(random.random(len(images)) < 0.5), images.device)
    return torch.where(flip[:, None, None, None], images.flip(2), images)


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
    """A random crop of every image, resized bilinearly to a square.

    Args:
        images: (N, H, W, 3) uint8.
        size: side of the square.
        least: smallest share of an image's area that a crop keeps.
        random: of the boxes.

    Returns:
        (N, size, size, 3) float32, on the device of `images`.
    """
    left, top, width, height = crop_boxes(len(images), least, random).T
    # output coordinates in [-1, 1] → input coordinates in [-1, 1]
    placement = np.zeros((len(images), 2, 3), np.float32)
    placement[:, 0, 0], placement[:, 0, 2] = width, 2 * left + width - 1
    placement[:, 1, 1], placement[:, 1, 2] = height, 2 * top + height - 1
    grid = functional.affine_grid(
        on_device(torch.from_numpy(placement), images.device),
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
