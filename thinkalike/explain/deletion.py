"""Cross-deletion: the region that model a finds important is taken from the image that model b sees.

If the maps of a say what matters to a, and b looks at the same, b's score falls. What that means shows
only beside b's own map, which must take more than the map of another image does, and beside the map of
an untrained network.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, extremes, is_flat, with_sign
from thinkalike.errors import InputError, naming
from thinkalike.explain.common import Case, baseline_image
from thinkalike.networks.batches import Batches, fitting
from thinkalike.networks.devices import on_device
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite
from thinkalike.stores.damage import same_images
from thinkalike.stores.maps import read_maps

Source = tuple[str, str, np.ndarray]
"""Method, model, and the regions (N, height, width) that its maps of the images rate highest."""


def top_regions(maps: Maps, area: float) -> np.ndarray:
    """Pixels that each rendered map rates highest.

    Equal values count in row-major order of their pixels, so that every region has the same area:
    `area` times the pixels of the frame, rounded, and at least one. A flat map (`compare.maps.is_flat`)
    rates none of them highest: its region is empty.

    Args:
        maps: of N images, with their sign.
        area: share of the frame, between 0 and 1.

    Returns:
        (N, height, width) bool.

    Raises:
        InputError: `area` is no share.
    """
    if not 0 < area < 1:
        raise InputError(f"area: {area} is no share of an image; give more than 0 and less than 1")
    height, width = maps.bases[0].height, maps.bases[0].width
    count = max(round(area * height * width), 1)
    flat = is_flat(*extremes(maps))
    synthesis = maps.bases[0].synthesis() if maps.shared else None
    regions = np.zeros((len(maps), height * width), bool)
    for image in np.flatnonzero(~flat).tolist():
        rendering = maps.basis(image).synthesis() if synthesis is None else synthesis
        regions[image] = _highest(rendering @ maps.row(image), count)
    return regions.reshape(-1, height, width)


def _highest(values: np.ndarray, count: int) -> np.ndarray:
    """Mask of the `count` highest of values (P,); of equal ones the first."""
    least = np.partition(values, -count)[-count]
    mask: np.ndarray = values > least
    mask[np.flatnonzero(values == least)[: count - mask.sum()]] = True
    return mask


def mismatching_shift(classes: Sequence[str]) -> int | None:
    """Cyclic shift of the images that gives as many as possible an image of another class.

    Args:
        classes: of the images, in order.

    Returns:
        The least such shift, 1 where all are of one class; None for fewer than two images.
    """
    names = np.asarray(classes)
    changed = [int((names != np.roll(names, shift)).sum()) for shift in range(1, len(names))]
    return 1 + int(np.argmax(changed)) if changed else None


def without_regions(
    model: Model,
    images: np.ndarray,
    regions: np.ndarray,
    baseline: tuple[float, ...],
    batch_size: int | None = None,
) -> np.ndarray:
    """Logits of images whose regions are replaced by the baseline.

    Args:
        model: to predict with.
        images: (N, size, size, 3) uint8.
        regions: (N, size, size) bool, what is replaced.
        baseline: RGB in [0, 1].
        batch_size: inputs per pass, by default as many as fit.

    Returns:
        (N, classes) float64.

    Raises:
        ImageError: a logit is not finite.
    """
    empty = baseline_image(model, baseline)
    batches = Batches(batch_size or fitting(model, gradients=False))

    def work(part: slice) -> np.ndarray:
        taken = on_device(torch.from_numpy(regions[part]), model.device)[:, None]
        inputs = torch.where(taken, empty, model.normalise(images[part]))
        return model.network(inputs).double().cpu().numpy()

    with torch.inference_mode():
        parts = [values for _, values in batches.over(len(images), work)]
    values = np.concatenate(parts)
    check_finite(model, values, "{image} without the region that a map rates highest")
    return values


def deletion_table(
    case: Case, key: str, sources: Iterable[Source], classes: Sequence[str]
) -> pd.DataFrame:
    """What a model's scores lose with the regions that its own maps and those of others rate highest.

    Args:
        case: model b with its images, targets, and `question.logits`.
        key: of model b.
        sources: the regions of every model by every method, of the first images or of all.
        classes: of the images.

    Returns:
        A row for every region that is not empty: method; model_a, whose map it is; model_b; kind, `own`
        (a is b), `other`, or `mismatched` (b's own map of another image); image_id, class_name;
        logit_drop and probability_drop, what the target loses with the region; lost, whether the
        prediction is another then; whole_drop, what the target's logit loses with the whole image.
    """
    tables, class_of = [], dict(zip(case.image_ids, classes, strict=True))
    for method, model, regions in sources:
        kind = "own" if model == key else "other"
        named = {"method": method, "model_a": model, "model_b": key}
        tables.append(_drops(case, regions).assign(**named, kind=kind))
        shift = mismatching_shift(classes[: len(regions)])
        if kind == "own" and shift is not None:
            mismatched = _drops(case, np.roll(regions, shift, axis=0))
            tables.append(mismatched.assign(**named, kind="mismatched"))
    table = pd.concat(tables, ignore_index=True)
    columns = ["method", "model_a", "model_b", "kind", "image_id", "class_name"]
    columns += ["logit_drop", "probability_drop", "lost", "whole_drop"]
    return table.assign(class_name=table["image_id"].map(class_of))[columns]


def _drops(case: Case, regions: np.ndarray) -> pd.DataFrame:
    """What the scores of the images lose with regions that are not empty."""
    rows = np.flatnonzero(regions.any((1, 2)))
    names = [case.image_ids[row] for row in rows]
    full, targets = np.asarray(case.question.logits, np.float64)[rows], case.targets[rows]
    baseline = case.question.baseline
    with torch.inference_mode():
        empty = case.model.network(baseline_image(case.model, baseline)).double().cpu().numpy()[0]
    left = np.zeros_like(full)
    if len(rows):
        with naming(names):
            left = without_regions(case.model, case.images[rows], regions[rows], baseline)
    place = np.arange(len(rows)), targets
    shares = [case.model.probabilities(torch.from_numpy(x)).numpy()[place] for x in (full, left)]
    return pd.DataFrame(
        {
            "image_id": names,
            "logit_drop": full[place] - left[place],
            "probability_drop": shares[0] - shares[1],
            "lost": left.argmax(1) != full.argmax(1),
            "whole_drop": full[place] - empty[targets],
        }
    )


def read_regions(
    case: Case, paths: Iterable[str], models: Sequence[str], signs: Mapping[str, str], area: float
) -> Iterator[Source]:
    """Read maps of every model by every method, as the regions that they rate highest.

    Args:
        case: with the images, and with superpixels where a method has maps on them.
        paths: files of the maps: all models by the first method, then by the next.
        models: keys.
        signs: method → sign that its maps are compared with.
        area: share of an image.

    Raises:
        InputError: a file is missing, damaged, or about other images.
    """
    labels = case.question.segments
    segments = None if labels is None else [Segments(each) for each in labels]
    named = [(method, model) for method in signs for model in models]
    for path, (method, model) in zip(paths, named, strict=True):
        maps, images = read_maps(path, segments, slice(len(case.image_ids)))
        same_images(path, images, "the study", case.image_ids[: len(images)])
        yield method, model, top_regions(with_sign(maps, signs[method]), area)
