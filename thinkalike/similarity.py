"""How similar two maps are, and how dissimilar two models."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thinkalike.errors import InputError
from thinkalike.maps import Maps, inner_products, squared_norms

METRICS = ("cosine", "rbf")
DISSIMILARITIES = ("chord", "rms")
BLANKS = ("exclude", "zero")


def similarity(
    models: Sequence[Maps],
    metric: str,
    *,
    others: Sequence[Maps] | None = None,
    sigma: float = 1.0,
    blanks: str = "exclude",
) -> np.ndarray:
    """Similarity of the rendered maps of all pairs of models, per image.

    cosine: x·y / (‖x‖ ‖y‖). rbf: exp(−‖x − y‖² / (2 σ² P)) with P the number of pixels, so that σ is
    a root mean square difference per pixel and means the same at every resolution (σ = 80/224 is the
    σ = 80 on 224 x 224 pixels of the experiment log this project starts from).

    Args:
        models: maps of the same N images, one entry per model, rescaled as wanted.
        metric: cosine or rbf.
        others: what they are compared with, all of them different models; by default each other.
        sigma: bandwidth of rbf, in units of the map per pixel.
        blanks: `exclude` leaves similarities with an all-zero map missing (NaN): it has no direction.
            `zero` is the log's convention: cosine 0, with itself too; rbf as for any map.

    Returns:
        (N, M, M) float64; (N, M, M') with M' others.

    Raises:
        InputError: a map has a value that is not a number, or an unknown metric or convention.
    """
    pixels = models[0].bases[0].height * models[0].bases[0].width
    if others is None:
        products = inner_products(models)
        return from_products(products, metric, pixels=pixels, sigma=sigma, blanks=blanks)
    squares = squared_norms(models), squared_norms(others)
    products = inner_products(models, others)
    return _from_products(products, squares, metric, pixels=pixels, sigma=sigma, blanks=blanks)


def from_products(
    products: np.ndarray,
    metric: str,
    *,
    pixels: int,
    sigma: float = 1.0,
    blanks: str = "exclude",
) -> np.ndarray:
    """The same from the inner products (N, M, M) of maps rendered on so many pixels.

    A map is blank if its product with itself is 0.
    """
    square = products.diagonal(axis1=1, axis2=2).copy()
    values = _from_products(
        products, (square, square), metric, pixels=pixels, sigma=sigma, blanks=blanks
    )
    alike = {"exclude": np.nan, "zero": 0.0 if metric == "cosine" else 1.0}[blanks]
    diagonal = np.arange(products.shape[1])
    values[:, diagonal, diagonal] = np.where(square == 0, alike, 1.0)
    return values


def _from_products(
    products: np.ndarray,
    squares: tuple[np.ndarray, np.ndarray],
    metric: str,
    *,
    pixels: int,
    sigma: float,
    blanks: str,
) -> np.ndarray:
    """The same from the inner products (N, A, B) of two sets of maps, and those of each with itself."""
    if blanks not in BLANKS:
        raise InputError(f"blank maps {blanks!r} is none of {', '.join(BLANKS)}")
    for square in squares:
        if not np.isfinite(square).all():
            image, model = np.argwhere(~np.isfinite(square))[0]
            raise InputError(
                f"the map of model {model} for image {image} is not finite; explain that model again"
            )
    first, second = squares[0][:, :, None], squares[1][:, None, :]
    match metric:
        case "cosine":
            scales = [
                np.divide(1, np.sqrt(square), out=np.zeros_like(square), where=square > 0)
                for square in (first, second)
            ]
            values = np.clip(products * scales[0] * scales[1], -1, 1)
        case "rbf":
            distance = first + second - 2 * products
            values = np.exp(-np.maximum(distance, 0) / (2 * sigma**2 * pixels))
        case _:
            raise InputError(f"metric {metric!r} is none of {', '.join(METRICS)}")
    if blanks == "exclude":
        values[(first == 0) | (second == 0)] = np.nan
    return values


def similarity_error(
    models: Sequence[Maps],
    draws: Sequence[np.ndarray | None],
    prepare: Callable[[Maps], Maps],
    metric: str,
    *,
    others: Sequence[Maps] | None = None,
    draws_of_others: Sequence[np.ndarray | None] = (),
    sigma: float = 1.0,
    blanks: str = "exclude",
) -> np.ndarray:
    """Standard error of similarities of maps that are estimates.

    The standard deviation of the similarity over draws of the maps: between models they covary as
    the errors of the maps do, so that what a shared design does to both is accounted for.

    Args:
        models: maps of the same N images, as computed.
        draws: for every model (N, R, K), two draws at least, or None where maps are exact.
        prepare: what is done to maps before they are compared: sign, rescaling.
        metric, others, sigma, blanks: as for `similarity`.
        draws_of_others: of these, in the same form.

    Returns:
        As `similarity`; NaN where the similarity is missing in a draw.
    """
    number = min(
        (array.shape[1] for array in (*draws, *draws_of_others) if array is not None), default=0
    )
    if not number:
        return np.zeros((len(models[0]), len(models), len(models if others is None else others)))

    def drawn(of: Sequence[Maps], r: int, from_: Sequence[np.ndarray | None]) -> list[Maps]:
        return [
            prepare(maps if array is None else replace(maps, coefficients=array[:, r]))
            for maps, array in zip(of, from_, strict=True)
        ]

    values = [
        similarity(
            drawn(models, r, draws),
            metric,
            others=None if others is None else drawn(others, r, draws_of_others),
            sigma=sigma,
            blanks=blanks,
        )
        for r in range(number)
    ]
    return np.std(values, axis=0, ddof=1)


Part = tuple[np.ndarray, np.ndarray | None]
"""Values (n, M, M) of some images, NaN where missing, and which count for which pair (None: all)."""


def mean_error(errors: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Standard error of mean similarities, from those of each image: √Σ e² / n.

    Images have coalitions of their own, so that their errors are independent.

    Args:
        errors: (N, M, M), NaN where missing.
        mask: (N, M, M) bool, which images count for which pair; all by default.

    Returns:
        (M, M); NaN for a pair without an image.
    """
    return mean_error_of([(errors, mask)])


def mean_error_of(parts: Iterable[Part]) -> np.ndarray:
    """The same of images that come in parts."""
    square: Any = None
    count: Any = 0
    for errors, mask in parts:
        use = _usable(errors, mask)
        square = added(square, np.where(use, errors**2, 0))
        count = count + use.sum(0)
    with np.errstate(invalid="ignore"):
        return np.sqrt(square) / count


def _usable(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    return np.isfinite(values) if mask is None else np.isfinite(values) & mask


def added(total: np.ndarray | None, rows: np.ndarray) -> np.ndarray:
    """`total` and all rows, one after the other: rounded alike, in however many parts they come."""
    return (rows if total is None else np.concatenate([total[None], rows])).sum(0)


def matching(predicted: np.ndarray) -> np.ndarray:
    """Where two models predict the same class: (N, M, M) bool from predictions (N, M)."""
    return predicted[:, :, None] == predicted[:, None, :]


def agreement(predicted: np.ndarray) -> np.ndarray:
    """On how many images two models predict the same class: (M, M) counts from (N, M)."""
    return matching(predicted).sum(0)


@dataclass(frozen=True)
class Summary:
    """Per pair of models, over the images that count: n, mean and standard deviation, (M, M) each."""

    count: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


def summarise(values: np.ndarray, mask: np.ndarray | None = None) -> Summary:
    """Count, mean and standard deviation (n − 1) of per-image similarities, missing ones left out.

    Args:
        values: (N, M, M), NaN where missing.
        mask: (N, M, M) bool, which images count for which pair; all by default.

    Returns:
        A pair with no image has mean NaN; one with a single image has deviation NaN.
    """
    return summarise_parts(lambda: [(values, mask)])


def summarise_parts(parts: Callable[[], Iterable[Part]]) -> Summary:
    """The same of images that come in parts; they are asked for twice, for means and deviations."""
    total: Any = None
    square: Any = None
    count: Any = 0
    for values, mask in parts():
        use = _usable(values, mask)
        total = added(total, np.where(use, values, 0))
        count = count + use.sum(0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / count
        for values, mask in parts():
            rows = np.where(_usable(values, mask), (values - mean) ** 2, 0)
            square = added(square, rows)
        deviation = np.sqrt(square / (count - 1))
    deviation[count < 2] = np.nan
    return Summary(count, np.where(count > 0, mean, np.nan), deviation)


def dissimilarity(summary: Summary, kind: str) -> np.ndarray:
    """Dissimilarity of all pairs of models, (M, M).

    chord: √(2 (1 − s̄)), the root mean square distance between unit maps; exactly Euclidean when all
    pairs are compared on the same images. rms: √((1 − s̄)² + std²), the log's; not Euclidean.
    A pair without an image in common is missing (NaN).
    """
    match kind:
        case "chord":
            return np.sqrt(np.maximum(2 * (1 - summary.mean), 0))
        case "rms":
            return np.sqrt((1 - summary.mean) ** 2 + summary.deviation**2)
    raise InputError(f"dissimilarity {kind!r} is none of {', '.join(DISSIMILARITIES)}")


@dataclass(frozen=True)
class Geometry:
    """What a dissimilarity matrix is.

    Attributes:
        models: models with all cells present.
        missing: cells above the diagonal that are missing.
        smallest_eigenvalue: of the doubly centred matrix −½ J D² J, over its largest; below 0 by
            more than rounding: no points in any Euclidean space have these distances.
        euclidean: whether some have.
        worst_triangle: the largest d(a, b) − d(a, c) − d(c, b); above 0: a detour is shorter.
        triangle: whether the triangle inequality holds.
    """

    models: int
    missing: int
    smallest_eigenvalue: float
    euclidean: bool
    worst_triangle: float
    triangle: bool


def geometry(matrix: np.ndarray, tolerance: float = 1e-8) -> Geometry:
    """Whether a dissimilarity matrix is Euclidean and obeys the triangle inequality.

    Euclidean: Schoenberg's condition, −½ J D² J positive semi-definite with J = I − 11ᵀ/M. Models
    with missing cells are left out first (`complete`).
    """
    missing = int(np.isnan(matrix[np.triu_indices_from(matrix, 1)]).sum())
    keep = complete(matrix)
    distances = matrix[np.ix_(keep, keep)]
    size = len(distances)
    if size < 2:
        return Geometry(size, missing, 0.0, False, 0.0, False)
    eigenvalues = np.linalg.eigvalsh(doubly_centred(distances))
    smallest = float(eigenvalues[0] / max(eigenvalues[-1], np.finfo(float).tiny))
    # row by row: all detours at once are 8 GB for 1,000 models
    detour = np.array([(row[:, None] + distances).min(0) for row in distances])
    worst = float((distances - detour).max())
    hollow = bool((np.abs(np.diag(distances)) <= tolerance).all())
    return Geometry(
        models=size,
        missing=missing,
        smallest_eigenvalue=smallest,
        euclidean=hollow and smallest >= -tolerance,
        worst_triangle=worst,
        triangle=hollow and worst <= tolerance * float(distances.max()),
    )


def complete(matrix: np.ndarray) -> np.ndarray:
    """Indices of models without a missing cell among them; no other model could be added.

    The model with the most missing cells is dropped until none is left, of equals the later one;
    then those that fit after all are taken back, the earlier ones first.
    """
    keep = np.arange(len(matrix))
    while np.isnan(matrix[np.ix_(keep, keep)]).any():
        holes = np.isnan(matrix[np.ix_(keep, keep)]).sum(1)
        keep = np.delete(keep, len(keep) - 1 - int(np.argmax(holes[::-1])))
    for model in np.setdiff1d(np.arange(len(matrix)), keep):
        larger = np.sort(np.append(keep, model))
        if not np.isnan(matrix[np.ix_(larger, larger)]).any():
            keep = larger
    return keep


def doubly_centred(distances: np.ndarray) -> np.ndarray:
    """−½ J D² J with J = I − 11ᵀ/M: inner products about the mean, if D is Euclidean."""
    square = distances**2
    rows = square.mean(0, keepdims=True)
    return -0.5 * (square - rows - rows.T + square.mean())


def off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """The cells above the diagonal, row by row; the diagonal is not data."""
    return matrix[np.triu_indices_from(matrix, 1)]
