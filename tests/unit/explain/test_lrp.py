"""LRP: a ledger that closes on every network, rules against dense sums, and what it leaves behind."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules import module as global_hooks
from zennit.attribution import Gradient
from zennit.composites import LayerMapComposite
from zennit.rules import Epsilon, Gamma
from zennit.types import Convolution, Linear

from tests.support.explaining import (
    BLACK,
    CATALOGUE,
    DIGITS,
    IMAGENET,
    SIDE,
    _stir,
    classifier,
    double,
    flops,
    hooked,
    images,
    linear,
    question,
    traces,
    with_graph,
)
from thinkalike.compare.bases import Pixels
from thinkalike.errors import InputError
from thinkalike.explain import lrp
from thinkalike.explain.lrp import COMPOSITES, relevance
from thinkalike.explain.relevance.ledger import Ledger
from thinkalike.explain.relevance.table import OPERATIONS, TABLE
from thinkalike.explain.relevance.tape import Composite, Tape
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import complete_entry
from thinkalike.networks.model import Model, as_model

ARCHITECTURES = [k for k in (*DIGITS, *IMAGENET) if not k.startswith("resnet_")]
CONVOLUTIONAL = [k for k in IMAGENET if complete_entry(k, CATALOGUE)["family"] == "cnn"]
SIDE = {**SIDE, **dict.fromkeys(CONVOLUTIONAL, 96)}
"""Smaller images do for networks that take any."""
EPSILON, PLUS = Composite(), Composite(float("inf"), float("inf"))
GAMMAS = {
    "gamma": Composite(convolutions=0.25, linears=0.1),
    "plus": PLUS,
    "large": Composite(convolutions=1.0, linears=1.0),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def custom(network: nn.Module, size: int = 8) -> Model:
    """A network of our own in float64; pixels are [0, 1] as they are."""
    network.eval().requires_grad_(False).double()
    return Model(network, BLACK, (1.0,) * 3, size, tuple("abcd"), Architecture("Custom"))


def asked(model: Model, pixels: np.ndarray, composite=EPSILON, targets=None, **changes):
    return relevance(model, pixels, targets, question(**changes), composite)


def scores(model: Model, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return model.network(model.normalise(pixels)).double().numpy()


def closes(found: lrp.Relevance, expected: np.ndarray, share: float) -> None:
    """Pixels and constants make up the score that a plain pass gives."""
    total = found.pixels.astype(float).sum(1) + sum(found.accounts.values())
    np.testing.assert_array_less(np.abs(total - expected), share * np.abs(expected))


# the ledger


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_relevance_of_pixels_and_constants_is_the_score(key):
    model, pixels = classifier(key, SIDE[key]), images(2, SIDE[key])
    for one, share in ((model, 1e-3), (double(model), 1e-9)):
        expected = scores(one, pixels)[[0, 1], [1, 3]]
        found = asked(one, pixels, targets=np.array([1, 3]))
        closes(found, expected, share)
    # what is explained is the network's own output
    np.testing.assert_allclose(found.scores, expected, rtol=1e-12)


@pytest.mark.parametrize("name", GAMMAS)
@pytest.mark.parametrize("key", [*DIGITS[3:], "mobilenetv3", "deit_t", "resnet18"])
def test_it_is_for_every_rule(key, name):
    model, pixels = classifier(key, SIDE[key], dtype=torch.float64), images(2, SIDE[key])
    expected = scores(model, pixels)[[0, 1], [4, 0]]
    found = asked(model, pixels, GAMMAS[name], targets=np.array([4, 0]))
    closes(found, expected, 1e-9)
    np.testing.assert_allclose(found.scores, expected, rtol=1e-12)


@pytest.mark.parametrize("name", COMPOSITES)
def test_it_is_with_every_composite_that_there_is_to_choose(name):
    model, pixels = classifier("coatnet", dtype=torch.float64), images(2)
    found = lrp.explain(model, pixels, None, question(), composite=name)
    assert found.measures["ledger_gap"].max() < 1e-9


UNSEEN = [
    "regnety_002",
    "mobilevit_xxs",
    "xcit_nano_12_p16_224",
    "edgenext_xx_small",
    "ghostnet_050",
    "rexnet_100",
    "efficientvit_m0",
    "levit_128s",
    "hardcorenas_a",
    "inception_next_atto",
    "nf_regnet_b0",
    "skresnet18",
    "ecaresnet26t",
    "botnet26t_256",
    "halonet26t",
    "pit_ti_224",
    "convit_tiny",
    "cs3darknet_s",
    "iformer_t",
    "hgnetv2_b0",
    "vit_tiny_patch16_224",
]
"""Architectures of timm of no catalogue entry, of which nothing was made for."""


def of_timm(name: str) -> Model:
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=5)
    _stir(network)
    network.eval().requires_grad_(False).double()
    size = network.pretrained_cfg["input_size"][-1]
    return as_model(network, Architecture(name), classes="abcde", size=size)


@pytest.mark.parametrize("name", UNSEEN)
def test_it_is_in_networks_that_nothing_was_made_for(name):
    model = of_timm(name)
    pixels = images(1, model.size)
    expected = scores(model, pixels)[:, 2]
    closes(asked(model, pixels, targets=np.array([2])), expected, 1e-9)


def test_accounts_are_named_by_what_adds_the_constant():
    model, pixels = classifier("vit", dtype=torch.float64), images(1)
    names = set(asked(model, pixels).accounts)
    for name in ("pos_embed", "cls_token", "patch_embed.proj", "blocks.2.norm1", "head"):
        assert any(name in account for account in names), name
    assert lrp.BASELINE in names


@pytest.mark.parametrize("key", ["resnet", "convnext", "vit_registers"])
def test_an_account_is_what_a_shift_of_its_constant_would_say(key):
    """b ∂f/∂b of the head, which no gate depends on, by a finite difference of the whole network."""
    model, pixels = classifier(key, dtype=torch.float64), images(2)
    found = asked(model, pixels, targets=np.array([1, 1]))
    head = [n for n, m in model.network.named_modules() if isinstance(m, nn.Linear)][-1]
    layer = model.network.get_submodule(head)
    before = scores(model, pixels)[:, 1]
    layer.bias.mul_(2)
    difference = scores(model, pixels)[:, 1] - before
    np.testing.assert_allclose(found.accounts[head], difference, rtol=0, atol=1e-12)


def test_a_ledger_that_does_not_close_is_refused(monkeypatch):
    """As if someone had taken a sine for a linear function."""
    monkeypatch.setitem(OPERATIONS, torch.sin, lambda tape, call: call())
    model = custom(Small(torch.sin))
    with pytest.raises(
        InputError, match=r"Custom: the relevance of image number \d and of the biases"
    ):
        asked(model, images(2, 8))


# rules, one by one


def passed(work, x: torch.Tensor, weights: torch.Tensor, composite=EPSILON) -> tuple:
    """Relevance x · g of x under Σ weights · work(x), and what the ledger has."""
    x = x.clone().requires_grad_()
    ledger = Ledger(len(x))
    network = work if isinstance(work, nn.Module) else nn.Module()
    network.eval().requires_grad_(False)
    with Tape("Custom", network, x, ledger, composite, TABLE) as tape:
        y = work(x)
    assert tape.kind(y).name == "SIGNAL"
    (gradient,) = torch.autograd.grad((y * weights).sum(), x)
    constants = sum(ledger.balances().values(), np.zeros(len(x)))
    return y.detach(), (x * gradient).detach(), constants


def gamma_of_pairs(x, w, b, given, gamma):
    """R_i and R_b of a linear layer, output by output, from a table of all contributions."""
    contributions = np.concatenate([x[None] * w, b[:, None]], 1)
    result = np.zeros(contributions.shape[1])
    for row, relevance_ in zip(contributions, given, strict=True):
        own = np.maximum(row, 0) if row.sum() > 0 else np.minimum(row, 0)
        weighted = own if gamma == np.inf else row + gamma * own
        result += weighted / weighted.sum() * relevance_
    return result[:-1], result[-1]


@pytest.mark.parametrize("gamma", [0.0, 0.25, 3.0, np.inf])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("signed", [False, True])
def test_gamma_of_a_linear_layer_is_the_sum_over_all_contributions(gamma, seed, signed):
    torch.manual_seed(seed)
    layer = nn.Linear(7, 5).double()
    x = torch.randn(3, 7, dtype=torch.double)
    x = x if signed else x.abs()
    weights = torch.randn(3, 5, dtype=torch.double)
    y, found, constants = passed(layer, x, weights, Composite(linears=gamma))
    w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    for image in range(3):
        given = (weights * y)[image].numpy()
        expected, bias = gamma_of_pairs(x[image].numpy(), w, b, given, gamma)
        np.testing.assert_allclose(found[image], expected, rtol=0, atol=1e-9)
        assert constants[image] == pytest.approx(bias, abs=1e-9)


def as_matrix(work, shape) -> torch.Tensor:
    """The matrix of a linear map, column by column."""
    unit = torch.eye(int(np.prod(shape)), dtype=torch.double).reshape(-1, *shape)
    return torch.stack([work(one[None]).flatten() for one in unit], 1).detach()


@pytest.mark.parametrize("gamma", [0.0, 0.25, np.inf])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(
    "settings",
    [
        {"transposed": True, "kernel_size": 3, "stride": 2},
        {"kernel_size": 3},
        {"kernel_size": 3, "stride": 2, "padding": 1},
        {"kernel_size": 2, "padding": "valid", "dilation": 2},
        {"kernel_size": 3, "padding": "same", "groups": 2},
    ],
    ids=str,
)
@pytest.mark.parametrize("normed", [False, True])
def test_gamma_of_a_convolution_with_its_batch_norm_is_that_of_one_matrix(
    gamma, settings, normed, signed
):
    torch.manual_seed(1)
    options = {key: value for key, value in settings.items() if key != "transposed"}
    kind = nn.ConvTranspose2d if "transposed" in settings else nn.Conv2d
    layers = nn.Sequential(kind(2, 4, **options), nn.BatchNorm2d(4)).double()
    layers[1].running_mean.normal_()
    layers[1].running_var.uniform_(0.5, 2)
    layers[1].weight.data.normal_()
    layers[1].bias.data.normal_()
    layers = layers.eval() if normed else layers[:1]
    x = torch.randn(2, 2, 5, 5, dtype=torch.double)
    x = x if signed else x.abs()
    with torch.no_grad():
        shift = layers(torch.zeros(1, 2, 5, 5, dtype=torch.double))
        matrix = as_matrix(lambda t: layers(t) - shift, (2, 5, 5)).numpy()
    weights = torch.randn(2, *shift.shape[1:], dtype=torch.double)
    y, found, constants = passed(layers, x, weights, Composite(convolutions=gamma))
    for image in range(2):
        given = (weights * y)[image].flatten().numpy()
        flat, offset = x[image].flatten().numpy(), shift.flatten().numpy()
        expected, bias = gamma_of_pairs(flat, matrix, offset, given, gamma)
        np.testing.assert_allclose(found[image].flatten(), expected, rtol=0, atol=1e-9)
        assert constants[image] == pytest.approx(bias, abs=1e-9)


@pytest.mark.parametrize("signed", [False, True])
def test_what_two_read_of_a_convolution_goes_back_as_that_of_two_layers(signed):
    """One reads it through a batch norm, which is one layer with it, the other as it is."""
    torch.manual_seed(1)
    layer, norm = nn.Conv2d(2, 4, 3).double(), nn.BatchNorm2d(4).double()
    norm.running_mean.normal_()
    norm.weight.data.normal_()
    both = nn.ModuleList([layer, norm]).eval().requires_grad_(False)
    x = torch.randn(2, 2, 5, 5, dtype=torch.double)
    x = x if signed else x.abs()
    weights = torch.randn(2, 4, 3, 3, dtype=torch.double)
    gamma = Composite(convolutions=0.25)

    def read_by_both(t: torch.Tensor) -> torch.Tensor:
        made = both[0](t)
        return both[1](made) + 2 * made

    _, found, constants = passed(read_by_both, x, weights, gamma)
    _, normed, its = passed(lambda t: both[1](both[0](t)), x, weights, gamma)
    _, plain, own = passed(both[0], x, 2 * weights, gamma)
    np.testing.assert_allclose(found, normed + plain, rtol=0, atol=1e-12)
    np.testing.assert_allclose(constants, its + own, rtol=1e-10)


@pytest.mark.parametrize("groups", [1, 3])
def test_a_group_norm_passes_relevance_on_with_its_deviation_held_fixed(groups):
    torch.manual_seed(2)
    norm = nn.GroupNorm(groups, 6).double()
    norm.weight.data.normal_()
    norm.bias.data.normal_()
    x, weights = (torch.randn(2, 6, 4, dtype=torch.double) for _ in range(2))
    _, found, constants = passed(norm, x, weights)
    w, b = (p.detach().numpy()[:, None] for p in (norm.weight, norm.bias))
    values, given = x.numpy(), weights.numpy()
    for image in range(2):
        for group in range(groups):
            part = slice(group * 6 // groups, (group + 1) * 6 // groups)
            inside = values[image, part]
            size = inside.size
            centre = np.eye(size) - 1 / size
            matrix = (w[part] * np.ones((1, 4))).reshape(-1, 1) * centre
            matrix = matrix / np.sqrt(inside.var() + 1e-5)
            expected = inside.reshape(-1) * (given[image, part].reshape(-1) @ matrix)
            np.testing.assert_allclose(found[image, part].reshape(-1), expected, atol=1e-9)
        assert constants[image] == pytest.approx((given[image] * b).sum(), abs=1e-9)


def test_a_layer_norm_passes_relevance_on_with_its_deviation_held_fixed():
    torch.manual_seed(2)
    norm = nn.LayerNorm((3, 4)).double()
    norm.weight.data.normal_()
    norm.bias.data.normal_()
    x, weights = (torch.randn(5, 2, 3, 4, dtype=torch.double) for _ in range(2))
    _, found, constants = passed(norm, x, weights)
    w, b = (p.detach().numpy().reshape(-1) for p in (norm.weight, norm.bias))
    for image in range(5):
        for row in range(2):
            inside, given = (t[image, row].numpy().reshape(-1) for t in (x, weights))
            matrix = w[:, None] * (np.eye(12) - 1 / 12) / np.sqrt(inside.var() + 1e-5)
            expected = inside * (given @ matrix)
            np.testing.assert_allclose(found[image, row].flatten(), expected, rtol=0, atol=1e-9)
        assert constants[image] == pytest.approx(weights[image].sum(0).flatten().numpy() @ b)


@pytest.mark.parametrize(
    "norm",
    [
        lambda x: F.rms_norm(x, (4,), torch.arange(1.0, 5.0, dtype=torch.double), 1e-5),
        lambda x: (
            x
            * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5)
            * torch.arange(1.0, 5.0).double()
        ),
    ],
    ids=["one function", "written out"],
)
def test_an_rms_norm_scales_each_number_by_what_is_held_fixed(norm):
    torch.manual_seed(3)
    x, weights = (torch.randn(3, 4, dtype=torch.double) for _ in range(2))
    _, found, constants = passed(norm, x, weights)
    scale = np.arange(1, 5) / np.sqrt((x.numpy() ** 2).mean(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(found, x.numpy() * weights.numpy() * scale, rtol=0, atol=1e-12)
    assert not constants.any()


@pytest.mark.parametrize(
    "norm",
    [lambda x: F.normalize(x, dim=1), lambda x: x / x.norm(dim=1, keepdim=True)],
    ids=["one function", "written out"],
)
def test_a_vector_of_unit_length_is_its_own_over_its_norm(norm):
    torch.manual_seed(3)
    x, weights = (torch.randn(3, 4, dtype=torch.double) for _ in range(2))
    _, found, _ = passed(norm, x, weights)
    length = np.linalg.norm(x.numpy(), axis=1, keepdims=True)
    np.testing.assert_allclose(found, x.numpy() * weights.numpy() / length, rtol=0, atol=1e-12)


@pytest.mark.parametrize("function", ["max_pool2d", "avg_pool2d"])
def test_a_pool_gives_to_the_winner_or_to_all(function):
    torch.manual_seed(4)
    x, weights = torch.randn(2, 3, 6, 6).double(), torch.randn(2, 3, 3, 3).double()
    _, found, _ = passed(lambda t: getattr(F, function)(t, 2), x, weights)
    expected = np.zeros((2, 3, 6, 6))
    for place in np.ndindex(2, 3, 3, 3):
        n, c, i, j = place
        window = (n, c, slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2))
        inside = x.numpy()[window]
        largest = (inside == inside.max()) * inside
        share = largest if function == "max_pool2d" else inside / 4
        expected[window] = share * weights.numpy()[place]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def written_out(q, k, v, mask):
    weights = (q @ k.transpose(-2, -1) * q.shape[-1] ** -0.5 + mask).softmax(-1)
    return weights @ v


def as_one(q, k, v, mask):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


@pytest.mark.parametrize("form", [written_out, as_one])
def test_attention_passes_relevance_to_its_values_alone_by_its_weights(form):
    torch.manual_seed(5)
    x = torch.randn(2, 3, 2, 5, 4, dtype=torch.double)  # images, q k v, heads, tokens, channels
    mask = torch.randn(5, 5, dtype=torch.double)
    weights = torch.randn(2, 2, 5, 4, dtype=torch.double)
    y, found, constants = passed(lambda t: form(*t.unbind(1), mask), x, weights)
    q, k, v = x.numpy().transpose(1, 0, 2, 3, 4)
    for image in range(2):
        for head in range(2):
            logits = q[image, head] @ k[image, head].T / 2 + mask.numpy()
            share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
            expected = v[image, head] * (share.T @ weights[image, head].numpy())
            np.testing.assert_allclose(found[image, 2, head], expected, rtol=0, atol=1e-12)
            np.testing.assert_allclose(y[image, head], share @ v[image, head], rtol=1e-12)
    assert not found[:, :2].any()
    assert not constants.any()


def test_masks_and_causal_attention_give_what_torch_gives():
    torch.manual_seed(5)
    x = torch.randn(2, 3, 2, 5, 4, dtype=torch.double)
    closed = torch.rand(5, 5) < 0.7
    closed.fill_diagonal_(True)
    for changes in ({"attn_mask": closed}, {"is_causal": True}, {"scale": 0.3}):
        work = partial(F.scaled_dot_product_attention, *x.unbind(1), **changes)
        y, _, _ = passed(
            lambda t, c=changes: F.scaled_dot_product_attention(*t.unbind(1), **c), x, torch.ones(1)
        )
        np.testing.assert_allclose(y, work(), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    "function",
    [F.gelu, F.silu, F.hardswish, F.mish, torch.tanh, F.relu6, F.elu, F.leaky_relu, F.relu],
)
def test_an_activation_passes_on_all_that_it_gets(function):
    x = torch.linspace(-4, 9, 60, dtype=torch.double).reshape(3, 20)
    x[1, 3] = 0
    weights = torch.randn(3, 20, dtype=torch.double)
    y, found, _ = passed(function, x, weights)
    np.testing.assert_array_equal(y, function(x))
    np.testing.assert_allclose(found, weights * y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("function", [F.silu, F.hardswish, F.mish, F.relu, F.relu6])
@pytest.mark.parametrize("how", ["named", "by position"])
def test_in_place_activations_change_their_input_and_pass_on_all(function, how):
    x = torch.linspace(-4, 9, 60, dtype=torch.double).reshape(3, 20)
    weights = torch.randn(3, 20, dtype=torch.double)

    def work(t):
        doubled = t * 2
        function(doubled, inplace=True) if how == "named" else function(doubled, True)
        return doubled

    y, found, _ = passed(work, x, weights)
    np.testing.assert_array_equal(y, function(2 * x))
    np.testing.assert_allclose(found, weights * y, rtol=0, atol=1e-12)


@pytest.mark.parametrize("act", ["sigmoid", "sigmoid_", "in place"])
def test_a_gate_carries_nothing_in_place_or_not(act):
    x = torch.linspace(-4, 9, 60, dtype=torch.double).reshape(3, 20)
    weights = torch.randn(3, 20, dtype=torch.double)

    def work(t):
        if act == "in place":
            squeezed = t.mean(1, keepdim=True) * 3
            F.hardsigmoid(squeezed, inplace=True)
            return t * squeezed
        return t * getattr(t.mean(1, keepdim=True) * 3, act)()

    _, found, _ = passed(work, x, weights)
    gate = (F.hardsigmoid if act == "in place" else torch.sigmoid)(3 * x.mean(1, keepdim=True))
    np.testing.assert_allclose(found, x * gate * weights, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (lambda t: t + 3.0, 3.0),
        (lambda t: 1 - t, 1.0),
        (lambda t: t.sub(2.0, alpha=2), -4.0),
        (lambda t: torch.add(t, torch.tensor(1.0), alpha=3), 3.0),
        (lambda t: (t * 1).add_(5.0), 5.0),
        (lambda t: torch.where(t > 100, t, 7.0) + t, 7.0),
    ],
)
def test_constants_of_every_operator_are_in_the_ledger(work, expected):
    x, weights = (torch.rand(3, 4, dtype=torch.double) for _ in range(2))
    y, found, constants = passed(work, x, weights)
    np.testing.assert_allclose(constants, expected * weights.sum(1), rtol=1e-12)
    np.testing.assert_allclose(found.sum(1).numpy() + constants, (y * weights).sum(1), rtol=1e-12)


def test_what_is_padded_with_has_an_account_and_infinity_none():
    x, weights = torch.rand(3, 4, dtype=torch.double), torch.rand(3, 6, dtype=torch.double)
    _, found, constants = passed(lambda t: F.pad(t, (1, 1), value=2.0), x, weights)
    np.testing.assert_allclose(constants, 2 * (weights[:, 0] + weights[:, 5]), rtol=1e-12)
    np.testing.assert_allclose(found, x * weights[:, 1:5], rtol=1e-12)

    def pooled(t: torch.Tensor) -> torch.Tensor:
        return F.max_pool1d(F.pad(t[:, None], (1, 1), value=-torch.inf), 3, 1)[:, 0]

    y, found, constants = passed(pooled, x, weights[:, :4])
    np.testing.assert_allclose(found.sum(1), (y * weights[:, :4]).sum(1), rtol=1e-12)
    assert not constants.any()


# identities


class Plain(nn.Sequential):
    """Convolutions, ReLUs and a linear layer, with biases or without."""

    def __init__(self, bias: bool) -> None:
        torch.manual_seed(6)
        super().__init__(
            nn.Conv2d(3, 6, 3, padding=1, bias=bias),
            nn.ReLU(inplace=True),
            nn.Conv2d(6, 8, 3, stride=2, bias=bias),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(72, 4, bias=bias),
        )


def test_epsilon_is_gradient_times_input_in_relu_networks_without_biases():
    model, pixels = custom(Plain(bias=False)), images(3, 8)
    found = asked(model, pixels, targets=np.array([0, 3, 1]))
    inputs = model.normalise(pixels).requires_grad_()
    picked = model.network(inputs)[np.arange(3), [0, 3, 1]]
    (gradient,) = torch.autograd.grad(picked.sum(), inputs)
    expected = (inputs * gradient).sum(1).flatten(1).detach().numpy()
    np.testing.assert_allclose(found.pixels, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.pixels.sum(1), found.scores, rtol=1e-9)
    assert not any(account.any() for account in found.accounts.values())


@pytest.mark.parametrize("gamma", [0.0, 0.25, 2.0])
def test_a_plain_network_has_the_relevance_that_zennit_gives_it(gamma):
    """Its Gamma is the same for inputs of any sign, its Epsilon with a tiny ε."""
    model, pixels = custom(Plain(bias=True)), images(3, 8)
    targets = np.array([0, 3, 1])
    rule = Gamma(gamma, stabilizer=1e-14) if gamma else Epsilon(1e-14)
    composite = LayerMapComposite([(Convolution, rule), (Linear, Epsilon(1e-14))])
    found = asked(model, pixels, Composite(convolutions=gamma), targets)
    # zennit's hooks and ReLUs in place do not go together
    network = deepcopy(model.network)
    network[1].inplace = False
    with Gradient(network, composite) as attributor:
        _, expected = attributor(
            model.normalise(pixels).requires_grad_(),
            lambda scores: scores * torch.eye(4, dtype=torch.double)[targets],
        )
    expected = expected.sum(1).flatten(1).numpy()
    np.testing.assert_allclose(found.pixels, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


# the baseline


def test_of_a_linear_model_it_is_weight_times_difference_from_the_baseline():
    model, pixels, targets = double(linear()), images(3, 16), np.array([0, 3, 1])
    rgb = (0.25, 0.5, 0.75)
    found = asked(model, pixels, targets=targets, baseline=rgb)
    weight = model.network.weight[targets].numpy()
    away = (pixels / 255 - np.array(rgb)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found.pixels, (away * weight).sum(1).reshape(3, -1), atol=1e-12)
    expected = (np.array(rgb)[:, None, None] * weight).sum((1, 2, 3))
    np.testing.assert_allclose(found.accounts[lrp.BASELINE], expected, rtol=1e-12)


@pytest.mark.parametrize("key", ["efficientnet", "vit"])
def test_pixels_of_the_baseline_s_colour_get_nothing(key):
    model, pixels = classifier(key), images(2)
    pixels[:, 10:30, 20:40] = (51, 102, 153)
    found = asked(model, pixels, GAMMAS["gamma"], baseline=(0.2, 0.4, 0.6))
    maps = found.pixels.reshape(2, 64, 64)
    # 0.2 is not quite 51/255 in float32
    assert np.abs(maps[:, 10:30, 20:40]).max() < 1e-6 * np.abs(maps).max()
    assert np.abs(maps).max() > 0


# what it leaves behind, and what it does not depend on


@pytest.mark.parametrize("key", ["resnet", "nfnet", "vit_relpos", "coatnet"])
@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_left_behind(key, fails):
    model, pixels = classifier(key, dtype=torch.float64), images(2)
    model.network.requires_grad_(True)
    state, before = deepcopy(model.network.state_dict()), scores(model, pixels)
    graphs = with_graph()

    def refuse(*_):
        raise RuntimeError("in the middle")

    if fails:
        last = list(model.network.modules())[-1]
        with hooked(last, refuse), pytest.raises(RuntimeError, match="in the middle"):
            asked(model, pixels, GAMMAS["gamma"])
    else:
        asked(model, pixels, GAMMAS["gamma"])
    assert all(p.requires_grad and p.grad is None for p in model.network.parameters())
    assert not traces(model.network)
    assert not global_hooks._global_forward_hooks
    assert not global_hooks._global_forward_pre_hooks
    assert not global_hooks._global_forward_hooks_always_called
    assert with_graph() == graphs
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, state[name]), name
    np.testing.assert_array_equal(scores(model, pixels), before)


@pytest.mark.parametrize(
    ("key", "composite"),
    [
        ("efficientnet", GAMMAS["gamma"]),
        ("vit", EPSILON),
        ("coatnet", GAMMAS["large"]),
        ("swin_t", EPSILON),
    ],
)
def test_batch_size_and_neighbours_do_not_matter(key, composite):
    """Also not in windows, which put several rows of one image beside another."""
    size = SIDE[key]
    model, pixels = classifier(key, size, dtype=torch.float64), images(3, size)
    run = partial(asked, model, composite=composite)
    whole = run(pixels, targets=np.array([0, 1, 2]))
    order = np.array([2, 0, 1])
    for found, rows in (
        (run(pixels, targets=np.array([0, 1, 2]), batch_size=2), np.arange(3)),
        (run(pixels[order], targets=order), order),
        (run(pixels[1:2], targets=np.array([1])), np.array([1])),
    ):
        near = partial(np.testing.assert_allclose, rtol=0)
        near(found.pixels, whole.pixels[rows], atol=1e-12 * np.abs(whole.pixels).max())
        assert found.accounts.keys() == whole.accounts.keys()
        for name, account in found.accounts.items():
            near(account, whole.accounts[name][rows], atol=1e-11)


class Changed(nn.Module):
    """A convolution whose result is changed in place before its norm."""

    def __init__(self, change) -> None:
        super().__init__()
        torch.manual_seed(9)
        self.first, self.norm, self.change = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), change

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.first(x)
        self.change(y)
        return self.norm(y).relu().mean((2, 3))


@pytest.mark.parametrize(
    "change",
    [lambda y: y.mul_(2), lambda y: y.add_(0.5), lambda y: y.relu_(), lambda y: y[:, 1].mul_(3)],
)
def test_a_convolution_that_is_changed_in_place_is_not_one_layer_with_its_norm(change):
    model, pixels = custom(Changed(change)), images(2, 8)
    found = asked(model, pixels, GAMMAS["gamma"], np.array([0, 1]))
    expected = scores(model, pixels)[[0, 1], [0, 1]]
    closes(found, expected, 1e-9)


class Mixing(nn.Module):
    """Puts images behind one another in another order than row by row, and adds constants there."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        torch.manual_seed(8)
        self.rows = rows
        self.shift = nn.Parameter(torch.randn(5, 1))
        self.weight = nn.Parameter(torch.randn(5, 4))
        self.bias = nn.Parameter(torch.randn(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        columns = x.reshape(len(x), -1)[:, :5].T
        shift = self.shift.expand_as(columns).reshape(self.rows, -1)
        return (columns.reshape(self.rows, -1) + shift).reshape(5, -1).T @ self.weight + self.bias


@pytest.mark.parametrize("count", [1, 3, 5])
@pytest.mark.parametrize("rows", [1, 5])
def test_images_that_a_network_mixes_are_passed_one_by_one(count, rows):
    """Five rows of five images look as if each were an image."""
    model, pixels = custom(Mixing(rows)), images(count, 8)
    targets = np.arange(count) % 4
    found = asked(model, pixels, targets=targets, batch_size=count)
    closes(found, scores(model, pixels)[np.arange(count), targets], 1e-12)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_the_caller_s_mode_does_not_matter(mode):
    model, pixels = classifier("vit"), images(2)
    expected = asked(model, pixels)
    with mode():
        found = asked(model, pixels)
    np.testing.assert_array_equal(found.pixels, expected.pixels)


# the interface


def test_an_explanation_says_score_and_shares():
    model, pixels = classifier("coatnet", dtype=torch.float64), images(3)
    found = lrp.explain(model, pixels, None, question())
    expected = scores(model, pixels)
    np.testing.assert_array_equal(found.targets, expected.argmax(1))
    assert found.maps.bases == (Pixels(64, 64),)
    assert found.maps.coefficients.shape == (3, 64 * 64)
    np.testing.assert_allclose(found.measures["score"], expected.max(1), rtol=1e-12)
    shares = found.measures["input_share"], found.measures["bias_share"]
    np.testing.assert_allclose(sum(shares), 1, rtol=0, atol=1e-9)
    np.testing.assert_allclose(
        shares[0] * found.measures["score"], found.maps.coefficients.sum(1), rtol=1e-9
    )
    ledger = dict(found.accounts)
    np.testing.assert_allclose(ledger.pop("pixels"), found.maps.coefficients.sum(1), rtol=1e-9)
    constants = shares[1] * found.measures["score"]
    np.testing.assert_allclose(sum(ledger.values()), constants, rtol=1e-9)
    assert found.measures["ledger_gap"].max() < 1e-9


# refusals


class Small(nn.Module):
    """A network of one function, between two layers."""

    def __init__(self, function) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.first, self.last = nn.Linear(3 * 64, 6), nn.Linear(6, 4)
        self.middle = Middle(function)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.middle(self.first(x.flatten(1))))


class Middle(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


class Hidden(torch.autograd.Function):
    """A square that is made elsewhere."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(x.numpy() ** 2)

    @staticmethod
    def backward(ctx, gradient):
        return 2 * ctx.saved_tensors[0] * gradient


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (torch.sin, "torch.sin in middle"),
        (lambda x: x.cumprod(1), "torch.Tensor.cumprod in middle"),
        (lambda x: x.exp(), "torch.Tensor.exp in middle: it is a gate and the score"),
        (lambda x: torch.einsum("ni,ni,ni->ni", x, x, x), "in middle: more than two values"),
        (
            lambda x: x + x.softmax(1),
            "torch.Tensor.add in middle: it takes what torch.Tensor.softmax",
        ),
        (
            lambda x: x.sigmoid() + x.exp(),
            "torch.Tensor.add in middle: it takes what torch.Tensor.exp",
        ),
        (lambda x: x.cumprod_(1), "torch.Tensor.cumprod_ in middle"),
        (lambda x: x.log(), "torch.Tensor.log in middle; leave"),
        (lambda x: x * x.sum().item(), "torch.Tensor.item in middle"),
        (lambda x: x.logsumexp(1, keepdim=True) + x, "torch.Tensor.logsumexp in middle; leave"),
        (
            lambda x: F.dropout(x, 0.5, training=True),
            "dropout in middle: it drops values at random",
        ),
        (lambda x: torch.ops.aten.sin(x), "aten.sin in middle"),
        (Hidden.apply, "torch.Tensor.numpy in middle"),
        (
            lambda x: torch.zeros(len(x), 6, dtype=x.dtype),
            "scores that do not depend on the images",
        ),
    ],
)
def test_what_is_not_known_is_refused_by_name(function, named):
    model = custom(Small(function))
    with pytest.raises(
        InputError, match="Custom: layer-wise relevance propagation knows no way"
    ) as e:
        asked(model, images(2, 8))
    assert named in str(e.value)


@pytest.mark.filterwarnings("ignore:`torch.jit.script`:FutureWarning")
def test_a_script_is_refused_for_what_it_does_is_not_seen():
    def scripted(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    model = custom(Small(torch.jit.script(scripted)))
    with pytest.raises(InputError, match="a function that torch does not show"):
        asked(model, images(2, 8))


def test_an_architecture_whose_values_are_gates_is_refused_by_the_name_of_the_gate():
    model = custom(Small(lambda x: x + x.softmax(1)))
    with pytest.raises(InputError) as error:
        asked(model, images(1, model.size))
    named = (
        "Custom: layer-wise relevance propagation knows no way through torch.Tensor.add in middle"
    )
    assert named in str(error.value)
    assert "softmax in middle gives, a gate, for a value; leave the model out" in str(error.value)


@pytest.mark.parametrize("function", [torch.sigmoid, F.hardsigmoid])
def test_a_sigmoid_that_is_taken_for_a_value_carries_relevance_from_one_half(function):
    model, pixels = custom(Small(lambda x: x + function(x).mul(3))), images(2, 8)
    found = asked(model, pixels, targets=np.array([0, 1]))
    closes(found, scores(model, pixels)[[0, 1], [0, 1]], 1e-12)
    half = 1.5 * model.network.last.weight.sum(1)[:2]
    np.testing.assert_allclose(found.accounts["middle"], half, rtol=1e-12)


def test_beside_it_sigmoids_that_weigh_are_gates_as_ever():
    """Even of what comes out of another activation."""

    def gated(x: torch.Tensor) -> torch.Tensor:
        return F.silu(x) * torch.sigmoid(x.flip(1))

    pixels, targets = images(2, 8), np.array([0, 1])
    plain, both = (
        asked(custom(Small(function)), pixels, targets=targets)
        for function in (gated, lambda x: gated(x) + 1e-12 * x.sigmoid())
    )
    np.testing.assert_allclose(plain.pixels, both.pixels, rtol=0, atol=1e-11)


def test_probabilities_and_less_precision_are_refused():
    model, pixels = classifier("resnet"), images(1)
    with pytest.raises(InputError, match="explains logits, not a probability"):
        asked(model, pixels, output="probability")
    with pytest.raises(InputError, match="does not close in bfloat16"):
        asked(model, pixels, precision="bfloat16")
    half = replace(model, network=deepcopy(model.network).bfloat16())
    with pytest.raises(InputError, match="does not close in bfloat16; convert the network"):
        asked(half, pixels)
    with pytest.raises(InputError, match=r"composite 'gama' is none of epsilon, gamma"):
        lrp.explain(model, pixels, None, question(), composite="gama")


def test_damaged_weights_are_refused():
    model = classifier("resnet")
    next(model.network.parameters()).fill_(torch.nan)
    with pytest.raises(InputError, match="not finite for image number 0"):
        asked(model, images(2))


def test_training_mode_is_refused():
    model = classifier("resnet")
    model.network.train()
    with pytest.raises(InputError, match="training mode"):
        asked(model, images(1))


# what it costs


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_epsilon_costs_a_pass_forth_and_one_back(key):
    model, pixels = classifier(key, SIDE[key]), images(1, SIDE[key])
    inputs = model.normalise(pixels)
    with torch.inference_mode():
        forward = flops(lambda: model.network(inputs))
    ratio = flops(lambda: asked(model, pixels)) / forward
    # of two products of attention, one goes back
    assert 1.85 <= ratio <= 2.01


@pytest.mark.parametrize(
    ("key", "most"),
    [
        ("resnet18", 3.6),
        ("densenet121", 3.65),
        ("deit_t", 4.01),
        ("efficientnet", 4.01),
        ("coatnet", 4.01),
    ],
)
def test_gamma_costs_at_most_twice_as_much_and_less_where_relus_follow(key, most):
    model, pixels = classifier(key, SIDE[key]), images(1, SIDE[key])
    inputs = model.normalise(pixels)
    with torch.inference_mode():
        forward = flops(lambda: model.network(inputs))
    assert flops(lambda: asked(model, pixels, GAMMAS["gamma"])) <= most * forward
