"""The study of rules of LRP: its judges by hand and on a linear network, AttnLRP by its formulas."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import rules
from benchmarks.attention import ATTENDED
from benchmarks.common import table
from benchmarks.judges import SuperpixelValues, cosines, deletion
from benchmarks.rules import Networks, gradient_times_input, study, tables
from tests.support.explaining import images, linear
from thinkalike.explain.relevance.ledger import Ledger
from thinkalike.explain.relevance.tape import Composite, Tape


def test_deletion_takes_cells_of_a_map_one_after_the_other():
    model, pixels, targets = linear(), images(2, 16), np.array([1, 3])
    relevances = np.random.default_rng(0).normal(size=(2, 256))
    found = deletion(model, pixels, targets, relevances, side=4, steps=8)
    curves = []
    for image, target, relevance in zip(pixels, targets, relevances, strict=True):
        cells = [
            (slice(r, r + 4), slice(c, c + 4)) for r in range(0, 16, 4) for c in range(0, 16, 4)
        ]
        order = sorted(cells, key=lambda cell: -relevance.reshape(16, 16)[cell].sum())
        left, curve = image.copy(), []
        for step in range(9):
            with torch.inference_mode():
                curve.append(float(model.network(model.normalise(left[None]))[0, target]))
            for cell in order[2 * step : 2 * step + 2]:
                left[cell] = 0
        curves.append(np.array(curve) - curve[-1])
    expected = np.mean(curves, axis=1) / np.mean(curves, axis=0)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_what_a_linear_network_says_of_itself_agrees_with_its_shapley_values():
    model, pixels, targets = linear(), images(2, 16), np.array([0, 2])
    judge = SuperpixelValues(pixels)
    values = judge.values(model, targets)
    own = gradient_times_input(model, pixels, targets)
    np.testing.assert_allclose(judge.agreement(own, values), 1, rtol=1e-5)
    np.testing.assert_allclose(judge.agreement(-own, values), -1, rtol=1e-5)


def test_a_blank_map_has_no_cosine():
    found = cosines(np.array([[1.0, 0], [0, 0]]), np.array([[1.0, 1], [1, 1]]))
    np.testing.assert_allclose(found, [0.5**0.5, np.nan])


@pytest.mark.parametrize("as_one", [False, True])
def test_attnlrp_halves_both_products_and_expands_the_softmax(as_one):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 5, 4, dtype=torch.double).requires_grad_()  # images, q k v, tokens
    mask, weights = torch.randn(5, 5, dtype=torch.double), torch.randn(2, 5, 4, dtype=torch.double)
    ledger = Ledger(2)
    with Tape("Custom", nn.Module(), x, ledger, Composite(), ATTENDED):
        q, k, v = x.unbind(1)
        if as_one:
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            y = (q * 0.5 @ k.transpose(-2, -1) + mask).softmax(-1) @ v
    (gradient,) = torch.autograd.grad((y * weights).sum(), x)
    found, given = (x * gradient).detach().numpy(), x.detach().numpy()
    for image, (q, k, v) in enumerate(given):
        logits = q @ k.T / 2 + mask.numpy()
        share = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        back = weights[image].numpy()
        np.testing.assert_allclose(found[image, 2], v * (share.T @ back) / 2, rtol=1e-10)
        at_share = back @ v.T / 2
        at_logits = share * (at_share - (share * at_share).sum(1, keepdims=True))
        np.testing.assert_allclose(found[image, 0], q * (at_logits @ k) / 4, rtol=1e-9)
        np.testing.assert_allclose(found[image, 1], k * (at_logits.T @ q) / 4, rtol=1e-9)
    whole = found.sum((1, 2, 3)) + sum(ledger.balances().values())
    np.testing.assert_allclose(whole, (y * weights).sum((1, 2)).detach(), rtol=1e-10)


def test_the_tables_have_every_rule_and_what_is_not_at_hand_is_said(capsys, monkeypatch):
    monkeypatch.setattr(rules, "random_model", lambda *_: linear())
    networks = Networks("Some", {"a": linear(), "b": linear()}, images(3, 16))
    monkeypatch.setattr(rules, "SIDE", 4)
    lines = tables(table(study(networks)))
    (row,) = [line for line in lines if line.startswith("| epsilon ")]
    # two networks that are one agree, and so does the untrained one that is the same
    assert row.split(" | ")[4:6] == ["1.000", "0.000"]
    assert sum(line.startswith("| γ") for line in lines) == 4
    with pytest.raises(SystemExit, match="--lite: is missing; give it, or measure without"):
        rules.main(["--parts", "lite", "--quick"])
