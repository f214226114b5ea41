"""k-means as a layer of a torch network, and as the two layers of a network that can be explained.

A distance layer gives d_k = ‖x − μ_k‖² for every cluster. Neither it nor the nearest cluster can be
explained well: the one measures how far x is from a cluster, the other has no gradient. The logit

    f_k = min_{j≠k} d_j − d_k = min_{j≠k} h_kj,
    h_kj = w_kj·x + b_kj,    w_kj = 2(μ_k − μ_j),    b_kj = ‖μ_j‖² − ‖μ_k‖²

says how clearly x is in cluster k: it is positive for its own cluster and for no other. And it is a
linear layer (`NeuralizedKMeans`) with a pooling behind it (`MinPool`).

`thinkalike.neon.zennit` puts them into a network in place of the distance layer, for zennit to explain.
`thinkalike.neon.estimator` explains clusters of arrays, without torch and without the K² weights.

Source: Kauffmann, Esders, Ruff, Montavon, Samek and Müller, From Clustering to Cluster Explanations via
Neural Networks, IEEE TNNLS 2022 (arXiv:1906.07633), sections III and IV; zennit issue 198.
"""

import math
from typing import Any

import torch
from torch import nn

from thinkalike.errors import InputError


class PairwiseCentroidDistance(nn.Module):
    """d_k = ‖x − μ_k‖², the squared Euclidean distances of points from centroids.

    (N, D) → (N, K), in the type of both, never negative, differentiable. They are seen from the mean of
    the centroids, so that where all of them lie costs no digits. Points that are not finite have
    distances that are not finite.

    Args:
        centroids: (K, D) floating-point, K ≥ 2. A copy becomes the buffer `centroids`.

    Raises:
        InputError: other centroids, or not finite; when called, points that are not (N, D) of the
            centroids' type.
    """

    centroids: torch.Tensor

    def __init__(self, centroids: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("centroids", _checked(centroids))

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        _check_points(points, self.centroids)
        origin = self.centroids.mean(0)
        points, centroids = points - origin, self.centroids - origin
        squares = (points**2).sum(1, keepdim=True) + (centroids**2).sum(1)
        return torch.addmm(squares, points, centroids.T, alpha=-2).clamp(min=0)


def cluster_logits(distances: torch.Tensor) -> torch.Tensor:
    """f_k = min_{j≠k} d_j − d_k: how much nearer each cluster is than the nearest of the others.

    At least 0 for the nearest cluster, at most 0 for the others. Differentiable: the gradient is that
    of the nearest competitor alone.

    Args:
        distances: (N, K) squared distances, K ≥ 2.

    Returns:
        (N, K), of the same type.

    Raises:
        InputError: distances of another shape.
    """
    if distances.ndim != 2 or distances.shape[1] < 2:
        raise InputError(
            f"the distances have shape {tuple(distances.shape)}; give points by clusters, and at least "
            "two clusters"
        )
    # the nearest competitor is the nearest cluster, or for that one the second nearest
    values, clusters = distances.topk(2, dim=1, largest=False)
    every = torch.arange(distances.shape[1], device=distances.device)
    return torch.where(every == clusters[:, :1], values[:, 1:], values[:, :1]) - distances


class NeuralizedKMeans(nn.Module):
    """h_kj = w_kj·x + b_kj = ‖x − μ_j‖² − ‖x − μ_k‖², for every cluster k and every competitor j ≠ k.

    (N, D) → (N, K, K−1), in the type of both. Competitors are in increasing order, k left out. Weights
    take K(K−1)D numbers: memory grows with the square of the number of clusters. Like any linear layer
    it loses digits where data lie far from 0 for their spread: centre such features first.

    Args:
        centroids: (K, D) floating-point, K ≥ 2.

    Attributes:
        weight: (K, K−1, D) w_kj = 2(μ_k − μ_j), a parameter that asks for no gradient: rules of LRP
            look for parameters to modify.
        bias: (K, K−1) b_kj = ‖μ_j‖² − ‖μ_k‖², likewise.
        centroids: (K, D), a buffer.
        competitors: (K, K−1) j, a buffer.

    Raises:
        InputError: other centroids, or not finite; when called, points that are not (N, D) of the
            centroids' type.
    """

    centroids: torch.Tensor
    competitors: torch.Tensor

    def __init__(self, centroids: torch.Tensor) -> None:
        super().__init__()
        centroids = _checked(centroids)
        count = len(centroids)
        others = ~torch.eye(count, dtype=torch.bool, device=centroids.device)
        every = torch.arange(count, device=centroids.device)
        competitors = every.expand(count, count)[others].view(count, count - 1)
        # differences of large squares: of half precision little would be left
        exact = centroids.double()
        squares = (exact**2).sum(1)
        weight = 2 * (exact[:, None] - exact[competitors])
        bias = squares[competitors] - squares[:, None]
        self.weight = nn.Parameter(weight.to(centroids.dtype), requires_grad=False)
        self.bias = nn.Parameter(bias.to(centroids.dtype), requires_grad=False)
        self.register_buffer("centroids", centroids)
        self.register_buffer("competitors", competitors, persistent=False)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        _check_points(points, self.centroids)
        every = nn.functional.linear(points, self.weight.flatten(0, 1), self.bias.flatten())
        return every.unflatten(1, self.bias.shape)


class LogMeanExpPool(nn.Module):
    """(1/β) log mean_j exp(β s_j) over the last dimension: a smooth minimum or maximum.

    (…, n) → (…). For β < 0 it approximates the minimum, for β > 0 the maximum; ±inf are these, and 0 is
    the limit, the mean. The gradient is the shares exp(β s_j) / Σ_j' exp(β s_j') of soft-min pooling:
    methods that explain by gradients get smooth ones. The value is not the logit f,

        min_j s_j ≤ LME ≤ min_j s_j + log(n)/|β|    for β < 0,
        max_j s_j − log(n)/β ≤ LME ≤ max_j s_j      for β > 0,

    and may be positive for a cluster that x is not in. Where relevances must sum to f, take `MinPool`.

    Args:
        beta: β, any number.

    Raises:
        InputError: β is not a number.
    """

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = _number(beta)

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        limits = torch.finfo(scores.dtype)
        if abs(self.beta) < limits.smallest_normal:
            return scores.mean(-1)
        extreme = scores.amin(-1) if self.beta < 0 else scores.amax(-1)
        if abs(self.beta) > limits.max:
            return extreme
        # log(mean(exp)) as log1p(mean(expm1)): the log n of a logsumexp, and its subtraction, would
        # leave nothing of a small β. The value depends on no reference, hence nor does the gradient.
        reference = extreme.detach()
        excess = torch.expm1(self.beta * (scores - reference[..., None]))
        return reference + torch.log1p(excess.mean(-1)) / self.beta


class MinPool(nn.Module):
    """min_j s_j over the last dimension, with the backward pass of the paper's soft-min pooling.

    (…, n) → (…). Backward, what comes in is handed on in shares

        exp(−|β| s_j) / Σ_j' exp(−|β| s_j'),

    which sum to 1: of relevance nothing is lost, for any β, and no rule of LRP is needed here. At inf
    the minima alone have shares, equal ones; at 0 all have. There is no second derivative: asking for
    it is an error.

    Args:
        beta: β, of any sign, which does not count.

    Attributes:
        beta: |β|.

    Raises:
        InputError: β is not a number.
    """

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = abs(_number(beta))

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        return _SoftMinPooling.apply(scores, self.beta)


class _SoftMinPooling(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: torch.Tensor, beta: float) -> torch.Tensor:
        ctx.save_for_backward(scores)
        ctx.beta = beta
        return scores.amin(-1)

    @staticmethod
    def backward(ctx: Any, relevances: torch.Tensor) -> tuple[torch.Tensor, None]:
        (scores,) = ctx.saved_tensors
        return _SoftMinShares.apply(relevances, scores, ctx.beta), None


class _SoftMinShares(torch.autograd.Function):
    """Shares of relevances, as a function that refuses a derivative by scores.

    `once_differentiable` would leave that derivative out without a word.
    """

    @staticmethod
    def forward(
        ctx: Any, relevances: torch.Tensor, scores: torch.Tensor, beta: float
    ) -> torch.Tensor:
        excess = scores - scores.amin(-1, keepdim=True)
        # the minima have 0 whatever β is: 0 times inf is not a number
        exponents = torch.where(excess == 0, excess, -beta * excess)
        return relevances[..., None] * exponents.softmax(-1)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> None:
        raise InputError(
            "MinPool has no second derivative; take the gradient once, or use LogMeanExpPool"
        )


def _checked(centroids: torch.Tensor) -> torch.Tensor:
    """A copy of centroids that can be used."""
    if centroids.ndim != 2 or not centroids.numel():
        raise InputError(
            f"the centroids have shape {tuple(centroids.shape)}; give a tensor of clusters by features"
        )
    if len(centroids) == 1:
        raise InputError(
            "there is one centroid only, and a point is in its cluster rather than in no other; give at "
            "least two"
        )
    if not centroids.is_floating_point():
        raise InputError(
            f"the centroids are of type {centroids.dtype}; give them as floating-point numbers"
        )
    finite = centroids.isfinite().all(1)
    if not finite.all():
        raise InputError(
            f"the centroid of cluster {int(finite.int().argmin())} is not finite; fit the clusters to "
            "finite numbers"
        )
    return centroids.detach().clone()


def _check_points(points: torch.Tensor, centroids: torch.Tensor) -> None:
    if points.ndim != 2 or points.shape[1] != centroids.shape[1]:
        raise InputError(
            f"the points have shape {tuple(points.shape)}, and the centroids {centroids.shape[1]} "
            "features; give points by as many features, for instance through nn.Flatten"
        )
    if points.dtype != centroids.dtype:
        raise InputError(
            f"the points are of type {points.dtype} and the centroids {centroids.dtype}; bring both to "
            "one type, for instance the model with .to(points.dtype)"
        )


def _number(beta: float) -> float:
    if math.isnan(beta):
        raise InputError("beta is not a number; give one, inf for the minimum alone")
    return float(beta)
