"""Whether maps say what matters to a model: its scores without the region that they rate highest."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from thinkalike.statistics.intervals import Interval, mean_interval

COLUMNS = ["method", "model_a", "model_b", "kind", "image_id", "class_name", "logit_drop", "lost"]
COLUMNS += ["whole_drop"]
"""Columns of a table of deletions that are summarised."""

KINDS = ("own", "other", "mismatched", "untrained")
"""Whose map chooses the region: the model's own, those of the other trained models, its own of another
image, those of untrained models."""


def deletion_summary(
    table: pd.DataFrame, untrained: Collection[str], *, by_class: bool
) -> pd.DataFrame:
    """How much of its score a model loses with its own region, and with those of others.

    Of an image, the drops with regions of several models are averaged first. The drop of the logit is
    relative to what the whole image adds: mean_i d_i / mean_i w_i, with w the drop where all of the image
    is replaced by the baseline. Its influence values are (d_i − R w_i) / w̄, and their standard error is
    that of R. It is missing where w̄ is not surely above 0, as for untrained models.

    A method is mute for a model if its own map does no more than its map of another image: if the 95 %
    interval (Student's t) of the mean difference of both logit drops, image by image, begins at 0 or
    below. Nothing is said of a model whose logit does not surely fall without the image.

    Args:
        table: with `COLUMNS`, as `explain.deletion.deletion_table` gives them, of all models.
        untrained: keys of the controls.
        by_class: whether images were chosen class by class: then intervals are stratified.

    Returns:
        A row for every method and model: method, model; n, images with a region of its own; for each of
        `KINDS` `<kind>_lost`, the share of predictions lost, and `<kind>_drop`, the relative drop, each
        with its standard error `…_error`; difference, own less mismatched drop in logits, with
        difference_low and difference_high; mute, missing where nothing is said.
    """
    control = table["model_a"].isin(list(untrained)) & (table["kind"] == "other")
    table = table.assign(kind=table["kind"].mask(control, "untrained"))
    rows = [
        {"method": method, "model": model, **_measures(case, by_class)}
        for method, of_method in table.groupby("method", sort=False)
        for model, case in of_method.groupby("model_b", sort=False)
    ]
    return pd.DataFrame(rows).astype({"mute": "boolean"})


def _measures(case: pd.DataFrame, by_class: bool) -> dict[str, Any]:
    """Measures of one method and model, from their rows."""
    images = case.drop_duplicates("image_id").set_index("image_id")
    classes = images["class_name"].to_numpy(str) if by_class else None
    whole = images["whole_drop"].to_numpy()
    of_images = {
        column: case.pivot_table(index="image_id", columns="kind", values=column, dropna=False)
        .reindex(index=images.index, columns=list(KINDS))
        .astype(float)
        for column in ("lost", "logit_drop")
    }
    measures: dict[str, Any] = {"n": int((case["kind"] == "own").sum())}
    for kind in KINDS:
        lost = mean_interval(of_images["lost"][kind].to_numpy(), classes)
        drop = relative_drop(of_images["logit_drop"][kind].to_numpy(), whole, classes)
        for name, estimate in (("lost", lost), ("drop", drop)):
            measures[f"{kind}_{name}"] = float(estimate.mean)
            measures[f"{kind}_{name}_error"] = float(estimate.standard_error)
    drops = of_images["logit_drop"]
    difference = mean_interval((drops["own"] - drops["mismatched"]).to_numpy(), classes)
    low = float(difference.low)
    measures["difference"] = float(difference.mean)
    measures |= {"difference_low": low, "difference_high": float(difference.high)}
    unknown = np.isnan(low) or np.isnan(measures["own_drop"])
    return {**measures, "mute": pd.NA if unknown else low <= 0}


def relative_drop(
    drops: np.ndarray, whole: np.ndarray, classes: np.ndarray | None = None
) -> Interval:
    """Ratio of two means over the same images, R = mean drop / mean whole drop, with its interval.

    Args:
        drops: (N,), of the images without a region; NaN where there is none.
        whole: (N,), of the same images without anything.
        classes: of the images, where they were chosen class by class.

    Returns:
        Of pseudo-values R + (d_i − R w_i) / w̄ the mean, which is R, its standard error and interval; NaN
        where the interval of w̄ reaches down to 0.
    """
    base = mean_interval(np.where(np.isnan(drops), np.nan, whole), classes)
    if not base.low > 0:
        return mean_interval(np.full(len(drops), np.nan), classes)
    ratio = np.nanmean(drops) / base.mean
    return mean_interval(ratio + (drops - ratio * whole) / base.mean, classes)
