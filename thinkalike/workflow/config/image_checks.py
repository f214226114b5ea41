"""Checks of a study's data set and of its numbers of images."""

from collections.abc import Iterator
from pathlib import Path

from thinkalike.compare.subsets import parse
from thinkalike.errors import did_you_mean, joined
from thinkalike.images.contents import OF_DIGITS, PUBLISHED, Contents
from thinkalike.methods import METHODS
from thinkalike.workflow.config.settings import (
    Config,
    base_method,
    cells_of_segments,
    clustered_models,
    image_counts,
    mapped_class_of,
    mapped_models,
    selected_entries,
)

DOWNLOADED = ("imagenette", "imagenette_320", "imagenette_160", "cifar10", "archive")

KEYS_OF_KINDS = {
    "path": ("folder",),
    "url": ("archive",),
    "checksum": DOWNLOADED,
    "mirror": DOWNLOADED,
}
"""Key of `dataset` → kinds of data set that have it."""

NEEDED = {"archive": ("name", "url", "checksum"), "folder": ("name", "path")}
"""Kind of data set → keys that it needs."""

SHARED = ("benchmarks", "published")
"""Folders of `results/` that are no study's."""


def study(config: Config) -> Iterator[str]:
    """Name of a study that another folder has."""
    if config["study"] in SHARED:
        yield f"study: results/{config['study']}/ is not a study's; give the study another name"


def dataset(config: Config) -> Iterator[str]:
    """Keys that a kind of data set lacks or does not have, names that are taken, and missing folders."""
    values = config["dataset"]
    kind, name = values["kind"], values["name"]
    for key, kinds in KEYS_OF_KINDS.items():
        if key in values and kind not in kinds:
            yield f"dataset.{key}: the kind {kind} has no {key}; remove it"
    for key in NEEDED.get(kind, ()):
        if values.get(key) is None:
            yield f"dataset.{key}: the kind {kind} needs it; give it"
    if name != kind and name in (*OF_DIGITS, *PUBLISHED):
        yield f"dataset.name: {name!r} is a built-in data set; give yours a name of its own"
    if kind == "folder" and not Path(values.get("path", ".")).is_dir():
        yield f"dataset.path: {values['path']!r} is not a folder; fix the path"


def segments(config: Config) -> Iterator[str]:
    """Regions that an image cannot have, keys of another kind, and masks that are not there."""
    values, size = config["segments"], config["images"]["size"]
    kind, path = values["kind"], values["path"]
    if values["cells"] is not None and kind != "grid":
        yield f"segments.cells: the kind {kind} has no cells; remove it, or set kind: grid"
    if path is not None and kind != "file":
        yield f"segments.path: the kind {kind} has no path; remove it, or set kind: file"
    if kind == "slic" and (values["at_least"] or 0) > (most := min(values["count"], size**2)):
        of = "segments.count" if most == values["count"] else "the pixels of images.size"
        yield f"segments.at_least: {values['at_least']} is more than {of}, {most}; give at most {most}"
    if kind == "grid" and cells_of_segments(config) > size:
        yield (
            f"segments.cells: {values['cells']} cells a side are more than the {size} pixels of "
            f"images.size; give at most {size}"
        )
    if kind == "file" and path is None:
        yield "segments.path: the kind file needs it; give a folder or a file of masks"
    elif kind == "file" and not Path(path).exists():
        yield f"segments.path: there is no {path!r}; fix the path"


def training_split(config: Config) -> Iterator[str]:
    """Splits to learn from that the data set lacks."""
    kind = config["dataset"]["kind"]
    places = {"training": config["training"]}
    places |= {
        f"catalogue.{key}.training": entry.get("training", {})
        for key, entry in selected_entries(config).items()
    }
    for place, training in places.items():
        if training.get("split", "train") != "train" and kind != "planted_digits":
            yield (
                f"{place}.split: the kind {kind} has no split {training['split']}; set train, or "
                "dataset.kind to planted_digits"
            )


def chance(config: Config) -> Iterator[str]:
    """Methods with maps of one image, which are not compared with those of different images."""
    if config["similarity"]["correction"] != "chance":
        return
    for method, images in image_counts(config).items():
        if images < 2 and METHODS[base_method(config, method)].has_maps:
            yield (
                f"similarity.correction: {method} explains one image, and chance takes maps of different "
                "images; explain two at least, or set none"
            )


def count(config: Config, held: Contents) -> Iterator[str]:
    """More images than the split has."""
    images = config["images"]
    most = held.images(images["split"], images["exclude"])
    left = f" that images.exclude: {images['exclude']} leaves" if images["exclude"] else ""
    if images["count"] > most:
        fix = f"give at most {most}" if most else "leave exclude out, or take other images"
        yield (
            f"images.count: {images['count']} is more than the {most} images of {images['split']}{left}; "
            f"{fix}"
        )


def single_class(config: Config, held: Contents) -> Iterator[str]:
    """Images of one class alone, for models that learn to tell classes apart."""
    learners = [
        key
        for key, entry in selected_entries(config).items()
        if entry.get("weights", config["weights"]) in ("trained", "finetuned")
        or entry.get("head") == "probe"
    ]
    if len(held.classes) == 1 and learners:
        yield (
            f"dataset.path: all images are of one class, {held.classes[0]}, so that "
            f"{', '.join(learners[:3])}{', …' if learners[3:] else ''} have nothing to learn; add another "
            "class, or set weights: pretrained"
        )


def counts(config: Config) -> Iterator[str]:
    """Subsets and clusters that need more images than there are."""
    number = config["images"]["count"]
    for index, subset in enumerate(config["subsets"]):
        if (parse(subset)[1] or 0) >= number:
            yield (
                f"subsets.{index}: {subset} is not fewer than images.count, {number}; leave it out"
            )
    clusters = config["neon"]["clusters"] or 0
    if clustered_models(config) and clusters > number:
        yield (
            f"neon.clusters: {clusters} is more than images.count, {number}; give fewer, or more images"
        )


def moved_pixels(config: Config) -> Iterator[str]:
    """Images moved by so much that a part of them is lost."""
    pixels, size = config["ceilings"]["pixels"], config["images"]["size"]
    if 4 * pixels >= size:
        yield (
            f"ceilings.pixels: {pixels} is too much for images.size, {size}; give less than a quarter "
            f"of it, at most {(size - 1) // 4}"
        )


def subsampling(config: Config) -> Iterator[str]:
    """Sizes of two kinds, shares that are none, and more images than there are."""
    sizes, number = config["subsampling"]["sizes"], config["images"]["count"]
    if len({type(size) for size in sizes}) > 1:
        yield (
            "subsampling.sizes: shares of images.count and numbers of images are mixed; give all sizes "
            "in one way"
        )
        return
    for index, size in enumerate(sizes):
        where = f"subsampling.sizes.{index}"
        if isinstance(size, float) and size >= 1:
            yield (
                f"{where}: {size} is no share of images.count; give shares between 0 and 1, or whole "
                "numbers"
            )
        elif size > number:
            yield (
                f"{where}: {size} is more than images.count, {number}; without replacement at most "
                f"{number} can be drawn"
            )


def smallest_subsample(config: Config) -> Iterator[str]:
    """Methods that explain fewer images than the smallest subsample has."""
    least, number = min(config["subsampling"]["sizes"], default=0), config["images"]["count"]
    for method, images in image_counts(config).items():
        if images < least <= number:
            yield (
                f"subsampling.sizes: none is as small as the {images} images that {method} explains; add "
                "one, or give shares"
            )


def mapped_class(config: Config, held: Contents) -> Iterator[str]:
    """A class of the spectral study that the data set lacks."""
    name = mapped_class_of(config)
    if mapped_models(config) and name is not None and name not in held.classes:
        more = ", …" if held.classes[20:] else ""
        yield joined(
            f"spectral.class: {name!r} is not a class of this data set"
            f"{did_you_mean(name, held.classes)}",
            f'choose one of {", ".join(held.classes[:20])}{more}, or "*" for all',
        )
