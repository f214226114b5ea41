"""One dissimilarity of every two models, how sure it is, and the same between seeds of one network."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from thinkalike.compare.dissimilarity import dissimilarity
from thinkalike.compare.geometry import geometry
from thinkalike.compare.matrices import off_diagonal, pair_table, square_table
from thinkalike.compare.streams import count_flagged, summarise_kernel
from thinkalike.compare.summaries import Summary
from thinkalike.progress import log
from thinkalike.statistics.intervals import interval_of_parts, summary_interval
from thinkalike.stores.damage import same_images
from thinkalike.stores.kernels import Chance, Kernel

SEEDS = ("n", "mean", "chance", "rho", "standard_error", "low", "high")
"""Columns of a table of pairs that the table of seeds has, too."""


REPEATED = ("n", "mean", "spread")
"""What is known of pairs that their table has from the similarities of images."""


@dataclass(frozen=True)
class Settings:
    """How the dissimilarity of two models follows from the similarities of their maps.

    Attributes:
        correction: `chance`, of similarity above chance; or `none`, of mean similarity.
        dissimilarity: chord or rms, as for `compare.dissimilarity.dissimilarity`.
    """

    correction: str
    dissimilarity: str


class PairTables(NamedTuple):
    """Dissimilarity of all pairs of models over a subset of the images.

    Attributes:
        dissimilarity: square.
        similarity: square, the means.
        rho: square, similarity above chance.
        pairs: a row for every two models: model_a, model_b, n (images), not_converged (those of
            them on which the map of one of both did not converge), mean, std, estimation_error and
            estimation_bias (of the mean), chance, rho, standard_error (of rho, over images), low, high
            (95 % interval of rho), seed_std (of rho, over seeds), constant, class, image (parts of the
            mean), z, z_within, dissimilarity, dissimilarity_low, dissimilarity_high.
        seeds: a row for every two seeds of one network: architecture, model_a, model_b, and `SEEDS`.
        geometry: one row, the attributes of `compare.geometry.Geometry`.
    """

    dissimilarity: pd.DataFrame
    similarity: pd.DataFrame
    rho: pd.DataFrame
    pairs: pd.DataFrame
    seeds: pd.DataFrame
    geometry: pd.DataFrame


def pair_tables(
    kernel: Kernel,
    chance: Chance,
    architectures: Mapping[str, str],
    settings: Settings,
    *,
    subset: str = "all",
    predictions: Sequence[str] = (),
    stratified: bool = False,
    not_converged: np.ndarray | None = None,
) -> PairTables:
    """Turn similarities per image into one dissimilarity of every two models.

    Args:
        kernel: similarities per image of the models.
        chance: similarity above chance over the subset, of these models and of further seeds of some.
        architectures: model or further seed → what seeds of one network have in common.
        settings: what dissimilarities are made of.
        subset, predictions: as for `compare.streams.summarise_kernel`.
        stratified: whether images were chosen class by class.
        not_converged: (N, M) bool, the maps that did not converge, of methods that say it.

    Raises:
        InputError: both are not about the same images.
    """
    same_images(kernel.path, kernel.images, "the file of chances", chance.images)
    summary, noise = summarise_kernel(kernel, subset, predictions)
    above = above_chance(chance, architectures, stratified=stratified)
    place = [chance.models.index(model) for model in kernel.models]
    cells = np.ix_(place, place)
    of_models = {name: matrix[cells] for name, matrix in above.items() if name not in REPEATED}
    if settings.correction == "chance":
        corrected = Summary(summary.count, of_models["rho"], above["spread"][cells])
        ends = of_models["low"], of_models["high"]
    else:
        corrected, ends = summary, summary_interval(summary)
    distances = dissimilarity(corrected, settings.dissimilarity)
    low, high = (np.full_like(distances, np.nan) for _ in range(2))
    if settings.dissimilarity == "chord":
        high, low = (np.sqrt(np.maximum(2 * (1 - end), 0)) for end in ends)
    shape = geometry(distances)
    if shape.missing:
        log.warning(
            "%d pairs of models have too few images in common and are missing", shape.missing
        )
    log.info("%s", shape)
    flags = np.zeros((len(kernel.images), len(kernel.models)), bool)
    if not_converged is not None:
        flags = not_converged
    matrices = {
        "n": summary.count,
        "not_converged": count_flagged(kernel, flags, subset, predictions),
        "mean": summary.mean,
        "std": summary.deviation,
        "estimation_error": noise.error,
        "estimation_bias": noise.bias,
        **of_models,
        "dissimilarity": distances,
        "dissimilarity_low": low,
        "dissimilarity_high": high,
    }
    return PairTables(
        square_table(distances, kernel.models),
        square_table(summary.mean, kernel.models),
        square_table(of_models["rho"], kernel.models),
        pair_table(kernel.models, matrices),
        seed_table(above, chance.models, architectures),
        pd.DataFrame([asdict(shape)]),
    )


def above_chance(
    chance: Chance, architectures: Mapping[str, str], *, stratified: bool
) -> dict[str, np.ndarray]:
    """Similarity above chance of all pairs of models, with what is known of its errors, (M, M) each.

    Args:
        chance: over a subset of the images.
        architectures: model → what seeds of one network have in common.
        stratified: whether images were chosen class by class.

    Returns:
        Name → matrix; the names are columns of the table of pairs.
    """
    interval = interval_of_parts(chance.parts, chance.labels if stratified else None)
    reach = interval.high - interval.mean
    return {
        "n": chance.count,
        "mean": chance.mean,
        "chance": chance.chance,
        "rho": chance.rho,
        "standard_error": interval.standard_error,
        "low": np.maximum(chance.rho - reach, -1),
        "high": np.minimum(chance.rho + reach, 1),
        "spread": interval.deviation,
        "seed_std": seed_deviation(chance.rho, chance.models, architectures),
        "constant": chance.different_class,
        "class": chance.same_class - chance.different_class,
        "image": chance.mean - chance.same_class,
        "z": chance.z,
        "z_within": chance.z_within,
    }


def seed_deviation(
    rho: np.ndarray, models: Sequence[str], architectures: Mapping[str, str]
) -> np.ndarray:
    """Standard deviation of the similarity of two models over the seeds that they could have had.

    v_A is the variance of rho(a, b) over the seeds a of architecture A, averaged over the models b of
    other architectures; the entry of models of A and B varies by √(v_A + v_B). An architecture of one
    seed gets the mean of the others'. The similarity of two seeds of one architecture varies as those
    of all its pairs of seeds do, of which there must be three. A model that `architectures` does not name
    is one of its own.

    Returns:
        (M, M); NaN where no architecture has two seeds, or too few for a pair of seeds.
    """
    kinds = np.array([architectures.get(model, model) for model in models])
    variances = {}
    for kind in dict.fromkeys(kinds):
        seeds, others = np.flatnonzero(kinds == kind), np.flatnonzero(kinds != kind)
        block = rho[np.ix_(seeds, others)]
        if len(seeds) > 1 and np.isfinite(block).all(0).any():
            variances[kind] = float(np.nanmean(np.var(block, axis=0, ddof=1)))
    usual = float(np.mean([*variances.values()])) if variances else np.nan
    variance = np.array([variances.get(kind, usual) for kind in kinds])
    deviation = np.sqrt(variance[:, None] + variance)
    for kind in variances:
        seeds = np.flatnonzero(kinds == kind)
        pairs = off_diagonal(rho[np.ix_(seeds, seeds)])
        deviation[np.ix_(seeds, seeds)] = pairs.std(ddof=1) if len(pairs) > 2 else np.nan
    return deviation


def seed_table(
    above: Mapping[str, np.ndarray], models: Sequence[str], architectures: Mapping[str, str]
) -> pd.DataFrame:
    """Similarity of every two seeds of one network: architecture, model_a, model_b, and `SEEDS`."""
    table = pair_table(models, {name: above[name] for name in SEEDS})
    first, second = (table[name].map(architectures) for name in ("model_a", "model_b"))
    table.insert(0, "architecture", first)
    return table[first == second].reset_index(drop=True)
