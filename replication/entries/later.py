"""July to September 2024: absolute values, linkages, different predictions, KernelSHAP normalised anew."""

from collections.abc import Iterator
from functools import partial

from replication.analyses.clusters import (
    architecture_agreement,
    architecture_p,
    colouring,
    cut_in_two,
    dendrograms,
    euclidean_matrices,
    heights,
    matrices_go_together,
    most_alike_linkages,
)
from replication.analyses.matrices import comparisons, mean_change, pair_extremes, unpublished
from replication.entries import FROM_FIGURE, RECOMPUTED
from replication.entries.june import MATRICES, matrix, variance_tests
from replication.quantity import Quantity

ABSOLUTE = "20240704-integratedgradients-abs-value"

LINKAGES = "20240831-update-hierarchical-clust-metric"

PAIRS = "20240903-count-different-pairs"

REFIT = "20240922-recompute-kernelshap-128"

KINDS = ("ward", "average", "complete", "single", "weighted")


def quantities() -> Iterator[Quantity]:
    """Published numbers from July on, in the order of the log."""
    yield from _absolute_values()
    yield from _families_by_absolute_values()
    yield from _linkages()
    yield from _different_pairs()
    yield from _kernelshap_again()


def _absolute(metric: str) -> str:
    return f"{ABSOLUTE}/dissimilarity_matrix_integratedgradients_{metric}.csv"


def _absolute_values() -> Iterator[Quantity]:
    for metric, resolution, spread, change in (
        ("cosine", 0.807, "0.3913 / 0.5107 / 0.6668", "0.9837 → 0.5107"),
        ("rbf", 1.0, "0.0758 / 0.1294 / 0.1584", "0.2331 → 0.1294"),
    ):
        yield Quantity(
            ABSOLUTE,
            f"dissimilarity, smallest / mean / largest of all pairs, {metric}",
            spread,
            pair_extremes,
            [_absolute(metric)],
            RECOMPUTED,
        )
        yield Quantity(
            ABSOLUTE,
            f"mean dissimilarity of signed → absolute values, {metric}",
            change,
            mean_change,
            [matrix("integratedgradients", metric), _absolute(metric)],
            f"{RECOMPUTED} The log: 'less dissimilar'.",
        )
        yield Quantity(
            ABSOLUTE,
            f"Louvain communities at resolution {resolution}, {metric}",
            "one community",
            partial(colouring, resolution=resolution),
            [_absolute(metric)],
            FROM_FIGURE,
        )
    for metric, claim, reason in (
        (
            "cosine",
            "the same",
            "The log: 'Dendrogram for cosine is the same'; its own tables give another.",
        ),
        ("rbf", "differs", ""),
    ):
        yield Quantity(
            ABSOLUTE,
            f"dendrogram of absolute values against that of signed ones, {metric}",
            claim,
            dendrograms,
            [matrix("integratedgradients", metric), _absolute(metric)],
            reason,
            same=not reason,
        )


def _families_by_absolute_values() -> Iterator[Quantity]:
    for metric in ("cosine", "rbf"):
        yield Quantity(
            ABSOLUTE,
            f"p of CNNs against transformers, {metric}",
            "1/2002",
            architecture_p,
            [_absolute(metric)],
            f"{RECOMPUTED} No other division of the models into nine and five is as good.",
        )
        yield Quantity(
            ABSOLUTE,
            f"ward dendrogram cut in two, {metric}",
            "DeiT_S, DeiT_T, PyramidViT_V2_B2, Swin_T, ViT_B_32 | rest",
            cut_in_two,
            [_absolute(metric)],
            f"{RECOMPUTED} These are the five transformers.",
        )
    for metric, place, spread in (
        ("cosine", "F = 3.342, p = 1/2002", "F = 84.580, p = 1/2002"),
        ("rbf", "F = 3.032, p = 1/2002", "F = 1.404, p = 1023/2002"),
    ):
        yield from variance_tests(ABSOLUTE, metric, _absolute(metric), place, spread)
    yield Quantity(
        ABSOLUTE,
        "Mantel, gradcam cosine with absolute values cosine, plain → within families",
        "0.64: p < 0.01 → p < 0.05",
        matrices_go_together,
        [matrix("gradcam", "cosine"), _absolute("cosine")],
        RECOMPUTED,
    )
    for metric, kinds, published in (
        ("rbf", KINDS, "1.00 / 1.00 / 1.00 / 1.00 / 1.00"),
        ("cosine", ("ward", "average"), "1.00 / 0.47"),
    ):
        yield Quantity(
            ABSOLUTE,
            f"adjusted Rand index of the cut in two with CNN/transformer, {metric}, "
            + " / ".join(kinds),
            published,
            partial(architecture_agreement, kinds=kinds),
            [_absolute(metric)],
            RECOMPUTED,
        )


def _linkages() -> Iterator[Quantity]:
    signed = matrix("integratedgradients", "cosine")
    for metric, published in (
        (
            "cosine",
            "0.0819 0.1293 0.1496 0.1589 0.1717 0.1832 0.1896 0.2149 0.2912 0.3381 0.3734 0.3810 "
            "0.5195",
        ),
        (
            "rbf",
            "0.1064 0.1265 0.1324 0.1410 0.1436 0.1525 0.1556 0.1671 0.1754 0.1929 0.2190 0.2245 "
            "0.2738",
        ),
    ):
        yield Quantity(
            LINKAGES,
            f"average dendrogram, all heights, Grad-CAM, {metric}",
            published,
            partial(heights, kind="average"),
            [matrix("gradcam", metric)],
            RECOMPUTED,
        )
    yield Quantity(
        LINKAGES,
        "matrices of 20240620 with Euclidean distances, which ward needs",
        "not checked",
        partial(euclidean_matrices, names=list(MATRICES)),
        list(MATRICES.values()),
        "The log quotes the warning and leaves ward. √((1 − s̄)² + std²) need not be a Euclidean "
        "distance, and where it is not there are no points whose variance ward could minimise.",
        same=False,
    )
    yield Quantity(
        LINKAGES,
        "the two linkages most like each other",
        "complete and ward",
        most_alike_linkages,
        list(MATRICES.values()),
        "The log compared pictures; another measure than this one may rank them otherwise.",
        same=False,
    )
    yield Quantity(
        LINKAGES,
        "how far the dendrograms know CNNs from transformers, Integrated Gradients, cosine",
        "all dendrograms seem random",
        architecture_p,
        [signed],
        "The matrix behind them separates the nine CNNs from the five transformers better than any "
        "other of the 2002 divisions would.",
        same=False,
    )
    yield Quantity(
        LINKAGES,
        "adjusted Rand index of the cut in two with CNN/transformer, Integrated Gradients, cosine, "
        "ward",
        "0.71",
        partial(architecture_agreement, kinds=["ward"]),
        [signed],
        RECOMPUTED,
    )


def _different_pairs() -> Iterator[Quantity]:
    yield Quantity(
        PAIRS,
        "comparisons with the same class",
        "10207",
        partial(unpublished, what="the predictions of 20240620 were never published"),
    )
    yield Quantity(
        PAIRS,
        "comparisons in all, 10207 + 1441",
        str(10207 + 1441),
        partial(comparisons, images=128, models=14),
        [],
        "128 images × 91 pairs. The same class is the same of 1000, right or wrong.",
    )


def _kernelshap_again() -> Iterator[Quantity]:
    for metric, spread, change in (
        ("cosine", "0.3895 / 0.5486 / 0.6916", "0.0687 → 0.5486"),
        ("rbf", "0.2466 / 0.3833 / 0.4871", "0.1007 → 0.3833"),
    ):
        key = f"{REFIT}/dissimilarity_matrix_kernelshap_{metric}.csv"
        yield Quantity(
            REFIT,
            f"dissimilarity, smallest / mean / largest of all pairs, {metric}",
            spread,
            pair_extremes,
            [key],
            RECOMPUTED,
        )
        yield Quantity(
            REFIT,
            f"mean dissimilarity of KernelSHAP maps normalised by batch → by division, {metric}",
            change,
            mean_change,
            [matrix("kernelshap", metric), key],
            f"{RECOMPUTED} Until then maps were shifted by the minimum of their batch, a large constant "
            "that all models share: most of their similarity was that constant.",
        )
