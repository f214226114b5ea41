"""From files of maps to similarities per image, and from these to means, in bounded memory.

Maps of many models do not fit into memory together. Images are read a few at a time, from all files,
and compared; what is left of them is the kernel (image, model, model), which is read in parts, too.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from types import MappingProxyType

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps
from thinkalike.compare.similarity import Comparison, Noise, compare_arrays
from thinkalike.compare.subsets import mask, parse
from thinkalike.compare.summaries import (
    Part,
    Summary,
    mean_error_of_parts,
    mean_of_parts,
    summarise_parts,
)
from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays, parts
from thinkalike.stores.damage import same_images
from thinkalike.stores.kernels import Kernel
from thinkalike.stores.maps import MapsFile, open_maps, read_segments
from thinkalike.stores.tables import read_table


def compare_files(
    models: Mapping[str, str],
    comparison: Comparison,
    *,
    images: Sequence[str],
    others: Mapping[str, str] = MappingProxyType({}),
    segments: str | None = None,
) -> Iterator[dict[str, np.ndarray]]:
    """Compare the maps of all pairs of models on every image, a few images at a time.

    How many blank maps a model has is logged as a warning at the end.

    Args:
        models: model → file of its maps, as `stores.maps.write_maps` writes it.
        comparison: what is done to maps before, and how they are compared.
        images: ids of the images to compare maps of, the first in all files.
        others: model → file of those that `models` are compared with; by default each other.
        segments: file of the segments, for maps on them or averaged over them.

    Yields:
        `similarity`, and what noise in the maps does to it, its standard error `estimation_error` and
        `estimation_bias`, (n, M, M') float64 each, NaN where missing; and, where models are compared
        with each other, `blank` (n, M) bool. `np.concatenate` joins them;
        `stores.kernels.create_kernel` writes them.

    Raises:
        InputError: a file is missing, damaged, about other images, or on other superpixels.
    """
    paths = [*models.values(), *others.values()]
    blanks = np.zeros(len(models), int)
    first, second = slice(len(models)), slice(len(models), None)
    with ExitStack() as stack:
        files = [stack.enter_context(open_maps(path)) for path in paths]
        numbers = [sum(file.numbers for file in files), len(paths) ** 2]
        if segments:
            numbers.append(_pixels(segments))
        for part in parts(len(images), max(numbers)):
            shared = read_segments(segments, part) if segments else None
            maps = [read_part(file, shared, part, paths[0], images[part]) for file in files]
            draws = [file.draws(part) for file in files]
            rows = compare_arrays(
                maps[first], draws[first], comparison, maps[second], draws[second], segments=shared
            )
            if not others:
                blanks += rows["blank"].sum(0)
            yield rows
    for model, count in zip(models, blanks, strict=True):
        if count:
            what = f"{count} of {len(images)} maps are blank and {comparison.role_of_blanks}"
            log.warning("%s: %s", model, what)


def summarise_kernel(
    kernel: Kernel, subset: str, predictions: Sequence[str] = ()
) -> tuple[Summary, Noise]:
    """Summarise similarities over a subset of the images, a part of them at a time.

    Args:
        kernel: similarities per image.
        subset: all, matching or differing, or one of them with a number (`compare.subsets`).
        predictions: files of the predictions of all models, in order; not needed for `all`.

    Returns:
        The summary, and what noise in the maps does to its means, (M, M).

    Raises:
        InputError: a file is missing, damaged, or about other images.
    """
    parts_of = _parts_of(kernel, subset, predictions)
    summary = summarise_parts(lambda: parts_of("similarity"))
    error = mean_error_of_parts(parts_of("estimation_error"))
    return summary, Noise(error, mean_of_parts(parts_of("estimation_bias")))


def count_flagged(
    kernel: Kernel, flags: np.ndarray, subset: str, predictions: Sequence[str] = ()
) -> np.ndarray:
    """Number (M, M) of the images that count for two models, and are flagged for one of them at least.

    Args:
        kernel: similarities per image.
        flags: (N, M) bool, of the images and models of the kernel.
        subset, predictions: as for `summarise_kernel`.
    """
    count = np.zeros((len(kernel.models), len(kernel.models)), int)
    start = 0
    for values, counts in _parts_of(kernel, subset, predictions)("similarity"):
        own = flags[start : start + len(values)]
        start += len(values)
        use = np.isfinite(values) if counts is None else np.isfinite(values) & counts
        count += (use & (own[:, :, None] | own[:, None])).sum(0)
    return count


def _parts_of(
    kernel: Kernel, subset: str, predictions: Sequence[str]
) -> Callable[[str], Iterator[Part]]:
    """Function from the name of an array of a kernel to its parts over a subset of the images."""
    condition, number = parse(subset)
    images = kernel.images[:number]
    predicted = np.zeros((len(images), 0))
    if condition != "all":
        predicted = np.stack(
            [predicted_classes(path, kernel.path, images) for path in predictions], 1
        )

    def parts_of(name: str) -> Iterator[Part]:
        for part, values in kernel.parts(name, len(images)):
            yield values, mask(condition, predicted[part])

    return parts_of


def predicted_classes(path: str, reference: str, images: Sequence[str]) -> np.ndarray:
    """Names of the classes that a model predicts for the first images, (N,)."""
    table = read_table(path, ["image_id", "predicted_class"])[: len(images)]
    same_images(path, table["image_id"], reference, images)
    return table["predicted_class"].to_numpy()


def read_part(
    file: MapsFile,
    segments: list[Segments] | None,
    part: slice,
    reference: str,
    images: Sequence[str],
) -> Maps:
    """Read the maps of some images, and check that they are those of the reference."""
    maps, names = file.maps(segments, part)
    same_images(file.path, names, reference, images)
    return maps


def _pixels(segments: str) -> int:
    """Labels of one image in a file of segments."""
    with open_arrays(segments, ["labels"]) as file:
        return int(file.sizes["y"] * file.sizes["x"])
