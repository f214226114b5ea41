"""Heads for networks that have none: fitted to the features of the frozen network, which stays as it is."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import StratifiedKFold
from torch import nn

from thinkalike.errors import InputError
from thinkalike.networks.heads import with_cosines
from thinkalike.networks.model import Model
from thinkalike.networks.new_heads import with_new_head
from thinkalike.networks.predict import features, logits
from thinkalike.networks.training import refuse_single_class

PENALTIES = tuple(10.0**power for power in range(-4, 3))
"""Inverse strengths of the penalty on the weights of a probe, one of which cross-validation chooses."""

FOLDS = 5
"""Parts of the images for that cross-validation."""

ROUNDING = 1e-3
"""Largest difference between logits of the network and those of the fitted weights, in their spread."""


def with_head(
    model: Model,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    classes: Sequence[str],
    kind: str,
) -> Model:
    """A copy of a model with a head for other classes; the network before it stays bit for bit.

    `probe`: multinomial logistic regression on the features before the head (`probe_weights`).
    `means`: cosine of the features to their mean over the images of each class.

    Args:
        model: whose features are used; a head that it has is replaced.
        images: (N, size, size, 3) uint8 to learn from.
        labels: (N,) integers, indices of `classes`.
        classes: names of the outputs.
        kind: probe or means.

    Raises:
        InputError: an unknown kind, a network without features before a linear head, a class of fewer
            than two images.
    """
    if kind not in ("probe", "means"):
        raise InputError(f"head: {kind!r} is neither probe nor means")
    points = features(model, images)
    network, head = with_new_head(model, len(classes))
    if not isinstance(head, nn.Linear) or head.in_features != points.shape[1]:
        raise InputError(
            f"{model.name}: the head of a {type(network).__name__} is not one linear layer on its "
            "features; set weights: finetuned, or leave the model out"
        )
    if kind == "probe":
        weights, biases = probe_weights(points, labels, classes)
        expected = points @ weights.T + biases
    else:
        weights, biases = class_means(points, labels, len(classes)), None
        place = next(key for key, module in network.named_modules() if module is head)
        with_cosines(network, place)
        head = network.get_submodule(place)
        directions = weights / np.linalg.norm(weights, axis=1, keepdims=True)
        expected = points @ directions.T / np.linalg.norm(points, axis=1, keepdims=True)
    fitted = {"weight": weights} if biases is None else {"weight": weights, "bias": biases}
    head.load_state_dict({key: torch.from_numpy(value) for key, value in fitted.items()})
    network.to(model.device).eval().requires_grad_(False)
    found = replace(
        model,
        network=network,
        classes=tuple(classes),
        class_names=(),
        architecture=replace(model.architecture, head=kind),
    )
    _check(found, images, expected)
    return found


def _check(model: Model, images: np.ndarray, expected: np.ndarray) -> None:
    """Refuse a network that does more between its features and its logits than its head."""
    some = slice(0, 8)
    difference = np.abs(logits(model, images[some]) - expected[some]).max()
    if difference > ROUNDING * max(expected.std(), np.finfo(np.float32).tiny):
        raise InputError(
            f"{model.name}: its logits are not its head's of its features; set weights: finetuned, or "
            "leave the model out"
        )


def probe_weights(
    points: np.ndarray, labels: np.ndarray, classes: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (K, D) and biases (K,) of a linear probe, for features as they are.

    Multinomial logistic regression on standardised features with an L2 penalty; its strength is the one
    of `PENALTIES` with the least log loss in stratified cross-validation. The standardisation is part
    of the weights that are returned. Of two classes the logits are −z/2 and z/2.

    Args:
        points: (N, D) features.
        labels: (N,) indices of `classes`.
        classes: names of the K outputs.

    Raises:
        InputError: a class of fewer than two images, or a single class.

    Source: Alain & Bengio 2016, arXiv 1610.01644 (linear probes).
    """
    refuse_single_class(classes)
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < 2:
        scarce = classes[int(counts.argmin())]
        raise InputError(
            f"a probe needs two images of every class to learn from, and {scarce!r} has "
            f"{counts.min()}; add images, or use head: means"
        )
    values = points.astype(np.float64)
    centre, scale = values.mean(0), values.std(0)
    scale[scale == 0] = 1
    folds = StratifiedKFold(min(FOLDS, int(counts.min())), shuffle=True, random_state=0)
    regression = LogisticRegressionCV(
        Cs=PENALTIES,
        cv=folds,
        scoring="neg_log_loss",
        max_iter=1000,
        l1_ratios=(0.0,),
        use_legacy_attributes=False,
    )
    regression.fit((values - centre) / scale, labels)
    weights, biases = regression.coef_, regression.intercept_
    if len(classes) == 2:
        weights, biases = np.concatenate([-weights, weights]) / 2, np.r_[-biases, biases] / 2
    weights = weights / scale
    return weights, biases - weights @ centre


def class_means(points: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Mean features (K, D) of the images of each class.

    Args:
        points: (N, D) features.
        labels: (N,) indices of the classes.
        classes: K, how many there are.

    Raises:
        InputError: a class without images.
    """
    counts = np.bincount(labels, minlength=classes)
    if counts.min() == 0:
        raise InputError(f"class {int(counts.argmin())} has no image to take the mean of")
    sums = np.zeros((classes, points.shape[1]))
    np.add.at(sums, labels, points)
    return sums / counts[:, None]
