"""Explanations in memory, compared by the functions that a study's jobs call."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from thinkalike.compare.bases import Segments
from thinkalike.compare.scales import SEGMENTS
from thinkalike.compare.similarity import Comparison
from thinkalike.compare.subsets import CONDITIONS, parse
from thinkalike.errors import InputError
from thinkalike.images.pictures import distance_from
from thinkalike.notebook.explanations import Explanations
from thinkalike.notebook.regions import checked_regions, regions_of
from thinkalike.notebook.result import Result
from thinkalike.notebook.settings import choice, comparison_of
from thinkalike.progress import log


def compared(
    maps: Explanations,
    metric: str,
    subset: str,
    *,
    roles: Mapping[str, Any],
    segments: Mapping[str, Any] | np.ndarray | None = None,
    **comparison: Any,
) -> Result:
    """Compare the maps of all pairs of models: see `thinkalike.api.compare`."""
    if not isinstance(maps, Explanations):
        raise InputError(
            f"maps: a {type(maps).__name__} is none of ta.explain; give what that has given"
        )
    if len(maps.models) < 2:
        raise InputError(f"maps: are of {maps.models[0]} alone; explain two models at least")
    for argument, names in roles.items():
        for name in names:
            choice(argument, name, maps.models)
    if missing := maps.not_converged:
        log.warning(
            "%d of %d maps miss the difference of scores by more than the tolerance and are compared like "
            "the others (%s); allow more steps, or leave the images out",
            sum(missing.values()),
            len(maps.models) * len(maps.image_ids),
            ", ".join(f"{model} {count}" for model, count in missing.items()),
        )
    settings = comparison_of(maps.base, metric, comparison)
    condition = _checked_subset(subset, len(maps.image_ids))
    predicted = None if condition == "all" else _predicted_classes(maps)
    classes = maps.class_names
    pictures = None
    if settings.sign == "absolute":
        colour, pixels = maps.baseline, maps.seen().pixels

        def pictures(part: slice) -> np.ndarray:
            return distance_from(pixels[part], colour)

    return Result.of_maps(
        maps.maps,
        settings,
        images=maps.image_ids,
        classes=classes,
        draws={model: maps[model].draws for model in maps.models},
        subset=subset,
        predicted=predicted,
        segments=_regions(maps, settings, segments),
        pictures=pictures,
        roles=replace(maps.roles, **roles),
        stratified=maps.stratified,
        method=maps.method,
        names=maps.names,
        replicas=maps.replicas,
    )


def _predicted_classes(maps: Explanations) -> np.ndarray:
    """Classes (N, M) that the models predict.

    Raises:
        InputError: a model has no head.
    """
    for model in maps.models:
        if "predicted_class" not in maps.predictions[model]:
            raise InputError(
                f"subset: {model} has no head and predicts no class to match; give subset='all', or leave "
                "the model out"
            )
    columns = [maps.predictions[model]["predicted_class"].to_numpy() for model in maps.models]
    return np.stack(columns, 1)


def _regions(
    maps: Explanations, comparison: Comparison, segments: Mapping[str, Any] | np.ndarray | None
) -> list[Segments] | None:
    """Regions over which maps are averaged; None where they are not."""
    if comparison.pool != SEGMENTS:
        if segments is not None:
            raise InputError(
                f"segments: maps are not averaged over them; give pool={SEGMENTS!r}, too"
            )
        return None
    if segments is None or isinstance(segments, Mapping):
        labels = regions_of(maps.seen(), segments)
    else:
        labels = checked_regions(maps.seen(), segments)
    return [Segments(each) for each in labels]


def _checked_subset(subset: Any, images: int) -> str:
    """Condition of a subset.

    Raises:
        InputError: there is no such subset, or it has as many images as there are, or more.
    """
    try:
        condition, number = parse(subset)
    except (AttributeError, ValueError):
        condition, number = "", None
    if condition not in CONDITIONS:
        raise InputError(
            f"subset: {subset!r} is none of {', '.join(CONDITIONS)}, or one with a number of images, as "
            "all_64"
        )
    if number is not None and not 0 < number < images:
        raise InputError(
            f"subset: {subset!r} is no part of {images} images; give 1 to {images - 1}"
        )
    return condition
