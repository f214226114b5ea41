"""Panels: one image as all models see it, and which images are drawn."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, render, with_sign
from thinkalike.compare.pooling import pooled
from thinkalike.compare.scales import SEGMENTS, Pool
from thinkalike.errors import InputError
from thinkalike.images.loading import load_image
from thinkalike.images.synsets import class_word
from thinkalike.methods import method_name
from thinkalike.plotting.fitting import fitted, most_lines
from thinkalike.plotting.style import FAMILY_COLOURS, WIDTH
from thinkalike.progress import log
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_image_ids, read_maps, read_segments
from thinkalike.stores.tables import read_table

CHOICES = ("first", "agreeing")
PREDICTED = ["image_id", "predicted_class", "predicted_name", "probability", "correct"]
"""Columns of predictions that panels are drawn from."""

CELL = 0.6
"""Inches of a map at least; more models make a wider figure, not smaller maps."""
GAP = 0.03
WIDEST = 60
"""Inches of all maps; hundreds of models get smaller ones, as a picture has its limits."""
LINE = 0.093
"""Inches from one line of it to the next."""
SMALL = 5.5
BAR = 0.2
"""Inches of the colour bar with its words."""


@dataclass(frozen=True)
class Prediction:
    """Name of the class that a model predicts, its probability, and whether it is right."""

    name: str
    probability: float
    correct: bool

    @classmethod
    def of(cls, row: pd.Series) -> "Prediction":
        """Prediction in a row of a table."""
        return cls(str(row["predicted_name"]), row["probability"], bool(row["correct"]))


def choose_images(which: str, predictions: Sequence[pd.DataFrame]) -> list[int]:
    """Positions of the images that panels show, in order.

    Args:
        which: `first`, or `agreeing`: those for which all models predict the same class.
        predictions: of every model, with a column `predicted_class`.

    Raises:
        InputError: another choice.
    """
    classes = np.stack([table["predicted_class"].astype(str) for table in predictions], 1)
    match which:
        case "first":
            return list(range(len(classes)))
        case "agreeing":
            return np.flatnonzero((classes == classes[:, :1]).all(1)).tolist()
    raise InputError(
        f"images {which!r} of a panel is none of {', '.join(CHOICES)}; choose one of them"
    )


def read_predictions(path: str, images: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Predictions of one model for the images of a table, which are the first of those in the file.

    Raises:
        InputError: the file is about other images than `reference`.
    """
    table = read_table(path, PREDICTED)[: len(images)]
    same_images(path, table["image_id"], reference, images["image_id"])
    return table


def read_panel_maps(
    files: Sequence[str],
    signs: Mapping[str, str],
    images: pd.Series,
    reference: str,
    segments: str | None = None,
) -> dict[str, list[Maps]]:
    """Maps of several models and methods, up to the last image that is drawn.

    Maps of pixels are large; those of later images are not read.

    Args:
        files: of all models by each method of `signs`, one method after the other.
        signs: method → as for `compare.maps.with_sign`.
        images: ids of the images up to the last that is drawn.
        reference: file of the images.
        segments: file of the superpixels, for maps on superpixels.

    Raises:
        InputError: a file has maps of fewer images, or of other images.
    """
    shared = read_segments(segments) if segments else None
    maps: dict[str, list[Maps]] = {method: [] for method in signs}
    for method, path in zip(np.repeat([*signs], len(files) // len(signs)), files, strict=True):
        known = read_image_ids(path, len(images))
        if len(known) < len(images):
            raise InputError(
                f"{method} has maps of the first {len(known)} images only ({path}), and the panel "
                f"shows number {len(images)}; explain more images by it, or draw fewer"
            )
        same_images(path, known, reference, images)
        stored, _ = read_maps(path, shared, slice(0, len(images)))
        maps[method].append(with_sign(stored, signs[method]))
    return maps


def with_pooled(
    maps: Mapping[str, list[Maps]], pools: Mapping[str, Pool], segments: str | None = None
) -> dict[str, list[Maps]]:
    """Maps by method, each followed by the same at the scale at which the study compares them.

    Args:
        maps: method → maps of each model.
        pools: method → cells a side, or `segments`; None: the maps are compared as they are.
        segments: file of these.
    """
    shared = read_segments(segments) if segments and SEGMENTS in pools.values() else None
    rows: dict[str, list[Maps]] = {}
    for method, of_models in maps.items():
        rows[method] = of_models
        pool = pools[method]
        if pool is not None and not (pool == SEGMENTS and _on_segments(of_models)):
            name = pool if pool == SEGMENTS else f"{pool}_x_{pool}_cells"
            rows[f"{method}_{name}"] = [pooled(m, pool, shared) for m in of_models]
    return rows


def _on_segments(of_models: Sequence[Maps]) -> bool:
    """Whether maps are on segments as they were computed."""
    return all(isinstance(maps.bases[0], Segments) for maps in of_models)


def draw_panels(
    images: pd.DataFrame,
    positions: Sequence[int],
    maps: Mapping[str, Sequence[Maps]],
    predictions: Sequence[pd.DataFrame],
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
) -> Iterator[tuple[Figure, pd.DataFrame]]:
    """Draw one panel for each position, and the table behind it.

    Args:
        images: image_id, path, class_name.
        positions: of the images to draw.
        maps: method → maps of each model.
        predictions: of each model, with the columns `PREDICTED`.
        models: in order.
        names: model → display name.
        families: model → family.
    """
    class_names = {
        str(key): str(name)
        for table in predictions
        for key, name in zip(table["predicted_class"], table["predicted_name"], strict=True)
    }
    for position in positions:
        rendered = {
            method: [render(of_model, position) for of_model in of_models]
            for method, of_models in maps.items()
        }
        shown = [Prediction.of(table.iloc[position]) for table in predictions]
        image = images.iloc[position]
        size = next(iter(rendered.values()))[0].shape[0]
        figure = panel(
            load_image(image["path"], size),
            rendered,
            shown,
            models=models,
            names=names,
            families=families,
            title=panel_title(image, class_names),
        )
        yield figure, panel_table(image, models, shown, rendered)


def panel_title(image: pd.Series, class_names: Mapping[str, str]) -> str:
    """Id of an image and its class, with the name of the class where that differs from its key."""
    key = str(image["class_name"])
    name = class_word(class_names.get(key, key))
    known = [key] if name == key else [key, name]
    return f"{image['image_id']} (class {', '.join(known)})"


def empty_panels(
    which: str, drawn: int, images: int, models: int, methods: Iterable[str]
) -> Iterator[tuple[Figure, pd.DataFrame]]:
    """Give figures that say why they have no picture, each with a table of that note.

    Args:
        which: as for `choose_images`.
        drawn: images that are drawn.
        images: among which they were chosen.
        models: number of them.
        methods: in order.

    Yields:
        Without end: take as many as are missing.
    """
    note = "There is no further image to draw: "
    if which == "first":
        note += f"all methods explain the first {images} only."
    else:
        note += (
            f"the {models} models predict one class for {drawn} of the first {images} images, which "
            "all methods explain."
        )
    log.warning("%s", note)
    table = panel_table(None, [], [], dict.fromkeys(methods, ()))
    while True:
        figure, axes = plt.subplots(figsize=(WIDTH, 1.0))
        axes.set_axis_off()
        axes.text(0.5, 0.5, textwrap.fill(note, 130), ha="center", va="center")
        yield figure, table.reindex([0]).assign(note=note)


def panel_table(
    image: pd.Series | None,
    models: Sequence[str],
    predictions: Sequence[Prediction],
    rendered: Mapping[str, Sequence[np.ndarray]],
) -> pd.DataFrame:
    """Table behind a panel: predictions of every model, smallest and largest value of its maps."""
    return pd.DataFrame(
        {
            "image_id": None if image is None else image["image_id"],
            "class_name": None if image is None else image["class_name"],
            "class_word": None if image is None else class_word(str(image["class_name"])),
            "model": models,
            "predicted": [prediction.name for prediction in predictions],
            "probability": [prediction.probability for prediction in predictions],
            "correct": [prediction.correct for prediction in predictions],
            **{
                f"{method}_{end}": [float(getattr(pixels, end)()) for pixels in of_models]
                for method, of_models in rendered.items()
                for end in ("min", "max")
            },
        }
    )


def panel(
    image: np.ndarray,
    maps: Mapping[str, Sequence[np.ndarray]],
    predictions: Sequence[Prediction],
    *,
    models: Sequence[str],
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> Figure:
    """Draw rows of methods and columns of models: maps over the image, the prediction under each.

    Red speaks for the explained class, blue against it; the stronger the colour, the more. Every map
    is scaled by the size that 99.5 % of its pixels stay below. A blank map is crossed out.

    Args:
        image: (height, width, 3) uint8.
        maps: method → a rendered map (height, width) per model.
        predictions: one per model.
        models: in order.
        names: model → display name.
        families: model → family.
        title: of the figure.
    """
    columns = len(models) + 1
    cell = max((WIDTH - 0.1) / (columns + 0.6), min(CELL, WIDEST / columns))
    labels = [fitted(method_name(method), cell - GAP, SMALL) for method in maps]
    heads = [fitted(names[model], cell - GAP, SMALL) for model in models]
    texts = [
        fitted(f"{prediction.name}{'' if prediction.correct else ' ✗'}", cell - GAP, SMALL)
        + ("" if np.isnan(prediction.probability) else f"\n{prediction.probability:.2f}")
        for prediction in predictions
    ]
    left = 0.1 + LINE * most_lines(labels)
    above = 0.32 + LINE * most_lines(heads)
    below = 0.08 + LINE * most_lines(texts) + BAR
    width = left + columns * cell + 0.03
    title = fitted(title, width - 0.1, 8)
    above += 0.13 * (most_lines([title]) - 1)
    height = above + len(maps) * cell + below
    # cells are placed by hand: long names and predictions would push them apart
    figure = plt.figure(figsize=(width, height), layout="none")
    grid = figure.subplots(
        len(maps),
        columns,
        squeeze=False,
        gridspec_kw={
            "left": left / width,
            "right": 1 - 0.03 / width,
            "bottom": below / height,
            "top": 1 - above / height,
            "wspace": GAP / (cell - GAP),
            "hspace": GAP / (cell - GAP),
        },
    )
    for axes_row, label, rendered in zip(grid, labels, maps.values(), strict=True):
        _draw_row(axes_row, image, rendered, label)
    for axes, head, model in zip(grid[0, 1:], heads, models, strict=True):
        axes.set_title(head, fontsize=SMALL, pad=2, color=FAMILY_COLOURS[families[model]])
    for axes, text, prediction in zip(grid[-1, 1:], texts, predictions, strict=True):
        colour = "k" if prediction.correct else "#B2182B"
        axes.set_xlabel(text, fontsize=SMALL, labelpad=2, color=colour)
    _colour_bar(figure, width, height)
    figure.suptitle(title, y=1 - 0.06 / height, va="top", fontsize=8)
    return figure


def _colour_bar(figure: Figure, width: float, height: float) -> None:
    """Draw what the colours of maps mean, in the middle under all of them."""
    axes = figure.add_axes((0.5 - 0.5 / width, 0.06 / height, 1 / width, 0.07 / height))
    values = np.linspace(-1, 1, 101)[None]
    axes.imshow(overlay(np.full((1, 101, 3), 255, np.uint8), values), aspect="auto")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    beside: dict[str, Any] = {"transform": axes.transAxes, "va": "center", "fontsize": SMALL}
    axes.text(-0.03, 0.5, "against", ha="right", **beside)
    axes.text(1.03, 0.5, "for the class", ha="left", **beside)


def _draw_row(
    row: Sequence[Axes], image: np.ndarray, maps: Sequence[np.ndarray], label: str
) -> None:
    """Draw the image, and beside it its maps by one method."""
    row[0].imshow(image)
    row[0].set_ylabel(label, fontsize=SMALL)
    for axes, values in zip(row[1:], maps, strict=True):
        _draw_map(axes, image, values)
    for axes in row:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)


def _draw_map(axes: Axes, image: np.ndarray, values: np.ndarray) -> None:
    axes.imshow(overlay(image, values))
    if not np.any(values):
        axes.plot([0, 1], [0, 1], color="#888888", lw=0.6, transform=axes.transAxes)
        axes.text(0.5, 0.5, "blank", ha="center", transform=axes.transAxes, fontsize=6)


def overlay(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Signed map in colour over the image in pale grey, (height, width, 3) in [0, 1].

    Red is positive, blue negative; full colour is the size that 99.5 % of the pixels stay below.
    """
    grey = (0.75 + 0.25 * (image @ [0.299, 0.587, 0.114]) / 255)[..., None].repeat(3, 2)
    size = np.abs(values)
    full = np.quantile(size, 0.995) or size.max()
    strength = (np.minimum(size / full, 1) if full else size)[..., None]
    # vermilion and blue of the palette, the pair that is told apart best
    colour = np.where(values[..., None] > 0, [0.835, 0.25, 0.0], [0.0, 0.35, 0.75])
    return grey * (1 - strength) + colour * strength
