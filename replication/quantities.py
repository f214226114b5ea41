"""The published quantities: what the experiment log says, and which analysis answers it.

Where the log prints no number, `published` is what an independent recomputation of its tables, by
other code than ours, gave; the reason says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pandas as pd

from replication.analyses import (
    UNTUNED,
    Analysis,
    Found,
    NotAvailableError,
    Tables,
    accuracies,
    accuracies_as_counts,
    accuracy_differences,
    architecture_agreement,
    architecture_p,
    blank_maps_from_mean,
    blank_maps_from_rms,
    cell,
    colouring,
    colourings_that_are_splits,
    comparisons,
    correlation_of_pairs,
    correlation_with_diagonal,
    count_range,
    cut_in_two,
    dendrograms,
    diagonal,
    diagonal_by_comparison,
    diagonal_by_formula,
    euclidean_matrices,
    explained_variance,
    extreme_pair,
    heights,
    largest_differences,
    mean_cell,
    mean_change,
    most_alike_linkages,
    pair_change,
    pair_extremes,
    rms_from_moments,
    unpublished,
    ward_of_unit_maps,
)

COLUMNS = ["entry", "quantity", "published", "ours", "same", "reason"]


RECOMPUTED = "The log prints no such number: published is an independent recomputation."


FROM_FIGURE = "Published is read off the log's figure."


UNEXPLAINED = (
    "Nobody has explained this: the table is not the published one, or our code has changed; fetch the "
    "tables again and look at what changed."
)


APRIL_256 = "20240410-gradcam-256"


APRIL_1024 = "20240410-gradcam-1024"


FIXED = "20240414-gradcam-1024-fixed-efficientnet-b4"


MATCHING = "20240417-gradcam-256-only-same-prediction"


FINE_TUNED = "20240505-finetuned-gradcam-256-ig-64-kernelshap-64"


ACCURACY = "20240531-accuracy-not-resized"


JUNE = "20240620-gradcam-kernelshap-ig-128"


ABSOLUTE = "20240704-integratedgradients-abs-value"


LINKAGES = "20240831-update-hierarchical-clust-metric"


PAIRS = "20240903-count-different-pairs"


REFIT = "20240922-recompute-kernelshap-128"


KINDS = ("ward", "average", "complete", "single", "weighted")


@dataclass(frozen=True)
class Quantity:
    """One published number or claim.

    Attributes:
        entry: of the log.
        quantity: what it is.
        published: what the log, its table or its figure says.
        analysis: our answer, from the tables.
        reason: a sentence on it; why not, where the answer is not the same.
        same: whether the answer is known to be the same.
    """

    entry: str
    quantity: str
    published: str
    analysis: Analysis
    reason: str = ""
    same: bool = True


def compare(tables: Tables) -> pd.DataFrame:
    """Answer every published quantity from the tables that are there.

    Returns:
        One row each: entry, quantity, published, ours, same (yes, no, or n/a where a table is not
        there) and reason: every `no` has one. An answer that is the same, or not, against what is
        known gets a reason that says so.
    """
    rows = [(q.entry, q.quantity, q.published, *_answer(q, tables)) for q in quantities()]
    return pd.DataFrame(rows, columns=COLUMNS)


def _answer(quantity: Quantity, tables: Tables) -> tuple[str, str, str]:
    try:
        found = quantity.analysis(tables)
    except NotAvailableError as error:
        return "not available", "n/a", f"Not available: {error}."
    text, remark = found if isinstance(found, Found) else (found, "")
    same = text == quantity.published
    said = [quantity.reason, remark] if same == quantity.same else [UNEXPLAINED]
    return text, "yes" if same else "no", " ".join(filter(None, said))


def quantities() -> Iterator[Quantity]:
    """All of them, in the order of the log."""
    yield from _first_maps()
    yield from _corner()
    yield from _same_predictions()
    yield from _fine_tuned()
    yield from _accuracies()
    yield from _dissimilarities()
    yield from _blank_maps()
    yield from _clusters()
    yield from _absolute_values()
    yield from _linkages()
    yield from _different_pairs()
    yield from _kernelshap_again()


def _first_maps() -> Iterator[Quantity]:
    clusters = "ConvNeXtV2_Nano, DeiT_S, DeiT_T, ViT_B_32 | EfficientNet_B4 | rest"
    for entry, prefix in ((APRIL_256, "20240410_1129"), (APRIL_1024, "20240410_1442")):
        yield Quantity(
            entry,
            "three clusters, cosine",
            clusters,
            partial(
                ward_of_unit_maps,
                key=f"{entry}/{prefix}_similarity_matrix_gradcam_cosine.csv",
                number=3,
            ),
            "The log read them off a plot by eye; ward on √(2(1 − s)) gives the same. One of them is "
            "the corner artefact of EfficientNet_B4.",
        )
    matrix = f"{APRIL_1024}/20240410_1442_similarity_matrix_gradcam"
    for metric, published in (("cosine", "0.606 / 0.129"), ("rbf", "0.104 / 0.085")):
        yield Quantity(
            APRIL_1024,
            f"explained variance of two principal components, {metric}",
            published,
            partial(explained_variance, key=f"{matrix}_{metric}.csv"),
            "PCA of the rows of 1 − s as if they were features; distances in the plot are not "
            "dissimilarities of models.",
        )
    yield Quantity(
        APRIL_1024,
        "mean similarity of different models, rbf with σ = 10",
        "0.01",
        partial(mean_cell, key=f"{matrix}_rbf.csv", digits=2),
        f"{RECOMPUTED} With σ = 10 every model is unlike every other; σ = 80 came in June.",
    )
    yield Quantity(
        APRIL_1024,
        "blank maps of ViT_B_32 / ResNeXt50, of 1024",
        "18 / 9, others 0",
        partial(
            blank_maps_from_mean,
            key=f"{matrix}_cosine.csv",
            images=1024,
            models=["ViT_B_32", "ResNeXt50"],
        ),
        f"{RECOMPUTED} A blank map has cosine 0 with everything, and the log counts it.",
    )


def _corner() -> Iterator[Quantity]:
    before = f"{APRIL_1024}/20240410_1442_similarity_matrix_gradcam_cosine.csv"
    after = f"{FIXED}/similarity_matrix_gradcam_cosine.csv"
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
            partial(pair_change, before=before, after=after, pair=("EfficientNet_B4", model)),
            f"{RECOMPUTED} One cell of 49 made EfficientNet_B4 unlike all others.",
        )


def _same_predictions() -> Iterator[Quantity]:
    counts = f"{MATCHING}/20240417_1037_gradcam_same_predictions_count.csv"
    matrix = f"{MATCHING}/20240417_1037_similarity_matrix_gradcam"
    yield Quantity(
        MATCHING,
        "images of 256 with the same prediction, smallest / mean / largest of all pairs",
        "185.0 / 217.8 / 239.0",
        partial(pair_extremes, key=counts, digits=1),
        RECOMPUTED,
    )
    yield Quantity(
        MATCHING,
        "pair of models with the fewest same predictions",
        "ResNet18–ViT_B_32",
        partial(extreme_pair, key=counts, largest=False),
        RECOMPUTED,
    )
    for metric, subset, whole, pearson, spearman in (
        ("cosine", "", "0.695880", "0.549", "0.478"),
        ("cosine", "_only_matching", "0.672233", "0.521", "0.448"),
        ("rbf", "", "0.642113", "0.097", "0.055"),
        ("rbf", "_only_matching", "0.641272", "0.084", "0.041"),
    ):
        similarities = f"{matrix}_{metric}{subset}.csv"
        what = f"same predictions and {metric}, {'matching' if subset else 'all'} images"
        yield Quantity(
            MATCHING,
            f"correlation of {what}",
            whole,
            partial(correlation_with_diagonal, counts=counts, similarities=similarities),
            "Over all 196 cells: every pair twice, and 14 models with themselves, which agree on all "
            f"images and have similarity 1. Over the 91 pairs it is {pearson}.",
        )
        yield Quantity(
            MATCHING,
            f"correlation of {what}, pairs of different models only",
            whole,
            partial(correlation_of_pairs, counts=counts, similarities=similarities, ranks=False),
            "The log's number counts the diagonal, which is no data."
            + (" Without it nothing is left." if metric == "rbf" else ""),
            same=False,
        )
        for name, published in (("Pearson", pearson), ("Spearman", spearman)):
            yield Quantity(
                MATCHING,
                f"{name} correlation of {what}, pairs of different models only",
                published,
                partial(
                    correlation_of_pairs,
                    counts=counts,
                    similarities=similarities,
                    ranks=name == "Spearman",
                ),
                RECOMPUTED,
            )


def _fine_tuned() -> Iterator[Quantity]:
    with_hook = f"{FINE_TUNED}/gradcam_same_predictions_count.csv"
    without_hook = f"{FINE_TUNED}/integratedgradients_same_predictions_count.csv"
    for what, key, images, published in (
        ("Grad-CAM run", with_hook, 256, "142 to 153 of 256"),
        ("Integrated Gradients run", without_hook, 64, "55 to 62 of 64"),
    ):
        yield Quantity(
            FINE_TUNED,
            f"same predictions of EfficientNet_B4 and the other fine-tuned models, {what}",
            published,
            partial(count_range, key=key, of=images, models=["EfficientNet_B4"], without=UNTUNED),
            f"{RECOMPUTED} The mend of the corner overwrote the activation itself during Grad-CAM, and "
            "with it the predictions.",
        )
    yield Quantity(
        FINE_TUNED,
        "same predictions of MobileNetV3 and Swin_T with the fine-tuned models, Grad-CAM run",
        "28 to 29 of 256",
        partial(count_range, key=with_hook, of=256, models=UNTUNED),
        f"{RECOMPUTED} The table of class names was wrong for models that kept 1000 classes, so the "
        "matching images of these two mean nothing.",
    )


def _accuracies() -> Iterator[Quantity]:
    every = {
        (transforms, split): f"{ACCURACY}/accuracy_{transforms}_transforms-{split}_1024.csv"
        for transforms in ("all_same", "model_specific", "VIT_all_same", "VIT_model_specific")
        for split in ("train", "val")
    }
    for transforms, split, published in (
        (
            "all_same",
            "train",
            "0.8877 0.8809 0.7930 0.8135 0.8740 0.8867 0.8818 0.8975 0.8896 0.7998 0.9102 0.9229 "
            "0.8906 0.7451",
        ),
        (
            "all_same",
            "val",
            "0.8916 0.8984 0.7852 0.8047 0.8838 0.9062 0.8789 0.9043 0.9004 0.8057 0.9277 0.9355 "
            "0.9023 0.7461",
        ),
        (
            "model_specific",
            "train",
            "0.9111 0.8984 0.7930 0.8467 0.9326 0.9434 0.8965 0.9082 0.9170 0.8164 0.9307 0.9404 "
            "0.9053 0.8838",
        ),
        (
            "model_specific",
            "val",
            "0.9238 0.9131 0.8066 0.8486 0.9434 0.9541 0.8984 0.9229 0.9170 0.8115 0.9365 0.9434 "
            "0.9170 0.8945",
        ),
    ):
        yield Quantity(
            ACCURACY,
            f"accuracy of 14 models, {transforms.replace('_', ' ')} transforms, {split}",
            published,
            partial(accuracies, key=every[transforms, split]),
        )
    both = [every[t, s] for t in ("all_same", "model_specific") for s in ("train", "val")]
    yield Quantity(
        ACCURACY,
        "accuracies that are a number of images of 1024",
        "56 of 56",
        partial(accuracies_as_counts, keys=both, images=1024),
        "The log says how many images; four digits are enough to check it.",
    )
    drops = [(every["model_specific", s], every["all_same", s]) for s in ("train", "val")]
    yield Quantity(
        ACCURACY,
        "models that lose most by the common transform, besides ViT_B_32",
        "EfficientNet_B3 and EfficientNet_B4",
        partial(largest_differences, pairs=drops, number=2, without=["ViT_B_32"]),
    )
    yield Quantity(
        ACCURACY,
        "accuracy that ViT_B_32 loses by the common transform, train / val",
        "a few percent",
        partial(accuracy_differences, pairs=drops, model="ViT_B_32", digits=4),
        "'Models performance drops just by a few percent' holds for the others; ViT_B_32, fed with "
        "another normalisation than its own, loses one prediction of seven. Until the end of May all "
        "maps were made with one normalisation for all models.",
        same=False,
    )
    normalised = [
        (every["VIT_model_specific", s], every["VIT_all_same", s]) for s in ("train", "val")
    ]
    for published, digits in (("0.03 / 0.03", 2), ("0.0264 / 0.0293", 4)):
        yield Quantity(
            ACCURACY,
            f"what ViT_B_32 still loses with its own normalisation, train / val, {digits} digits",
            published,
            partial(accuracy_differences, pairs=normalised, model="ViT_B_32", digits=digits),
            "" if digits == 2 else RECOMPUTED,
        )


def _dissimilarities() -> Iterator[Quantity]:
    for key, method, published in (
        (_june("gradcam", "cosine"), "Grad-CAM, cosine", "0.0819 / 0.3064 / 0.5866"),
        (_june("gradcam", "rbf"), "Grad-CAM, rbf", "0.1064 / 0.2220 / 0.4233"),
        (_june("kernelshap", "cosine"), "KernelSHAP, cosine", "0.0497 / 0.0687 / 0.0904"),
        (_june("kernelshap", "rbf"), "KernelSHAP, rbf", "0.0618 / 0.1007 / 0.1604"),
        (
            _june("integratedgradients", "cosine"),
            "Integrated Gradients, cosine",
            "0.9230 / 0.9837 / 0.9978",
        ),
        (
            _june("integratedgradients", "rbf"),
            "Integrated Gradients, rbf",
            "0.1594 / 0.2331 / 0.2647",
        ),
    ):
        yield Quantity(
            JUNE,
            f"dissimilarity, smallest / mean / largest of all pairs, {method}",
            published,
            partial(pair_extremes, key=key),
            RECOMPUTED,
        )
    for key, method, largest, published in (
        (_june("gradcam", "cosine"), "Grad-CAM, cosine", False, "DenseNet121–Res2Net50"),
        (_june("gradcam", "cosine"), "Grad-CAM, cosine", True, "DeiT_T–ViT_B_32"),
        (_june("gradcam", "rbf"), "Grad-CAM, rbf", False, "ResNet18–ResNet50"),
        (_june("gradcam", "rbf"), "Grad-CAM, rbf", True, "Res2Net50–ViT_B_32"),
        (_june("kernelshap", "cosine"), "KernelSHAP, cosine", False, "ResNet18–ResNeXt50"),
        (_june("kernelshap", "rbf"), "KernelSHAP, rbf", False, "DeiT_T–ViT_B_32"),
        (
            _june("integratedgradients", "cosine"),
            "Integrated Gradients, cosine",
            False,
            "EfficientNet_B3–EfficientNet_B4",
        ),
        (_june("integratedgradients", "rbf"), "Integrated Gradients, rbf", False, "DeiT_S–DeiT_T"),
    ):
        yield Quantity(
            JUNE,
            f"pair with the {'largest' if largest else 'smallest'} dissimilarity, {method}",
            published,
            partial(extreme_pair, key=key, largest=largest),
            RECOMPUTED,
        )
    pair = ("DeiT_T", "EfficientNet_B3")
    for metric, of_notebook, distance, deviation, of_table in (
        ("rbf", "0.262163", 0.232869, 0.120421, "0.2624"),
        ("cosine", "0.405371", 0.375047, 0.153835, "0.4056"),
    ):
        yield Quantity(
            JUNE,
            f"DeiT_T–EfficientNet_B3 in the notebook, Grad-CAM, {metric}",
            of_notebook,
            partial(rms_from_moments, images=128, distance=distance, deviation=deviation),
            "The notebook divides the variance by n = 128, its own table by n − 1, as we do.",
            same=False,
        )
        yield Quantity(
            JUNE,
            f"DeiT_T–EfficientNet_B3 in the table, Grad-CAM, {metric}",
            of_table,
            partial(cell, key=_june("gradcam", metric), pair=pair),
            RECOMPUTED,
        )


def _june(method: str, metric: str) -> str:
    return f"{JUNE}/dissimilarity_matrix_{method}_{metric}.csv"


def _absolute(metric: str) -> str:
    return f"{ABSOLUTE}/dissimilarity_matrix_integratedgradients_{metric}.csv"


def _blank_maps() -> Iterator[Quantity]:
    models = ["ViT_B_32", "ResNeXt50"]
    key = _june("gradcam", "cosine")
    what = "dissimilarity of ViT_B_32 / ResNeXt50 with itself, Grad-CAM, cosine"
    published = "0.2173 / 0.0887"
    yield Quantity(
        JUNE,
        what,
        published,
        partial(diagonal, key=key, models=models),
        "Not 0, because a blank map was given cosine 0 with itself.",
    )
    yield Quantity(
        JUNE,
        f"{what}: by formula from 6 and 1 blank maps of 128",
        published,
        partial(diagonal_by_formula, blanks=[6, 1], images=128),
    )
    yield Quantity(
        JUNE,
        f"{what}: from our comparison of synthetic maps, 6 and 1 of 128 blank",
        published,
        partial(diagonal_by_comparison, blanks=[6, 1], images=128),
        "With similarity.blanks: zero; by default blank maps are counted and left out.",
    )
    yield Quantity(
        JUNE,
        "blank maps of ViT_B_32 / ResNeXt50, of 128",
        "6 / 1, others 0",
        partial(blank_maps_from_rms, key=key, images=128, models=models),
        RECOMPUTED,
    )


def _resolutions() -> dict[tuple[str, str], float]:
    """Of the six colourings of June, from the titles of their figures."""
    return {
        ("gradcam", "cosine"): 1.06,
        ("gradcam", "rbf"): 1.08,
        ("kernelshap", "cosine"): 1.075,
        ("kernelshap", "rbf"): 1.075,
        ("integratedgradients", "cosine"): 0.807,
        ("integratedgradients", "rbf"): 1.0,
    }


def _clusters() -> Iterator[Quantity]:
    for method, metric, last, published in (
        ("gradcam", "cosine", 5, "0.3562 0.3586 0.4337 0.5282 0.6577"),
        ("gradcam", "rbf", 1, "0.5024"),
        ("kernelshap", "cosine", 1, "0.1029"),
        ("kernelshap", "rbf", 1, "0.1957"),
        ("integratedgradients", "cosine", 1, "1.0459"),
        ("integratedgradients", "rbf", 1, "0.2669"),
    ):
        yield Quantity(
            JUNE,
            f"ward dendrogram, {'last heights' if last > 1 else 'top'}, {method}, {metric}",
            published,
            partial(heights, key=_june(method, metric), kind="ward", last=last),
            f"{FROM_FIGURE[:-1]}, its digits from an independent recomputation.",
        )
    communities = {
        ("gradcam", "cosine"): "ConvNeXtV2_Nano, DeiT_S, DeiT_T, ViT_B_32 | rest",
        ("gradcam", "rbf"): (
            "ConvNeXtV2_Nano, DeiT_S, DeiT_T, MobileNetV3, ResNeXt50, Swin_T, ViT_B_32 | rest"
        ),
        ("kernelshap", "cosine"): "DenseNet121, Res2Net50, ViT_B_32 | rest",
        ("kernelshap", "rbf"): (
            "ConvNeXtV2_Nano, EfficientNet_B3, EfficientNet_B4, PyramidViT_V2_B2, ResNeXt50, "
            "ResNet50, Swin_T | rest"
        ),
        ("integratedgradients", "cosine"): (
            "ConvNeXtV2_Nano, DeiT_S, DeiT_T, PyramidViT_V2_B2, Swin_T, ViT_B_32 | rest"
        ),
        ("integratedgradients", "rbf"): "one community",
    }
    for case, resolution in _resolutions().items():
        yield Quantity(
            JUNE,
            f"Louvain communities at resolution {resolution}, {', '.join(case)}",
            communities[case],
            partial(colouring, key=_june(*case), resolution=resolution),
            FROM_FIGURE,
        )
    yield Quantity(
        JUNE,
        "colourings that match the first or second split of the dendrogram",
        "6 of 6",
        partial(
            colourings_that_are_splits,
            resolutions={_june(*case): value for case, value in _resolutions().items()},
        ),
        "The log: 'it is possible to match the coloring of the nodes to first/second split'; one "
        "colouring cuts through clusters, and one is of a single colour.",
        same=False,
    )
    for method, metric, digits, published in (
        ("gradcam", "cosine", 3, "0.018"),
        ("gradcam", "rbf", 3, "0.052"),
        ("kernelshap", "cosine", 2, "0.09"),
        ("kernelshap", "rbf", 2, "0.62"),
        ("integratedgradients", "rbf", 4, "0.9985"),
        ("integratedgradients", "cosine", None, "1/2002"),
    ):
        yield Quantity(
            JUNE,
            f"p of CNNs against transformers, {method}, {metric}",
            published,
            partial(architecture_p, key=_june(method, metric), digits=digits),
            RECOMPUTED,
        )


def _absolute_values() -> Iterator[Quantity]:
    for metric, resolution, spread, change in (
        ("cosine", 0.807, "0.3913 / 0.5107 / 0.6668", "0.9837 → 0.5107"),
        ("rbf", 1.0, "0.0758 / 0.1294 / 0.1584", "0.2331 → 0.1294"),
    ):
        key = _absolute(metric)
        yield Quantity(
            ABSOLUTE,
            f"dissimilarity, smallest / mean / largest of all pairs, {metric}",
            spread,
            partial(pair_extremes, key=key),
            RECOMPUTED,
        )
        yield Quantity(
            ABSOLUTE,
            f"mean dissimilarity of signed → absolute values, {metric}",
            change,
            partial(mean_change, before=_june("integratedgradients", metric), after=key),
            f"{RECOMPUTED} The log: 'less dissimilar'.",
        )
        yield Quantity(
            ABSOLUTE,
            f"Louvain communities at resolution {resolution}, {metric}",
            "one community",
            partial(colouring, key=key, resolution=resolution),
            FROM_FIGURE,
        )
    for metric, claim in (("cosine", "the same"), ("rbf", "differs")):
        yield Quantity(
            ABSOLUTE,
            f"dendrogram of absolute values against that of signed ones, {metric}",
            claim,
            partial(
                dendrograms,
                before=_june("integratedgradients", metric),
                after=_absolute(metric),
            ),
            ""
            if metric == "rbf"
            else "The log: 'Dendrogram for cosine is the same'; its own tables give another.",
            same=metric == "rbf",
        )
    for metric in ("cosine", "rbf"):
        yield Quantity(
            ABSOLUTE,
            f"p of CNNs against transformers, {metric}",
            "1/2002",
            partial(architecture_p, key=_absolute(metric)),
            f"{RECOMPUTED} No other division of the models into nine and five is as good.",
        )
        yield Quantity(
            ABSOLUTE,
            f"ward dendrogram cut in two, {metric}",
            "DeiT_S, DeiT_T, PyramidViT_V2_B2, Swin_T, ViT_B_32 | rest",
            partial(cut_in_two, key=_absolute(metric)),
            f"{RECOMPUTED} These are the five transformers.",
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
            partial(architecture_agreement, key=_absolute(metric), kinds=kinds),
            RECOMPUTED,
        )


def _linkages() -> Iterator[Quantity]:
    cases = [_june(*case) for case in _resolutions()]
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
            partial(heights, key=_june("gradcam", metric), kind="average"),
            RECOMPUTED,
        )
    yield Quantity(
        LINKAGES,
        "matrices of 20240620 with Euclidean distances, which ward needs",
        "not checked",
        partial(euclidean_matrices, keys=cases),
        "The log quotes the warning and leaves ward. √((1 − s̄)² + std²) need not be a Euclidean "
        "distance, and where it is not there are no points whose variance ward could minimise.",
        same=False,
    )
    yield Quantity(
        LINKAGES,
        "the two linkages most like each other",
        "complete and ward",
        partial(most_alike_linkages, keys=cases),
        "The log compared pictures; another measure than this one may rank them otherwise.",
        same=False,
    )
    yield Quantity(
        LINKAGES,
        "how far the dendrograms know CNNs from transformers, Integrated Gradients, cosine",
        "all dendrograms seem random",
        partial(architecture_p, key=_june("integratedgradients", "cosine")),
        "The matrix behind them separates the nine CNNs from the five transformers better than any "
        "other of the 2002 divisions would.",
        same=False,
    )
    yield Quantity(
        LINKAGES,
        "adjusted Rand index of the cut in two with CNN/transformer, Integrated Gradients, cosine, "
        "ward",
        "0.71",
        partial(
            architecture_agreement, key=_june("integratedgradients", "cosine"), kinds=("ward",)
        ),
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
            partial(pair_extremes, key=key),
            RECOMPUTED,
        )
        yield Quantity(
            REFIT,
            f"mean dissimilarity of KernelSHAP maps normalised by batch → by division, {metric}",
            change,
            partial(mean_change, before=_june("kernelshap", metric), after=key),
            f"{RECOMPUTED} Until then maps were shifted by the minimum of their batch, a large constant "
            "that all models share: most of their similarity was that constant.",
        )
