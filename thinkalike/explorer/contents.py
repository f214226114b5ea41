"""The contents of the explorer's page, from the files of a study: `Contents` of `page/types.js`."""

from collections import Counter
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from thinkalike.compare.scales import scale_name, scale_of
from thinkalike.compare.similarity import Comparison
from thinkalike.explorer.blocks import Blocks
from thinkalike.explorer.cases import scale_cases, study_case, together
from thinkalike.explorer.clusterings import neon_clustering, spectral_clusterings
from thinkalike.explorer.families import families
from thinkalike.explorer.folder import StudyFolder
from thinkalike.explorer.links import sentence_link
from thinkalike.explorer.maps import Source, add_maps, pixel_side
from thinkalike.explorer.per_image import ImagesOfPairs
from thinkalike.explorer.pictures import Classes, add_pictures, add_segments, predictions
from thinkalike.methods import method_name
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.damage import read_json
from thinkalike.stores.maps import open_maps
from thinkalike.stores.tables import read_table

FORMAT = 1
"""Format of the contents; the page refuses any other."""


def study_contents(
    study: StudyFolder, *, dissimilarity: str = "chord", correction: str = "chance"
) -> tuple[dict[str, Any], Blocks]:
    """Contents of a study, and the blocks that they name.

    Args:
        study: what is shown of it.
        dissimilarity: chord or rms.
        correction: chance or none.

    Raises:
        InputError: a file is missing, damaged, or does not fit the others.
    """
    blocks, classes = Blocks(), Classes()
    names = dict(zip(study.keys, study.models["name"].astype(str), strict=True))
    methods, maps = _methods(study, blocks)
    collections = [_study_collection(study, blocks, classes, maps)]
    clusterings = []
    if study.spectral:
        method = _spectral_method(study)
        prepared = (
            study.clustered or study.comparison(method) or Comparison("cosine", "signed", "none")
        )
        collections.append(_class_collection(study, blocks, classes, method, prepared.sign))
        clusterings += spectral_clusterings(study, names, prepared, collections[1])
    clusterings += [neon_clustering(study, model, names[model], blocks) for model in study.neon]
    scales = {method["key"]: method["compared"] for method in methods}
    pairs = ImagesOfPairs(blocks, study)
    cases = [study_case(study, key, pairs, scales[key.method]) for key in study.cases]
    for method, metric in _first_metrics(study).items():
        cases += scale_cases(study, method, metric, scales[method])
    count = len(study.images)
    name = study.folder.resolve().name
    return {
        "format": FORMAT,
        "study": name,
        "title": _title(study, count),
        "software": _software(),
        "frame": list(study.frame),
        "dissimilarity": dissimilarity,
        "correction": correction,
        "unrelated": round(2**0.5, 5)
        if dissimilarity == "chord" and correction == "chance"
        else None,
        "models": _models(study),
        "families": families(study.models),
        "methods": methods,
        "classes": classes.titles,
        "collections": collections,
        "cases": cases,
        "verdict": _verdict(study),
        "clusterings": clusterings,
    }, blocks


def _title(study: StudyFolder, images: int) -> str:
    models = int((~study.models["replica"].astype(bool)).sum())
    methods = [method_name(method) for method in study.methods]
    by = f"{', '.join(methods[:-1])} and {methods[-1]}" if methods[1:] else "".join(methods)
    return f"{models} models on {images} image{'s' if images > 1 else ''}, by {by}"


def _software() -> str:
    try:
        return f"thinkalike {version('thinkalike')}"
    except PackageNotFoundError:  # a checkout that is not installed
        return "thinkalike"


def _models(study: StudyFolder) -> list[dict[str, Any]]:
    found = []
    for row in study.models.to_dict("records"):
        table = study.predictions(row["model"])
        known = table is not None and "correct" in table
        right = table["correct"].mean() if table is not None and known else None
        found.append(
            {
                "key": row["model"],
                "name": str(row["name"]),
                "family": "" if pd.isna(row["family"]) else str(row["family"]),
                "architecture": str(row["architecture"]),
                "control": bool(row["untrained"]),
                "replica": bool(row["replica"]),
                "accuracy": None if right is None else round(float(right), 4),
            }
        )
    return found


def _first_metrics(study: StudyFolder) -> dict[str, str]:
    """Method → the first metric by which it is compared; scales are measured by it."""
    first: dict[str, str] = {}
    for key in study.cases:
        first.setdefault(key.method, key.metric)
    return first


def _methods(
    study: StudyFolder, blocks: Blocks
) -> tuple[list[dict[str, Any]], dict[str, dict[str, str]]]:
    """Methods as the page has them, and method → model → block of its maps."""
    files = {
        (method, model): path
        for method in study.methods
        for model in study.keys
        if (path := study.maps_file(method, model))
    }
    count = _maps_on_pixels(set(files.values()))
    described: list[dict[str, Any]] = []
    maps: dict[str, dict[str, str]] = {}
    for method in study.methods:
        comparison = study.comparison(method)
        sign = comparison.sign if comparison else "signed"
        pool = comparison.pool if comparison else None
        side = pixel_side(study.frame, count, max(scale_of(pool), 1))
        bases: list[dict[str, Any] | None] = []
        maps[method] = {}
        for model in study.keys:
            path = files.get((method, model))
            if path is None:
                bases.append(None)
                continue
            block = f"maps/{method}/{model}"
            source = Source(path, sign, study.superpixels)
            bases.append(add_maps(blocks, block, source, side))
            maps[method][model] = block
        described.append(
            {
                "key": method,
                "title": method_name(method),
                "signed": sign == "signed",
                "maps": bool(maps[method]),
                "compared": scale_name(scale_of(pool)),
                "bases": bases,
            }
        )
    return described, maps


def _maps_on_pixels(files: Collection[Path]) -> int:
    """Number of maps on pixels: a method has the same kind of basis, and as many maps, for all models."""
    count = 0
    for folder, number in Counter(path.parent for path in files).items():
        with open_maps(next(path for path in files if path.parent == folder)) as file:
            count += number * file.count if file.basis == "pixels" else 0
    return count


def _study_collection(
    study: StudyFolder, blocks: Blocks, classes: Classes, maps: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    segments, size = None, [0, 0]
    if study.segments:
        segments, size = add_segments(blocks, "segments", study.segments)
    predicted = {model: study.predictions(model) for model in study.keys}
    return {
        **_images(study, blocks, classes, study.images, ("study", "The study's images")),
        "segments": segments,
        "segmentSize": size,
        "maps": maps,
        "predictions": _predictions(predicted, classes),
    }


def _class_collection(
    study: StudyFolder, blocks: Blocks, classes: Classes, method: str, sign: str
) -> dict[str, Any]:
    """Images whose maps are clustered."""
    table = read_table(study.path("spectral", "images.parquet"), ["image_id", "path", "class_name"])
    models = list(dict.fromkeys(m for case in study.spectral.values() for m in case))
    files = {model: study.path("spectral", "explanations", f"{model}.nc") for model in models}
    side = pixel_side(study.frame, 4 * len(models) * len(table), 1)
    for model, path in files.items():
        add_maps(blocks, f"class/maps/{model}", Source(path, sign), side)
    predicted = {
        model: study.table("spectral", "predictions", f"{model}.parquet") for model in models
    }
    return {
        **_images(study, blocks, classes, table, ("class", "Images whose maps are clustered")),
        "segments": None,
        "segmentSize": [0, 0],
        "maps": {method: {model: f"class/maps/{model}" for model in models}},
        "predictions": _predictions(predicted, classes),
    }


def _spectral_method(study: StudyFolder) -> str:
    """Method of the maps that are clustered."""
    models = next(iter(study.spectral.values()))
    with open_arrays(study.path("spectral", "explanations", f"{models[0]}.nc")) as file:
        return str(file.attrs["method"])


def _images(
    study: StudyFolder,
    blocks: Blocks,
    classes: Classes,
    table: pd.DataFrame,
    called: tuple[str, str],
) -> dict[str, Any]:
    key, title = called
    ids = table["image_id"].astype(str).tolist()
    return {
        "key": key,
        "title": title,
        "ids": ids,
        "classes": [classes.number(str(name)) for name in table["class_name"]],
        "captions": [Path(image).name for image in ids],
        "pictures": add_pictures(blocks, f"{key}/pictures", study.image_files(table), study.frame),
    }


def _predictions(
    tables: Mapping[str, pd.DataFrame | None], classes: Classes
) -> dict[str, dict[str, Any]]:
    found = {
        model: predictions(table, classes) for model, table in tables.items() if table is not None
    }
    return {model: each for model, each in found.items() if each is not None}


def _verdict(study: StudyFolder) -> list[dict[str, str]]:
    """Sentences of the verdict, each with the fragment of the view that shows it."""
    path = study.path("verdict.json")
    if not path.exists():
        return []
    cases, pairs = {}, {}
    for method, metric in _first_metrics(study).items():
        title = method_name(method)
        cases[title] = {"method": method, "metric": metric}
        table = read_table(study.path("dissimilarity", method, metric, "all_pairs.parquet"))
        pairs[title] = together(study, table, None)
    return [
        {
            "topic": statement["topic"],
            "text": statement["text"],
            "link": sentence_link(statement, cases, pairs),
        }
        for statement in read_json(path)
    ]
