"""Clusters of a model's features as its classes, so that every method explains a cluster to the pixels.

The logit of cluster k is f_k(x) = min_{j≠k} ‖φ(x) − μ_j‖² − ‖φ(x) − μ_k‖², φ the penultimate features: how
much farther the next cluster is. It is positive for the cluster that the image is in, and for no other.
Its gradient is that of the next cluster alone, so that a map says: why this cluster, rather than the
next one? What the squares share cancels: linear layers and a maximum are left, for which LRP has rules.
"""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import torch
from torch import nn

from thinkalike.explain.common import Case, Question
from thinkalike.neon.features import FeatureClustering, FeatureClusters, cluster_features
from thinkalike.neon.layers import cluster_logits
from thinkalike.networks.model import Model, penultimate
from thinkalike.networks.predict import features
from thinkalike.randomness import integer_seed
from thinkalike.stores.maps import read_segments


class ClusterNetwork(nn.Module):
    """Inputs (B, 3, size, size) → logits of clusters (B, K).

    With o the mean of the centroids and s_k = 2 (μ_k − o)·(φ − o) − ‖μ_k − o‖² = ‖φ − o‖² − ‖φ − μ_k‖² they
    are f_k = s_k − max_{j≠k} s_j.
    """

    origin: torch.Tensor

    def __init__(self, backbone: nn.Module, centroids: torch.Tensor) -> None:
        super().__init__()
        self.backbone = backbone
        origin = centroids.mean(0)
        centred = centroids - origin
        count, width = centroids.shape
        self.scores = nn.Linear(width, count).to(centroids).requires_grad_(False)
        self.scores.weight.copy_(2 * centred)
        self.scores.bias.copy_(-(centred**2).sum(1))
        self.register_buffer("origin", origin)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return cluster_logits(-self.scores(penultimate(self.backbone, inputs) - self.origin))


def clustering(model: Model, centroids: np.ndarray) -> Model:
    """The model with clusters in the place of its classes; its Grad-CAM layers are the same.

    Args:
        model: whose features are clustered; its network is part of the new one, not a copy.
        centroids: (K, D).

    Returns:
        A classifier whose outputs are called 0 … K − 1.
    """
    where = torch.as_tensor(centroids, dtype=model.dtype, device=model.device)
    network = ClusterNetwork(model.network, where).train(model.network.training)
    layers = {
        depth: asdict(replace(layer, module=f"backbone.{layer.module}"))
        for depth, layer in model.architecture.grad_cam_layers.items()
    }
    classes = tuple(map(str, range(len(centroids))))
    return replace(
        model,
        network=network,
        classes=classes,
        class_names=(),
        architecture=replace(model.architecture, layers=layers, outputs={}),
    )


def cluster_model(
    model: Model, images: np.ndarray, table: pd.DataFrame, settings: FeatureClustering, seed: int
) -> FeatureClusters:
    """Clusters of the features of a model's images, explained to the features.

    Args:
        model: whose features are clustered.
        images: (N, size, size, 3) uint8.
        table: a row for each image: image_id, class_name.
        settings: of the clustering.
        seed: of the study.
    """
    titles = dict(zip(model.classes, model.class_titles, strict=True))
    points = features(model, images)
    return cluster_features(points, table, settings, titles=titles, name=model.name, seed=seed)


def cluster_case(
    model: Model,
    clusters: FeatureClusters,
    images: np.ndarray,
    shown: int,
    *,
    baseline: tuple[float, float, float],
    seeds: tuple[int, *tuple[str, ...]],
    segments: str | None = None,
) -> Case:
    """The images that stand for clusters of a model's features, to be explained for their clusters.

    Args:
        model: whose features are clustered.
        clusters: of them.
        images: (N, size, size, 3) uint8, all images.
        shown: images of each cluster, at most.
        baseline: colour that takes the place of pixels, as of `Question`.
        seeds: seed of the study and names of the coalitions, as of `read_case`.
        segments: file of the superpixels of all images, for a method that uses them.
    """
    positions = clusters.gallery(shown)
    names = [clusters.image_ids[position] for position in positions]
    labels = np.stack([part.labels for part in read_segments(segments)]) if segments else None
    question = Question(
        output="logit",
        baseline=baseline,
        segments=None if labels is None else labels[positions],
        seeds=np.array([integer_seed(*seeds, name) for name in names]),
    )
    network = clustering(model, clusters.centroids)
    return Case(network, names, images[positions], clusters.clusters[positions], question)
