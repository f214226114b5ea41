"""Noise on weights: as much as is said, where it is said, and the same again."""

import numpy as np
import pytest
import torch

from scripts import disturb_weights
from tests.support.explaining import CATALOGUE, classifier
from thinkalike.networks.disturbance import disturbed
from thinkalike.networks.weights import build, save
from thinkalike.stores.weights import read_header


def tensors(model) -> dict[str, np.ndarray]:
    return {key: value.numpy().copy() for key, value in model.network.state_dict().items()}


@pytest.mark.parametrize("scale", [0.02, 0.4])
def test_weights_get_noise_of_their_own_spread_and_nothing_else_changes(scale):
    model = classifier("efficientnet")
    before = tensors(model)
    after = tensors(disturbed(model, scale, 0))
    shares = []
    for key, value in before.items():
        added = after[key] - value
        if value.ndim < 2:
            assert not added.any(), key
        elif value.size > 1000:
            shares.append(added.std() / value.std())
            # five standard errors of a standard deviation, and of a mean
            assert shares[-1] == pytest.approx(scale, rel=5 / (2 * value.size) ** 0.5)
            assert abs(added.mean()) < 5 * added.std() / value.size**0.5
    assert len(shares) > 5
    for key, value in tensors(model).items():
        np.testing.assert_array_equal(value, before[key])


def test_noise_follows_the_seed_and_the_name_of_the_model():
    model, twin = classifier("resnet"), classifier("resnet_twin")
    twin.network.load_state_dict(model.network.state_dict())
    noise = [
        disturbed(which, 0.1, seed).network.state_dict()["conv1.0.weight"]
        for which, seed in ((model, 0), (model, 0), (model, 1), (twin, 0))
    ]
    assert torch.equal(noise[0], noise[1])
    assert not torch.equal(noise[0], noise[2])
    assert not torch.equal(noise[0], noise[3])


def test_the_rule_writes_weights_that_can_be_built(tmp_path):
    model = classifier("resnet")
    source, weights = str(tmp_path / "source.safetensors"), str(tmp_path / "weights.safetensors")
    save(model, source, {"accuracy": 0.9})
    architecture = {"name": "noisy", **{k: CATALOGUE["resnet"][k] for k in ("timm", "arguments")}}
    disturb_weights.main(source, weights, architecture, scale=0.1, seed=0, code="")
    built = build(disturb_weights.Architecture.of(architecture), weights, torch.device("cpu"))
    expected = disturbed(
        disturb_weights.build(built.architecture, source, torch.device("cpu")), 0.1, 0
    )
    for key, value in expected.network.state_dict().items():
        assert torch.equal(built.network.state_dict()[key], value)
    # what the other model reached says nothing of this one
    assert "accuracy" not in read_header(weights)
