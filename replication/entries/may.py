"""May 2024: fine-tuned models, and accuracies after two transforms of the images."""

from collections.abc import Iterator
from functools import partial

from replication.analyses.accuracies import (
    accuracies,
    accuracies_as_counts,
    accuracy_differences,
    largest_differences,
)
from replication.analyses.matrices import count_range
from replication.entries import RECOMPUTED
from replication.quantity import Quantity

FINE_TUNED = "20240505-finetuned-gradcam-256-ig-64-kernelshap-64"

ACCURACY = "20240531-accuracy-not-resized"

NOT_FINE_TUNED = ("MobileNetV3", "Swin_T")
"""Models of FINE_TUNED that kept their 1000 classes."""

SPLITS = ("train", "val")


def quantities() -> Iterator[Quantity]:
    """Published numbers of May, in the order of the log."""
    yield from _fine_tuned()
    yield from _accuracies()
    yield from _losses()


def _fine_tuned() -> Iterator[Quantity]:
    with_hook = f"{FINE_TUNED}/gradcam_same_predictions_count.csv"
    without_hook = f"{FINE_TUNED}/integratedgradients_same_predictions_count.csv"
    for run, key, images, published in (
        ("Grad-CAM run", with_hook, 256, "142 to 153 of 256"),
        ("Integrated Gradients run", without_hook, 64, "55 to 62 of 64"),
    ):
        yield Quantity(
            FINE_TUNED,
            f"same predictions of EfficientNet_B4 and the other fine-tuned models, {run}",
            published,
            partial(count_range, images=images, models=["EfficientNet_B4"], without=NOT_FINE_TUNED),
            [key],
            f"{RECOMPUTED} The mend of the corner overwrote the activation itself during Grad-CAM, and "
            "with it the predictions.",
        )
    yield Quantity(
        FINE_TUNED,
        "same predictions of MobileNetV3 and Swin_T with the fine-tuned models, Grad-CAM run",
        "28 to 29 of 256",
        partial(count_range, images=256, models=NOT_FINE_TUNED),
        [with_hook],
        f"{RECOMPUTED} The table of class names was wrong for models that kept 1000 classes, so the "
        "matching images of these two mean nothing.",
    )


def _table(transforms: str, split: str) -> str:
    return f"{ACCURACY}/accuracy_{transforms}_transforms-{split}_1024.csv"


def _accuracies() -> Iterator[Quantity]:
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
            accuracies,
            [_table(transforms, split)],
        )
    yield Quantity(
        ACCURACY,
        "accuracies that are a number of images of 1024",
        "56 of 56",
        partial(accuracies_as_counts, images=1024),
        [_table(transforms, s) for transforms in ("all_same", "model_specific") for s in SPLITS],
        "The log says how many images; four digits are enough to check it.",
    )


def _losses() -> Iterator[Quantity]:
    """What models lose by the common transform."""
    own_and_common = [_table(t, s) for s in SPLITS for t in ("model_specific", "all_same")]
    yield Quantity(
        ACCURACY,
        "models that lose most by the common transform, besides ViT_B_32",
        "EfficientNet_B3 and EfficientNet_B4",
        partial(largest_differences, number=2, without=["ViT_B_32"]),
        own_and_common,
    )
    yield Quantity(
        ACCURACY,
        "accuracy that ViT_B_32 loses by the common transform, train / val",
        "a few percent",
        partial(accuracy_differences, model="ViT_B_32"),
        own_and_common,
        "'Models performance drops just by a few percent' holds for the others; ViT_B_32, fed with "
        "another normalisation than its own, loses one prediction of seven. Until the end of May all "
        "maps were made with one normalisation for all models.",
        same=False,
    )
    for published, digits in (("0.03 / 0.03", 2), ("0.0264 / 0.0293", 4)):
        yield Quantity(
            ACCURACY,
            f"what ViT_B_32 still loses with its own normalisation, train / val, {digits} digits",
            published,
            partial(accuracy_differences, model="ViT_B_32", digits=digits),
            [_table(t, s) for s in SPLITS for t in ("VIT_model_specific", "VIT_all_same")],
            "" if digits == 2 else RECOMPUTED,
        )
