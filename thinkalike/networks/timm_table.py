"""The table of timm's architectures, `timm_models.csv`: what an entry of each takes, without timm."""

import csv
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from thinkalike.errors import did_you_mean

TABLE = Path(__file__).resolve().parents[1] / "timm_models.csv"

LONGEST_KEY, LONGEST_NAME = 64, 24
"""Characters of a key, and of the name in figures, at most."""


@cache
def timm_table() -> dict[str, dict[str, str]]:
    """Architecture → its row of the table, as text.

    The columns: module (of timm), family, layer_25 … layer_100 (module of the network, layout, prefix),
    size (native side in pixels), multiple, minimum, only (sizes that it takes), mean, std, outputs and
    classes (of its default weights), tags (of published weights, the default first).
    """
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row.pop("name"): row for row in csv.DictReader(file)}


def is_architecture(name: str) -> bool:
    """Whether the table has the architecture of a name in timm, which a tag may follow behind a dot."""
    return name.partition(".")[0] in timm_table()


def wrong_tag(name: str) -> str:
    """What is wrong with the tag of weights in a name in timm, and what to write; empty if nothing is.

    Args:
        name: of timm, with a tag behind a dot or without. An architecture that the table does not have is
            not looked at.
    """
    architecture, _, tag = name.partition(".")
    tags = timm_table().get(architecture, {}).get("tags", tag).split()
    if not tag or tag in tags:
        return ""
    if not tags:
        return f"timm has no published weights of {architecture}; write it without {tag!r}"
    near = (
        did_you_mean(tag, tags) or f"; there are {', '.join(tags[:3])}{', …' if tags[3:] else ''}"
    )
    return f"timm has no weights {tag!r} of {architecture}{near}"


MADE_FROM_IMAGENET = re.compile(r"in(w)?(1|12|21|22)k|mae|dino|lvd|m38m")
"""Tags of weights that ImageNet's training images had a part in: those that name it, and those of MAE,
FCMAE, DINO, DINOv2 and DINOv3 (LVD-142M, LVD-1689M) and EVA-02 (Merged-38M), which learned from it without
labels.
"""


def is_made_from_imagenet(name: str) -> bool:
    """Whether published weights have seen ImageNet's training images, as their tag says.

    Args:
        name: of timm, with a tag behind a dot, or without for the default weights.
    """
    architecture, _, tag = name.partition(".")
    tags = timm_table().get(architecture, {}).get("tags", "")
    known = tag or (tags.split() or [""])[0]
    return MADE_FROM_IMAGENET.search(known) is not None


def timm_entry(name: str) -> dict[str, Any]:
    """Catalogue entry of a timm architecture by its name, a tag of its weights behind the dot or none.

    Returns:
        timm, family, layout, prefix, layers, and size where not all are taken; empty if the table does
        not have the architecture.
    """
    row = timm_table().get(name.partition(".")[0])
    if row is None:
        return {}
    layers = {
        key.replace("layer", "depth"): _layer(row[key])
        for key in ("layer_25", "layer_50", "layer_75", "layer_100")
        if row[key]
    }
    last = layers["depth_100"]
    sizes = {key: int(row[key]) for key in ("multiple", "minimum", "only") if row[key]}
    return {
        "timm": name,
        "family": row["family"],
        "layout": last["layout"],
        "prefix": last["prefix"],
        "layers": layers,
        **({"size": sizes} if sizes else {}),
    }


def _layer(text: str) -> dict[str, Any]:
    module, layout, prefix = text.split()
    return {"module": module, "layout": layout, "prefix": int(prefix)}


def completed_by_timm(key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """A catalogue entry with everything that it does not say itself from timm's table.

    Sizes are those of the network without `arguments`. Its name is the key, shortened.
    """
    known = timm_entry(str(entry.get("timm", "")))
    if entry.get("arguments"):
        known.pop("size", None)
    if {"layout", "prefix"} & entry.keys() and "layers" not in entry:
        known = {k: v for k, v in known.items() if k != "layers"}
    return {**known, "name": shortened(key), **entry} if known else dict(entry)


def file_safe(name: str) -> str:
    """Key of a model by its name in timm: lower-case letters, digits and single underscores.

    `vit_tiny_patch16_224.augreg_in21k` → `vit_tiny_patch16_224_augreg_in21k`. One that would be longer
    than 64 characters ends with a hash of the name.
    """
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if not key[:1].isalpha():
        key = f"m_{key}".rstrip("_")
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[: LONGEST_KEY - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def shortened(name: str) -> str:
    """A name of at most 24 characters: the middle of a longer one is left out."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 1]}…{name[-half:]}"
