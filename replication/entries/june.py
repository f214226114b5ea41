"""June 2024: dissimilarities of three methods by two metrics, their blank maps, and their clusters."""

from collections.abc import Iterator
from functools import partial

from replication.analyses.blank_maps import (
    blank_maps_from_rms,
    diagonal,
    diagonal_by_comparison,
    diagonal_by_formula,
    rms_from_moments,
)
from replication.analyses.clusters import (
    architecture_p,
    colouring,
    colourings_that_are_splits,
    heights,
    matrices_go_together,
    variance_p,
)
from replication.analyses.matrices import cell, extreme_pair, pair_extremes
from replication.entries import FROM_FIGURE, RECOMPUTED
from replication.quantity import Quantity
from thinkalike.statistics.permanova import permanova, permdisp

JUNE = "20240620-gradcam-kernelshap-ig-128"

NAMES = {
    "gradcam": "Grad-CAM",
    "kernelshap": "KernelSHAP",
    "integratedgradients": "Integrated Gradients",
}

RESOLUTIONS = {
    ("gradcam", "cosine"): 1.06,
    ("gradcam", "rbf"): 1.08,
    ("kernelshap", "cosine"): 1.075,
    ("kernelshap", "rbf"): 1.075,
    ("integratedgradients", "cosine"): 0.807,
    ("integratedgradients", "rbf"): 1.0,
}
"""Method and metric → resolution of Louvain in the title of the figure."""


def matrix(method: str, metric: str) -> str:
    """Key of the dissimilarity matrix of a method and a metric."""
    return f"{JUNE}/dissimilarity_matrix_{method}_{metric}.csv"


MATRICES = {f"{method} {metric}": matrix(method, metric) for method, metric in RESOLUTIONS}
"""Name → key of the six matrices."""


def quantities() -> Iterator[Quantity]:
    """Published numbers of June, in the order of the log."""
    yield from _dissimilarities()
    yield from _moments()
    yield from _blank_maps()
    yield from _heights()
    yield from _communities()
    yield from _families()
    yield from _matrices_together()


def _dissimilarities() -> Iterator[Quantity]:
    for method, metric, published in (
        ("gradcam", "cosine", "0.0819 / 0.3064 / 0.5866"),
        ("gradcam", "rbf", "0.1064 / 0.2220 / 0.4233"),
        ("kernelshap", "cosine", "0.0497 / 0.0687 / 0.0904"),
        ("kernelshap", "rbf", "0.0618 / 0.1007 / 0.1604"),
        ("integratedgradients", "cosine", "0.9230 / 0.9837 / 0.9978"),
        ("integratedgradients", "rbf", "0.1594 / 0.2331 / 0.2647"),
    ):
        yield Quantity(
            JUNE,
            f"dissimilarity, smallest / mean / largest of all pairs, {NAMES[method]}, {metric}",
            published,
            pair_extremes,
            [matrix(method, metric)],
            RECOMPUTED,
        )
    for method, metric, largest, published in (
        ("gradcam", "cosine", False, "DenseNet121–Res2Net50"),
        ("gradcam", "cosine", True, "DeiT_T–ViT_B_32"),
        ("gradcam", "rbf", False, "ResNet18–ResNet50"),
        ("gradcam", "rbf", True, "Res2Net50–ViT_B_32"),
        ("kernelshap", "cosine", False, "ResNet18–ResNeXt50"),
        ("kernelshap", "rbf", False, "DeiT_T–ViT_B_32"),
        ("integratedgradients", "cosine", False, "EfficientNet_B3–EfficientNet_B4"),
        ("integratedgradients", "rbf", False, "DeiT_S–DeiT_T"),
    ):
        yield Quantity(
            JUNE,
            f"pair with the {'largest' if largest else 'smallest'} dissimilarity, {NAMES[method]}, "
            f"{metric}",
            published,
            partial(extreme_pair, largest=largest),
            [matrix(method, metric)],
            RECOMPUTED,
        )


def _moments() -> Iterator[Quantity]:
    """One cell, from the mean and the deviation over images that the notebook prints."""
    for metric, in_notebook, distance, deviation, in_table in (
        ("rbf", "0.262163", 0.232869, 0.120421, "0.2624"),
        ("cosine", "0.405371", 0.375047, 0.153835, "0.4056"),
    ):
        yield Quantity(
            JUNE,
            f"DeiT_T–EfficientNet_B3 in the notebook, Grad-CAM, {metric}",
            in_notebook,
            partial(rms_from_moments, images=128, distance=distance, deviation=deviation),
            [],
            "The notebook divides the variance by n = 128, its own table by n − 1, as we do.",
            same=False,
        )
        yield Quantity(
            JUNE,
            f"DeiT_T–EfficientNet_B3 in the table, Grad-CAM, {metric}",
            in_table,
            partial(cell, pair=("DeiT_T", "EfficientNet_B3")),
            [matrix("gradcam", metric)],
            RECOMPUTED,
        )


def _blank_maps() -> Iterator[Quantity]:
    models = ["ViT_B_32", "ResNeXt50"]
    what = "dissimilarity of ViT_B_32 / ResNeXt50 with itself, Grad-CAM, cosine"
    published = "0.2173 / 0.0887"
    yield Quantity(
        JUNE,
        what,
        published,
        partial(diagonal, models=models),
        [matrix("gradcam", "cosine")],
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
        [],
        "With similarity.blanks: zero; by default blank maps are counted and left out.",
    )
    yield Quantity(
        JUNE,
        "blank maps of ViT_B_32 / ResNeXt50, of 128",
        "6 / 1, others 0",
        partial(blank_maps_from_rms, images=128, models=models),
        [matrix("gradcam", "cosine")],
        RECOMPUTED,
    )


def _heights() -> Iterator[Quantity]:
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
            partial(heights, kind="ward", last=last),
            [matrix(method, metric)],
            f"{FROM_FIGURE[:-1]}, its digits from an independent recomputation.",
        )


def _communities() -> Iterator[Quantity]:
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
    for case, resolution in RESOLUTIONS.items():
        yield Quantity(
            JUNE,
            f"Louvain communities at resolution {resolution}, {', '.join(case)}",
            communities[case],
            partial(colouring, resolution=resolution),
            [matrix(*case)],
            FROM_FIGURE,
        )
    yield Quantity(
        JUNE,
        "colourings that match the first or second split of the dendrogram",
        "6 of 6",
        partial(
            colourings_that_are_splits, resolutions=list(RESOLUTIONS.values()), names=list(MATRICES)
        ),
        list(MATRICES.values()),
        "The log: 'it is possible to match the coloring of the nodes to first/second split'; one "
        "colouring cuts through clusters, and one is of a single colour.",
        same=False,
    )


def _families() -> Iterator[Quantity]:
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
            partial(architecture_p, digits=digits),
            [matrix(method, metric)],
            RECOMPUTED,
        )
    for (method, metric), place, spread in (
        (("gradcam", "cosine"), "F = 1.836, p = 28/2002", "F = 6.882, p = 142/2002"),
        (("gradcam", "rbf"), "F = 2.376, p = 146/2002", "F = 0.237, p = 1311/2002"),
        (("kernelshap", "cosine"), "F = 1.263, p = 145/2002", "F = 0.284, p = 1388/2002"),
        (("kernelshap", "rbf"), "F = 0.720, p = 1327/2002", "F = 0.090, p = 1596/2002"),
        (("integratedgradients", "cosine"), "F = 1.144, p = 1/2002", "F = 44.636, p = 1325/2002"),
        (("integratedgradients", "rbf"), "F = 0.899, p = 1925/2002", "F = 50.604, p = 1/2002"),
    ):
        key = matrix(method, metric)
        yield from variance_tests(JUNE, f"{method}, {metric}", key, place, spread)


def _matrices_together() -> Iterator[Quantity]:
    for first, second, published in (
        (
            ("gradcam", "cosine"),
            ("integratedgradients", "cosine"),
            "0.55: p < 0.01 → p > 0.05",
        ),
        (("gradcam", "rbf"), ("kernelshap", "cosine"), "0.64: p < 0.001 → p < 0.001"),
    ):
        yield Quantity(
            JUNE,
            f"Mantel, {' '.join(first)} with {' '.join(second)}, plain → within families",
            published,
            matrices_go_together,
            [matrix(*first), matrix(*second)],
            RECOMPUTED,
        )


def variance_tests(entry: str, of: str, key: str, place: str, spread: str) -> Iterator[Quantity]:
    """PERMANOVA and PERMDISP of a matrix.

    Args:
        entry: of the log.
        of: method and metric in words.
        key: of the matrix.
        place, spread: F and p that an independent recomputation gave.
    """
    for name, test, published in (
        ("PERMANOVA", permanova, place),
        ("PERMDISP", permdisp, spread),
    ):
        yield Quantity(
            entry,
            f"{name} of CNNs against transformers, {of}",
            published,
            partial(variance_p, test=test),
            [key],
            RECOMPUTED,
        )
