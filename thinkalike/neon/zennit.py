"""Layer-wise relevance propagation through k-means with zennit, behind any network zennit explains.

A network that ends with a `PairwiseCentroidDistance` is explained down to its input in one call:

    composite = EpsilonPlus(
        layer_map=[(NeuralizedKMeans, Midpoint())], canonizers=[KMeansCanonizer(beta)]
    )
    with Gradient(model, composite) as attributor:
        logits, relevances = attributor(inputs, lambda f: f * (f == f.amax(1, keepdim=True)))

`KMeansCanonizer` puts linear layer and pooling in place of the distances; the pooling shares relevance
out among competitors as it is, and `Midpoint` from competitors to features:

    R_i = Σ_kj R_kj (x_i − m_kji) w_kji / h_kj,    m_kj = (μ_k + μ_j)/2

Since Σ_i (x_i − m_kji) w_kji = h_kj, Σ_i R_i is the logit f of the cluster. The rules that zennit has
know no midpoints: with them the bias keeps a part of it.

Source: Kauffmann et al., From Clustering to Cluster Explanations via Neural Networks, IEEE TNNLS 2022
(arXiv:1906.07633), section IV; zennit issue 198.
"""

from typing import Any

import torch
from torch import nn
from zennit.canonizers import Canonizer
from zennit.core import Hook

from thinkalike.errors import InputError
from thinkalike.neon.layers import MinPool, NeuralizedKMeans, PairwiseCentroidDistance


class Midpoint(Hook):
    """The midpoint rule for a `NeuralizedKMeans`: R_kj (N, K, K−1) → R_i (N, D), of the input's type.

    What comes in is conserved: Σ_i R_i = Σ_kj R_kj. From the cluster that a point is in, 0 ≤ R_kj ≤ h_kj
    bounds the relevances. From another cluster, some h_kj may be near 0 and R_kj not: then relevances
    of both signs grow large, and at 0 itself there is no way to share R_kj out, and it is left out.

    Computed in float64, with products of matrices: (x_i − m_kji) w_kji = 2 x_i (μ_ki − μ_ji) − (μ_ki² −
    μ_ji²), so that sums over pairs become sums over clusters. No array has more than N·K² or N·D numbers.

    Raises:
        InputError: when the network is called, if the rule was given to another layer.
    """

    def forward(self, module: nn.Module, input: tuple[torch.Tensor], output: torch.Tensor) -> None:
        if not isinstance(module, NeuralizedKMeans):
            raise InputError(
                f"the midpoint rule was given to a {type(module).__name__}, which has no midpoints; map "
                "it to NeuralizedKMeans"
            )
        self.stored_tensors.update(points=input[0].detach(), discriminants=output.detach())

    def backward(
        self, module: NeuralizedKMeans, grad_input: Any, grad_output: tuple[torch.Tensor]
    ) -> tuple[torch.Tensor]:
        given = self.stored_tensors["points"]
        origin = module.centroids.double().mean(0)
        points, centroids = given.double() - origin, module.centroids.double() - origin
        squares = centroids**2
        distances = squares.sum(1) - 2 * points @ centroids.T  # up to ‖x‖², the same for all
        exact = distances[:, module.competitors] - distances[:, :, None]
        # The layer's own h is rounded. Dividing by the exact one conserves what was made of the other;
        # but on a border, where the layer's is nothing but rounding, the quotient could be anything.
        own = self.stored_tensors["discriminants"].double()
        divisors = torch.where((exact - own).abs() <= own.abs() / 2, exact, own)
        # from its own cluster, a point with h_kj = 0 is on a border, and R_kj = 0, too
        scales = torch.where(divisors == 0, 0, grad_output[0].double() / divisors)
        pairs = scales.new_zeros(*scales.shape[:2], scales.shape[1])
        pairs.scatter_(2, module.competitors.expand_as(scales), scales)
        scales = pairs.sum(2) - pairs.sum(1)
        relevances = 2 * points * (scales @ centroids) - scales @ squares
        return (relevances.to(given.dtype),)


class KMeansCanonizer(Canonizer):
    """Every `PairwiseCentroidDistance` in a network becomes `NeuralizedKMeans` and `MinPool`, for a while.

    Then the output is the logits (N, K) f_k in place of the distances d_k: the largest is that of the
    cluster that had the smallest distance, at least 0, and the others are at most 0, up to rounding. What
    comes behind the distance layer must be made for them. Device, type and training mode are those of
    the distance layer; on `remove` the same object is back at its place, which was not touched.

    Args:
        beta: β of `MinPool`, of any sign.

    Attributes:
        beta: |β|.

    Raises:
        InputError: β is not a number; when applied, the network itself is a distance layer, so that
            there is nothing to put another layer into, or its centroids are not finite.
    """

    def __init__(self, beta: float) -> None:
        super().__init__()
        self.beta = MinPool(beta).beta

    def apply(self, root_module: nn.Module) -> list["KMeansCanonizer"]:
        """Replace the distance layers; one canonizer for each place, which can undo it."""
        if isinstance(root_module, PairwiseCentroidDistance):
            raise InputError(
                "the network is the distance layer itself, and there is no place to put another layer; "
                "wrap it in nn.Sequential"
            )
        # One replacement per place, not per object: a rule remembers one input for each layer. And
        # all of them are made before the first is put in: what cannot be made changes nothing.
        places = [
            (parent, name, self._neuralized(child))
            for parent in root_module.modules()
            for name, child in parent._modules.items()
            if isinstance(child, PairwiseCentroidDistance)
        ]
        canonizers = []
        for place in places:
            canonizer = self.copy()
            canonizer.register(*place)
            canonizers.append(canonizer)
        return canonizers

    def register(self, parent: nn.Module, name: str, replacement: nn.Module) -> None:
        """Put a layer in the place of the parent's child of that name."""
        self._place = parent, name, getattr(parent, name)
        setattr(parent, name, replacement)

    def remove(self) -> None:
        """Put the distance layer back."""
        setattr(*self._place)

    def copy(self) -> "KMeansCanonizer":
        """A canonizer with this β that is not applied."""
        return type(self)(self.beta)

    def _neuralized(self, layer: PairwiseCentroidDistance) -> nn.Module:
        pair = nn.Sequential(NeuralizedKMeans(layer.centroids), MinPool(self.beta))
        return pair.train(layer.training)
