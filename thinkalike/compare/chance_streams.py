"""From files of maps to similarity above chance and the influence of every image, in bounded memory."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from thinkalike.compare.chance import (
    CosineMismatch,
    KernelMismatch,
    Means,
    Mismatch,
    influence,
    mean_mismatch,
    rbf_kernel,
)
from thinkalike.compare.frames import unit
from thinkalike.compare.map_sources import MapSource
from thinkalike.compare.mismatched import MismatchedPairs
from thinkalike.compare.streams import predicted_classes
from thinkalike.compare.subsets import mask as counting_mask
from thinkalike.compare.subsets import parse
from thinkalike.stores.kernels import CHANCE, Chance, create_chance


def chance_files(
    files: MapSource,
    classes: Sequence[str],
    subsets: Sequence[str],
    predicted: tuple[np.ndarray, np.ndarray | None],
    mismatched: bool = True,
) -> Iterator[dict[str, np.ndarray]]:
    """Similarity above chance of all pairs of models over several subsets of the images.

    Args:
        files: maps of the models.
        classes: of the images.
        subsets: such as all, matching, all_64.
        predicted: (N, A) classes that the models predict, and (N, B) of the others (None: the same); they
            may have no columns where no subset depends on them.
        mismatched: whether maps of different images are also told apart by class, and permuted; else
            `same_class`, `different_class`, `z` and `z_within` are NaN.

    Yields:
        `class_name` (N,); `influence_<subset>` (n, A, B) of one block of images after the other, NaN
        where an image does not count; at last `stores.kernels.CHANCE`, (subsets, A, B) each.
    """
    labels = np.asarray(classes, str)
    yield {"class_name": labels}
    use = _counting(files, subsets, predicted)
    engines = {subset: _engine(files, mask) for subset, mask in use.items()}

    def parts(subset: str) -> Iterator[tuple[slice, Mismatch]]:
        for block in files.blocks():
            yield block[0], engines[subset].of_block(block)

    means = {subset: mean_mismatch(parts(subset), mask) for subset, mask in use.items()}
    for block in files.blocks():
        part = block[0]
        yield {
            f"influence_{subset}": influence(
                engine.of_block(block), means[subset], use[subset][part]
            )
            for subset, engine in engines.items()
        }
    matrices = []
    for subset in subsets:
        found = _matrices(files, means[subset])
        if mismatched and parse(subset)[0] == "all":
            found |= _mismatched(files, labels, use[subset])
        matrices.append(found)
    yield {name: np.stack([each[name] for each in matrices]) for name in CHANCE}


def _engine(files: MapSource, use: np.ndarray) -> CosineMismatch | KernelMismatch:
    if files.comparison.metric == "cosine":
        return CosineMismatch(files.blocks(), use)
    return KernelMismatch(rbf_kernel(files.comparison.sigma, files.pixels), use)


def _counting(
    files: MapSource, subsets: Sequence[str], predicted: tuple[np.ndarray, np.ndarray | None]
) -> dict[str, np.ndarray]:
    """Which images count for which pair in each subset, (N, A, B) bool each."""
    seen = [
        ((a != 0).any(2).T[:, :, None] & (b != 0).any(2).T[:, None, :])
        for _, a, b in files.blocks()
    ]
    whole = np.concatenate(seen)
    if files.comparison.blanks == "zero":
        whole = np.ones_like(whole)
    masks = {}
    for subset in subsets:
        condition, number = parse(subset)
        mask = whole.copy()
        if number is not None:
            mask[number:] = False
        differing = counting_mask(condition, *predicted)
        if differing is not None:
            mask &= differing
        masks[subset] = mask
    return masks


def _matrices(files: MapSource, means: Means) -> dict[str, np.ndarray]:
    """Numbers of all pairs of models by the means over images."""
    rho = means.rho
    if not files.others:
        # a model is exactly like itself, whatever rounding has left
        np.fill_diagonal(rho, np.where(np.isfinite(np.diag(rho)), 1.0, np.nan))
    found = {name: np.full(rho.shape, np.nan) for name in CHANCE}
    count = means.count.astype(float)
    return found | {"count": count, "mean": means.same, "chance": means.cross, "rho": rho}


def _mismatched(files: MapSource, labels: np.ndarray, use: np.ndarray) -> dict[str, np.ndarray]:
    """Numbers of all pairs of models by their maps of different images, and by permutations."""
    cosine = files.comparison.metric == "cosine"
    kernel = rbf_kernel(files.comparison.sigma, files.pixels)
    sums = [[MismatchedPairs() for _ in range(use.shape[2])] for _ in range(use.shape[1])]
    for part, a, b in files.blocks():
        if cosine:
            a, b = unit(a), unit(b)
        for i, row in enumerate(sums):
            for j, pairs in enumerate(row):
                chosen = use[part, i, j]
                if chosen.sum() > 1:
                    x, y = a[i][chosen], b[j][chosen]
                    pairs.add(x @ y.T if cosine else kernel(x, y), labels[part][chosen])
    columns = {
        "same_class": "same",
        "different_class": "constant",
        "z": "z",
        "z_within": "z_within",
    }
    return {
        name: np.array([[getattr(pairs, attribute) for pairs in row] for row in sums])
        for name, attribute in columns.items()
    }


def predicted_by(
    predictions: Sequence[str], others: Sequence[str], reference: str, images: Sequence[str]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Classes that two groups of models predict, (N, A) and (N, B), from their files.

    Args:
        predictions: files of the first; none, where no subset depends on them.
        others: files of the second; none, where they are the first.
        reference: file of the images, for messages.
        images: ids.

    Raises:
        InputError: a file is missing, damaged, or about other images.
    """
    first, second = (
        np.array([predicted_classes(path, reference, images) for path in paths]).T
        for paths in (predictions, others)
    )
    return first, second if others else None


def measured_chance(
    files: MapSource,
    classes: Sequence[str],
    subset: str = "all",
    predicted: np.ndarray | None = None,
    *,
    mismatched: bool = False,
) -> Chance:
    """Similarity above chance over a subset of the images, in memory.

    Args:
        files: maps of the models.
        classes: of the images.
        subset: such as all or matching.
        predicted: (N, M) classes that the models predict, for a subset that depends on them.
        mismatched: as for `chance_files`.
    """
    seen = np.zeros((len(files.images), 0)) if predicted is None else predicted
    rows = chance_files(files, classes, [subset], (seen, None), mismatched=mismatched)
    return Chance.of_rows(rows, files.models, files.images, subset)


def write_chance(
    path: str,
    rows: Iterable[dict[str, np.ndarray]],
    files: MapSource,
    *,
    subsets: Sequence[str],
    code: str = "",
) -> None:
    """Write what `chance_files` yields, as `stores.kernels.Chance` reads it."""
    attributes = {**files.comparison.stated(), "code": code}
    names = files.images, files.models, files.others
    with create_chance(path, *names, subsets=subsets, attributes=attributes) as output:
        for part in rows:
            output.append(**part)
