"""Similarity of two maps of one image: cosine or RBF."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, blank, rescaled, with_sign
from thinkalike.compare.pooling import pooled
from thinkalike.compare.products import inner_products, squared_norms
from thinkalike.compare.scales import Pool
from thinkalike.errors import InputError

LOWEST: Mapping[str, float] = {"cosine": -1.0, "rbf": 0.0}
"""Metric → the value that no similarity is below; none is above 1."""
METRICS = tuple(LOWEST)
BLANKS = ("exclude", "zero")
SMALLEST = 1e-140
"""Size of a map from which, and up to whose inverse, its squares are sure to be numbers."""


@dataclass(frozen=True)
class Comparison:
    """How maps are compared: what is done to them before, the metric, and what blank maps count for.

    Attributes:
        metric: cosine or rbf.
        sign: signed, positive or absolute, as for `compare.maps.with_sign`.
        rescaling: none, min_max or max_abs, as for `compare.maps.rescaled`.
        sigma: bandwidth of rbf, in units of the rescaled map per pixel.
        blanks: exclude or zero, as for `similarity`.
        pool: number of cells a side over which maps are averaged, or `segments`, as for
            `compare.pooling.pooled`; None: they are compared as they were computed.
    """

    metric: str
    sign: str
    rescaling: str
    sigma: float = 1.0
    blanks: str = "exclude"
    pool: Pool = None

    def prepare(self, maps: Maps, segments: Sequence[Segments] | None = None) -> Maps:
        """Maps with their sign, at their scale and rescaled, as they are compared.

        Args:
            maps: as they were computed.
            segments: of the same images, and maybe of more, where maps are averaged over them.
        """
        return rescaled(pooled(with_sign(maps, self.sign), self.pool, segments), self.rescaling)

    def stated(self) -> dict[str, str | float]:
        """Settings as attributes of a file, without those that are not set."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def role_of_blanks(self) -> str:
        """What becomes of blank maps, in words."""
        if self.blanks == "exclude":
            return "left out"
        return "count as similarity 0" if self.metric == "cosine" else "count like any other map"


def stated_comparison(attributes: Mapping[str, Any]) -> Comparison | None:
    """Comparison that the attributes of a file state (`Comparison.stated`); None if they name no metric."""
    stated = {f.name: attributes[f.name] for f in fields(Comparison) if f.name in attributes}
    if "metric" not in stated:
        return None
    # a scale is a text or a number
    numbers: dict[str, Any] = {"sigma": float, "pool": int}
    values: dict[str, Any] = {
        name: (
            numbers[name](np.ravel(value)[0])
            if name in numbers and not isinstance(value, str)
            else str(value)
        )
        for name, value in stated.items()
    }
    return Comparison(**values)


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
        others: maps of other models to compare them with; by default they are compared with each other.
        sigma: bandwidth of rbf, in units of the map per pixel.
        blanks: `exclude` leaves similarities with an all-zero map missing (NaN): it has no direction.
            `zero` is the experiment log's convention: cosine 0, with itself too; rbf as for any map.

    Returns:
        (N, M, M) float64; (N, M, M') with M' others.

    Raises:
        InputError: a map has a value that is not a number, or an unknown metric or convention.
    """
    pixels = models[0].bases[0].height * models[0].bases[0].width
    models, others, width = _near_one(models, others, metric, sigma)
    if others is None:
        products = inner_products(models)
        return from_products(products, metric, pixels=pixels, sigma=width, blanks=blanks)
    squares = squared_norms(models), squared_norms(others)
    products = inner_products(models, others)
    return _from_products(products, squares, metric, pixels=pixels, sigma=width, blanks=blanks)


def _near_one(
    models: Sequence[Maps], others: Sequence[Maps] | None, metric: str, sigma: float
) -> tuple[Sequence[Maps], Sequence[Maps] | None, float | np.ndarray]:
    """Maps whose squares are numbers, by factors that change no similarity, and σ for them.

    Squares of float32 are, in float64, and so are those of most other maps. Where some are not, each map
    is divided by a power of two for cosine; for rbf all of one image are, and σ with them.
    """
    every = [*models, *(others or [])]
    sizes = np.array([_sizes(maps) for maps in every])
    if ((sizes == 0) | ((sizes > SMALLEST) & (sizes < 1 / SMALLEST))).all():
        return models, others, sigma
    exponents = np.frexp(sizes)[1]
    width: float | np.ndarray = sigma
    if metric == "rbf":
        exponents[:] = np.frexp(sizes.max(0))[1]
        width = np.ldexp(sigma, -exponents[0])[:, None, None]
    scaled = [
        replace(maps, coefficients=np.ldexp(maps.coefficients.astype(np.float64), -each[:, None]))
        for maps, each in zip(every, exponents, strict=True)
    ]
    return scaled[: len(models)], None if others is None else scaled[len(models) :], width


def _sizes(maps: Maps) -> np.ndarray:
    """Largest absolute coefficient of each map, (N,); 1 for float32, whose squares float64 holds."""
    if maps.coefficients.dtype == np.float32:
        return np.ones(len(maps))
    largest = np.fmax.reduce(maps.coefficients, axis=1)
    return np.maximum(largest, -np.fmin.reduce(maps.coefficients, axis=1))


def from_products(
    products: np.ndarray,
    metric: str,
    *,
    pixels: int,
    sigma: float | np.ndarray = 1.0,
    blanks: str = "exclude",
) -> np.ndarray:
    """Similarity of the maps of all pairs of models, from the inner products of rendered maps.

    A map is blank if its product with itself is 0.

    Args:
        products: (N, M, M), as `compare.products.inner_products` gives them.
        metric, blanks: as for `similarity`.
        pixels: of a rendered map.
        sigma: as for `similarity`; or one for each image, (N, 1, 1).

    Returns:
        (N, M, M) float64.
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
    sigma: float | np.ndarray,
    blanks: str,
) -> np.ndarray:
    """Similarities (N, A, B) from inner products of two sets of maps, and of each map with itself."""
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
            with np.errstate(over="ignore"):  # far beyond σ: 0
                widths = np.sqrt(np.maximum(distance, 0) / (2 * pixels)) / sigma
                values = np.exp(-(widths**2))
        case _:
            raise InputError(f"metric {metric!r} is none of {', '.join(METRICS)}")
    if blanks == "exclude":
        values[(first == 0) | (second == 0)] = np.nan
    return values


@dataclass(frozen=True)
class Noise:
    """What noise in maps does to their similarities, (N, M, M') each; 0 where maps are exact.

    Attributes:
        error: standard errors.
        bias: by how much similarities move on average where maps get as much noise again; the bias of
            a similarity is about so large, of either sign.
    """

    error: np.ndarray
    bias: np.ndarray


def similarity_noise(
    values: np.ndarray,
    models: Sequence[Maps],
    draws: Sequence[np.ndarray | None],
    prepare: Callable[[Maps], Maps],
    metric: str,
    *,
    others: Sequence[Maps] | None = None,
    draws_of_others: Sequence[np.ndarray | None] = (),
    sigma: float = 1.0,
    blanks: str = "exclude",
) -> Noise:
    """Standard error and bias of similarities of maps that are estimates.

    The error is the standard deviation of the similarity over draws of the maps. Draws of two models
    covary as the errors of their maps do, so that the effect of coalitions that both share is part of it.
    The bias b is the mean over draws less the similarity itself. Maps that err by noise, which has nothing
    to do with the truth, differ from it as a draw does from the map: their similarity is off by b, to
    first order. Maps that err by what they shrink are in the middle of the draws, the truth is one of
    these, and their similarity is off by −b. Estimates do both, so that b says how large the bias may be
    and is no correction for it.

    Source: Efron and Tibshirani, An introduction to the bootstrap, 1993, chapter 10.

    Args:
        values: similarities of the maps, as `similarity` gives them.
        models: maps of the same N images, as computed.
        draws: for every model (N, R, K), two draws at least, or None where maps are exact.
        prepare: what is done to maps before they are compared, such as `Comparison.prepare`.
        metric, others, sigma, blanks: as for `similarity`.
        draws_of_others: for each of the others, as for `draws`.

    Returns:
        Arrays of the shape of `values`; NaN where the similarity is missing in a draw.
    """
    number = min(
        (array.shape[1] for array in (*draws, *draws_of_others) if array is not None), default=0
    )
    if not number:
        return Noise(np.zeros_like(values), np.zeros_like(values))

    def drawn(maps: Sequence[Maps], draws: Sequence[np.ndarray | None], r: int) -> list[Maps]:
        return [
            prepare(each if array is None else replace(each, coefficients=array[:, r]))
            for each, array in zip(maps, draws, strict=True)
        ]

    of_draws = [
        similarity(
            drawn(models, draws, r),
            metric,
            others=None if others is None else drawn(others, draws_of_others, r),
            sigma=sigma,
            blanks=blanks,
        )
        for r in range(number)
    ]
    return Noise(np.std(of_draws, axis=0, ddof=1), np.mean(of_draws, axis=0) - values)


def compare_arrays(
    models: Sequence[Maps],
    draws: Sequence[np.ndarray | None],
    comparison: Comparison,
    others: Sequence[Maps] = (),
    draws_of_others: Sequence[np.ndarray | None] = (),
    *,
    segments: Sequence[Segments] | None = None,
) -> dict[str, np.ndarray]:
    """Compare the maps of all pairs of models on every image, in memory.

    Args:
        models: maps of the same N images.
        draws: of every model, as for `similarity_noise`.
        comparison: what is done to maps before, and how they are compared.
        others: maps that they are compared with; by default each other.
        draws_of_others: of each of them.
        segments: of the images, where maps are averaged over them.

    Returns:
        `similarity`, `estimation_error` and `estimation_bias`, (N, M, M') float64, and, where models are
        compared with each other, `blank` (N, M) bool.
    """
    settings: dict[str, Any] = {"sigma": comparison.sigma, "blanks": comparison.blanks}
    prepare = partial(comparison.prepare, segments=segments)
    prepared = [prepare(each) for each in models]
    prepared_others = [prepare(each) for each in others]
    values = similarity(prepared, comparison.metric, others=prepared_others or None, **settings)
    noise = similarity_noise(
        values,
        models,
        draws,
        prepare,
        comparison.metric,
        others=others or None,
        draws_of_others=draws_of_others,
        **settings,
    )
    rows = {
        "similarity": values,
        "estimation_error": noise.error,
        "estimation_bias": noise.bias,
    }
    if not others:
        rows["blank"] = np.stack([blank(each) for each in prepared], 1)
    return rows
