"""Data sets as one layout: an ImageFolder `<split>/<class>/*` and a manifest of its images."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageOps

from thinkalike.downloads import extract
from thinkalike.errors import InputError
from thinkalike.jobs import generator, log, progress

SPLITS = ("train", "val")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What image files are decoded as, whatever their suffix: Pillow would give some of the others to an
interpreter of PostScript."""
MANIFEST = ("image_id", "path", "split", "label", "class_name")
ORDERS = ("rounds", "log")
ARCHIVES = {
    "imagenette": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2.tgz",
        "md5:fe2fc210e6bb7c5664d602c3cd71e612",
    ),
    "imagenette_320": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz",
        "md5:3df6f0d01a2c9592104656642f5e78a3",
    ),
    "imagenette_160": (
        "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-160.tgz",
        "md5:e793b78cc4c9e9a4ccc0c1155377a412",
    ),
    "cifar10": (
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        "md5:c32a1d4ab5d03f1284b67883e8d87530",
    ),
}
"""Address and checksum of the data sets that are downloaded, as their makers and torchvision give
them; full size, 320 and 160 pixels on the shorter side of one choice of ten classes of ImageNet."""
# in Imagenette: tench, English springer, cassette player, chain saw, church, French horn, garbage
# truck, gas pump, golf ball, parachute
PHOTOGRAPHS = {
    "n01440764": "china",
    "n02102040": "flower",
    "n02979186": "astronaut",
    "n03000684": "camera",
    "n03028079": "chelsea",
    "n03394916": "coffee",
    "n03417042": "coins",
    "n03425413": "hubble_deep_field",
    "n03445777": "retina",
    "n03888257": "rocket",
}
"""Synset of Imagenette → the photograph that stands in for it in `make_samples`."""


def make_digits(folder: Path, *, validation: float, seed: int) -> pd.DataFrame:
    """Write scikit-learn's 1,797 digits as an ImageFolder of 8 x 8 grey PNGs.

    Args:
        folder: where `<split>/<class>/<number>.png` go.
        validation: share of each class that goes into the split `val`.
        seed: of the split.

    Returns:
        The manifest: image_id, path (relative to `folder`), split, label, class_name.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    split = stratified_split(digits.target, validation=validation, seed=seed)
    paths = [f"{split[i]}/{digits.target[i]}/{i:04d}.png" for i in range(len(pixels))]
    for path, image in zip(paths, pixels, strict=True):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / path)
    return manifest(paths)


def link_folder(folder: Path, source: Path, *, validation: float, seed: int) -> pd.DataFrame:
    """Lay out the user's own images as an ImageFolder of links.

    Args:
        folder: where the links go.
        source: the user's folder, `<class>/*` or, with a split of its own, `train|val/<class>/*`.
        validation: share of each class that goes into the split `val`, if there is no split yet.
        seed: of that split.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: no such folder, no class in it, a class without an image, a class in one split
            only.
    """
    if not source.is_dir():
        raise InputError(f"dataset.path: {source} is not a folder; give an ImageFolder <class>/*")
    if _has_split(source):
        found = _split_files(source)
    else:
        classes = _classes(source)
        labels = np.repeat(list(classes), [len(files) for files in classes.values()])
        split_of = stratified_split(labels, validation=validation, seed=seed)
        pairs = [(name, file) for name, files in classes.items() for file in files]
        found = [
            (f"{split}/{name}/{file.name}", file)
            for split, (name, file) in zip(split_of, pairs, strict=True)
        ]
    for path, file in found:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(file.resolve())
    return manifest([path for path, _ in found])


def make_samples(folder: Path, *, seed: int) -> pd.DataFrame:
    """Write crops of ten photographs in the shape of Imagenette, without any download.

    A class is 14 random crops, between 224 and 288 pixels wide and high, of one photograph that
    comes inside scikit-learn (two of them) or scikit-image (eight, two of them grey), under the
    name of a synset that it does not show. **The labels mean nothing**, train and val overlap, and
    no accuracy on them says anything: this is for trying out a study of Imagenette.

    Args:
        folder: where `<split>/<synset>/<synset>_<number>.JPEG` go, 6 to train and 8 to val.
        seed: of the crops.

    Returns:
        The manifest, as for `make_digits`.
    """
    import skimage.data
    from sklearn.datasets import load_sample_image

    paths = []
    for synset, name in PHOTOGRAPHS.items():
        if name in ("china", "flower"):
            pixels = load_sample_image(f"{name}.jpg")
        else:
            pixels = getattr(skimage.data, name)()
        photograph = Image.fromarray(pixels)
        # smaller ones have more to see in a crop, and no crop of one colour
        photograph.thumbnail((640, 640))
        for number in range(14):
            draw = generator(seed, "samples", synset, number)
            size = draw.integers(224, 289, 2)
            left, top = draw.integers(0, np.array(photograph.size) - size + 1)
            path = f"{'train' if number < 6 else 'val'}/{synset}/{synset}_{number:02d}.JPEG"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            crop = photograph.crop((left, top, left + size[0], top + size[1]))
            crop.save(folder / path, quality=90)
            paths.append(path)
    return manifest(paths)


def unpack_folder(folder: Path, archive: Path) -> pd.DataFrame:
    """Lay out an archive that holds an ImageFolder with train/ and val/, at its top or below it.

    Files that are no images, and those that macOS adds, are left out.

    Args:
        folder: where `<split>/<class>/*` go.
        archive: tar or zip.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: the archive is damaged, unsafe, or has no train/ and val/ with the same classes
            and an image in each.
    """
    with _unpacked(archive, folder) as content:
        roots = [found.parent for found in content.rglob("train") if _has_split(found.parent)]
        if not roots:
            raise InputError(f"{archive} has no folder with train/ and val/ in it; pack one")
        try:
            files = _split_files(min(roots, key=lambda root: (len(root.parts), root)))
        except InputError as error:
            raise InputError(str(error).replace(str(content), str(archive))) from None
        for path, file in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            file.rename(folder / path)
    return manifest([path for path, _ in files])


def unpack_cifar10(folder: Path, archive: Path) -> pd.DataFrame:
    """Lay out CIFAR-10's binary version as PNGs of 32 x 32: its five batches in train, its test in val.

    A record is a byte for the label and 3 x 32 x 32 bytes of red, green and blue. A file is
    numbered by the place of its record in its split.

    Args:
        folder: where `<split>/<class>/<number>.png` go.
        archive: cifar-10-binary.tar.gz, or one laid out as it.

    Returns:
        The manifest, as for `make_digits`.

    Raises:
        InputError: the archive is damaged or unsafe, or lacks a file or part of one.

    Source: https://www.cs.toronto.edu/~kriz/cifar.html
    """
    paths = []
    with _unpacked(archive, folder) as content:
        files = {file.name: file for file in sorted(content.rglob("*"))}
        batches = {
            "train": [f"data_batch_{number}.bin" for number in range(1, 6)],
            "val": ["test_batch.bin"],
        }
        missing = {"batches.meta.txt", *batches["train"], *batches["val"]} - set(files)
        if missing:
            raise InputError(
                f"{archive} lacks {', '.join(sorted(missing))}; take CIFAR-10's binary version"
            )
        names = files["batches.meta.txt"].read_text().split()
        # folders are called so
        if len(set(names)) < len(names) or not all(re.fullmatch(r"\w+", name) for name in names):
            raise InputError(
                f"{archive}: batches.meta.txt is no list of names of classes; fetch the archive again"
            )
        for name in names:
            for split in SPLITS:
                (folder / split / name).mkdir(parents=True)
        for split, parts in batches.items():
            content_of_split = b"".join(files[name].read_bytes() for name in parts)
            if len(content_of_split) % 3073:
                raise InputError(f"{archive}: a record of {split} is cut; fetch the archive again")
            records = np.frombuffer(content_of_split, np.uint8).reshape(-1, 3073)
            if records[:, 0].max(initial=0) >= len(names):
                raise InputError(
                    f"{archive}: a label of {split} is not below {len(names)}, the number of names "
                    "in batches.meta.txt; fetch the archive again"
                )
            labels, pixels = records[:, 0], records[:, 1:].reshape(-1, 3, 32, 32)
            for number in progress(range(len(records)), what=split, total=len(records)):
                path = f"{split}/{names[labels[number]]}/{number:05d}.png"
                Image.fromarray(pixels[number].transpose(1, 2, 0)).save(folder / path)
                paths.append(path)
    return manifest(paths)


def replace_folder(folder: Path, new: Path) -> None:
    """Put a freshly made folder in the place of an older one; killed in between, there is none."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _unpacked(archive: Path, folder: Path) -> Iterator[Path]:
    """The content of an archive for a while, on the same file system as `folder`."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".") as content:
        extract(archive, Path(content))
        yield Path(content)


def _has_split(folder: Path) -> bool:
    return all((folder / split).is_dir() for split in SPLITS)


def _split_files(source: Path) -> list[tuple[str, Path]]:
    """`<split>/<class>/<name>` and file of all images of an ImageFolder with train/ and val/."""
    per_split = {split: _classes(source / split) for split in SPLITS}
    only_one = set(per_split["train"]) ^ set(per_split["val"])
    if only_one:
        raise InputError(
            f"{source}: the classes {', '.join(sorted(only_one))} are in one of train and val "
            "only; give both the same classes"
        )
    return [
        (f"{split}/{name}/{file.name}", file)
        for split, classes in per_split.items()
        for name, files in classes.items()
        for file in files
    ]


def _classes(folder: Path) -> dict[str, list[Path]]:
    """Class name → image files, both sorted; every class has at least one image."""
    classes = {
        entry.name: sorted(
            # on other file systems macOS keeps its notes on `x.jpg` in `._x.jpg`
            f
            for f in entry.iterdir()
            if f.suffix.lower() in SUFFIXES and not f.name.startswith("._")
        )
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith(".")
    }
    if not classes:
        raise InputError(f"{folder} has no class folders; lay the images out as <class>/<image>")
    empty = [name for name, files in classes.items() if not files]
    if empty:
        raise InputError(
            f"{folder}: no image in class {', '.join(empty)}; add images "
            f"({', '.join(SUFFIXES)}) or remove the folder"
        )
    return classes


def manifest(paths: Sequence[str]) -> pd.DataFrame:
    """The table of an ImageFolder's images; label = rank of the class name, as in torchvision."""
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
    """`train` or `val` for every image; each class gives the same share, at least one image each.

    The draw of a class is seeded by its name: another class more or less leaves it as it is.

    Raises:
        InputError: a class has a single image, which cannot be in both.
    """
    split = np.full(len(labels), "train", dtype=object)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise InputError(
                f"class {label} has a single image, which cannot be both trained on and "
                "held out; add images to it, or lay them out as train/ and val/ yourself"
            )
        count = int(np.clip(round(validation * len(members)), 1, len(members) - 1))
        split[generator(seed, "split", str(label)).permutation(members)[:count]] = "val"
    return split


def select(images: pd.DataFrame, *, split: str, count: int, seed: int, order: str) -> pd.DataFrame:
    """The first `count` images of a split in one of two orders.

    * `rounds`: seeded, and going round the classes; every beginning has the classes as balanced as
      can be.
    * `log`: that of the experiment log, whatever the seed: the files sorted by class and name as in
      torchvision's ImageFolder, then shuffled by `torch_shuffle`.

    Neither depends on `count`: a smaller selection is the beginning of a larger one.

    Args:
        images: a manifest.
        split: train or val.
        count: how many images.
        seed: of the study.
        order: rounds or log.

    Returns:
        image_id, path, label, class_name, position.

    Raises:
        InputError: there are not so many images, or there is no such order.
    """
    if order not in ORDERS:
        raise InputError(f"images.order: {order!r} is not an order; choose rounds or log")
    images = images[images["split"] == split]
    if count > len(images):
        raise InputError(
            f"images.count: {count} images asked for, the split {split} has {len(images)}; "
            f"ask for at most {len(images)}"
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
    images: pd.DataFrame, *, class_name: str | None, split: str, most: int, seed: int
) -> pd.DataFrame:
    """Images of one class, or of all, in the order `rounds` of `select`: as many as there are, at most.

    Args:
        images: a manifest.
        class_name: of the class; None for all.
        split: train, val, or both.
        most: how many images.
        seed: of the study.

    Returns:
        image_id, path, label, class_name, position, split.

    Raises:
        InputError: there is no such class, or it has no image in the split.
    """
    if class_name is not None:
        names = sorted(images["class_name"].astype(str).unique())
        if class_name not in names:
            raise InputError(
                f"spectral.class: {class_name!r} is not a class of this data set; choose one of "
                f"{', '.join(names[:20])}{', …' if len(names) > 20 else ''}, or null for all"
            )
        images = images[images["class_name"].astype(str) == class_name]
    if split != "both":
        images = images[images["split"] == split]
    if images.empty:
        raise InputError(f"spectral.split: class {class_name} has no image in {split}; choose both")
    of_image = images.set_index("image_id")["split"]
    count = min(most, len(images))
    chosen = select(
        images.assign(split="both"), split="both", count=count, seed=seed, order="rounds"
    )
    return chosen.assign(split=of_image.loc[chosen["image_id"]].to_numpy())


def torch_shuffle(n: int, seed: int = 0) -> np.ndarray:
    """The order in which torch's shuffling DataLoader goes through `n` items on the first pass.

    That of `DataLoader(…, shuffle=True, generator=torch.Generator().manual_seed(seed))`, without
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


def open_image(path: str | Path) -> Image.Image:
    """An image file as RGB at its own size, upright by its EXIF tag.

    What is transparent lies on white, as most viewers show it: the colours that a file has below
    its transparent parts are arbitrary, and a model would see them.

    Raises:
        InputError: the file is missing, no image, or has more than 8 bits a channel, which Pillow
            would clip to white without a word.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            mode = image.mode
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                upright = upright.convert("RGBA")
                white = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(white, upright)
            rgb = upright.convert("RGB")
    except FileNotFoundError:
        raise InputError(
            f"the image {path} is missing; put it back, or remake the data set "
            "(snakemake -R download_dataset)"
        ) from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            f"the image {path} cannot be read ({reason}); replace it or take it out of the data set"
        ) from None
    if mode.startswith("I") or mode == "F":
        raise InputError(
            f"the image {path} has more than 8 bits a channel (mode {mode}); convert it to 8 bits, "
            "with the contrast that you want"
        )
    return rgb


def load_image(path: str | Path, size: int) -> np.ndarray:
    """`open_image` resized bilinearly to a square, uncropped: (size, size, 3) uint8."""
    return np.asarray(open_image(path).resize((size, size), Image.Resampling.BILINEAR))


def load_images(paths: Sequence[str], size: int) -> np.ndarray:
    """`load_image` of many: (N, size, size, 3) uint8; every bad file is named in one error."""
    images = np.empty((len(paths), size, size, 3), np.uint8)
    problems = []
    for index, path in enumerate(paths):
        try:
            images[index] = load_image(path, size)
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("; ".join(problems))
    return images


def report_constant(images: np.ndarray, names: Sequence[str]) -> None:
    """Warn of images of one colour: models see nothing in them, and their maps say little."""
    constant = np.ptp(images.reshape(len(images), -1, images.shape[-1]), axis=1).max(1) == 0
    if constant.any():
        named = ", ".join(np.asarray(names)[constant])
        log.warning("%s: an image of one colour; maps that come out blank are left out", named)
