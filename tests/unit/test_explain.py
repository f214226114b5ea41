"""Attribution methods against closed forms, captum, and their own invariances."""

import numpy as np
import pytest
import torch
from torch import nn

from thinkalike import models
from thinkalike.config import built_in_catalogue, complete_entry
from thinkalike.errors import InputError
from thinkalike.explain import integrated_gradients, kernelshap
from thinkalike.explain.common import Question
from thinkalike.maps import Segments

CATALOGUE = built_in_catalogue()
BLACK = (0.0, 0.0, 0.0)


def question(**changes) -> Question:
    return Question(**{"output": "logit", "baseline": BLACK, "batch_size": 3, **changes})


def images(count: int = 4, size: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


def classifier(key: str) -> models.Classifier:
    entry = complete_entry(key, CATALOGUE)
    torch.manual_seed(0)
    network = models.create(entry, classes=5, size=64)
    # random running statistics and scales, so that no layer is the identity by accident
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    network.eval().requires_grad_(False)
    return models.Classifier(network, (0.5,) * 3, (0.5,) * 3, 64, tuple("abcde"), entry)


class Linear(nn.Module):
    """score_c(x) = Σ w_c x, of the pixels as the model sees them."""

    def __init__(self, size: int, classes: int) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.weight = nn.Parameter(torch.randn(classes, 3, size, size), requires_grad=False)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.einsum("bchw,kchw->bk", inputs, self.weight)


def linear(size: int = 16) -> models.Classifier:
    network = Linear(size, 4).eval()
    return models.Classifier(network, BLACK, (1.0,) * 3, size, tuple("abcd"), {"name": "linear"})


def quarters(count: int, size: int) -> np.ndarray:
    half = np.arange(size) >= size // 2
    return np.broadcast_to((2 * half[:, None] + half[None]).astype(np.int16), (count, size, size))


def segment_sums(pixels: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([np.bincount(labels[i].ravel(), pixels[i].ravel()) for i in range(len(pixels))])


# Integrated Gradients


def test_integrated_gradients_of_a_linear_model_are_weight_times_difference():
    model, pixels, targets = linear(), images(3, 16), np.array([0, 3, 1])
    baseline = (0.25, 0.5, 0.75)
    found = integrated_gradients.explain(
        model, pixels, targets, question(baseline=baseline), steps=3
    )
    difference = pixels / 255 - np.array(baseline)
    weight = model.network.weight[targets].numpy().transpose(0, 2, 3, 1)
    expected = (difference * weight).sum(3).reshape(3, -1)
    np.testing.assert_allclose(found.maps.coefficients, expected, atol=1e-5)
    np.testing.assert_allclose(found.measures["gap"], 0, atol=1e-4)
    np.testing.assert_allclose(found.measures["difference"], expected.sum(1), atol=1e-4)


def test_integrated_gradients_close_the_gap_with_more_steps():
    model, pixels, targets = classifier("vit"), images(3), np.array([0, 1, 2])
    gaps = [
        np.abs(
            integrated_gradients.explain(model, pixels, targets, question(), steps=n).measures[
                "gap"
            ]
        ).max()
        for n in (1, 64)
    ]
    assert gaps[1] < 1e-3
    assert gaps[1] < gaps[0] / 20


# KernelSHAP


def test_kernelshap_of_a_linear_model_is_exact():
    model, pixels, targets = linear(), images(3, 16), np.array([0, 3, 1])
    labels = quarters(3, 16)
    asked = question(segments=labels, seeds=np.array([5, 6, 7]))
    found = kernelshap.explain(model, pixels, targets, asked, evaluations=60)
    weight = model.network.weight[targets].numpy().transpose(0, 2, 3, 1)
    expected = segment_sums((pixels / 255 * weight).sum(3), labels)
    np.testing.assert_allclose(found.maps.coefficients, expected, rtol=1e-3, atol=1e-3)
    assert all(isinstance(basis, Segments) for basis in found.maps.bases)


def test_all_models_are_asked_the_same_coalitions():
    class Recording(Linear):
        seen: list

        def forward(self, inputs):
            self.seen.append(inputs.clone())
            return super().forward(inputs)

    asked = question(segments=quarters(2, 16), seeds=np.array([5, 6]))
    pixels = images(2, 16)
    heard = []
    for targets in ([0, 1], [3, 2]):
        network = Recording(16, 4).eval()
        network.seen = []
        model = models.Classifier(network, BLACK, (1.0,) * 3, 16, tuple("abcd"), {"name": "r"})
        torch.rand(7)  # whatever was drawn before does not matter
        kernelshap.explain(model, pixels, np.array(targets), asked, evaluations=20)
        heard.append(torch.cat(network.seen))
    assert torch.equal(*heard)


def test_kernelshap_refuses_too_few_evaluations():
    asked = question(segments=quarters(1, 16), seeds=np.array([1]))
    with pytest.raises(InputError, match="5 is too few for 4 segments; give at least 6"):
        kernelshap.explain(linear(), images(1, 16), np.array([0]), asked, evaluations=5)


# all methods


def run(method, model, pixels, targets, batch_size: int = 3):
    labels = quarters(len(pixels), 64)
    seeds = np.arange(len(pixels))
    asked = question(segments=labels, seeds=seeds, batch_size=batch_size)
    settings = {
        integrated_gradients: {"steps": 4},
        kernelshap: {"evaluations": 20},
    }[method]
    return method.explain(model, pixels, targets, asked, **settings)


METHODS = [integrated_gradients, kernelshap]


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.split(".")[-1])
@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_maps_do_not_depend_on_batch_size_or_neighbours(method, key):
    model, pixels, targets = classifier(key), images(5), np.array([0, 1, 2, 3, 4])
    whole = run(method, model, pixels, targets, batch_size=5).maps.coefficients
    parts = run(method, model, pixels, targets, batch_size=2).maps.coefficients
    scale = np.abs(whole).max()
    np.testing.assert_allclose(parts, whole, atol=2e-5 * scale)
    alone = run(method, model, pixels[:1], targets[:1], batch_size=5).maps.coefficients
    np.testing.assert_allclose(alone[0], whole[0], atol=2e-5 * scale)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.split(".")[-1])
def test_an_explanation_leaves_no_trace(method):
    model, pixels = classifier("resnet"), images(2)
    inputs = model.normalise(pixels)
    state = {key: value.clone() for key, value in model.network.state_dict().items()}
    with torch.inference_mode():
        before = model.network(inputs)
        random_state = torch.get_rng_state()
    run(method, model, pixels, np.array([0, 1]))
    with torch.inference_mode():
        assert torch.equal(model.network(inputs), before)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert all(torch.equal(value, state[key]) for key, value in model.network.state_dict().items())
    for module in model.network.modules():
        assert not module._forward_hooks
        assert not module._backward_hooks
    assert not any(parameter.requires_grad for parameter in model.network.parameters())


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.split(".")[-1])
def test_a_target_that_is_no_output_is_refused(method):
    with pytest.raises(InputError, match="a target class is not among the 5 outputs of ResNet"):
        run(method, classifier("resnet"), images(1), np.array([5]))


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.__name__.split(".")[-1])
def test_a_model_in_training_mode_is_refused(method):
    model = classifier("resnet")
    model.network.train()
    with pytest.raises(InputError, match=r"training mode; call \.eval\(\)"):
        run(method, model, images(1), np.array([0]))


def test_probabilities_are_explained_on_request():
    model, pixels, targets = linear(), images(2, 16), np.array([0, 1])
    asked = question(output="probability")
    found = integrated_gradients.explain(model, pixels, targets, asked, steps=200)
    with torch.inference_mode():
        ends = [
            model.network(model.normalise(x)).softmax(1)[[0, 1], targets].numpy()
            for x in (pixels, np.zeros_like(pixels))
        ]
    np.testing.assert_allclose(found.measures["difference"], ends[0] - ends[1], atol=1e-6)
