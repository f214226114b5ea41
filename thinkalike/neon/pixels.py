"""Clusters of a model's features as its classes, so that every method explains a cluster to the pixels.

The logit of cluster k is f_k(x) = min_{j≠k} ‖φ(x) − μ_j‖² − ‖φ(x) − μ_k‖², φ the penultimate features: how
much farther the next cluster is. It is positive for the cluster that the image is in, and for no other.
Its gradient is that of the next cluster alone, so that a map says: why this cluster, rather than the
next one?
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from thinkalike.neon.layers import PairwiseCentroidDistance, cluster_logits
from thinkalike.networks.model import Model, penultimate


class ClusterNetwork(nn.Module):
    """Inputs (B, 3, size, size) → logits of clusters (B, K)."""

    def __init__(self, backbone: nn.Module, centroids: torch.Tensor) -> None:
        super().__init__()
        self.backbone = backbone
        self.distances = PairwiseCentroidDistance(centroids)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return cluster_logits(self.distances(penultimate(self.backbone, inputs)))


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
    layers = {key: f"backbone.{name}" for key, name in model.architecture.layers.items()}
    classes = tuple(map(str, range(len(centroids))))
    return replace(
        model,
        network=network,
        classes=classes,
        class_names=(),
        architecture=replace(model.architecture, layers=layers),
    )
