"""The explorer's page of results in memory, of finished studies, and of two of them side by side."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from PIL import Image

from thinkalike.errors import InputError
from thinkalike.explorer.contents import study_contents
from thinkalike.explorer.folder import Key, StudyFolder
from thinkalike.explorer.page import write_page
from thinkalike.notebook.explanations import MODELS, Explanations
from thinkalike.notebook.images import Images
from thinkalike.notebook.result import Result
from thinkalike.notebook.study import FinishedStudy
from thinkalike.statistics.intervals import chord
from thinkalike.stores.tables import write_table


def explore(
    study: FinishedStudy | Result,
    other: FinishedStudy | Result | None = None,
    *,
    path: str | Path = "explorer.html",
) -> Path:
    """Write one page on which a study or a result can be looked at, or two of them side by side.

    It is opened from disk in any browser, and asks no server.

    Args:
        study: from `thinkalike.api.open`, or a result of `thinkalike.api.compare`.
        other: a second one.
        path: of the HTML file.

    Returns:
        The path.

    Raises:
        InputError: a result whose maps are not known, a study without maps, or an image that is no longer
            there.
    """
    shown = [study] if other is None else [study, other]
    with TemporaryDirectory() as folder:
        places = [Path(folder, str(number), "notebook") for number in range(len(shown))]
        found = [_files(each, place) for each, place in zip(shown, places, strict=True)]
        pages = [study_contents(each, **each.dissimilarity()) for each in found]
        write_page(path, pages, " | ".join(contents["title"] for contents, _ in pages))
    return Path(path)


def _files(shown: Any, place: Path) -> StudyFolder:
    """Files of a study, or of a result; one in memory is written to a place."""
    if isinstance(shown, FinishedStudy):
        return StudyFolder.found(shown.folder)
    if not isinstance(shown, Result):
        raise InputError(
            f"study: a {type(shown).__name__} is none that can be explored; give a result of ta.compare, "
            "or a study of ta.open"
        )
    if isinstance(shown.maps, Explanations):
        return _written(shown, shown.maps, place)
    if shown.maps is None:
        raise InputError(
            "study: the maps of this result are not known; explore what ta.compare has given, or the "
            "study's folder"
        )
    study = StudyFolder.found(shown.maps)
    metric = shown.comparison.metric if shown.comparison else "cosine"
    key = Key(shown.method, metric, shown.subset)
    return replace(
        study,
        methods={shown.method: study.methods[shown.method]},
        cases=[key],
        spectral={},
        neon=[],
    )


def _written(result: Result, maps: Explanations, place: Path) -> StudyFolder:
    """Write what a result is made of as a study has it."""
    maps.save(place)
    images = maps.seen()
    write_table(_with_files(images, place / "pictures"), place / "images.parquet")
    names = {model: result.names.get(model, model) for model in result.chance.models}
    write_table(result.roles.table(names, result.replicas), place / MODELS)
    metric = result.comparison.metric if result.comparison else "cosine"
    key = Key(result.method, metric, result.subset)
    for kind in ("similarity", "chance"):
        result.save(place / kind / key.method / f"{metric}.nc")
    pairs = result.intervals()
    distances = {
        "dissimilarity": chord(pairs["rho"].to_numpy()),
        "dissimilarity_low": chord(pairs["high"].to_numpy()),
        "dissimilarity_high": chord(pairs["low"].to_numpy()),
    }
    folder = place / "dissimilarity" / key.method / metric
    write_table(pairs.assign(**distances), folder / f"{key.subset}_pairs.parquet")
    write_table(result.seeds(), folder / f"{key.subset}_seeds.csv")
    compared = maps.method if result.method == maps.method else ""
    methods = {maps.method: maps.method, result.method: compared}
    return StudyFolder(place, methods, [key])


def _with_files(images: Images, folder: Path) -> pd.DataFrame:
    """Table of images, with files of those that came from an array."""
    folder.mkdir(parents=True)
    table, paths = images.listing, []
    for number, (path, pixels) in enumerate(zip(table["path"], images.pixels, strict=True)):
        if not path:
            path = str(folder / f"{number}.png")
            Image.fromarray(pixels).save(path)
        paths.append(path)
    return table.assign(path=paths)
