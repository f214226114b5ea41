"""A study in memory as the explorer's page has it: contents and blocks, without files and networks."""

from dataclasses import dataclass, replace
from io import BytesIO
from itertools import combinations
from typing import Any

import numpy as np
from PIL import Image
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from thinkalike.explorer.blocks import Blocks, row_codes, table_codes

FRAME = 32
CELLS = 7
CLASSES = ["cat", "dog", "ship"]
FAMILIES = [
    {"key": "cnn", "title": "CNN", "colour": "#0072B2", "symbol": "circle"},
    {"key": "transformer", "title": "transformer", "colour": "#D55E00", "symbol": "square"},
]
SEGMENTS = 16
STEP = 0.001
HOSTILE = '<img src=x onerror="window.hacked=1"></script><script>window.hacked=1</script>{{vega}}'


@dataclass(frozen=True)
class Recipe:
    """What a study in memory is made of.

    Attributes:
        name: of the study.
        models: number of models; the last of five or more is a control.
        images: number of images.
        methods: keys; kernelshap has maps on superpixels, the others grids.
        prefix: of all names of models, images and classes: what a page must show as text.
        blank: whether the first model's maps are blank, all but that of the last image.
        missing: methods of which the last model has no maps, and which the matrix leaves out.
        seed: of the maps.
    """

    name: str = "small"
    models: int = 6
    images: int = 9
    methods: tuple[str, ...] = ("gradcam", "kernelshap")
    prefix: str = ""
    blank: bool = False
    missing: tuple[str, ...] = ()
    seed: int = 0


TITLES = {"gradcam": "Grad-CAM", "kernelshap": "KernelSHAP", "lrp": "LRP"}


def contents_of(recipe: Recipe) -> tuple[dict[str, Any], Blocks]:
    """Contents of a study and the blocks that they name, as `write_page` takes them."""
    random = np.random.default_rng(recipe.seed)
    blocks = Blocks()
    maps = {method: _maps(recipe, method, random) for method in recipe.methods}
    collection = _collection(recipe, blocks, maps, random)
    cases = [
        case
        for method in recipe.methods
        if recipe.models > 1
        for case in (
            _case(recipe, blocks, method, maps[method]),
            {
                **_case(recipe, None, method, maps[method]),
                "scale": "4_x_4_cells",
                "scaleTitle": "4 × 4 cells",
            },
        )
    ]
    return {
        "format": 1,
        "study": recipe.name,
        "title": f"{recipe.prefix}{recipe.models} models on {recipe.images} images",
        "software": "thinkalike 0",
        "frame": [FRAME, FRAME],
        "dissimilarity": "chord",
        "correction": "chance",
        "unrelated": 2**0.5,
        "models": [_model(recipe, number) for number in range(recipe.models)],
        "families": FAMILIES,
        "methods": [_method(recipe, method) for method in recipe.methods],
        "classes": [f"{recipe.prefix}{name}" for name in CLASSES],
        "collections": [collection],
        "cases": cases,
        "verdict": _verdict(recipe),
        "clusterings": [_clustering(recipe, maps, random)],
    }, blocks


def key_of(number: int) -> str:
    """Key of a model by its number."""
    return f"model_{number}"


def _model(recipe: Recipe, number: int) -> dict[str, Any]:
    control = recipe.models > 4 and number == recipe.models - 1
    return {
        "key": key_of(number),
        "name": f"{recipe.prefix}Model {number}",
        "family": FAMILIES[number % 2]["key"],
        "architecture": key_of(number),
        "control": control,
        "replica": False,
        "accuracy": round(0.9 - 0.05 * number, 3),
    }


def _method(recipe: Recipe, method: str) -> dict[str, Any]:
    basis = {"kind": "grid", "rows": CELLS, "columns": CELLS}
    if method == "kernelshap":
        basis = {"kind": "segments", "rows": 0, "columns": 0}
    bases: list[dict[str, Any] | None] = [basis] * recipe.models
    if method in recipe.missing:
        bases[-1] = None
    return {
        "key": method,
        "title": TITLES[method],
        "signed": method != "gradcam",
        "maps": True,
        "compared": "as computed",
        "bases": bases,
    }


def _maps(recipe: Recipe, method: str, random: np.random.Generator) -> np.ndarray:
    """Maps (models, images, numbers): models of a family share a part, a control shares nothing."""
    numbers = SEGMENTS if method == "kernelshap" else CELLS**2
    common = random.normal(size=(recipe.images, numbers))
    of_family = random.normal(size=(2, recipe.images, numbers))
    own = random.normal(size=(recipe.models, recipe.images, numbers))
    maps = np.stack([common + of_family[model % 2] + own[model] for model in range(recipe.models)])
    if recipe.models > 4:
        maps[-1] = own[-1]
    if method == "gradcam":
        maps = np.maximum(maps, 0)
    if recipe.blank:
        maps[0, :-1] = 0
    return maps


def _collection(
    recipe: Recipe, blocks: Blocks, maps: dict[str, np.ndarray], random: np.random.Generator
) -> dict[str, Any]:
    side = int(SEGMENTS**0.5)
    places = np.arange(FRAME) * side // FRAME
    labels = (places[:, None] * side + places).astype(np.uint8)
    blocks.add_numbers("segments", np.stack([labels.ravel()] * recipe.images))
    blocks.add_files(
        "study/pictures", [_picture(random) for _ in range(recipe.images)], "image/png"
    )
    found: dict[str, dict[str, str]] = {}
    for method, values in maps.items():
        found[method] = {}
        for model in range(recipe.models - (method in recipe.missing)):
            name = f"maps/{method}/{key_of(model)}"
            codes, scale = row_codes(values[model])
            found[method][key_of(model)] = blocks.add_numbers(name, codes, scale)
    classes = [image % len(CLASSES) for image in range(recipe.images)]
    predicted = random.integers(len(CLASSES), size=(recipe.models, recipe.images))
    right = random.uniform(size=predicted.shape) < 0.8
    return {
        "key": "study",
        "title": "The study's images",
        "ids": [f"{CLASSES[label]}/{image}.png" for image, label in enumerate(classes)],
        "classes": classes,
        "captions": [f"{recipe.prefix}{image}.png" for image in range(recipe.images)],
        "pictures": "study/pictures",
        "segments": "segments",
        "segmentSize": [FRAME, FRAME],
        "maps": found,
        "predictions": {
            key_of(model): {
                "classes": np.where(right[model], classes, predicted[model]).tolist(),
                "probabilities": random.uniform(0.4, 1, recipe.images).round(3).tolist(),
                "truth": random.uniform(0, 1, recipe.images).round(3).tolist(),
            }
            for model in range(recipe.models)
        },
    }


def _picture(random: np.random.Generator) -> bytes:
    file = BytesIO()
    coarse = random.integers(0, 255, (4, 4, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((FRAME, FRAME), Image.Resampling.BICUBIC).save(file, "PNG")
    return file.getvalue()


def _case(recipe: Recipe, blocks: Blocks | None, method: str, maps: np.ndarray) -> dict[str, Any]:
    """A comparison; with what images say where there are blocks."""
    models = list(range(recipe.models - (method in recipe.missing)))
    with np.errstate(invalid="ignore"):
        unit = maps / np.linalg.norm(maps, axis=2, keepdims=True)
    similarity = np.einsum("inp,jnp->ijn", unit, unit)
    mismatched = np.einsum("inp,jmp->ijnm", unit, unit)
    off = ~np.eye(recipe.images, dtype=bool)
    a, b = zip(*combinations(models, 2), strict=True)
    rows = similarity[list(a), list(b)]
    chance = np.array(
        [
            np.nanmean(mismatched[i, j][off]) if recipe.images > 1 else 0
            for i, j in zip(a, b, strict=True)
        ]
    )
    n = np.isfinite(rows).sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nanmean(rows, 1)
        rho = (mean - chance) / (1 - chance)
        reach = 2 * np.nanstd(rows, 1) / np.sqrt(n) / (1 - chance)
    chord = np.sqrt(np.maximum(2 * (1 - rho), 0))
    per_image = None
    if blocks is not None:
        influence = (rows - mean[:, None]) / (1 - chance[:, None])
        nulls = np.random.default_rng(1).integers(0, 50, (len(a), 60)).astype(np.uint16)
        per_image = {
            "collection": "study",
            "images": recipe.images,
            "values": blocks.add_numbers(f"{method}/values", table_codes(rows, STEP), STEP),
            "influence": blocks.add_numbers(
                f"{method}/influence", table_codes(influence, STEP), STEP
            ),
            "nulls": blocks.add_numbers(f"{method}/nulls", nulls),
            "nullRange": [-1, 1],
        }
    return {
        "method": method,
        "metric": "cosine",
        "scale": "compared",
        "scaleTitle": "as computed",
        "subset": "all",
        "subsetTitle": "all images",
        "models": models,
        "pairs": {
            "a": list(a),
            "b": list(b),
            "category": [_category(recipe, *pair) for pair in zip(a, b, strict=True)],
            "seed": [False] * len(a),
            "n": n.tolist(),
            "mean": plain(mean),
            "chance": plain(chance),
            "rho": plain(rho),
            "low": plain(rho - reach),
            "high": plain(rho + reach),
            "dissimilarity": plain(chord),
            "dissimilarityLow": plain(chord - 0.1),
            "dissimilarityHigh": plain(chord + 0.1),
            "notConverged": [None] * len(a),
        },
        **_tree(models, chord),
        "perImage": per_image,
    }


def _category(recipe: Recipe, a: int, b: int) -> str:
    if recipe.models > 4 and recipe.models - 1 in (a, b):
        return "control"
    return "same family" if a % 2 == b % 2 else "different families"


def _tree(models: list[int], chord: np.ndarray) -> dict[str, Any]:
    merges = linkage(chord, "average")
    distances = squareform(chord) ** 2
    centre = np.eye(len(models)) - 1 / len(models)
    values, vectors = np.linalg.eigh(-centre @ distances @ centre / 2)
    points = vectors[:, :-3:-1] * np.sqrt(np.maximum(values[:-3:-1], 0))
    return {
        "order": leaves_list(merges).tolist(),
        "tree": {
            "linkage": "average",
            "leaves": models,
            "merges": merges.tolist(),
            "support": [0.7] * (len(models) - 2) + [None],
        },
        "embeddings": {"pca": points.tolist(), "mds": points[:, ::-1].tolist()},
        "communities": [model % 2 for model in models],
    }


def _verdict(recipe: Recipe) -> list[dict[str, str]]:
    method = recipe.methods[0]
    link = f"view=pair&method={method}&a={key_of(0)}&b={key_of(1)}"
    return [
        {
            "topic": recipe.prefix + TITLES[method],
            "text": f"{recipe.prefix}Two models are close.",
            "link": link,
        },
        {"topic": "Limits", "text": "Few images.", "link": ""},
    ]


def _clustering(
    recipe: Recipe, maps: dict[str, np.ndarray], random: np.random.Generator
) -> dict[str, Any]:
    """Images of one model's maps in two clusters."""
    labels = [image % 2 for image in range(recipe.images)]
    clusters = [
        {
            "label": label,
            "title": f"{recipe.prefix}cluster {label}",
            "size": labels.count(label),
            "known": {"most frequent class": f"{recipe.prefix}cat", "share": 0.5},
            "nearest": [image for image in range(recipe.images) if labels[image] == label],
        }
        for label in sorted(set(labels))
    ]
    result = {
        "key": "full/random_walk",
        "title": "full graph, random walk",
        "says": "Two clusters, stable.",
        "x": random.normal(size=recipe.images).round(3).tolist(),
        "y": random.normal(size=recipe.images).round(3).tolist(),
        "labels": labels,
        "clusters": clusters,
    }
    return {
        "key": f"spectral/{key_of(0)}",
        "title": f"Maps of {recipe.prefix}Model 0",
        "kind": "spectral",
        "collection": "study",
        "maps": recipe.methods[0],
        "results": [result],
        "telling": 0,
        "images": list(range(recipe.images)),
        "models": [key_of(0)] * recipe.images,
        "clusterMaps": None,
        "clusterBasis": None,
        "mapped": [],
    }


def plain(values: np.ndarray) -> list[float | None]:
    """Numbers for JSON, None where there is none."""
    return [float(value) if np.isfinite(value) else None for value in values]


def changed(**changes: Any) -> Recipe:
    """The usual recipe with changes."""
    return replace(Recipe(), **changes)
