"""Regions that maps rate highest, taken from the images that models see."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from thinkalike.compare.maps import with_sign
from thinkalike.defaults import default_study
from thinkalike.errors import InputError, did_you_mean, joined
from thinkalike.explain.common import Case, Question
from thinkalike.explain.deletion import Source, deletion_table, top_regions
from thinkalike.networks.model import Model
from thinkalike.notebook import display
from thinkalike.notebook.explaining import checked_models, placed
from thinkalike.notebook.explanations import Explanations
from thinkalike.notebook.settings import checked_colour


def delete_regions(
    models: Model | Sequence[Model],
    maps: Explanations | Sequence[Explanations],
    *,
    area: float | None = None,
    baseline: Sequence[float] | None = None,
    device: str | None = None,
) -> pd.DataFrame:
    """Delete the regions that every model's maps rate highest from what each model sees.

    What is not given is as in config.yaml. `statistics.deletion.deletion_summary` says of this table
    whether maps say what matters.

    Args:
        models: that see the images; each is one of those of the maps.
        maps: of the images, by one method or several.
        area: of a region, as a share of the image.
        baseline: RGB in [0, 1] of what replaces a region.
        device: where to compute; by default where each model is.

    Returns:
        The table of `explain.deletion.deletion_table`, for all models.

    Raises:
        InputError: models without maps, maps of different images or of an embedding, or an argument that
            cannot be used.
    """
    given = [maps] if isinstance(maps, Explanations) else list(maps)
    _check(given)
    study, first = default_study(), given[0]
    images = first.seen()
    colour = checked_colour(study["explanation"]["baseline"] if baseline is None else baseline)
    share = study["deletion"]["area"] if area is None else area
    regions = list(_regions(given, share))
    tables = []
    for model in checked_models(models, images):
        if model.name not in first.models:
            raise InputError(
                joined(
                    f"models: {model.name} is none of the maps' {display.listed(first.models)}"
                    f"{did_you_mean(model.name, first.models)}",
                    "explain the images with it, too",
                )
            )
        logits = np.stack(first.predictions[model.name]["logits"].tolist())
        question = Question("logit", colour, logits=logits)
        with placed(model, device):
            targets = first[model.name].targets
            case = Case(model, first.image_ids, images.pixels, targets, question)
            classes = list(first.class_names or [""] * len(images))
            tables.append(deletion_table(case, model.name, regions, classes))
    return pd.concat(tables, ignore_index=True)


def _check(maps: Sequence[Explanations]) -> None:
    """Refuse anything but maps of a class, and maps of different images, models or targets."""
    if not maps or not all(isinstance(each, Explanations) for each in maps):
        raise InputError("maps: give what ta.explain has given, or a list of these")
    first = maps[0]
    for each in maps:
        if each.moved or next(iter(each.attributes.values()))["target"] == "embedding":
            raise InputError(
                f"maps: by {each.method} are of moved images or of an embedding, not of a class that is "
                "seen; explain the images in their place, with another target"
            )
        if (each.image_ids, each.models) != (first.image_ids, first.models) or any(
            not np.array_equal(each[model].targets, first[model].targets) for model in first.models
        ):
            raise InputError(
                f"maps: by {each.method} are of other images, models or targets than those by "
                f"{first.method}; explain all of them alike"
            )


def _regions(maps: Sequence[Explanations], area: float) -> Iterator[Source]:
    for each in maps:
        sign = default_study()["settings"][each.base]["sign"]
        for model, of_model in each.maps.items():
            signed = with_sign(of_model, sign)
            yield each.method, model, top_regions(signed, area)
