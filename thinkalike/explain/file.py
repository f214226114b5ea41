"""A method from a file of the user's: the one verb, whose answer may be a plain array."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

from thinkalike.compare.bases import Basis, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.explain.common import (
    Explanation,
    Question,
    check_maps,
    check_targets,
    explaining,
)
from thinkalike.explain.untouched import untouched
from thinkalike.networks.model import Model
from thinkalike.networks.predict import logits
from thinkalike.user_code import check_arguments, load

VERB = "explain"

BASES = {
    "pixels": "(N, height, width), of the size of the images",
    "grid": "(N, rows, columns), stretched over the images bilinearly",
    "segments": "(N, superpixels), in the order of their labels and NaN after the last of an image",
}
"""Basis of plain arrays → their shape in words."""


def explain(
    model: Model,
    images: np.ndarray,
    targets: np.ndarray | None,
    question: Question,
    *,
    file: str,
    arguments: Mapping[str, Any] = MappingProxyType({}),
    basis: str = "pixels",
    content: str | None = None,
) -> Explanation:
    """The answer of `explain(model, images, targets, question, **arguments)` in a file of the user's.

    The function is called as the methods of thinkalike are: the network in eval mode, its parameters
    without gradients, torch recording gradients. Hooks and attributes that it leaves in the network are
    removed.

    Args:
        model: what to explain.
        images: (N, size, size, 3) uint8.
        targets: (N,) classes, or None for the ones that the model predicts.
        question: passed on as it is.
        file: path of the Python file, which is run.
        arguments: passed on by name.
        basis: of an answer that is a plain array, one of `BASES`.
        content: hash that the file must have (`thinkalike.user_code.content_of`); None for any.

    Returns:
        The function's own `Explanation`, or its maps (`Maps`, or an array or tensor in the `basis`) of
        the targets.

    Raises:
        InputError: the file cannot be run, the arguments are not those of the function, its answer has
            another shape or is not finite (the image is named), a target that is no output, training mode.
    """
    if basis not in BASES:
        raise InputError(f"basis: {basis!r} is none of {', '.join(BASES)}")
    if basis == "segments" and question.segments is None:
        raise InputError("basis: segments needs a question with `segments`")
    function = load(file, VERB, content)
    check_arguments(function, file, 4, arguments)
    if targets is None:
        known = question.logits
        targets = (logits(model, images) if known is None else np.asarray(known)).argmax(1)
    check_targets(model, targets)
    with (
        explaining(model),
        untouched(model.network),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        answer = function(model, images, targets, question, **arguments)
    if not isinstance(answer, Explanation):
        maps = answer if isinstance(answer, Maps) else _maps(answer, basis, images, question, file)
        answer = Explanation(maps, np.asarray(targets))
    _check(answer, images, file)
    return answer


def _maps(answer: Any, basis: str, images: np.ndarray, question: Question, file: str) -> Maps:
    """Maps of a plain array or tensor."""
    if isinstance(answer, torch.Tensor):
        answer = answer.detach().cpu().numpy()
    try:
        values = np.asarray(answer)
    except ValueError:  # lists of several lengths
        values = np.asarray(None)
    if values.dtype.kind not in "fiub":
        raise InputError(
            f"{VERB} in {file} gave a {type(answer).__name__}; return an Explanation, Maps, or numbers "
            f"{BASES[basis]}"
        )
    values = values.astype(np.float32 if values.dtype.itemsize < 8 else np.float64)
    bases: tuple[Basis, ...]
    frame = images.shape[1:3]
    expected: tuple[int, ...] = (len(images), *frame)
    if basis == "segments":
        assert question.segments is not None
        bases = tuple(Segments(labels) for labels in question.segments)
        expected = (len(images), max(each.size for each in bases))
    elif basis == "grid" and values.ndim == 3:
        bases = (Grid(values.shape[1], values.shape[2], *frame),)
        expected = (len(images), *values.shape[1:])
    else:
        bases = (Pixels(*frame),)
    if values.shape != expected or not values.size:
        raise InputError(
            f"{VERB} in {file} gave {values.shape}, for {len(images)} images of {frame[0]} x {frame[1]} "
            f"pixels; return {BASES[basis]}, or set the `basis` that it has"
        )
    return Maps(values.reshape(len(images), -1), bases)


def _check(answer: Explanation, images: np.ndarray, file: str) -> None:
    """Refuse an explanation of other images, and maps that are not finite."""
    maps, frame = answer.maps, images.shape[1:3]
    frames = {(basis.height, basis.width) for basis in maps.bases}
    if len(maps) != len(images) or len(answer.targets) != len(images) or frames != {frame}:
        shown = " and ".join(f"{height} x {width}" for height, width in sorted(frames))
        raise InputError(
            f"{VERB} in {file} gave {len(maps)} maps of {shown} pixels and {len(answer.targets)} targets, "
            f"for {len(images)} images of {frame[0]} x {frame[1]}; give one of each image"
        )
    check_maps(maps, f"{VERB} in {file}")
