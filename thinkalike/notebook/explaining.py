"""Models and images in memory, predicted and explained by the functions that a study's jobs call."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from thinkalike.compare.bases import Segments
from thinkalike.compare.moved import moved_right
from thinkalike.errors import InputError, naming
from thinkalike.explain.cases import explained, explained_together, stated_attributes
from thinkalike.explain.common import Case, Explanation, Question, check_targets
from thinkalike.explain.moved import moved_case
from thinkalike.images.blocks import blocks
from thinkalike.networks.devices import device_called
from thinkalike.networks.embedding import nearness
from thinkalike.networks.model import Model
from thinkalike.networks.predict import (
    check_head,
    check_spread,
    labels,
    logits,
    predicted_table,
    prediction_table,
)
from thinkalike.notebook.explanations import Explanations
from thinkalike.notebook.images import Images
from thinkalike.notebook.settings import Plan, comparison_of
from thinkalike.progress import log, progress
from thinkalike.randomness import integer_seed
from thinkalike.statistics.roles import Roles
from thinkalike.stores.arrays import stored_attributes

REFUSALS = (RuntimeError, AssertionError, ValueError, TypeError, IndexError)
"""What networks raise for images of a size that they do not take."""


def checked_models(models: Any, images: Images) -> list[Model]:
    """Models of a list, each with a name of its own and for images of this size.

    Raises:
        InputError: something else, a name that stands twice, or a network for images of another size.
    """
    given: list[Any] = [models] if isinstance(models, (Model, str)) else list(models)
    if not given:
        raise InputError("models: the list is empty; give at least one")
    for model in given:
        if isinstance(model, str):
            raise InputError(f"models: {model!r} is a name; give ta.load({model!r})")
        if not isinstance(model, Model):
            raise InputError(
                f"models: a {type(model).__name__} is no model of thinkalike; give ta.load(…), or "
                "ta.wrap(…) of a network"
            )
    names = [model.name for model in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"models: two are called {twice[0]!r}; give one of them another `name`")
    return [_for_size(model, images.size) for model in given]


def _for_size(model: Model, size: int) -> Model:
    """The model for images of another size, if its network takes them as it is."""
    if model.size == size:
        return model
    try:
        with torch.inference_mode():
            shape = (1, 3, size, size)
            model.network(torch.zeros(shape, dtype=model.dtype, device=model.device))
    except REFUSALS:
        raise InputError(
            f"images: are {size} x {size} pixels, and {model.name} takes {model.size} x {model.size}; "
            f"give ta.images(…, size={model.size}), or ta.load(…, size={size})"
        ) from None
    log.info("%s: made for %d pixels, explained at %d", model.name, model.size, size)
    return replace(model, size=size)


@contextmanager
def placed(model: Model, device: Any) -> Iterator[Model]:
    """The model on a device, and back where it was when the block ends.

    Args:
        model: any.
        device: name of a device, or None for where the model is.

    Raises:
        InputError: there is no such device.
    """
    before = model.device
    model.network.to(device_called(before if device is None else device))
    try:
        yield model
    finally:
        model.network.to(before)


def predictions(models: Any, images: Images, *, device: Any = None) -> dict[str, pd.DataFrame]:
    """Predictions of every model: `thinkalike.networks.predict.prediction_table`, by its name.

    Where the classes of the images are not known, or the model has no outputs called like them, the
    table has no columns `label` and `correct`.
    """
    found = {}
    for model in checked_models(models, images):
        with placed(model, device):
            found[model.name] = _predicted(model, images)
    return found


def _predicted(model: Model, images: Images) -> pd.DataFrame:
    parts = []
    for block in blocks(len(images)):
        with naming(images.ids[block]):
            parts.append(logits(model, images.pixels[block]))
    values = np.concatenate(parts)
    check_spread(model, values)
    if not model.classes:
        return pd.DataFrame({"image_id": images.ids, "logits": list(values)})
    if images.class_names is None or not set(images.class_names) <= set(model.classes):
        return predicted_table(values, images.ids, model)
    return prediction_table(values, images.table, model)


def explanations(models: Any, images: Images, plan: Plan, *, device: Any = None) -> Explanations:
    """Explanations of all images by all models: see `thinkalike.api.explain`."""
    given = checked_models(models, images)
    for model in given if plan.target != "embedding" else []:
        check_head(model)
    tables: dict[str, pd.DataFrame] = {}
    together = plan.together
    made: list[tuple[Case, Explanation, dict[str, Any]]] = []
    with ExitStack() as stack:
        cases = []
        for model in progress(given, what=f"{plan.row.title}: models", total=len(given)):
            if together:  # all at once, so that all are on the device
                stack.enter_context(placed(model, device))
                tables[model.name] = _predicted(model, images)
                cases.append(_case(model, images, tables[model.name], plan))
                continue
            with placed(model, device):
                tables[model.name] = _predicted(model, images)
                case = _case(model, images, tables[model.name], plan)
                settings = plan.settings_for(model.name, model.architecture.family)
                made.append((case, explained(case, plan.row.key, settings), settings))
        if together:
            usual = comparison_of(plan.row.key, "cosine", {})
            answers = explained_together(cases, together, [usual])
            made = [(case, answer, together) for case, answer in zip(cases, answers, strict=True)]
    labels = plan.segments
    if plan.moved:
        images = replace(images, pixels=moved_right(images.pixels, plan.moved))
        labels = None if labels is None else moved_right(labels, plan.moved)
    shared = None if labels is None else tuple(map(Segments, labels))

    def with_shared(answer: Explanation) -> Explanation:
        """The explanation on the same regions as the others: products of maps are then cheap."""
        if shared is None or not isinstance(answer.maps.bases[0], Segments):
            return answer
        return replace(answer, maps=replace(answer.maps, bases=shared))

    return Explanations(
        method=plan.key,
        images=images,
        class_names=images.class_names,
        explanations={case.model.name: with_shared(answer.stored) for case, answer, _ in made},
        predictions=tables,
        attributes={
            case.model.name: stored_attributes(
                stated_attributes(case, answer, plan.stated(settings))
            )
            for case, answer, settings in made
        },
        roles=Roles({m.name: m.architecture.family for m in given if m.architecture.family}),
    )


def _case(model: Model, images: Images, predicted: pd.DataFrame, plan: Plan) -> Case:
    case = _case_in_place(model, images, predicted, plan)
    return moved_case(case, plan.moved, len(images)) if plan.moved else case


def _case_in_place(model: Model, images: Images, predicted: pd.DataFrame, plan: Plan) -> Case:
    names = (plan.row.key, "again") if plan.again else (plan.row.key,)
    seeds = [integer_seed(plan.seed, *names, name) for name in images.ids]
    question = Question(
        output=plan.output,
        # as a study has it: none for a method that takes no pixel away
        baseline=plan.baseline if plan.row.baseline else (),  # type: ignore[arg-type]
        precision=plan.precision,
        segments=plan.segments,
        seeds=np.array(seeds),
        logits=np.stack(predicted["logits"].tolist()),
    )
    if plan.target == "embedding":
        near, own = nearness(model, images.pixels, list(images.ids)), np.arange(len(images))
        known = replace(question, logits=logits(near, images.pixels))
        return Case(near, list(images.ids), images.pixels, own, known)
    targets = _targets(model, images, predicted, plan.target)
    return Case(model, list(images.ids), images.pixels, targets, question)


def _targets(model: Model, images: Images, predicted: pd.DataFrame, target: Any) -> np.ndarray:
    """Classes (N,) to explain: the model's prediction, the images' label, or those that are given."""
    if isinstance(target, str) and target == "prediction":
        return predicted["predicted"].to_numpy(np.int64, copy=True)
    if isinstance(target, str):
        if images.class_names is None:
            raise InputError(
                "target: 'label' needs the classes of the images; give ta.images(…, classes=…), or "
                "target='prediction'"
            )
        return labels(images.class_names, model)
    targets = np.broadcast_to(np.asarray(target, np.int64), len(images)).copy()
    check_targets(model, targets)
    return targets
