"""Resampling of images beside SciPy's bootstrap: parts of `python -m benchmarks.statistics`."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import bootstrap as scipy_bootstrap

from benchmarks.common import Goal, Part, Row, in_turns, timed
from thinkalike.randomness import generator
from thinkalike.statistics.bootstrap import bootstrapped_means, resampling_counts
from thinkalike.statistics.one_factor import one_factor_test
from thinkalike.statistics.support import branch_support

PEER = "SciPy"
BATCH = 50
"""Samples that SciPy holds in memory at once."""


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Attributes:
        images, models: of the similarities.
        bootstraps: samples whose means are computed.
        branches, factors: samples for the support of branches and for the one-factor test.
        rounds: of runs in turns.
    """

    images: int = 1024
    models: int = 14
    bootstraps: int = 10_000
    branches: int = 1000
    factors: int = 400
    rounds: int = 3


QUICK = Effort(images=40, models=5, bootstraps=100, branches=20, factors=20, rounds=1)


def parts(*, quick: bool) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        quick: a little of everything, to see that it runs.
    """
    effort = QUICK if quick else Effort()
    return {"bootstraps": lambda: bootstraps(effort), "resampling": lambda: resampling(effort)}


def bootstraps(effort: Effort) -> list[Row]:
    """Seconds of bootstrapped means of all pairs of models, and how far their spread is from SciPy's."""
    values = made_up(effort)[:, *np.triu_indices(effort.models, 1)]
    of = f"{effort.bootstraps:,} of {effort.images:,} images, {values.shape[1]} pairs"

    def ours(seed: int = 0) -> np.ndarray:
        draws = generator(seed, "benchmark")
        counts = resampling_counts(effort.images, effort.bootstraps, draws)
        return bootstrapped_means(values, counts)

    def theirs() -> np.ndarray:
        drawn = scipy_bootstrap(
            (values,),
            np.mean,
            axis=0,
            n_resamples=effort.bootstraps,
            method="percentile",
            batch=BATCH,
            vectorized=True,
            rng=np.random.default_rng(0),
        )
        spread: np.ndarray = drawn.standard_error
        return spread

    spent = in_turns({"ours": ours, "theirs": theirs}, effort.rounds)
    apart = float(np.abs(ours().std(0, ddof=1) / theirs() - 1).mean())
    return [
        timed(f"Seconds of bootstrapped means: {of}", PEER, spent["ours"], spent["theirs"]),
        Row(
            f"Seconds of bootstrapped means, goal: {of}",
            "",
            float(np.median(spent["ours"])),
            goal=Goal("ours", most=0.5),
        ),
        Row(f"Mean relative difference of the standard errors: {of}", PEER, apart),
    ]


def resampling(effort: Effort) -> list[Row]:
    """Seconds of the support of branches and of the one-factor test."""
    values = made_up(effort)
    of = f"{effort.models} models, {effort.images:,} images"
    runs = {
        "support": lambda: branch_support(values, bootstraps=effort.branches, seed=0),
        "factor": lambda: one_factor_test(values, bootstraps=effort.factors, seed=0),
    }
    spent = in_turns(runs, effort.rounds)
    return [
        Row(
            f"Seconds of the support of branches, {effort.branches:,} samples: {of}",
            "",
            float(np.median(spent["support"])),
            goal=Goal("ours", most=1),
        ),
        Row(
            f"Seconds of the one-factor test, {effort.factors:,} samples: {of}",
            "",
            float(np.median(spent["factor"])),
            goal=Goal("ours", most=5),
        ),
    ]


def made_up(effort: Effort) -> np.ndarray:
    """Cosines (N, M, M) of random maps that all models share in part."""
    draws = np.random.default_rng(0)
    shape = (effort.models, effort.images, 20)
    maps = draws.normal(size=shape) + 1.5 * draws.normal(size=shape[1:])
    maps /= np.linalg.norm(maps, axis=-1, keepdims=True)
    values: np.ndarray = np.einsum("anp,bnp->nab", maps, maps)
    return values
