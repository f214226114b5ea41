"""Images that hold two models together or drive them apart, and consensus about every image."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from thinkalike.compare.maps import render
from thinkalike.compare.similarity import Comparison
from thinkalike.images.loading import load_image
from thinkalike.images.synsets import class_word
from thinkalike.plotting.fitting import fitted, most_lines
from thinkalike.plotting.panels import overlay
from thinkalike.plotting.style import FAMILY_COLOURS, WIDTH
from thinkalike.statistics.influence import ROLES
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_maps, read_segments

KEY = ["model_a", "model_b"]
SHOWN = 4
"""Images of each role."""
CELL, GAP, LABEL, HEAD = 0.69, 0.04, 1.02, 0.56
"""Inches of a map, between maps, of names on the left, and above the maps of a pair."""
TITLE = 0.38
BLOCK = HEAD + 3 * CELL + 0.14
LINE = 0.13
"""Inches of a further line of a title, or of the words above a pair."""
BOLD: Mapping[str, Any] = {"fontsize": 7.5, "weight": "bold"}
HEADS = ("images that hold the pair together", "images that drive it apart")


def choose_pairs(
    pairs: pd.DataFrame, trained: Sequence[str], architectures: Mapping[str, str]
) -> pd.DataFrame:
    """Pairs of models whose images are shown, each with the reason.

    The closest trained pair, the closest of two architectures, and the one whose similarity varies most
    from image to image (largest standard error).

    Args:
        pairs: model_a, model_b, rho, standard_error, low, high.
        trained: models that are no controls.
        architectures: model → what seeds of one network have in common.

    Returns:
        Up to three rows of `pairs` with the column reason.
    """
    kept = pairs[pairs["model_a"].isin(trained) & pairs["model_b"].isin(trained)]
    kept = kept.dropna(subset=["rho", "standard_error"])
    foreign = kept["model_a"].map(architectures) != kept["model_b"].map(architectures)
    choices = {
        "the most alike": kept.nlargest(1, "rho"),
        "the most alike of two architectures": kept[foreign].nlargest(1, "rho"),
        "the least sure": kept.nlargest(1, "standard_error"),
    }
    found = pd.concat([rows.assign(reason=reason) for reason, rows in choices.items()])
    return found.drop_duplicates(KEY).reset_index(drop=True)


@dataclass(frozen=True)
class MapSource:
    """Files of the maps of all models, of which a figure draws a few.

    Attributes:
        files: model → file of its maps.
        comparison: how maps are compared; they are drawn as they are compared.
        segments: file of the segments, for maps on them or averaged over them.
    """

    files: Mapping[str, str]
    comparison: Comparison
    segments: str | None = None

    def picture(self, model: str, place: int, image: str) -> np.ndarray:
        """Rendered map (height, width) of one model for one image.

        Raises:
            InputError: the file is damaged, or has another image in this place.
        """
        part = slice(place, place + 1)
        shared = read_segments(self.segments, part) if self.segments else None
        maps, known = read_maps(self.files[model], shared, part)
        same_images(self.files[model], known, "the table of images", [image])
        return render(self.comparison.prepare(maps, shared), 0)


@dataclass(frozen=True)
class Page:
    """A figure with places in inches from its left and from its top."""

    figure: Figure
    height: float

    def axes(self, left: float, top: float, side: float) -> Axes:
        """Square axes without ticks."""
        bottom = self.height - top - side
        axes = self.figure.add_axes(
            (left / WIDTH, bottom / self.height, side / WIDTH, side / self.height)
        )
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        return axes

    def text(self, left: float, top: float, text: str, **style: Any) -> None:
        """Text at a place."""
        self.figure.text(left / WIDTH, 1 - top / self.height, text, **style)


def gallery(
    chosen: pd.DataFrame,
    influential: pd.DataFrame,
    images: pd.DataFrame,
    maps: MapSource,
    *,
    names: Mapping[str, str],
    families: Mapping[str, str],
    title: str,
) -> tuple[Figure, pd.DataFrame]:
    """Draw the images that hold pairs of models together and that drive them apart, with their maps.

    Args:
        chosen: pairs, as `choose_pairs` gives them.
        influential: as `statistics.influence.influential_images` gives it.
        images: image_id, path, class_name, in the order of the maps.
        maps: where maps are read.
        names: model → display name.
        families: model → family.
        title: of the figure.

    Returns:
        The figure, and a row for every image that it shows.
    """
    if chosen.empty:
        return _note(title, "There are no two trained models that can be compared.")
    title = fitted(title, WIDTH - 0.2, 9)
    heads = [_head(pair, names) for _, pair in chosen.iterrows()]
    first = TITLE + LINE * (most_lines([title]) - 1)
    head = HEAD + LINE * (most_lines(heads) - 1)
    block = BLOCK + head - HEAD
    height = first + len(chosen) * block
    page = Page(plt.figure(figsize=(WIDTH, height), layout="none"), height)
    place = pd.Series(range(len(images)), index=images["image_id"], name="place")
    parts = []
    for number, pair in enumerate(chosen.to_dict("records")):
        models = [pair["model_a"], pair["model_b"]]
        own = influential[(influential[KEY] == models).all(axis=1) & (influential["rank"] <= SHOWN)]
        shown = own.merge(images, on="image_id").join(place, on="image_id")
        page.text(0.1, first + number * block, heads[number], va="top", **BOLD)
        top = first + number * block + head
        _draw_labels(
            page, top, [(names[model], FAMILY_COLOURS[families[model]]) for model in models]
        )
        _draw_images(page, top, shown, models, maps)
        words = shown["class_name"].astype(str).map(class_word)
        shown = shown.drop(columns=["path", "place"])
        parts.append(shown.assign(class_word=words, reason=pair["reason"]))
    page.figure.suptitle(title, y=1 - 0.06 / height, va="top")
    return page.figure, pd.concat(parts, ignore_index=True)


def _head(pair: pd.Series, names: Mapping[str, str]) -> str:
    """Names of a pair, why it is shown, and its similarity above chance."""
    text = f"{names[pair['model_a']]} and {names[pair['model_b']]}, {pair['reason']}"
    interval = f"ρ = {pair['rho']:.2f} [{pair['low']:.2f}, {pair['high']:.2f}]"
    # bold letters are wider by a seventh
    return fitted(f"{text}: {interval}", (WIDTH - 0.2) / 1.15, BOLD["fontsize"])


def _draw_labels(page: Page, top: float, models: Sequence[tuple[str, str]]) -> None:
    """Write what the rows of a pair are, and what its two groups of columns are above `top`."""
    for row, (label, colour) in enumerate([("image", "k"), *models]):
        middle = top + (row + 0.5) * CELL
        style = {"ha": "right", "va": "center", "fontsize": 6.5, "color": colour}
        page.text(LABEL - 0.08, middle, fitted(label, LABEL - 0.12, 6.5), **style)
    for role, head in enumerate(HEADS):
        page.text(_left(role), top + 0.18 - HEAD, head, va="top", color="#404040")


def _draw_images(
    page: Page, top: float, shown: pd.DataFrame, models: Sequence[str], maps: MapSource
) -> None:
    """Draw images of a pair and their maps by both models, a column each."""
    for role, name in enumerate(ROLES):
        for column, image in enumerate(shown[shown["role"] == name].to_dict("records")):
            pictures = [maps.picture(m, image["place"], image["image_id"]) for m in models]
            photograph = load_image(image["path"], pictures[0].shape[0])
            for row, values in enumerate([None, *pictures]):
                left, upper = _left(role) + column * CELL, top + row * CELL
                axes = page.axes(left, upper, CELL - GAP)
                axes.imshow(photograph if values is None else overlay(photograph, values))
                if row == 0:
                    head = textwrap.shorten(
                        class_word(str(image["class_name"])), 13, placeholder="…"
                    )
                    axes.set_title(f"{head}\n{image['influence']:+.4f}", fontsize=6, pad=2)


def _left(role: int) -> float:
    """Inches from the left to the first image of a role."""
    return LABEL + role * (SHOWN * CELL + 0.25)


def consensus_figure(table: pd.DataFrame, *, title: str) -> tuple[Figure, pd.DataFrame]:
    """Draw the consensus of the models about every image, sorted, against that about different images.

    Args:
        table: image_id, consensus, mismatched, mismatched_95, as `statistics.consensus.consensus_table`
            gives it.
        title: of the figure.

    Returns:
        The figure, and the table in the order of the figure with the columns rank and above.
    """
    drawn = table.dropna(subset=["consensus"]).sort_values("consensus", kind="stable")
    if drawn.empty:
        return _note(title, "No image has maps of two trained models.")
    above = drawn["consensus"] > drawn["mismatched_95"]
    drawn = drawn.assign(rank=np.arange(1, len(drawn) + 1), above=above).reset_index(drop=True)
    figure, axes = plt.subplots(figsize=(WIDTH, 2.9))
    rank = drawn["rank"]
    known = drawn["mismatched"].notna()
    axes.plot(
        rank, drawn["mismatched"], color="#707070", lw=1, label="maps of different images: mean"
    )
    axes.plot(rank, drawn["mismatched_95"], color="#707070", lw=1, ls=":", label="95 % of these")
    for chosen, colour, label in (
        (drawn["above"], "#404040", "an image above these"),
        (~drawn["above"], "#F08030", "an image not above these"),
    ):
        axes.plot(
            rank[chosen], drawn.loc[chosen, "consensus"], "o", ms=3, color=colour, label=label
        )
    axes.set(ylim=(0, 1.02), xlim=(0, len(drawn) + 1))
    axes.set_xlabel("images, in the order of their consensus")
    axes.set_ylabel("share that one common map explains")
    figure.legend(loc="outside lower center", ncols=4)
    count = f"{int(drawn['above'].sum())} of {len(drawn)} images have consensus above chance"
    if not known.any():
        count = "too few images to tell what different ones have in common"
    axes.set_title(count, loc="left")
    figure.suptitle(title)
    return figure, drawn


def _note(title: str, text: str) -> tuple[Figure, pd.DataFrame]:
    """Figure that says why it has no picture."""
    figure, axes = plt.subplots(figsize=(WIDTH, 1.0))
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center")
    figure.suptitle(title)
    return figure, pd.DataFrame({"note": [text]})
