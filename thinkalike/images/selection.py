"""The images that a study explains: manifests, splits, orders, classes."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.images.contents import held_out
from thinkalike.images.imagenet import EXCLUSIONS, bears_training_name
from thinkalike.progress import log
from thinkalike.randomness import generator

MANIFEST = ("image_id", "path", "split", "label", "class_name")

ORDERS = ("rounds", "log")


def manifest(paths: Sequence[str]) -> pd.DataFrame:
    """Table of the images of an ImageFolder; label = rank of the class name, as in torchvision.

    Args:
        paths: `<split>/<class>/<name>`.

    Returns:
        The columns `MANIFEST`, sorted by path.
    """
    parts = [path.split("/") for path in sorted(paths)]
    names = sorted({name for _, name, _ in parts})
    label = {name: index for index, name in enumerate(names)}
    return pd.DataFrame(
        {
            "image_id": ["/".join(part) for part in parts],
            "path": ["/".join(part) for part in parts],
            "split": [split for split, _, _ in parts],
            "label": [label[name] for _, name, _ in parts],
            "class_name": [name for _, name, _ in parts],
        }
    )


def stratified_split(labels: np.ndarray, *, validation: float, seed: int) -> np.ndarray:
    """Split of every image, `train` or `val`; each class gives the same share, at least one image each.

    The draw of a class is seeded by its name: another class more or less leaves it as it is.

    Raises:
        InputError: a class has a single image, which cannot be in both.
    """
    split = np.full(len(labels), "train", dtype=object)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = held_out(label, len(members), validation)
        split[generator(seed, "split", str(label)).permutation(members)[:count]] = "val"
    return split


def remaining(images: pd.DataFrame, exclude: str | None) -> pd.DataFrame:
    """Images of a manifest without those that are excluded.

    Args:
        images: a manifest.
        exclude: None, or `imagenet_train` for images that bear names of ImageNet's training images.

    Raises:
        InputError: another value of exclude.
    """
    if exclude is None:
        return images
    if exclude not in EXCLUSIONS:
        raise InputError(
            f"exclude: {exclude!r} is none of {', '.join(EXCLUSIONS)}; choose one, or null"
        )
    return images[[not bears_training_name(path) for path in images["path"]]]


def report_seen(images: pd.DataFrame) -> None:
    """Say in the log how many images bear names of ImageNet's training images, if any do."""
    seen = sum(map(bears_training_name, images["path"]))
    if seen:
        log.info("%d of %d images bear names of ImageNet's training images", seen, len(images))


def select(
    images: pd.DataFrame,
    *,
    split: str,
    count: int,
    seed: int,
    order: str,
    exclude: str | None = None,
) -> pd.DataFrame:
    """The first `count` images of a split in one of two orders.

    * `rounds`: seeded, and going round the classes; every beginning is as balanced as can be.
    * `log`: the order of the experiment log, whatever the seed: the files sorted by class and name as in
      torchvision's ImageFolder, then shuffled by `torch_shuffle`.

    Neither depends on `count`: a smaller selection is the beginning of a larger one.

    Args:
        images: a manifest.
        split: train or val.
        count: how many images.
        seed: of the study.
        order: rounds or log.
        exclude: images that are left out, as of `remaining`.

    Returns:
        image_id, path, label, class_name, position.

    Raises:
        InputError: the split has fewer images, or the order or what to exclude is unknown.
    """
    if order not in ORDERS:
        raise InputError(f"order: {order!r} is not an order; choose rounds or log")
    images = remaining(images[images["split"] == split], exclude)
    if count > len(images):
        left = f" without those that exclude: {exclude} leaves out" if exclude else ""
        raise InputError(
            f"count: {count} images are more than the {len(images)} of the split {split}{left}; choose "
            f"at most {len(images)}"
        )
    if order == "log":
        # paths of one class differ in the file name only
        ordered = images.sort_values(["class_name", "path"]).iloc[torch_shuffle(len(images))]
    else:
        draw = np.array([generator(seed, "images", name).random() for name in images["image_id"]])
        ordered = images.assign(draw=draw).sort_values("draw", kind="stable")
        ordered["round"] = ordered.groupby("label").cumcount()
        ordered = ordered.sort_values(["round", "draw"], kind="stable")
    ordered = ordered.head(count).assign(position=np.arange(count))
    return ordered[["image_id", "path", "label", "class_name", "position"]].reset_index(drop=True)


def select_class(
    images: pd.DataFrame,
    *,
    class_name: str | None,
    split: str,
    most: int,
    seed: int,
    exclude: str | None = None,
) -> pd.DataFrame:
    """The first images of one class, or of all, in the order `rounds` of `select`.

    Args:
        images: a manifest.
        class_name: of the class; None for all.
        split: train, val, or both.
        most: images, at most.
        seed: of the study.
        exclude: images that are left out, as of `remaining`.

    Returns:
        image_id, path, label, class_name, position, split.

    Raises:
        InputError: there is no such class, or it has no image in the split.
    """
    if class_name is not None:
        names = sorted(images["class_name"].astype(str).unique())
        if class_name not in names:
            raise InputError(
                f"class: {class_name!r} is not a class of this data set; choose one of "
                f"{', '.join(names[:20])}{', …' if len(names) > 20 else ''}, or null for all"
            )
        images = images[images["class_name"].astype(str) == class_name]
    splits = ["train", "val"] if split == "both" else [split]
    images = remaining(images[images["split"].isin(splits)], exclude)
    if images.empty:
        left = f" that exclude: {exclude} leaves" if exclude else ""
        fix = "choose both" if split != "both" else "leave exclude out, or take another class"
        raise InputError(f"split: class {class_name} has no image in {split}{left}; {fix}")
    of_image = images.set_index("image_id")["split"]
    count = min(most, len(images))
    chosen = select(
        images.assign(split="both"), split="both", count=count, seed=seed, order="rounds"
    )
    return chosen.assign(split=of_image.loc[chosen["image_id"]].to_numpy())


def torch_shuffle(n: int, seed: int = 0) -> np.ndarray:
    """The order in which torch's shuffling DataLoader goes through `n` items on the first pass.

    It is the order of `DataLoader(…, shuffle=True, generator=torch.Generator().manual_seed(seed))`, without
    torch: the loader draws a seed for its workers, two words of the Mersenne Twister, and then a
    permutation by Fisher and Yates, a word for each swap.

    Args:
        n: how many items, below 2 * 10^8 (torch draws longer words for more).
        seed: of the generator, below 2^32.

    Returns:
        (n,) a permutation of 0 … n - 1.

    Source: `randperm_cpu` in ATen/native/TensorFactories.cpp and `_BaseDataLoaderIter`, torch 2.
    """
    # seeds the Mersenne Twister as torch does
    twister = np.random.RandomState(seed)
    words = twister.randint(0, 2**32, 2 + n, dtype=np.uint32)[2:].tolist()
    order = list(range(n))
    for i in range(n - 1):
        j = i + words[i] % (n - i)
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)
