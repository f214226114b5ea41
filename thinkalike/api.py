"""The front door: ten lines from a folder of pictures to a comparison of models.

    import thinkalike as ta

    images = ta.images("photos", size=224)
    models = [ta.load("resnet50"), ta.wrap(my_network, name="Mine", …)]
    maps = ta.explain(models, images, method="kernelshap", evaluations=350)
    result = ta.compare(maps, metric="cosine")

What these functions do, a study's jobs do by the same functions of the library, on files. Those that go
beyond the ten lines stand with what they work on, in `notebook/`. Importing this module imports no network
library; loading, predicting and explaining do.
"""

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from thinkalike.errors import InputError
from thinkalike.methods import Method, method_of
from thinkalike.notebook.comparing import compared
from thinkalike.notebook.explanations import Explanations
from thinkalike.notebook.images import Images, Source, read_images
from thinkalike.notebook.regions import checked_regions, complete_settings, regions_of
from thinkalike.notebook.result import Result, read_result
from thinkalike.notebook.settings import checked_plan, method_settings
from thinkalike.notebook.study import FinishedStudy, open_study
from thinkalike.stores.arrays import open_arrays

if TYPE_CHECKING:
    from thinkalike.networks.model import Model


def images(
    source: Source,
    *,
    size: int | None = None,
    ids: Sequence[str] | None = None,
    classes: Sequence[str] | None = None,
) -> Images:
    """Images as all models will see them: whole, as squares of one size, not cropped.

    Args:
        source: a folder of images or of class folders; paths of files; or an array or tensor
            (N, 3, height, width) in [0, 1], RGB and not normalised.
        size: of a side in pixels; by default 224, or that of the array.
        ids: names of the images; by default their paths in the folder, or their numbers.
        classes: of the images; by default the names of their folders, if they have any.

    Raises:
        InputError: images that cannot be read, or an array of another shape or range.
    """
    return read_images(source, size=size, ids=ids, classes=classes)


def load(
    name: str,
    *,
    weights: str | PathLike[str] | None = None,
    pretrained: bool = False,
    classes: Sequence[str] | None = None,
    size: int | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> "Model":
    """A network of timm, or of the catalogue, by its name.

    Args:
        name: key of the catalogue, or name in timm, with the tag of its weights or without.
        weights: file of its weights, safetensors or of torch.
        pretrained: whether its published weights are fetched from the hub. Without these and without
            `weights` they are random: a network to try things out, or a control.
        classes: names of the outputs; by default those of the weights.
        size: side of the images in pixels; by default that of the weights, or the native one.
        seed: of random weights.
        device: where the network is.

    Raises:
        InputError: there is no such network, weights that do not fit, a size that it does not take.
    """
    from thinkalike.notebook.models import load_model

    return load_model(
        name,
        weights=weights,
        pretrained=pretrained,
        classes=classes,
        size=size,
        seed=seed,
        device=device,
    )


def list_models(pattern: str = "*") -> pd.DataFrame:
    """Names that `load` takes, with what is known of each network.

    Args:
        pattern: that the names match, with * and ?.
    """
    from thinkalike.notebook.models import known_models

    return known_models(pattern)


def predict(
    models: "Model | Sequence[Model]", images: Images, *, device: str | None = None
) -> pd.DataFrame:
    """Predictions of all models, a row for every model and image.

    Args:
        models: one or several.
        images: to predict.
        device: where to compute; by default where each model is.

    Returns:
        model, image_id, predicted (number of the output), predicted_class, predicted_name, probability,
        and, where the classes of the images are outputs of the model, label and correct.

    Raises:
        InputError: a model that does not take these images, or gives no finite scores.
    """
    from thinkalike.notebook.explaining import predictions

    tables = predictions(models, images, device=device)
    parts = [table.drop(columns="logits").assign(model=name) for name, table in tables.items()]
    whole = pd.concat(parts, ignore_index=True)
    return whole[["model", *(column for column in whole if column != "model")]]


def segment(images: Images, segments: Mapping[str, Any] | None = None) -> np.ndarray:
    """Regions of every image, as KernelSHAP's players: (N, size, size) labels 0, 1, …

    Args:
        images: to cut.
        segments: as in a study's configuration, what is missing from config.yaml.

    Raises:
        InputError: settings that cannot be used.
    """
    return regions_of(images, segments)


def explain(
    models: "Model | Sequence[Model]",
    images: Images,
    method: str = "kernelshap",
    *,
    target: str | int | Sequence[int] | None = None,
    output: str | None = None,
    baseline: Sequence[float] | None = None,
    precision: str | None = None,
    segments: Mapping[str, Any] | np.ndarray | None = None,
    seed: int | None = None,
    device: str | None = None,
    again: bool = False,
    moved: int = 0,
    **settings: Any,
) -> Explanations:
    """Explain all images by all models: the same images, regions and coalitions for each.

    What is not given is as in config.yaml.

    Args:
        models: one or several, each with a name of its own.
        images: to explain.
        method: gradcam, integrated_gradients, kernelshap, lrp; the name of one of captum's attributions,
            such as Saliency, with its `arguments` and `smooth`; or `file`, with the `file` of a method of
            your own.
        target: `prediction`, the class that each model predicts; `label`, that of the image;
            `embedding`, the image's own embedding; or numbers of outputs, one for all images or one for
            each.
        output: `logit` or `probability` of the target.
        baseline: RGB in [0, 1] of what replaces a pixel that is taken away.
        precision: `float32` or `bfloat16`.
        segments: regions, for a method on regions: settings as in a study's configuration, or labels
            (N, size, size) as `segment` gives them.
        seed: of the coalitions, together with the ids of the images.
        device: where to compute, such as `cuda`; by default where each model is.
        again: other coalitions of the same seed, as a study draws them for its noise ceiling.
        moved: pixels to the right that the images are moved before, as for a study's input ceiling;
            classes stay those of the images in their place, and so do `predictions`.
        settings: of the method, such as evaluations of KernelSHAP or depth of Grad-CAM.

    Raises:
        InputError: an argument that cannot be used, or a model that the method cannot explain.
    """
    from thinkalike.notebook.explaining import explanations

    key, complete = method_settings(method, settings)
    regions, count = _regions(method_of(complete), _checked_images(images), segments)
    plan = checked_plan(
        key,
        complete,
        target=target,
        output=output,
        baseline=baseline,
        precision=precision,
        seed=seed,
        segments=regions,
        count=count,
        again=again,
        moved=moved,
    )
    return explanations(models, images, plan, device=device)


def wrap(
    network: Any,
    *,
    name: str,
    mean: Sequence[float],
    std: Sequence[float],
    classes: Sequence[str],
    size: int | None = None,
    outputs: Mapping[str, Any] | None = None,
    layers: Mapping[str, str] | None = None,
    layout: str = "nchw",
    prefix: int = 0,
    family: str | None = None,
) -> "Model":
    """Any network of torch as a model, to be explained and compared like those that `load` gives.

    Args:
        network: a torch.nn.Module, which stays as it is.
        name: in tables, figures and files.
        mean, std: of its normalisation, for RGB in [0, 1].
        classes: names of its outputs, in order.
        size: side of the images that it takes, in pixels; by default 224.
        outputs: where it gives no tensor of logits: `logits`, their name or position; `kind`.
        layers: `depth_<percent>` → name of the module that Grad-CAM explains; None: they are found, and
            their layout with them.
        layout, prefix: of what these modules give.
        family: cnn, transformer, hybrid, or a label of yours; None: it is found.

    Raises:
        InputError: a network that cannot be explained, or an argument that does not fit it.
    """
    from thinkalike.networks.wrapping import wrap as wrapped

    return wrapped(
        network,
        name=name,
        mean=mean,
        std=std,
        classes=classes,
        size=size,
        outputs=outputs or {},
        layers=layers,
        layout=layout,
        prefix=prefix,
        family=family,
    )


def compare(
    maps: Explanations,
    metric: str = "cosine",
    *,
    subset: str = "all",
    sign: str | None = None,
    pool: int | str | None = None,
    segments: Mapping[str, Any] | np.ndarray | None = None,
    rescaling: str | None = None,
    sigma: float | None = None,
    blanks: str | None = None,
    families: Mapping[str, str] | None = None,
    architectures: Mapping[str, str] | None = None,
    untrained: Sequence[str] | None = None,
) -> Result:
    """Compare the maps of all pairs of models, on every image and above chance.

    What is not given is as in config.yaml for the method of the maps.

    Args:
        maps: of two models at least, from `explain` or a finished study.
        metric: cosine or rbf.
        subset: of the images: all; matching, for which both models of a pair predict the same class;
            differing; or one of these among the first so many, as all_64.
        sign: signed, positive or absolute: what of a map counts.
        pool: cells a side over which maps are averaged before, or `segments`, the regions of each image;
            0: compare them as they were computed.
        segments: these regions: settings as in a study's configuration, or labels (N, size, size).
        rescaling: none, min_max or max_abs, of every map.
        sigma: bandwidth of rbf.
        blanks: exclude or zero: what maps without any value count for.
        families: model → family, for colours and tests.
        architectures: model → first of the models that are the same network from another seed.
        untrained: models that are controls.

    Raises:
        InputError: an argument that cannot be used.
    """
    roles = {"families": families, "architectures": architectures, "untrained": untrained}
    return compared(
        maps,
        metric,
        subset,
        roles={name: value for name, value in roles.items() if value is not None},
        sign=sign,
        pool=pool,
        segments=segments,
        rescaling=rescaling,
        sigma=sigma,
        blanks=blanks,
    )


def open(path: str | PathLike[str]) -> FinishedStudy | Result:
    """A finished study from its folder, or a result from its file.

    Args:
        path: `results/<study>`, a folder of `Explanations.save`, or a file of `Result.save`.

    Raises:
        InputError: there is nothing, or something else.
    """
    place = Path(path)
    if place.is_dir():
        return open_study(place)
    if not place.exists():
        raise InputError(f"path: {place} does not exist; give results/<study>, or a saved result")
    with open_arrays(place) as file:
        variables = set(file.variables)
    if {"replica", "subset"} <= variables:
        return read_result(place)
    kind = {"coefficients": "maps of one model", "similarity": "similarities", "subset": "chances"}
    found = next((what for name, what in kind.items() if name in variables), "no result")
    raise InputError(
        f"path: {place} holds {found}; open its study, the folder with images.parquet, or a file that "
        "result.save has written"
    )


def _checked_images(given: Any) -> Images:
    if not isinstance(given, Images):
        raise InputError(
            f"images: a {type(given).__name__} is none of ta.images; give ta.images(…) of it"
        )
    return given


def _regions(
    method: Method, given: Images, segments: Mapping[str, Any] | np.ndarray | None
) -> tuple[np.ndarray | None, int | None]:
    """Regions for a method that uses them, and how many there are, about."""
    if not method.segments:
        if segments is not None:
            raise InputError(f"segments: {method.key} uses no regions; leave them out")
        return None, None
    if segments is None or isinstance(segments, Mapping):
        count = complete_settings(segments, given.size)["count"]
        return regions_of(given, segments), int(count)
    labels = checked_regions(given, segments)
    return labels, int(labels.max()) + 1
