"""Neuralized k-means in torch and zennit, against scipy, the NumPy core and closed forms."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from scipy.special import logsumexp, softmax
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from zennit.attribution import Gradient
from zennit.composites import EpsilonPlus, LayerMapComposite
from zennit.rules import Epsilon, Pass
from zennit.types import Activation, Convolution

from tests.support.explaining import traces
from thinkalike.errors import InputError
from thinkalike.neon.estimator import Neon
from thinkalike.neon.layers import (
    LogMeanExpPool,
    MinPool,
    NeuralizedKMeans,
    PairwiseCentroidDistance,
    cluster_logits,
)
from thinkalike.neon.zennit import KMeansCanonizer, Midpoint

SHAPES = [(2, 4), (3, 4), (3, 64), (10, 64), (10, 512)]
"""Clusters, features."""
BETAS = [0, 1e-3, 0.5, -0.5, 40, np.inf, -np.inf]
TYPES = [torch.float32, torch.float64]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drawn(clusters: int, features: int, dtype=torch.float64, count: int = 64):
    """Points around centroids, so that clusters overlap: some are near a border."""
    generator = torch.Generator().manual_seed(clusters * 1000 + features)
    centroids = torch.randn(clusters, features, generator=generator, dtype=torch.float64)
    noise = 2 * torch.randn(count, features, generator=generator, dtype=torch.float64)
    points = centroids[torch.arange(count) % clusters] + noise
    return points.to(dtype), centroids.to(dtype)


def wrapped(centroids: torch.Tensor) -> nn.Sequential:
    return nn.Sequential(PairwiseCentroidDistance(centroids))


def composite(beta: float, *layer_map) -> LayerMapComposite:
    return LayerMapComposite(
        [(NeuralizedKMeans, Midpoint()), *layer_map], canonizers=[KMeansCanonizer(beta)]
    )


def of_own_cluster(logits: torch.Tensor) -> torch.Tensor:
    """The relevance to start with: the logit of the point's cluster, in its place."""
    return torch.zeros_like(logits).scatter(
        1, logits.argmax(1, keepdim=True), logits.amax(1, keepdim=True)
    )


def explained(model: nn.Module, inputs: torch.Tensor, rules: LayerMapComposite):
    """(N,) the logit of each input's cluster, and relevances of the input's shape."""
    with Gradient(model, rules) as attributor:
        logits, relevances = attributor(inputs, of_own_cluster)
    assert relevances.dtype == inputs.dtype
    return logits.detach().amax(1).double(), relevances.detach()


def gaps(logits: torch.Tensor, relevances: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """|Σ R − f| as a share of Σ|R|, and of f where f is not tiny."""
    parts = relevances.double().flatten(1)
    gap = (parts.sum(1) - logits).abs()
    clear = logits > logits.mean() / 10
    assert clear.sum() > len(logits) / 2
    return gap / parts.abs().sum(1), (gap / logits)[clear]


class Largest(TorchDispatchMode):
    """How many numbers the largest array has that is made."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        for tensor in found if isinstance(found, (tuple, list)) else (found,):
            if isinstance(tensor, torch.Tensor):
                numbers = tensor.untyped_storage().nbytes() // tensor.element_size()
                self.numbers = max(self.numbers, numbers)
        return found


# distances and logits


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("clusters", "features"), SHAPES)
def test_distances_are_those_of_scipy(clusters, features, dtype):
    points, centroids = drawn(clusters, features, dtype)
    found = PairwiseCentroidDistance(centroids)(points)
    assert found.dtype == dtype
    expected = cdist(points.double(), centroids.double(), "sqeuclidean")
    tolerance = 1e-6 if dtype == torch.float32 else 1e-13
    np.testing.assert_allclose(found, expected, atol=tolerance * expected.max())


def test_distances_are_not_negative_where_points_are_centroids():
    _, centroids = drawn(50, 16, torch.float32)
    found = PairwiseCentroidDistance(centroids)(centroids)
    assert (found >= 0).all()
    assert (found.diagonal() < 1e-6 * found.max()).all()


def test_distances_lose_no_digits_far_from_the_origin():
    points, centroids = drawn(3, 16)
    # multiples of 1/64 are in float32 what they are, there, too
    here = [((values * 64).round() / 64).float() for values in (points, centroids)]
    there = [values + 10_000 for values in here]
    expected = cdist(*here, "sqeuclidean")
    found = PairwiseCentroidDistance(there[1])(there[0])
    np.testing.assert_allclose(found, expected, atol=2e-6 * expected.max())


def test_gradients_of_distances_point_away_from_the_centroids():
    points, centroids = drawn(3, 4)
    points.requires_grad_()
    distances = PairwiseCentroidDistance(centroids)(points)
    for cluster in range(3):
        (gradient,) = torch.autograd.grad(distances[:, cluster].sum(), points, retain_graph=True)
        torch.testing.assert_close(gradient, 2 * (points.detach() - centroids[cluster]))
    assert torch.autograd.gradcheck(PairwiseCentroidDistance(centroids), points)


def test_no_points_have_no_distances():
    _, centroids = drawn(3, 4)
    found = cluster_logits(PairwiseCentroidDistance(centroids)(torch.empty(0, 4).double()))
    assert found.shape == (0, 3)


@pytest.mark.parametrize(("clusters", "features"), SHAPES)
def test_logits_are_those_of_the_core(clusters, features):
    points, centroids = drawn(clusters, features)
    found = cluster_logits(PairwiseCentroidDistance(centroids)(points))
    expected = Neon(centroids.numpy(), beta=1).fit().decision_function(points.numpy())
    np.testing.assert_allclose(found, expected, atol=1e-12 * expected.max())


@given(
    arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(2, 5)), elements=st.integers(0, 3))
)
def test_logits_are_the_least_difference_for_all_small_distances(distances):
    """Integers, so that there are ties."""
    found = cluster_logits(torch.from_numpy(distances).double()).numpy()
    for (row, cluster), value in np.ndenumerate(found):
        others = np.delete(distances[row], cluster)
        assert value == (others - distances[row, cluster]).min()
    assert (found.argmax(1) == distances.argmin(1)).all()


def test_the_gradient_of_a_logit_is_that_of_the_nearest_competitor():
    distances = torch.tensor([[3.0, 1.0, 7.0, 2.0]], dtype=torch.float64, requires_grad=True)
    expected = [[-1, 1, 0, 0], [0, -1, 0, 1], [0, 1, -1, 0], [0, 1, 0, -1]]
    found = torch.autograd.functional.jacobian(lambda d: cluster_logits(d)[0], distances)
    assert found[:, 0].tolist() == expected
    assert torch.autograd.gradcheck(cluster_logits, distances)


# memory


def test_no_array_holds_points_by_clusters_by_features():
    points, centroids = drawn(20, 30, count=50)
    layer = PairwiseCentroidDistance(centroids)
    points.requires_grad_()
    with Largest() as made:
        cluster_logits(layer(points)).sum().backward()
    assert made.numbers == 50 * 30


def test_logits_take_no_array_of_pairs_of_clusters():
    distances = torch.rand(50, 20, requires_grad=True)
    with Largest() as made:
        cluster_logits(distances).sum().backward()
    assert made.numbers <= 50 * 20 * 2  # topk keeps room for values and indices


def test_relevances_take_no_array_of_pairs_of_clusters_by_features():
    points, centroids = drawn(20, 300, count=500)
    with Gradient(wrapped(centroids), composite(1)) as attributor, Largest() as made:
        attributor(points, of_own_cluster)
    assert made.numbers == 500 * 20 * 20


# the linear layer


@pytest.mark.parametrize("clusters", [2, 3, 5])
def test_the_linear_layer_has_a_row_for_every_pair_in_order(clusters):
    points, centroids = drawn(clusters, 4)
    layer = NeuralizedKMeans(centroids)
    found = layer(points)
    assert found.shape == (len(points), clusters, clusters - 1)
    distances = cdist(points, centroids, "sqeuclidean")
    for k in range(clusters):
        for place, j in enumerate(j for j in range(clusters) if j != k):
            torch.testing.assert_close(layer.weight[k, place], 2 * (centroids[k] - centroids[j]))
            bias = (centroids[j] ** 2).sum() - (centroids[k] ** 2).sum()
            torch.testing.assert_close(layer.bias[k, place], bias)
            expected = distances[:, j] - distances[:, k]
            np.testing.assert_allclose(found[:, k, place], expected, atol=1e-12 * distances.max())


def test_biases_are_rounded_once():
    _, centroids = drawn(3, 64)
    centroids = (centroids + 1000).float()
    squares = (centroids.double() ** 2).sum(1)
    found = NeuralizedKMeans(centroids).bias[0].double()
    torch.testing.assert_close(found, squares[1:] - squares[0], rtol=1e-7, atol=0)


@pytest.mark.parametrize("layer", [PairwiseCentroidDistance, NeuralizedKMeans])
def test_layers_have_centroids_of_their_own(layer):
    _, centroids = drawn(3, 4)
    made = layer(centroids)
    before = centroids.clone()
    centroids.zero_()
    assert made.centroids.equal(before)


def test_the_linear_layer_asks_for_no_gradients_but_for_those_of_points():
    points, centroids = drawn(3, 4)
    layer = NeuralizedKMeans(centroids)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    assert not any(parameter.requires_grad for parameter in layer.parameters())
    assert set(layer.state_dict()) == {"weight", "bias", "centroids"}
    assert torch.autograd.gradcheck(layer, points.requires_grad_())


def test_the_rules_that_zennit_has_work_on_it_and_leave_a_part_to_the_bias():
    points, centroids = drawn(3, 4)
    rules = LayerMapComposite([(NeuralizedKMeans, Epsilon(1e-12))])
    with Gradient(NeuralizedKMeans(centroids), rules) as attributor:
        _, relevances = attributor(points, torch.ones_like)
    expected = torch.zeros_like(points)
    for k, j in product(range(3), range(3)):
        if j != k:
            weight = 2 * (centroids[k] - centroids[j])
            bias = (centroids[j] ** 2).sum() - (centroids[k] ** 2).sum()
            expected += points * weight / (points @ weight + bias)[:, None]
    torch.testing.assert_close(relevances, expected)
    assert ((relevances.sum(1) - 6).abs() > 0.1).any()
    without = LayerMapComposite([(NeuralizedKMeans, Epsilon(1e-12, zero_params=["bias"]))])
    with Gradient(NeuralizedKMeans(centroids), without) as attributor:
        _, relevances = attributor(points, torch.ones_like)
    torch.testing.assert_close(relevances.sum(1), torch.full((64,), 6.0, dtype=torch.float64))


# pooling

SCORES = arrays(
    np.float64,
    st.tuples(st.integers(1, 3), st.integers(1, 6)),
    elements=st.floats(-1e3, 1e3) | st.sampled_from([0.0, 1.0, -2.0]),
)


@given(SCORES, st.floats(allow_nan=False), st.sampled_from(TYPES))
@example(np.array([[0.0, 1.0]]), 1e300, torch.float32)
@example(np.array([[0.0, 1.0]]), -1e-300, torch.float32)
@example(np.array([[1.0, 1.0, 3.0]]), -np.inf, torch.float32)
def test_log_mean_exp_keeps_its_bounds(scores, beta, dtype):
    given_scores = torch.from_numpy(scores).to(dtype)
    found = LogMeanExpPool(beta)(given_scores).double()
    low, high = given_scores.double().amin(-1), given_scores.double().amax(-1)
    tolerance = 16 * torch.finfo(dtype).eps * given_scores.double().abs().amax(-1)
    width = np.log(scores.shape[-1]) / abs(beta) if beta else np.inf
    assert (found >= low - tolerance).all()
    assert (found <= high + tolerance).all()
    if beta < 0:
        assert (found <= low + width * (1 + 1e-5) + tolerance).all()
    if beta > 0:
        assert (found >= high - width * (1 + 1e-5) - tolerance).all()


@pytest.mark.parametrize("beta", [-30, -1, -1e-3, 1e-3, 1, 30])
def test_log_mean_exp_and_its_gradient_are_those_of_scipy(beta):
    scores = torch.randn(5, 3, 4, dtype=torch.float64, requires_grad=True)
    found = LogMeanExpPool(beta)(scores)
    values = scores.detach().numpy()
    expected = (logsumexp(beta * values, axis=-1) - np.log(4)) / beta
    np.testing.assert_allclose(found.detach(), expected, atol=1e-12)
    (gradient,) = torch.autograd.grad(found.sum(), scores)
    np.testing.assert_allclose(gradient, softmax(beta * values, axis=-1), atol=1e-12)
    assert torch.autograd.gradcheck(LogMeanExpPool(beta), scores)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("beta", [0, 1e-300, 1e-30, -1e-30, 1e-9, -1e-9])
def test_log_mean_exp_of_a_small_beta_is_the_mean(beta, dtype):
    scores = torch.tensor([[1.0, 2.0, 6.0]], dtype=dtype, requires_grad=True)
    found = LogMeanExpPool(beta)(scores)
    assert found.item() == pytest.approx(3, rel=1e-6)
    (gradient,) = torch.autograd.grad(found.sum(), scores)
    np.testing.assert_allclose(gradient, 1 / 3, rtol=1e-6)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize(("beta", "least"), [(-np.inf, True), (-1e300, True), (np.inf, False)])
def test_log_mean_exp_of_an_infinite_beta_is_the_extreme(beta, least, dtype):
    scores = torch.tensor([[1.0, 2.0, 6.0], [-5.0, 1e30, 0.0]], dtype=dtype)
    found = LogMeanExpPool(beta)(scores)
    assert found.equal(scores.amin(1) if least else scores.amax(1))


def test_log_mean_exp_is_not_the_logit():
    """The first flower of the iris data: f_c is 11.6713, and sums to 15.1577 would be wrong."""
    discriminants = torch.tensor([[11.67129471, 25.57898122]], dtype=torch.float64)
    assert LogMeanExpPool(-0.17456391)(discriminants).item() == pytest.approx(15.1577, abs=1e-4)
    assert MinPool(0.17456391)(discriminants).item() == 11.67129471


@given(SCORES, st.floats(allow_nan=False), st.sampled_from(TYPES))
@example(np.array([[0.0, 1.0]]), 1e300, torch.float32)
@example(np.array([[1.0, 1.0, 3.0]]), -np.inf, torch.float32)
def test_min_pool_shares_everything_out_and_most_to_the_least(scores, beta, dtype):
    given_scores = torch.from_numpy(scores).to(dtype).requires_grad_()
    found = MinPool(beta)(given_scores)
    assert found.detach().equal(given_scores.detach().amin(-1))
    coming = torch.arange(1, len(scores) + 1, dtype=dtype)
    (shares,) = torch.autograd.grad(found, given_scores, coming)
    assert (shares >= 0).all()
    torch.testing.assert_close(shares.sum(-1), coming)
    order = given_scores.detach().argsort(-1)
    assert (shares.gather(-1, order).diff(dim=-1) <= 0).all()


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("beta", [0, 1e-3, 0.5, 3, 700, 1e6])
def test_shares_of_min_pool_are_those_of_soft_min(beta, sign):
    scores = torch.randn(5, 3, 4, dtype=torch.float64, requires_grad=True)
    coming = torch.randn(5, 3, dtype=torch.float64)
    (found,) = torch.autograd.grad(MinPool(sign * beta)(scores), scores, coming)
    expected = coming.numpy()[..., None] * softmax(-beta * scores.detach().numpy(), axis=-1)
    np.testing.assert_allclose(found, expected, atol=1e-13)


def test_an_infinite_beta_shares_among_the_minima_equally():
    scores = torch.tensor([[2.0, 1.0, 1.0, 3.0], [0.0, 1.0, 2.0, 3.0]], requires_grad=True)
    (found,) = torch.autograd.grad(MinPool(np.inf)(scores).sum(), scores)
    assert found.tolist() == [[0, 0.5, 0.5, 0], [1, 0, 0, 0]]


def test_min_pool_refuses_a_second_derivative():
    """Also where others of the second derivative's terms are there, and would be taken for all."""
    inputs = torch.rand(2, 3, requires_grad=True)
    (found,) = torch.autograd.grad(MinPool(1)(inputs**2).sum(), inputs, create_graph=True)
    with pytest.raises(InputError, match="no second derivative; take the gradient once, or use"):
        found.sum().backward()


# relevances of features


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize(("clusters", "features"), SHAPES)
def test_relevances_are_those_of_the_core(clusters, features, beta):
    points, centroids = drawn(clusters, features)
    logits, relevances = explained(wrapped(centroids), points, composite(beta))
    expected = Neon(centroids.numpy(), beta=abs(beta)).fit().explain(points.numpy())
    np.testing.assert_allclose(logits, expected.logits, atol=1e-12 * expected.logits.max())
    scale = np.abs(expected.relevances).max()
    np.testing.assert_allclose(relevances, expected.relevances, atol=1e-11 * scale)


@pytest.mark.parametrize("beta", BETAS)
@pytest.mark.parametrize(("clusters", "features"), SHAPES)
def test_relevances_sum_to_the_logit_in_single_precision(clusters, features, beta):
    points, centroids = drawn(clusters, features, torch.float32)
    of_all, of_logits = gaps(*explained(wrapped(centroids), points, composite(beta)))
    assert of_all.max() < 1e-6
    assert of_logits.max() < 1e-6


def test_relevances_sum_to_the_logit_that_was_rounded_far_from_the_origin():
    """The linear layer's h is a little off there; what was made of it is shared out all the same."""
    points, centroids = drawn(3, 64)
    points, centroids = points.float() + 1000, centroids.float() + 1000
    logits, found = explained(wrapped(centroids), points, composite(0.1))
    exact = Neon(centroids.double().numpy(), beta=0.1).fit().logits(points.double().numpy())
    assert (np.abs(logits.numpy() - exact) / exact).max() > 1e-5
    assert gaps(logits, found)[1].max() < 1e-6


def test_relevances_of_the_first_iris_are_the_published_figures():
    centroids = torch.tensor(
        [
            [5.006, 3.428, 1.462, 0.246],
            [5.901613, 2.748387, 4.393548, 1.433871],
            [6.85, 3.073684, 5.742105, 2.071053],
        ]
    )
    flower = torch.tensor([[5.1, 3.5, 1.4, 0.2]])
    for beta, expected in [
        (0.17456391, [0.69533402, 0.52088700, 8.92858274, 1.52649095]),
        (0.5, [0.63447193, 0.55928080, 8.95714782, 1.52039416]),
    ]:
        _, found = explained(wrapped(centroids), flower, composite(beta))
        np.testing.assert_allclose(found[0], expected, atol=2e-5)


def test_relevance_of_another_cluster_sums_to_its_negative_logit():
    points, centroids = drawn(4, 8)
    with Gradient(wrapped(centroids), composite(0.5)) as attributor:
        logits, relevances = attributor(points, lambda f: f * nn.functional.one_hot(f.argmin(1), 4))
    assert (logits.amin(1) < 0).all()
    torch.testing.assert_close(relevances.sum(1), logits.amin(1))


def test_relevances_on_a_border_stay_within_the_features_own_parts():
    """There the logit is rounding, in single precision, and an exact one may be far smaller."""
    points, centroids = drawn(2, 64, torch.float64, count=4096)
    centroids = centroids.float().double()
    weight = 2 * (centroids[0] - centroids[1])
    middle = centroids.mean(0)
    points -= ((points - middle) @ weight / weight.dot(weight))[:, None] * weight
    points = points.float()
    logits, found = explained(wrapped(centroids.float()), points, composite(1))
    parts = ((points.double() - middle) * weight).abs()
    assert (logits < 1e-5 * parts.sum(1)).all()
    assert (found.abs() <= 2.001 * parts).all()
    assert ((found.double().sum(1) - logits).abs() <= 1e-6 * parts.sum(1)).all()


@pytest.mark.parametrize("beta", BETAS)
def test_duplicated_centroids_have_no_relevance_and_no_nan(beta):
    points, centroids = drawn(3, 4, torch.float32)
    centroids = centroids[[0, 1, 2, 0]]
    logits, found = explained(wrapped(centroids), points, composite(beta))
    own = cdist(points, centroids[:3]).argmin(1)
    assert found.isfinite().all()
    assert set(own) == {0, 1, 2}
    assert (logits[own == 0] == 0).all()
    assert (found[own == 0] == 0).all()
    assert (logits[own != 0] > 0).all()
    torch.testing.assert_close(found.double().sum(1), logits, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_explained_in_half_precision(dtype):
    points, centroids = drawn(3, 16, dtype)
    _, found = explained(wrapped(centroids), points, composite(0.1))
    expected = Neon(centroids.double().numpy(), beta=0.1).fit().explain(points.double().numpy())
    scale = np.abs(expected.relevances).max()
    tolerance = 20 * torch.finfo(dtype).eps
    np.testing.assert_allclose(found.double(), expected.relevances, atol=tolerance * scale)


# through a network, to the pixels


def backbone(dtype: torch.dtype) -> nn.Sequential:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 8, 3, bias=False),
        nn.ReLU(),
        nn.Conv2d(8, 4, 3, stride=2, bias=False),
        nn.ReLU(),
        nn.Flatten(),
    ]
    return nn.Sequential(*layers).to(dtype)


def vision(dtype: torch.dtype) -> tuple[nn.Sequential, torch.Tensor]:
    """A network that ends in distances from the features of three of its images; twelve images."""
    network = backbone(dtype)
    images = torch.randn(12, 3, 12, 12).to(dtype)
    with torch.no_grad():
        centroids = network(images[:3])
    return nn.Sequential(network, PairwiseCentroidDistance(centroids)), images


@pytest.mark.parametrize("beta", [0, -0.5, 20, np.inf])
@pytest.mark.parametrize("dtype", TYPES)
def test_pixels_sum_to_the_logit(dtype, beta):
    model, images = vision(dtype)
    logits = cluster_logits(model(images)).detach().amax(1).double()
    rules = composite(beta, (Activation, Pass()), (Convolution, Epsilon(1e-12)))
    found, relevances = explained(model, images, rules)
    assert relevances.shape == images.shape
    assert found.numpy() == pytest.approx(logits.numpy(), rel=1e-4)
    of_all, of_logits = gaps(found, relevances)
    assert of_all.max() < 1e-6
    if dtype == torch.float64:
        assert of_logits.max() < 1e-6


def test_the_features_of_a_network_have_the_relevances_of_the_core():
    model, images = vision(torch.float64)
    features = model[0](images).detach()
    expected = Neon(model[1].centroids.numpy(), beta=0.5).fit().explain(features.numpy())
    _, found = explained(model[1:], features, composite(0.5))
    np.testing.assert_allclose(found, expected.relevances, atol=1e-12)


def test_one_call_explains_a_network_with_a_composite_of_zennit():
    model, images = vision(torch.float64)
    rules = EpsilonPlus(
        layer_map=[(NeuralizedKMeans, Midpoint())], canonizers=[KMeansCanonizer(0.5)]
    )
    with Gradient(model, rules) as attributor:
        logits, relevances = attributor(images, lambda f: f * (f == f.amax(1, keepdim=True)))
    sums = relevances.flatten(1).sum(1)
    np.testing.assert_allclose(sums, logits.detach().amax(1), rtol=1e-3)


# the canonizer


class Branch(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.dist = layer

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return self.dist(points)


class Nested(nn.Module):
    """Distance layers at a.b.0.dist and at last, of different centroids."""

    def __init__(self, first: torch.Tensor, last: torch.Tensor) -> None:
        super().__init__()
        branch = nn.Sequential(Branch(PairwiseCentroidDistance(first)), nn.Identity())
        self.a = nn.ModuleDict({"b": branch})
        self.last = PairwiseCentroidDistance(last)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.a["b"](points), self.last(points)], 1)


class Twice(nn.Module):
    """One distance layer in two places, asked about a point and about its mirror image."""

    def __init__(self, centroids: torch.Tensor) -> None:
        super().__init__()
        self.first = self.second = PairwiseCentroidDistance(centroids)

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return torch.cat([self.first(points), self.second(points.flip(1))], 1)


def nested() -> tuple[Nested, torch.Tensor]:
    points, first = drawn(3, 4, torch.float32)
    _, last = drawn(5, 4, torch.float32)
    return Nested(first, last), points


@given(
    arrays(np.float64, (7, 3), elements=st.floats(-50, 50)),
    arrays(np.float64, st.tuples(st.integers(2, 5), st.just(3)), elements=st.floats(-50, 50)),
    st.floats(allow_nan=False),
)
@example(np.zeros((7, 3)), np.zeros((3, 3)), 1.0)
def test_the_largest_logit_is_that_of_the_smallest_distance(points, centroids, beta):
    distances = cdist(points, centroids, "sqeuclidean")
    model = wrapped(torch.from_numpy(centroids))
    with composite(beta).context(model):
        logits = model(torch.from_numpy(points)).numpy()
    chosen = logits.argmax(1)
    rows = np.arange(len(points))
    rounding = 1e-10  # coordinates are up to 50, squared distances up to 30,000
    assert (distances[rows, chosen] <= distances.min(1) + rounding).all()
    assert (logits[rows, chosen] >= -rounding).all()
    others = np.arange(len(centroids)) != chosen[:, None]
    assert (logits[others] <= rounding).all()


def test_distance_layers_are_replaced_wherever_they_are_and_nothing_else():
    model, points = nested()
    before = model(points)
    names = {name for name, _ in model.named_modules()}
    with composite(1).context(model):
        inside = dict(model.named_modules())
        assert names < set(inside)
        assert set(inside) - names == {
            f"{place}.{part}" for place, part in product(["a.b.0.dist", "last"], "01")
        }
        for place in ("a.b.0.dist", "last"):
            assert isinstance(inside[f"{place}.0"], NeuralizedKMeans)
            assert isinstance(inside[f"{place}.1"], MinPool)
        assert not any(isinstance(m, PairwiseCentroidDistance) for m in model.modules())
        logits = model(points)
    for part in (slice(0, 3), slice(3, 8)):
        torch.testing.assert_close(logits[:, part], cluster_logits(before[:, part]))
        assert logits[:, part].argmax(1).equal(before[:, part].argmin(1))


@pytest.mark.parametrize("fails", [False, True])
def test_afterwards_the_network_is_as_it_was(fails):
    model, points = nested()
    model.train()
    model.last.eval()
    layers = model.a["b"][0].dist, model.last
    state, before = deepcopy(model.state_dict()), model(points)
    modes = [module.training for module in model.modules()]
    rules = composite(1)

    def used() -> None:
        with rules.context(model):
            inputs = points.clone().requires_grad_()
            model(inputs).sum().backward()
            assert model.a["b"][0].dist is not layers[0]
            assert traces(model)
            if fails:
                raise KeyError("of the caller")

    if fails:
        with pytest.raises(KeyError, match="of the caller"):
            used()
    else:
        used()
    assert (model.a["b"][0].dist, model.last) == layers
    assert [name for name, _ in model.named_children()] == ["a", "last"]
    assert list(model.state_dict()) == list(state)
    for name, value in model.state_dict().items():
        assert value.equal(state[name])
    assert model(points).equal(before)
    assert [module.training for module in model.modules()] == modes
    assert traces(model) == []
    assert not rules.handles


def test_a_network_can_be_explained_again_and_again():
    model, points = nested()
    rules = composite(0.5)
    first = explained(model, points, rules)
    assert explained(model, points, rules)[1].equal(first[1])


def test_one_layer_in_two_places_is_explained_in_both():
    points, centroids = drawn(3, 4)
    neon = Neon(centroids.numpy(), beta=0.5).fit()
    expected = neon.explain(points.numpy()).relevances
    mirrored = neon.explain(points.flip(1).numpy()).relevances[:, ::-1]
    model = Twice(centroids)
    with Gradient(model, composite(0.5)) as attributor:
        _, found = attributor(
            points, lambda f: torch.cat([of_own_cluster(part) for part in f.chunk(2, 1)], 1)
        )
    np.testing.assert_allclose(found, expected + mirrored, atol=1e-11)
    assert model.first is model.second


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_the_replacement_is_of_the_type_and_mode_of_the_layer(dtype, training):
    _, centroids = drawn(3, 4, dtype)
    model = wrapped(centroids)
    model[0].train(training)
    with composite(1).context(model):
        assert {module.training for module in model[0].modules()} == {training}
        linear = model[0][0]
        kinds = {tensor.dtype for tensor in (linear.weight, linear.bias, linear.centroids)}
        assert kinds == {dtype}


@pytest.mark.parametrize("beta", [-0.5, 0.5])
def test_copies_of_canonizer_and_rule_are_the_same(beta):
    points, centroids = drawn(4, 8)
    canonizer, rule = KMeansCanonizer(beta), Midpoint()
    for _ in range(3):
        canonizer, rule = canonizer.copy(), rule.copy()
        assert canonizer.beta == 0.5
        assert type(rule) is Midpoint
    copied = LayerMapComposite([(NeuralizedKMeans, rule)], canonizers=[canonizer])
    _, found = explained(wrapped(centroids), points, copied)
    _, expected = explained(wrapped(centroids), points, composite(0.5))
    assert found.equal(expected)


def test_a_network_without_distances_is_left_alone():
    assert KMeansCanonizer(1).apply(backbone(torch.float32)) == []


# what a user can mend


@pytest.mark.parametrize("layer", [PairwiseCentroidDistance, NeuralizedKMeans])
@pytest.mark.parametrize(
    ("centroids", "sentence"),
    [
        (torch.zeros(3), r"the centroids have shape \(3,\); give a tensor of clusters by features"),
        (torch.zeros(3, 0), r"the centroids have shape \(3, 0\); give"),
        (torch.zeros(1, 4), "there is one centroid only.*; give at least two"),
        (torch.zeros(2, 4, dtype=torch.int64), "are of type torch.int64; give them as floating"),
        (
            torch.tensor([[0.0], [1.0], [torch.nan]]),
            "the centroid of cluster 2 is not finite; fit the clusters to finite numbers",
        ),
    ],
)
def test_centroids_that_are_none_are_refused(layer, centroids, sentence):
    with pytest.raises(InputError, match=sentence):
        layer(centroids)


@pytest.mark.parametrize("layer", [PairwiseCentroidDistance, NeuralizedKMeans])
@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        (torch.zeros(4), r"the points have shape \(4,\), and the centroids 4 features; give"),
        (torch.zeros(5, 3), r"the points have shape \(5, 3\), and the centroids 4 features; give"),
        (torch.zeros(5, 4, 1), r"the points have shape \(5, 4, 1\).*nn.Flatten"),
        (
            torch.zeros(5, 4).double(),
            r"type torch.float64 and the centroids torch.float32; bring both.*\.to\(points.dtype\)",
        ),
    ],
)
def test_points_of_another_form_are_refused(layer, points, sentence):
    with pytest.raises(InputError, match=sentence):
        layer(torch.eye(3, 4))(points)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 3, 3)])
def test_distances_of_another_form_are_refused(shape):
    with pytest.raises(InputError, match=r"the distances have shape .*; give points by clusters"):
        cluster_logits(torch.zeros(shape))


@pytest.mark.parametrize("made", [LogMeanExpPool, MinPool, KMeansCanonizer])
def test_a_beta_that_is_no_number_is_refused(made: Callable[[float], object]):
    with pytest.raises(InputError, match="beta is not a number; give one, inf for the minimum"):
        made(float("nan"))


def test_a_network_that_is_the_distance_layer_itself_is_refused():
    layer = PairwiseCentroidDistance(torch.eye(3))
    with pytest.raises(InputError, match=r"the distance layer itself.*; wrap it in nn.Sequential"):
        composite(1).register(layer)
    assert traces(layer) == []


def test_centroids_that_are_no_longer_finite_are_refused_before_anything_is_replaced():
    model, _ = nested()
    model.last.centroids[1] = torch.nan
    with pytest.raises(InputError, match="the centroid of cluster 1 is not finite"):
        KMeansCanonizer(1).apply(model)
    assert isinstance(model.a["b"][0].dist, PairwiseCentroidDistance)


def test_the_midpoint_rule_is_refused_for_other_layers():
    model = nn.Sequential(nn.Linear(4, 4), PairwiseCentroidDistance(torch.eye(3, 4)))
    rules = composite(1, (nn.Linear, Midpoint()))
    with pytest.raises(
        InputError, match="given to a Linear, which has no midpoints; map it to NeuralizedKMeans"
    ):
        explained(model, torch.zeros(2, 4), rules)
    assert traces(model) == []
    assert isinstance(model[1], PairwiseCentroidDistance)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA finds no device")
def test_relevances_on_a_gpu_are_those_of_the_cpu():
    points, centroids = drawn(10, 64, torch.float32)
    here = explained(wrapped(centroids), points, composite(0.1))
    there = explained(wrapped(centroids).to("cuda"), points.to("cuda"), composite(0.1))
    assert there[1].device.type == "cuda"
    for one, other in zip(here, there, strict=True):
        torch.testing.assert_close(other.cpu(), one, rtol=1e-4, atol=1e-4)
