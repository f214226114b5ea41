"""Draw images with the maps of models and methods: one panel of a study (rule plot_panels)."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, render, with_sign
from thinkalike.errors import InputError
from thinkalike.images.loading import load_image
from thinkalike.plotting.panels import Prediction, nothing_to_draw, panel
from thinkalike.plotting.style import save, styled
from thinkalike.progress import log
from thinkalike.stores.arrays import open_arrays
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_maps, read_segments
from thinkalike.stores.tables import read_table
from thinkalike.workflow.jobs import job_log

CHOICES = ("first", "agreeing")
PREDICTED = ["image_id", "predicted_class", "predicted_name", "probability", "correct"]


def main(
    images: str,
    predictions: Sequence[str],
    explanations: Mapping[str, Sequence[str]],
    segments: str | None,
    panels: Sequence[Sequence[str]],
    *,
    which: str,
    number: int,
    models: Sequence[str],
    signs: Mapping[str, str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> None:
    """One figure for each of `panels`; those for which there is no image say so.

    The images are among the first `number`, which all methods explain. `which` is `first`, or
    `agreeing`: the first images for which all `models` predict the same class. Rows are in the order
    of `signs`.
    """
    selected = read_table(images, ["image_id", "path", "class_name"])[:number]
    predicted = [_predictions(path, selected) for path in predictions]
    positions = _positions(which, predicted)[: len(panels)]
    shared = read_segments(segments) if segments else None
    maps = {
        method: [
            with_sign(_maps(path, method, positions, selected, shared), sign)
            for path in explanations[method]
        ]
        for method, sign in signs.items()
    }
    human = {
        str(key): str(name)
        for table in predicted
        for key, name in zip(table["predicted_class"], table["predicted_name"], strict=True)
    }
    with styled():
        for position, paths in zip(positions, panels, strict=False):
            rendered = {
                method: [render(of_model, position) for of_model in of_models]
                for method, of_models in maps.items()
            }
            told = [
                Prediction(str(row["predicted_name"]), row["probability"], bool(row["correct"]))
                for row in (table.iloc[position] for table in predicted)
            ]
            image = selected.iloc[position]
            figure = panel(
                load_image(image["path"], next(iter(rendered.values()))[0].shape[0]),
                rendered,
                told,
                models=models,
                names=names,
                families=families,
                title=_title(image, human),
            )
            save(figure, _table(image, models, told, rendered), paths)
        for paths in panels[len(positions) :]:
            note = _note(which, len(positions), len(selected), len(models))
            log.warning("%s %s", paths[0], note)
            save(nothing_to_draw(note), _table(None, [], [], dict.fromkeys(signs, ()), note), paths)


def _predictions(path: str, selected: pd.DataFrame) -> pd.DataFrame:
    table = read_table(path, PREDICTED)[: len(selected)]
    same_images(path, table["image_id"], "the study's selection", selected["image_id"])
    return table


def _positions(which: str, predicted: Sequence[pd.DataFrame]) -> list[int]:
    """Positions of the images that may be drawn, in order."""
    classes = np.stack([table["predicted_class"].astype(str) for table in predicted], 1)
    match which:
        case "first":
            return list(range(len(classes)))
        case "agreeing":
            return np.flatnonzero((classes == classes[:, :1]).all(1)).tolist()
    raise InputError(
        f"images {which!r} of a panel is none of {', '.join(CHOICES)}; choose one of them"
    )


def _maps(
    path: str,
    method: str,
    positions: Sequence[int],
    selected: pd.DataFrame,
    segments: Sequence[Segments] | None,
) -> Maps:
    """The maps up to the last that is drawn: those of pixels are too large to be read for nothing."""
    number = max(positions, default=-1) + 1
    with open_arrays(path, ["image"]) as dataset:
        there = [str(name) for name in dataset["image"][:number].to_numpy()]
    if len(there) < number:
        raise InputError(
            f"{method} has maps of the first {len(there)} images only ({path}), and the panel shows "
            f"number {number}; explain more images by it, or draw fewer"
        )
    same_images(path, there, "the study's selection", selected["image_id"][:number])
    return read_maps(path, segments, slice(0, number))[0]


def _title(image: pd.Series, human: Mapping[str, str]) -> str:
    name = str(image["class_name"])
    known = [name] if human.get(name, name) == name else [name, human[name]]
    return f"{image['image_id']} (class {', '.join(known)})"


def _note(which: str, drawn: int, images: int, models: int) -> str:
    if which == "first":
        return f"There is no further image to draw: all methods explain the first {images} only."
    return (
        f"There is no further image to draw: the {models} models predict one class for {drawn} of the "
        f"first {images} images, which all methods explain."
    )


def _table(
    image: pd.Series | None,
    models: Sequence[str],
    told: Sequence[Prediction],
    rendered: Mapping[str, Sequence[np.ndarray]],
    note: str | None = None,
) -> pd.DataFrame:
    """One row per model; a single row with a note where there is no image."""
    table = pd.DataFrame(
        {
            "image_id": None if image is None else image["image_id"],
            "class_name": None if image is None else image["class_name"],
            "model": models,
            "predicted": [prediction.name for prediction in told],
            "probability": [prediction.probability for prediction in told],
            "correct": [prediction.correct for prediction in told],
            **{
                f"{method}_{end}": [float(getattr(pixels, end)()) for pixels in of_models]
                for method, of_models in rendered.items()
                for end in ("min", "max")
            },
        }
    )
    return table if note is None else table.reindex([0]).assign(note=note)


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.input.images,
            snakemake.input.predictions,
            {m: snakemake.input.get(f"maps_{m}") for m in snakemake.params.signs},
            snakemake.input.get("segments"),
            [snakemake.output[i : i + 3] for i in range(0, len(snakemake.output), 3)],
            which=snakemake.params.which,
            number=snakemake.params.number,
            models=snakemake.params.models,
            signs=snakemake.params.signs,
            names=snakemake.params.names,
            families=snakemake.params.families,
        )
