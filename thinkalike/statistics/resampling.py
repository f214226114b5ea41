"""What resampling the images tells of one matrix: numbers of images, branches, factors, as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.matrices import pair_table
from thinkalike.progress import log
from thinkalike.statistics.bootstrap import mean_of_images
from thinkalike.statistics.corrections import LEVEL
from thinkalike.statistics.image_count import image_count
from thinkalike.statistics.influence import influential_images
from thinkalike.statistics.one_factor import OneFactor, one_factor_test
from thinkalike.statistics.support import SUPPORTED, Branch, branch_support

SEPARATOR = " "
"""Between the models of a branch."""


@dataclass(frozen=True)
class Settings:
    """How images are resampled.

    Attributes:
        trained: models without the controls; trees are theirs.
        independent: one of each architecture among them: these tell how many images it takes, and whether
            there is more than one factor. That twins are alike is no news.
        architectures: model → what seeds of one network have in common.
        linkages: kinds of dendrograms.
        bootstraps, factor_bootstraps: numbers of samples, for branches and for the one-factor test.
        tau: Kendall's τ that the number of images is asked for.
    """

    trained: Sequence[str]
    independent: Sequence[str]
    architectures: Mapping[str, str]
    linkages: Sequence[str]
    bootstraps: int
    factor_bootstraps: int
    tau: float


@dataclass(frozen=True)
class ResampledTables:
    """Tables of one method and metric.

    Attributes:
        image_count: one row, the attributes of `statistics.image_count.ImageCount`.
        support: tree (`trained` models or `all`), linkage, models, size, architectures (how many),
            height, support, one_factor_p, and finding: among trained models several architectures,
            support of at least `SUPPORTED`, and a one-factor test that is significant (p < `LEVEL`).
        one_factor: model_a, model_b, loading_a, loading_b, similarity, residual, standard_error, beyond,
            critical, p, reason.
        influential: as `statistics.influence.influential_images` gives it.
    """

    image_count: pd.DataFrame
    support: pd.DataFrame
    one_factor: pd.DataFrame
    influential: pd.DataFrame


def resample_images(
    values: np.ndarray,
    images: Sequence[str],
    models: Sequence[str],
    settings: Settings,
    *,
    groups: Sequence[Any] | None,
    seed: int,
) -> ResampledTables:
    """Resample the images of one method and metric.

    Args:
        values: (N, M, M) symmetric per-image similarities or pseudo-values of rho, NaN where missing.
        images: ids.
        models: keys of the rows and columns.
        settings: which models, and how often.
        groups: class of each image, where images were chosen class by class.
        seed: of the study.
    """
    independent = _chosen(values, models, settings.independent)
    count = image_count(independent, target=settings.tau, groups=groups)
    if count.reason:
        log.info("number of images: %s", count.reason)
    factor = one_factor_test(
        independent, bootstraps=settings.factor_bootstraps, seed=seed, groups=groups
    )
    if factor.reason:
        log.info("one-factor test: %s", factor.reason)
    trees = []
    for tree, kept in (("trained", list(settings.trained)), ("all", list(models))):
        branches = branch_support(
            _chosen(values, models, kept),
            settings.linkages,
            bootstraps=settings.bootstraps,
            seed=seed,
            groups=groups,
        )
        trees.append(_support_table(branches, kept, settings.architectures).assign(tree=tree))
    support = pd.concat(trees, ignore_index=True).assign(one_factor_p=factor.p)
    support["finding"] = (
        (support["tree"] == "trained")
        & (support["architectures"] > 1)
        & (support["support"] >= SUPPORTED)
        & (support["one_factor_p"] < LEVEL)
    )
    return ResampledTables(
        image_count=pd.DataFrame([asdict(count)]),
        support=support[["tree", *support.columns.drop("tree")]],
        one_factor=_factor_table(factor, independent, settings.independent),
        influential=influential_images(values, images, models),
    )


def _chosen(values: np.ndarray, models: Sequence[str], kept: Sequence[str]) -> np.ndarray:
    places = [list(models).index(model) for model in kept]
    return values[:, places][:, :, places]


def _support_table(
    found: dict[str, list[Branch]], models: Sequence[str], architectures: Mapping[str, str]
) -> pd.DataFrame:
    """A row for every branch of every linkage."""
    rows = []
    for linkage, branches in found.items():
        for branch in branches:
            members = [models[place] for place in branch.models]
            rows.append(
                {
                    "linkage": linkage,
                    "models": SEPARATOR.join(members),
                    "size": len(members),
                    "architectures": len({architectures[model] for model in members}),
                    "height": branch.height,
                    "support": branch.support,
                }
            )
    columns = ["linkage", "models", "size", "architectures", "height", "support"]
    return pd.DataFrame(rows, columns=columns)


def _factor_table(factor: OneFactor, values: np.ndarray, models: Sequence[str]) -> pd.DataFrame:
    """A row for every pair, with its loadings, residual, and the outcome of the test."""
    mean = mean_of_images(values)
    loadings = np.broadcast_to(factor.loadings, mean.shape)
    table = pair_table(
        models,
        {
            "loading_a": loadings.T,
            "loading_b": loadings,
            "similarity": mean,
            "residual": factor.residuals,
            "standard_error": factor.standard_error,
            "beyond": factor.beyond,
        },
    )
    return table.assign(critical=factor.critical, p=factor.p, reason=factor.reason)
