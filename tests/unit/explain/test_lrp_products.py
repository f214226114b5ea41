"""LRP through products of two values: which is held, in closed form, and networks made of them."""

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.models import vision_transformer

from tests.support.explaining import BLACK, images, question
from thinkalike.explain.lrp import relevance
from thinkalike.explain.relevance.ledger import Ledger
from thinkalike.explain.relevance.table import TABLE
from thinkalike.explain.relevance.tape import Composite, Tape
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model


def passed(work, *inputs: torch.Tensor) -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """Σ work(x), the relevance of the columns of x = [inputs] in it, and what the ledger has."""
    widths = [t[0].numel() for t in inputs]
    shapes = [t.shape[1:] for t in inputs]
    x = torch.cat([t.flatten(1) for t in inputs], 1).requires_grad_()
    ledger = Ledger(len(x))
    network = work if isinstance(work, nn.Module) else nn.Module()
    with Tape("Custom", network.eval(), x, ledger, Composite(), TABLE) as tape:
        parts = x.split(widths, 1)
        y = work(*(part.unflatten(1, s) for part, s in zip(parts, shapes, strict=True)))
    assert tape.kind(y).name == "SIGNAL"
    (gradient,) = torch.autograd.grad(y.sum(), x)
    shares = [t.detach().numpy() for t in (x * gradient).split(widths, 1)]
    constants = sum(ledger.balances().values(), np.zeros(len(x)))
    return y.detach().numpy(), shares, constants


def numbers(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.double)


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


near = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize("act", [F.silu, F.gelu, F.relu, F.relu6, lambda t: t.clamp(0, 1)])
def test_a_factor_from_an_activation_is_held_and_the_other_one_has_all(act):
    u, v = numbers(3, 6), numbers(3, 6)
    for work in (lambda u, v: act(u) * v, lambda u, v: v * act(u).reshape(3, 6)):
        y, (of_u, of_v), constants = passed(work, u, v)
        np.testing.assert_allclose(y, act(u) * v, **near)
        np.testing.assert_allclose(of_v, y, **near)
        assert not of_u.any()
        assert not constants.any()


def test_a_factor_that_is_stretched_over_the_other_is_held():
    """Even if the other one comes from an activation: a map of attention, a descriptor of channels."""
    u, v = numbers(2, 4, 3, 3), numbers(2, 1, 3, 3)
    y, (of_u, of_v), _ = passed(lambda u, v: F.silu(u) * v, u, v)
    np.testing.assert_allclose(of_u, y.reshape(2, -1), **near)
    assert not of_v.any()


def test_of_two_alike_each_has_half():
    u, v = numbers(3, 6), numbers(3, 6)
    for work in (
        lambda u, v: u * v,
        lambda u, v: F.silu(u) * F.silu(v),
        lambda u, v: torch.einsum("ni,ni->ni", u, v),
    ):
        y, (of_u, of_v), _ = passed(work, u, v)
        np.testing.assert_allclose(of_u, y / 2, **near)
        np.testing.assert_allclose(of_v, y / 2, **near)


def test_two_that_are_both_stretched_have_half_each():
    u, v = numbers(2, 4, 1), numbers(2, 1, 3)
    y, (of_u, of_v), _ = passed(lambda u, v: u * v, u, v)
    np.testing.assert_allclose(of_u, y.sum(2) / 2, **near)
    np.testing.assert_allclose(of_v, y.sum(1) / 2, **near)


@pytest.mark.parametrize(
    "square",
    [lambda x: x * x, lambda x: x**2, torch.square, lambda x: x.pow(2), lambda x: x.mul(x)],
)
def test_a_square_passes_on_all_however_it_is_written(square):
    """The limit of halves for two equal factors is the ratio φ(x)/x of an activation."""
    x = numbers(3, 5)
    y, (of_x,), _ = passed(square, x)
    np.testing.assert_allclose(of_x, x**2, **near)
    np.testing.assert_allclose(y, x**2, **near)


def test_a_product_of_matrices_is_shared_by_half_and_by_all_if_one_is_activated():
    a, b = numbers(2, 3, 4), numbers(2, 4, 5)
    _, (of_a, of_b), _ = passed(torch.matmul, a, b)
    # c_ikj = a_ik b_kj
    pairs = np.einsum("nik,nkj->nikj", a, b)
    np.testing.assert_allclose(of_a, pairs.sum(3).reshape(2, -1) / 2, **near)
    np.testing.assert_allclose(of_b, pairs.sum(1).reshape(2, -1) / 2, **near)
    _, (of_a, of_b), _ = passed(lambda a, b: a.relu() @ b, a, b)
    pairs = np.einsum("nik,nkj->nikj", a.relu(), b)
    np.testing.assert_allclose(of_b, pairs.sum(1).reshape(2, -1), **near)
    assert not of_a.any()


@pytest.mark.parametrize("how", ["method", "operator", "itself"])
def test_products_in_place_change_their_factor_and_share_alike(how):
    u, v = numbers(3, 6), numbers(3, 6)

    def work(u, v):
        first = u * 2
        if how == "method":
            first.mul_(v)
        elif how == "operator":
            first *= v
        else:
            first.mul_(first)
        return first

    y, (of_u, of_v), _ = passed(work, u, v)
    expected = 4 * u**2 if how == "itself" else 2 * u * v
    np.testing.assert_allclose(y, expected, **near)
    share = 1 if how == "itself" else 0.5
    np.testing.assert_allclose(of_u, share * expected, **near)
    np.testing.assert_allclose(of_v, (1 - share) * expected, **near)


def test_in_place_the_changed_factor_may_be_the_gate():
    u, v = numbers(3, 6), numbers(3, 6)
    y, (of_u, of_v), _ = passed(lambda u, v: F.silu(u).mul_(v), u, v)
    np.testing.assert_allclose(y, F.silu(u) * v, **near)
    np.testing.assert_allclose(of_v, y, **near)
    assert not of_u.any()


def test_a_denominator_is_held():
    u, v = numbers(3, 6), numbers(3, 6)
    _, (of_u, of_v), constants = passed(lambda u, v: u / (v.sum(1, keepdim=True) + 5.0), u, v)
    np.testing.assert_allclose(of_u, u / (v.sum(1, keepdim=True) + 5), **near)
    assert not of_v.any()
    assert not constants.any()


def test_linear_attention_gives_all_to_its_values():
    """φ(Q) (φ(K)ᵀ V) / φ(Q) Σφ(K), as in EfficientViT: weights of each pair in closed form."""
    q, k, v = (numbers(2, 5, 3) for _ in range(3))

    def work(q, k, v):
        q, k = q.relu(), k.relu()
        padded = F.pad(v, (0, 1), value=1.0)
        out = q @ (k.transpose(-2, -1) @ padded)
        return out[..., :-1] / (out[..., -1:] + 1e-3)

    y, (of_q, of_k, of_v), constants = passed(work, q, k, v)
    pairs = q.relu().numpy() @ k.relu().numpy().transpose(0, 2, 1)
    share = pairs / (pairs.sum(2, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, share @ v.numpy(), **near)
    expected = share.sum(1)[..., None] * v.numpy()
    np.testing.assert_allclose(of_v, expected.reshape(2, -1), **near)
    assert not of_q.any()
    assert not of_k.any()
    # the ones that were padded with are part of the denominator alone
    np.testing.assert_allclose(constants, 0, **near)


def test_a_sampling_gives_to_what_it_samples_and_a_mask_to_what_it_leaves():
    x, grid = numbers(2, 3, 4, 4), numbers(2, 5, 5, 2).tanh()
    y, (of_x, of_grid), _ = passed(lambda x, g: F.grid_sample(x, g, align_corners=False), x, grid)
    np.testing.assert_allclose(of_x.sum(1), y.reshape(2, -1).sum(1), **near)
    assert not of_grid.any()
    y, (of_x,), constants = passed(lambda x: x.masked_fill(x < 0, 2.0), x)
    np.testing.assert_allclose(of_x, x.clamp(min=0).reshape(2, -1), **near)
    np.testing.assert_allclose(constants, 2.0 * (x < 0).reshape(2, -1).sum(1), **near)


@pytest.mark.parametrize("function", [torch.maximum, torch.max, torch.minimum])
def test_the_winner_of_a_pair_takes_all_and_a_constant_that_wins_has_an_account(function):
    x, bound = numbers(3, 8), torch.full((8,), 0.3, dtype=torch.double)
    x[0, 0] = 0.3
    y, (of_x,), constants = passed(lambda x: function(x, bound), x)
    np.testing.assert_allclose(of_x.sum(1) + constants, y.sum(1), **near)
    won = (x < 0.3 if function is torch.minimum else x > 0.3).numpy()
    won[0, 0] = False
    np.testing.assert_allclose(of_x[won], x.numpy()[won], **near)
    assert of_x[0, 0] == pytest.approx(0.15)


@pytest.mark.parametrize(
    "work",
    [
        lambda x, w, c: torch.addmm(c, x, w, beta=0.5, alpha=3),
        lambda x, w, c: c.clone().addmm_(x, w),
        lambda x, w, c: torch.addmv(c[0], w.T, x[0]) + x[1:],
        lambda x, w, c: torch.baddbmm(c[:, None], x[:, None], w.expand(3, 3, 3), alpha=0.2),
        lambda x, w, c: torch.addbmm(c, x[None], w[None], beta=2),
        lambda x, w, c: torch.addr(c, x[:, 0], w[0]),
        lambda x, w, c: torch.addcmul(c, x, c, value=0.3),
        lambda x, w, c: torch.addcdiv(x, c, c + 7, value=0.3),
        lambda x, w, c: torch.lerp(x, c, 0.3),
        lambda x, w, c: c.lerp(x, c.sigmoid()),
        lambda x, w, c: x.cumsum(1) + c,
        lambda x, w, c: x.clamp_min(0.3) + x.clamp_max(-0.2),
        lambda x, w, c: x.clone().clamp_(0.3, 0.9),
        lambda x, w, c: torch.fmax(x, c) + torch.fmin(x, c),
        lambda x, w, c: x.amax(1) - x.amin(1),
        lambda x, w, c: x.where(c > 0, c),
        lambda x, w, c: torch.where(condition=c > 0, input=c, other=x).where(c < 1, 0.3),
        lambda x, w, c: x.clone().masked_fill_(c > 0, 0.3),
        lambda x, w, c: x.sort(1).values * c,
    ],
)
def test_what_is_linear_piece_by_piece_has_gradient_times_input(work):
    x, w, c = numbers(3, 3), numbers(3, 3), numbers(3, 3)
    y, (of_x,), constants = passed(lambda x: work(x, w, c), x)
    given = x.clone().requires_grad_()
    expected = work(given, w, c)
    (gradient,) = torch.autograd.grad(expected.sum(), given)
    np.testing.assert_allclose(y, expected.detach(), **near)
    np.testing.assert_allclose(of_x, x * gradient, **near)
    assert of_x.sum() + constants.sum() == pytest.approx(y.sum(), abs=1e-12)


@pytest.mark.parametrize(
    ("work", "plain"),
    [
        (lambda u, v: torch.addcmul(u, u, v), lambda u, v: u + u * v),
        (lambda u, v: (u * 1).addcmul_(v, v, value=2), lambda u, v: u + 2 * (v * v)),
        (lambda u, v: torch.addcdiv(u, u, v), lambda u, v: u + u / v),
        (lambda u, v: u.lerp(v, u.sigmoid()), lambda u, v: u + (v - u) * u.sigmoid()),
        (lambda u, v: torch.addmm(u, u, v.T @ v), lambda u, v: u + u @ (v.T @ v)),
        (lambda u, v: (u * 1).addmm_(u, v.T @ v), lambda u, v: u + u @ (v.T @ v)),
        (lambda u, v: u.clamp(v, v + 1), lambda u, v: u.maximum(v).minimum(v + 1)),
    ],
)
def test_a_function_of_a_few_operations_is_as_these_are(work, plain):
    u, v = numbers(3, 6), numbers(3, 6)
    for found, expected in zip(passed(work, u, v), passed(plain, u, v), strict=True):
        np.testing.assert_allclose(found, expected, **near)


@pytest.mark.parametrize("value", [3.0, "values"])
@pytest.mark.parametrize("into", ["values", "zeros", "ones"])
def test_an_assignment_drops_what_was_there_and_books_what_is_constant(value, into):
    x, other = numbers(3, 4), numbers(3, 2)

    def work(x, other):
        whole = x * 1 if into == "values" else getattr(torch, into)(3, 4, dtype=torch.double)
        whole[:, 1:3] = other if value == "values" else value
        return whole + 0 * other.sum(1, keepdim=True)

    y, (of_x, of_other), constants = passed(work, x, other)
    given = other.numpy() if value == "values" else np.full((3, 2), value)
    expected = {"values": x.numpy(), "zeros": np.zeros((3, 4)), "ones": np.ones((3, 4))}[
        into
    ].copy()
    own = expected.copy()
    own[:, 1:3] = 0
    expected[:, 1:3] = given
    np.testing.assert_allclose(y, expected, **near)
    np.testing.assert_allclose(of_x, own if into == "values" else 0 * own, **near)
    np.testing.assert_allclose(of_other, given if value == "values" else 0 * given, **near)
    np.testing.assert_allclose(of_x.sum(1) + of_other.sum(1) + constants, y.sum(1), **near)


def test_an_instance_norm_is_a_group_norm_of_each_channel():
    norm, other = nn.InstanceNorm2d(4, affine=True).double(), nn.GroupNorm(4, 4).double()
    with torch.no_grad():
        norm.weight.copy_(numbers(4))
        norm.bias.copy_(numbers(4))
    other.load_state_dict(norm.state_dict())
    x = numbers(2, 4, 3, 3)
    norm.requires_grad_(False)
    other.requires_grad_(False)
    for one, two in zip(passed(norm, x), passed(other, x), strict=True):
        np.testing.assert_allclose(one, two, **near)


# functions of many operations


def loop(cell: nn.LSTM, x: torch.Tensor) -> torch.Tensor:
    """The long short-term memory of torch, step by step, with gates that have no gradient."""
    outputs = []
    for suffix, steps in (("", range(x.shape[1])), ("_reverse", range(x.shape[1])[::-1])):
        w, r, b, c = (
            getattr(cell, f"{name}_l0{suffix}")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h = s = x.new_zeros(len(x), cell.hidden_size)
        found = {}
        for t in steps:
            i, f, g, o = (x[:, t] @ w.T + b + h @ r.T + c).chunk(4, 1)
            i, f, o = (torch.sigmoid(gate).detach() for gate in (i, f, o))
            # tanh(a) = a · ratio
            s = f * s + i * g * (g.tanh() / g).detach()
            h = o * s * (s.tanh() / s).detach()
            found[t] = h
        outputs.append(torch.stack([found[t] for t in range(x.shape[1])], 1))
    return torch.cat(outputs, 2)


def test_a_long_short_term_memory_is_that_of_torch_with_its_gates_held():
    cell = nn.LSTM(3, 4, bidirectional=True, batch_first=True).double().requires_grad_(False)
    x = numbers(2, 5, 3)
    y, (of_x,), constants = passed(lambda x: cell(x)[0], x)
    np.testing.assert_allclose(y, cell(x)[0], **near)
    given = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loop(cell, given).sum(), given)
    np.testing.assert_allclose(of_x, (x * gradient).reshape(2, -1), **near)
    np.testing.assert_allclose(of_x.sum(1) + constants, y.sum((1, 2)), rtol=0, atol=1e-10)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_memories_of_more_layers_and_other_orders_conserve(first, layers):
    cell = nn.LSTM(3, 4, layers, batch_first=first, bias=layers == 1).double().requires_grad_(False)
    x = numbers(2, 5, 3)

    def work(x):
        output, (hidden, state) = cell(x if first else x.transpose(0, 1))
        output = output if first else output.transpose(0, 1)
        return torch.cat([output.flatten(1), hidden[-1], state[-1]], 1)

    y, (of_x,), constants = passed(work, x)
    np.testing.assert_allclose(y, work(x).detach(), **near)
    np.testing.assert_allclose(of_x.sum(1) + constants, y.sum(1), rtol=0, atol=1e-10)


@pytest.mark.parametrize("masked", ["no", "truth values", "numbers", "padding"])
@pytest.mark.parametrize("first", [True, False])
def test_torch_s_multi_head_attention_gives_by_its_weights(masked, first):
    layer = nn.MultiheadAttention(6, 2, batch_first=first).double().requires_grad_(False)
    layer.in_proj_bias.data.normal_()
    x, places = numbers(2, 5, 6), {}
    closed = torch.ones(5, 5, dtype=torch.bool).triu(1)
    if masked == "truth values":
        places = {"attn_mask": closed}
    elif masked == "numbers":
        places = {"attn_mask": numbers(5, 5)}
    elif masked == "padding":
        places = {"key_padding_mask": closed[[1, 2]]}

    def work(x):
        tokens = x if first else x.transpose(0, 1)
        output = layer(tokens, tokens, tokens, need_weights=False, **places)[0]
        return output if first else output.transpose(0, 1)

    y, (of_x,), constants = passed(work, x)
    with torch.no_grad():
        plain = layer.train()(*[x if first else x.transpose(0, 1)] * 3, **places)
    np.testing.assert_allclose(y, plain[0] if first else plain[0].transpose(0, 1), **near)
    # each head's values by the mean of its weights, from torch's own
    layer.eval()
    tokens = x if first else x.transpose(0, 1)
    _, weights = layer(tokens, tokens, tokens, average_attn_weights=False, **places)
    given = x.clone().requires_grad_()
    values = F.linear(given, layer.in_proj_weight[12:]).unflatten(2, (2, 3)).transpose(1, 2)
    mixed = (weights.detach() @ values).transpose(1, 2).flatten(2)
    (gradient,) = torch.autograd.grad((mixed @ layer.out_proj.weight.T).sum(), given)
    np.testing.assert_allclose(of_x, (x * gradient).reshape(2, -1), **near)
    np.testing.assert_allclose(of_x.sum(1) + constants, y.sum((1, 2)), rtol=0, atol=1e-10)


# networks


def stirred(network: nn.Module, name: str, size: int) -> Model:
    """A network in float64 of which no parameter is 0 or 1 by accident."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    network.eval().requires_grad_(False).double()
    return Model(network, BLACK, (1.0,) * 3, size, tuple("abcde"), Architecture(name))


def closes(model: Model) -> None:
    pixels = images(2, model.size)
    found = relevance(model, pixels, np.array([1, 3]), question(), Composite())
    with torch.inference_mode():
        expected = model.network(model.normalise(pixels)).numpy()[[0, 1], [1, 3]]
    np.testing.assert_allclose(found.scores, expected, rtol=1e-10)
    total = found.pixels.sum(1) + sum(found.accounts.values())
    np.testing.assert_allclose(total, expected, rtol=1e-9)
    assert np.abs(found.pixels).max() > 0


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("test_mambaout", 64),
        ("starnet_s050", 64),
        ("mobilevitv2_050", 64),
        ("mvitv2_tiny", 32),
        ("lambda_resnet26t", 64),
        ("swiftformer_xs", 64),
        ("efficientvim_m1", 64),
        ("resnet10t", 64),
    ],
)
def test_the_ledger_closes_on_networks_of_products(name, size):
    closes(stirred(timm.create_model(name, num_classes=5), name, size))


def test_a_network_that_computes_in_less_precision_closes_in_that():
    """EfficientViT's attention is in float32 whatever its weights are."""
    model = stirred(timm.create_model("efficientvit_b0", num_classes=5), "efficientvit_b0", 64)
    model.network.float()
    found = relevance(model, images(2, 64), np.array([1, 3]), question(), Composite())
    assert found.gap.max() < 1e-5


@pytest.mark.parametrize(
    "make",
    [
        lambda: timm.create_model("coat_lite_tiny", num_classes=5, img_size=64),
        lambda: timm.create_model("sequencer2d_s", num_classes=5, img_size=64, layers=(1, 1, 1, 1)),
        lambda: timm.models.eva.Eva(
            64,
            16,
            num_classes=5,
            embed_dim=32,
            depth=2,
            num_heads=2,
            swiglu_mlp=True,
            use_rot_pos_emb=True,
        ),
        lambda: timm.models.mlp_mixer.MlpMixer(
            num_classes=5,
            img_size=64,
            num_blocks=2,
            embed_dim=32,
            mlp_ratio=4,
            block_layer=timm.models.mlp_mixer.SpatialGatingBlock,
            mlp_layer=timm.layers.GatedMlp,
        ),
        lambda: timm.models.focalnet.FocalNet(num_classes=5, depths=(1, 1, 1, 1), embed_dim=16),
        lambda: timm.models.metaformer.MetaFormer(
            num_classes=5,
            depths=(1, 1, 1, 1),
            dims=(16, 16, 32, 32),
            token_mixers=timm.models.metaformer.SepConv,
        ),
        lambda: timm.models.gemma4_vit.Gemma4VitClassifier(
            96,
            num_classes=5,
            embed_dim=32,
            depth=2,
            num_heads=2,
            num_kv_heads=1,
            head_dim=16,
            intermediate_size=48,
            use_clipped_linears=True,
        ),
        lambda: vision_transformer.VisionTransformer(64, 16, 2, 2, 32, 64, num_classes=5),
    ],
    ids=[
        "CoaT",
        "Sequencer",
        "EVA",
        "gMLP",
        "FocalNet",
        "ConvFormer",
        "Gemma",
        "torchvision's ViT",
    ],
)
def test_the_ledger_closes_on_small_ones_of_larger_networks(make):
    network = make()
    closes(stirred(network, "Custom", 96 if "Gemma" in type(network).__name__ else 64))
