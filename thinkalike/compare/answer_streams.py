"""From files of answers to agreement per image, and to its means over subsets, in bounded memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from types import MappingProxyType

import numpy as np

from thinkalike.compare.answers import Answers, agreement
from thinkalike.compare.subsets import mask, parse
from thinkalike.compare.summaries import Summary, summarise_parts
from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays, parts
from thinkalike.stores.damage import same_images
from thinkalike.stores.kernels import CHANCE, Kernel
from thinkalike.stores.maps import read_answers


def compare_answers(
    models: Mapping[str, str],
    *,
    images: Sequence[str],
    others: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[dict[str, np.ndarray]]:
    """Compare the answers of all pairs of models to the same coalitions, a few images at a time.

    How many images have no agreement with a model is logged as a warning at the end.

    Args:
        models: model → file of its maps by KernelSHAP, with the answers beside them.
        images: ids of the images to compare answers about, the first in all files.
        others: model → file of those that `models` are compared with; by default each other.

    Yields:
        `similarity`, the functional agreement (`compare.answers.agreement`), and `estimation_error` and
        `estimation_bias`, which are 0, since answers are no estimates, (n, M, M') float64 each, NaN
        where missing; and, where models are compared with each other, `blank` (n, M) bool: answers
        without a residual.

    Raises:
        InputError: a file is missing, damaged, about other images, or about other coalitions.
    """
    paths = [*models.values(), *others.values()]
    missing = np.zeros(len(models), int)
    for part in parts(len(images), max(_coalitions(paths), len(paths) ** 2)):
        answers = [_read_answers(path, part, paths[0], images[part]) for path in paths]
        first, second = answers[: len(models)], answers[len(models) :]
        rows = agreement_arrays(first, second)
        if not others:
            missing += rows["blank"].sum(0)
        yield rows
    for model, count in zip(models, missing, strict=True):
        if count:
            log.warning(
                "%s: answers about %d of %d images hold nothing but size and ink of the coalitions and "
                "are left out",
                model,
                count,
                len(images),
            )


def agreement_arrays(
    models: Sequence[Answers], others: Sequence[Answers] = ()
) -> dict[str, np.ndarray]:
    """Arrays of a kernel of functional agreement, as `compare_answers` yields them.

    Args:
        models: their answers to the same coalitions.
        others: answers of those that they are compared with; by default each other.

    Raises:
        InputError: two models were asked other coalitions.
    """
    values = agreement(models, others or None)
    exact = np.where(np.isnan(values), np.nan, 0.0)
    rows = {"similarity": values, "estimation_error": exact, "estimation_bias": exact}
    return rows if others else rows | {"blank": np.isnan(values.diagonal(axis1=1, axis2=2))}


def _read_answers(path: str, part: slice, reference: str, images: Sequence[str]) -> Answers:
    answers, names = read_answers(path, part)
    same_images(path, names, reference, images)
    return answers


def _coalitions(paths: Sequence[str]) -> int:
    """Numbers that answers about one image by all models take, with what is regressed out of them."""
    with ExitStack() as stack:
        files = [stack.enter_context(open_arrays(path, ["answers"])) for path in paths]
        # score, size, ink, three columns of the basis and their factors
        return sum(8 * file.sizes["coalition"] for file in files)


def agreement_above_chance(
    kernel: Kernel,
    classes: Sequence[str],
    subsets: Sequence[str],
    predicted: tuple[np.ndarray, np.ndarray | None],
) -> Iterator[dict[str, np.ndarray]]:
    """Mean functional agreement of all pairs of models over several subsets, and every image's influence.

    Coalitions of two images have nothing to do with each other: agreement by chance is 0, so that ρ is
    the mean agreement, and the influence of image i is agreement_i − ρ. There is nothing to permute, and
    so no z.

    Args:
        kernel: agreement per image.
        classes, subsets, predicted: as for `compare.chance_streams.chance_files`.

    Yields:
        The same arrays as `compare.chance_streams.chance_files`.
    """
    yield {"class_name": np.asarray(classes, str)}

    def counting(subset: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        condition, number = parse(subset)
        for part, values in kernel.parts("similarity"):
            use = np.isfinite(values)
            use[max((number or len(kernel.images)) - part.start, 0) :] = False
            first, second = (None if each is None else each[part] for each in predicted)
            chosen = None if first is None else mask(condition, first, second)
            yield values, use if chosen is None else use & chosen

    summaries = {subset: summarise_parts(partial(counting, subset)) for subset in subsets}
    for rows in zip(*(counting(subset) for subset in subsets), strict=True):
        yield {
            f"influence_{subset}": np.where(use, values - summaries[subset].mean, np.nan)
            for subset, (values, use) in zip(subsets, rows, strict=True)
        }
    matrices = [_matrices(subset, summaries[subset]) for subset in subsets]
    yield {name: np.stack([each[name] for each in matrices]) for name in CHANCE}


def _matrices(subset: str, summary: Summary) -> dict[str, np.ndarray]:
    found = {name: np.full(summary.mean.shape, np.nan) for name in CHANCE}
    nothing = np.where(summary.count > 0, 0.0, np.nan)
    found |= {
        "count": summary.count.astype(float),
        "mean": summary.mean,
        "chance": nothing,
        "rho": summary.mean,
    }
    if parse(subset)[0] == "all":
        found |= {"same_class": nothing, "different_class": nothing}
    return found
