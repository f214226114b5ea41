"""April 2024: the first Grad-CAM maps, the corner of EfficientNet_B4, images with the same prediction."""

from collections.abc import Iterator
from functools import partial

from replication.analyses.blank_maps import blank_maps_from_mean
from replication.analyses.clusters import ward_of_unit_maps
from replication.analyses.matrices import (
    correlation_of_pairs,
    correlation_with_diagonal,
    explained_variance,
    extreme_pair,
    mean_cell,
    pair_change,
    pair_extremes,
)
from replication.entries import RECOMPUTED
from replication.quantity import Quantity

GRADCAM_256 = "20240410-gradcam-256"

GRADCAM_1024 = "20240410-gradcam-1024"

FIXED = "20240414-gradcam-1024-fixed-efficientnet-b4"

MATCHING = "20240417-gradcam-256-only-same-prediction"


def quantities() -> Iterator[Quantity]:
    """Published numbers of April, in the order of the log."""
    yield from _first_maps()
    yield from _corner()
    yield from _same_predictions()


def _first_matrix(metric: str) -> str:
    return f"{GRADCAM_1024}/20240410_1442_similarity_matrix_gradcam_{metric}.csv"


def _first_maps() -> Iterator[Quantity]:
    clusters = "ConvNeXtV2_Nano, DeiT_S, DeiT_T, ViT_B_32 | EfficientNet_B4 | rest"
    for entry, prefix in ((GRADCAM_256, "20240410_1129"), (GRADCAM_1024, "20240410_1442")):
        yield Quantity(
            entry,
            "three clusters, cosine",
            clusters,
            partial(ward_of_unit_maps, number=3),
            [f"{entry}/{prefix}_similarity_matrix_gradcam_cosine.csv"],
            "The log read them off a plot by eye; ward on √(2(1 − s)) gives the same. One of them is "
            "the corner artefact of EfficientNet_B4.",
        )
    for metric, published in (("cosine", "0.606 / 0.129"), ("rbf", "0.104 / 0.085")):
        yield Quantity(
            GRADCAM_1024,
            f"explained variance of two principal components, {metric}",
            published,
            explained_variance,
            [_first_matrix(metric)],
            "PCA of the rows of 1 − s as if they were features; distances in the plot are not "
            "dissimilarities of models.",
        )
    yield Quantity(
        GRADCAM_1024,
        "mean similarity of different models, rbf with σ = 10",
        "0.01",
        partial(mean_cell, digits=2),
        [_first_matrix("rbf")],
        f"{RECOMPUTED} With σ = 10 every model is unlike every other; σ = 80 came in June.",
    )
    yield Quantity(
        GRADCAM_1024,
        "blank maps of ViT_B_32 / ResNeXt50, of 1024",
        "18 / 9, others 0",
        partial(blank_maps_from_mean, images=1024, models=["ViT_B_32", "ResNeXt50"]),
        [_first_matrix("cosine")],
        f"{RECOMPUTED} A blank map has cosine 0 with everything, and the log counts it.",
    )


def _corner() -> Iterator[Quantity]:
    for model, published in (
        ("DenseNet121", "0.523 → 0.888"),
        ("EfficientNet_B3", "0.502 → 0.872"),
        ("ResNet50", "0.511 → 0.888"),
        ("DeiT_S", "0.415 → 0.694"),
        ("ViT_B_32", "0.361 → 0.611"),
    ):
        yield Quantity(
            FIXED,
            f"cosine similarity of EfficientNet_B4 and {model} before → after the corner is averaged",
            published,
            partial(pair_change, pair=("EfficientNet_B4", model)),
            [_first_matrix("cosine"), f"{FIXED}/similarity_matrix_gradcam_cosine.csv"],
            f"{RECOMPUTED} One cell of 49 made EfficientNet_B4 unlike all others.",
        )


def _same_predictions() -> Iterator[Quantity]:
    counts = f"{MATCHING}/20240417_1037_gradcam_same_predictions_count.csv"
    yield Quantity(
        MATCHING,
        "images of 256 with the same prediction, smallest / mean / largest of all pairs",
        "185.0 / 217.8 / 239.0",
        partial(pair_extremes, digits=1),
        [counts],
        RECOMPUTED,
    )
    yield Quantity(
        MATCHING,
        "pair of models with the fewest same predictions",
        "ResNet18–ViT_B_32",
        partial(extreme_pair, largest=False),
        [counts],
        RECOMPUTED,
    )
    for metric, subset, whole, pearson, spearman in (
        ("cosine", "", "0.695880", "0.549", "0.478"),
        ("cosine", "_only_matching", "0.672233", "0.521", "0.448"),
        ("rbf", "", "0.642113", "0.097", "0.055"),
        ("rbf", "_only_matching", "0.641272", "0.084", "0.041"),
    ):
        similarities = f"{MATCHING}/20240417_1037_similarity_matrix_gradcam_{metric}{subset}.csv"
        what = f"same predictions and {metric}, {'matching' if subset else 'all'} images"
        yield Quantity(
            MATCHING,
            f"correlation of {what}",
            whole,
            correlation_with_diagonal,
            [counts, similarities],
            "Over all 196 cells: every pair twice, and 14 models with themselves, which agree on all "
            f"images and have similarity 1. Over the 91 pairs it is {pearson}.",
        )
        yield Quantity(
            MATCHING,
            f"correlation of {what}, pairs of different models only",
            whole,
            partial(correlation_of_pairs, ranks=False),
            [counts, similarities],
            "The log's number counts the diagonal, which is no data."
            + (" Without it nothing is left." if metric == "rbf" else ""),
            same=False,
        )
        for name, published in (("Pearson", pearson), ("Spearman", spearman)):
            yield Quantity(
                MATCHING,
                f"{name} correlation of {what}, pairs of different models only",
                published,
                partial(correlation_of_pairs, ranks=name == "Spearman"),
                [counts, similarities],
                RECOMPUTED,
            )
