"""Explanations in memory, compared by the functions that a study's jobs call."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.compare.answer_streams import agreement_above_chance, agreement_arrays
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import with_sign
from thinkalike.compare.moved import moved_back
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
from thinkalike.statistics.ceilings import noise_ceiling
from thinkalike.stores.kernels import Chance, Kernel


def compare_answers(
    maps: Explanations,
    *,
    subset: str = "all",
    families: Mapping[str, str] | None = None,
    architectures: Mapping[str, str] | None = None,
    untrained: Sequence[str] | None = None,
) -> Result:
    """Compare what all pairs of models answer to KernelSHAP's coalitions, without any attribution.

    The method `answers` of a study, by the functional agreement of `compare.answers`.

    Args:
        maps: by KernelSHAP, of two models at least, with the same seed and regions.
        subset, families, architectures, untrained: as for `thinkalike.api.compare`.

    Raises:
        InputError: an argument that cannot be used, maps by another method.
    """
    roles = {"families": families, "architectures": architectures, "untrained": untrained}
    given: dict[str, Any] = {name: value for name, value in roles.items() if value is not None}
    _check(maps, given)
    answers = [each.answers for each in maps.explanations.values() if each.answers is not None]
    if len(answers) < len(maps.models):
        raise InputError(
            f"maps: by {maps.method} have no answers to coalitions; give maps of "
            "ta.explain(…, method='kernelshap')"
        )
    predicted = _predicted(maps, subset)
    ids, models = maps.image_ids, maps.models
    kernel = Kernel("answers in memory", models, models, ids, arrays=agreement_arrays(answers))
    classes = list(maps.class_names or [""] * len(ids))
    seen = np.zeros((len(ids), 0)) if predicted is None else predicted
    rows = agreement_above_chance(kernel, classes, [subset], (seen, None))
    return Result(
        Chance.of_rows(rows, models, ids, subset),
        replace(maps.roles, **given),
        maps.stratified,
        kernel,
        method="answers",
        subset=subset,
        names=maps.names,
        replicas=maps.replicas,
        maps=maps,
    )


def measure_ceiling(
    maps: Explanations, again: Explanations, metric: str = "cosine", **comparison: Any
) -> pd.DataFrame:
    """Measure how similar the maps of each model are to its own, explained a second time.

    No two models can be told to be more alike than that. From other coalitions (`again=True` of
    `thinkalike.api.explain`) it is the noise ceiling; of moved images (`moved=1`), whose maps are moved
    back, the input ceiling.

    Args:
        maps: of the images.
        again: of the same images and models, by the same method.
        metric: cosine or rbf.
        comparison: sign, pool, rescaling, sigma, blanks: as for `thinkalike.api.compare`.

    Returns:
        A row for each model: n, images that count; ceiling, the mean similarity; standard_error; low and
        high, its 95 % interval.

    Raises:
        InputError: maps of other images, models or methods, or an argument that cannot be used.
    """
    _check_given("maps", maps)
    _check_given("again", again)
    if (maps.method, maps.models, maps.image_ids) != (again.method, again.models, again.image_ids):
        raise InputError(
            "again: is of other images, models or methods than maps; explain the same ones again"
        )
    settings, pixels, rows = comparison_of(maps.base, metric, comparison), again.moved, {}
    if settings.pool == SEGMENTS:
        raise InputError("pool: a ceiling is not averaged over regions; give cells a side, or 0")
    for model, first in maps.maps.items():
        second = again.maps[model]
        if pixels:
            first, second = (with_sign(each, settings.sign) for each in (first, second))
            first, second = moved_back(first, second, pixels)
        rows[model] = asdict(noise_ceiling(first, second, settings))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


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
    _check(maps, roles)
    if missing := maps.not_converged:
        log.warning(
            "%d of %d maps did not converge within the tolerances and are compared like the others (%s); "
            "allow more steps, or leave the images out",
            sum(missing.values()),
            len(maps.models) * len(maps.image_ids),
            ", ".join(f"{model} {count}" for model, count in missing.items()),
        )
    settings = comparison_of(maps.base, metric, comparison)
    predicted = _predicted(maps, subset)
    classes = maps.class_names
    pictures = None
    if settings.sign == "absolute":
        colour, pixels = maps.baseline, maps.seen().pixels

        def pictures(part: slice) -> np.ndarray:
            return distance_from(pixels[part], colour)

    result = Result.of_maps(
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
    return replace(result, maps=maps)


def _check(maps: Any, roles: Mapping[str, Any]) -> None:
    """Refuse anything but maps of two models at least, and roles of models that have no maps."""
    _check_given("maps", maps)
    if len(maps.models) < 2:
        raise InputError(f"maps: are of {maps.models[0]} alone; explain two models at least")
    for argument, names in roles.items():
        for name in names:
            choice(argument, name, maps.models)


def _check_given(argument: str, given: Any) -> None:
    """Refuse anything but explanations."""
    if not isinstance(given, Explanations):
        raise InputError(
            f"{argument}: a {type(given).__name__} is none of ta.explain; give what that has given"
        )


def _predicted(maps: Explanations, subset: str) -> np.ndarray | None:
    """Classes (N, M) that the models predict, for a subset that depends on them."""
    condition = _checked_subset(subset, len(maps.image_ids))
    return None if condition == "all" else _predicted_classes(maps)


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
