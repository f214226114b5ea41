"""Attributions of captum against captum called by hand, closed forms, brute force and explicit noise."""

from collections.abc import Callable
from dataclasses import replace

import captum.attr
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.support.explaining import (
    DIGITS,
    classifier,
    double,
    images,
    linear,
    quarters,
    question,
    recorded,
    traces,
    with_architecture,
)
from thinkalike.attributions import ATTRIBUTIONS
from thinkalike.compare.bases import Cells, Pixels, Segments
from thinkalike.errors import InputError
from thinkalike.explain.captum import explain
from thinkalike.explain.common import Explanation, audit
from thinkalike.methods import METHODS
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model
from thinkalike.randomness import generator

GREY = (0.5, 0.25, 0.75)
COLOURS = [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.2, 0.4, 0.6]]
TILES = {"sliding_window_shapes": [3, 8, 8], "strides": [3, 8, 8]}
ARGUMENTS = {
    "DeepLiftShap": {"baselines": COLOURS},
    "Occlusion": TILES,
    "IntegratedGradients": {"n_steps": 4},
}
SIDE = 32


def asked(count: int, size: int = SIDE, **changes):
    """With seeds and four superpixels for each image."""
    given = {"baseline": GREY, "seeds": np.arange(count), "segments": quarters(count, size)}
    return question(**{**given, **changes})


def explained(model: Model, pixels: np.ndarray, attribution: str, **changes) -> Explanation:
    smooth, targets = changes.pop("smooth", None), changes.pop("targets", None)
    arguments = changes.pop("arguments", ARGUMENTS.get(attribution, {}))
    about = asked(len(pixels), pixels.shape[1], **changes)
    settings = {"attribution": attribution, "arguments": arguments, "smooth": smooth}
    return explain(model, pixels, targets, about, **settings)


class Rectified(nn.Module):
    """A small network of convolutions, ReLUs, max pooling and a linear layer."""

    def __init__(self, relu: Callable[..., nn.Module] = nn.ReLU, classes: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 6, 3, 2), nn.Conv2d(6, 8, 3)
        self.relu, self.other = relu(inplace=True), relu()
        self.pool, self.head = nn.MaxPool2d(2), nn.Linear(8, classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = self.pool(self.relu(self.first(inputs)))
        return self.head(self.other(self.second(hidden)).mean((2, 3)))


class Functional(Rectified):
    """A network whose second ReLU is a function and no module."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = self.pool(self.relu(self.first(inputs)))
        return self.head(functional.relu(self.second(hidden)).mean((2, 3)))


class Reused(Rectified):
    """A network that uses one module of ReLU twice."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        hidden = self.pool(self.relu(self.first(inputs)))
        return self.head(self.relu(self.second(hidden)).mean((2, 3)))


def wrapped(network: nn.Module, size: int = SIDE) -> Model:
    network = network.eval().requires_grad_(False)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    architecture = Architecture("mine", layers={"depth_50": "first", "depth_100": "second"})
    return Model(network, mean, std, size, tuple("abcd"), architecture)


def by_hand(model: Model) -> nn.Module:
    """Network of images in RGB."""

    class Normalise(nn.Module):
        def forward(self, rgb: torch.Tensor) -> torch.Tensor:
            mean, std = (torch.tensor(v)[:, None, None].to(rgb) for v in (model.mean, model.std))
            return (rgb - mean) / std

    return nn.Sequential(Normalise(), model.network).eval()


def tensor_of(pixels: np.ndarray, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(pixels / 255).to(dtype).permute(0, 3, 1, 2)


def colour(rgb: tuple[float, ...], size: int = SIDE) -> torch.Tensor:
    return torch.tensor(rgb).reshape(1, 3, 1, 1).expand(1, 3, size, size).contiguous()


def near(ours: np.ndarray, theirs: np.ndarray, share: float = 1e-4) -> None:
    assert np.abs(theirs).max() > 0
    np.testing.assert_allclose(ours, theirs, atol=share * np.abs(theirs).max(), rtol=share)


# closed forms, of a network that is linear


@pytest.fixture
def straight() -> tuple[Model, np.ndarray, np.ndarray, np.ndarray]:
    """A linear model, images, targets, and w · (x − b) in RGB, (N, 3, size, size)."""
    model = replace(linear(16), mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.5))
    pixels, targets = images(3, 16), np.array([2, 0, 3])
    weights = model.network.weight.numpy()[targets] / np.reshape(model.std, (1, 3, 1, 1))
    return model, pixels, targets, weights


@pytest.mark.parametrize(
    "attribution",
    ["InputXGradient", "IntegratedGradients", "DeepLift", "GradientShap"],
)
def test_of_a_linear_network_relevance_is_weight_times_distance(straight, attribution):
    model, pixels, targets, weights = straight
    found = explained(model, pixels, attribution, targets=targets)
    distance = pixels / 255 - np.array(GREY)
    expected = (weights * distance.transpose(0, 3, 1, 2)).sum(1)
    near(found.maps.coefficients.reshape(3, 16, 16), expected)
    assert found.maps.bases == (Pixels(16, 16),)
    if attribution != "InputXGradient":
        near(found.measures["difference"], expected.sum((1, 2)))
        assert np.abs(found.measures["gap"]).max() < 1e-3


def test_of_a_linear_network_several_baselines_are_their_mean(straight):
    model, pixels, targets, weights = straight
    found = explained(model, pixels, "DeepLiftShap", targets=targets)
    distance = pixels / 255 - np.mean(COLOURS, 0)
    expected = (weights * distance.transpose(0, 3, 1, 2)).sum(1)
    near(found.maps.coefficients.reshape(3, 16, 16), expected)
    near(found.measures["difference"], expected.sum((1, 2)))


def test_the_gradient_is_that_of_rgb_whatever_the_normalisation(straight):
    model, pixels, targets, weights = straight
    plain = explained(model, pixels, "Saliency", targets=targets)
    near(plain.maps.coefficients.reshape(3, 16, 16), np.abs(weights).sum(1))
    arguments = {"abs": False}
    signed = explained(model, pixels, "Saliency", targets=targets, arguments=arguments)
    near(signed.maps.coefficients.reshape(3, 16, 16), weights.sum(1))
    assert list(plain.measures) == ["score"], "nothing is promised"


def test_of_a_linear_network_a_part_is_worth_its_sum(straight):
    model, pixels, targets, weights = straight
    distance = (pixels / 255 - np.array(GREY)).transpose(0, 3, 1, 2)
    worth = (weights * distance).sum(1)
    tiled = explained(model, pixels, "Occlusion", targets=targets)
    assert tiled.maps.bases == (Cells(2, 2, 16, 16),)
    near(tiled.maps.coefficients, worth.reshape(3, 2, 8, 2, 8).sum((2, 4)).reshape(3, 4))
    labels = quarters(3, 16).copy()
    labels[1][labels[1] == 3] = 2  # an image with fewer superpixels
    ablated = explained(model, pixels, "FeatureAblation", targets=targets, segments=labels)
    assert all(isinstance(basis, Segments) for basis in ablated.maps.bases)
    for number in range(3):
        sums = np.bincount(labels[number].ravel(), worth[number].ravel())
        near(ablated.maps.row(number), sums)
    assert np.isnan(ablated.maps.coefficients[1, 3])


# captum called by hand, and brute force


@pytest.mark.parametrize(
    "attribution", [n for n, row in ATTRIBUTIONS.items() if row.gradients and not row.seeded]
)
def test_it_is_what_captum_says_of_images_in_rgb(attribution):
    model, pixels, targets = wrapped(Rectified()), images(2, SIDE), np.array([1, 3])
    row, options = ATTRIBUTIONS[attribution], dict(ARGUMENTS.get(attribution, {}))
    found = explained(model, pixels, attribution, targets=targets)
    layer = [model.network.second] if row.layer else []
    method = getattr(captum.attr, attribution)(by_hand(model), *layer)
    inputs = tensor_of(pixels)
    if attribution == "InputXGradient":  # captum's own baseline is 0
        gradient = captum.attr.Saliency(by_hand(model)).attribute(inputs, [1, 3], abs=False)
        expected = gradient * (inputs - colour(GREY))
    else:
        if attribution == "DeepLiftShap":
            options["baselines"] = torch.cat([colour(tuple(each)) for each in COLOURS])
        elif row.baseline:
            options["baselines"] = colour(GREY)
        expected = method.attribute(inputs, target=torch.tensor(targets), **options)
    near(found.maps.coefficients.reshape(2, SIDE, SIDE), expected.detach().sum(1).numpy())


@pytest.mark.parametrize("output", ["logit", "probability"])
def test_occlusion_is_what_a_score_loses_with_a_window(output):
    """Windows that overlap, and at the edge are cut off: the mean over those that cover a pixel."""
    model, pixels, side, stride = double(wrapped(Rectified())), images(2, SIDE), 10, 6
    arguments = {
        "sliding_window_shapes": [3, side, side],
        "strides": [3, stride, stride],
    }
    targets = np.array([0, 2])
    found = explained(
        model, pixels, "Occlusion", targets=targets, arguments=arguments, output=output
    )
    assert found.maps.bases == (Pixels(SIDE, SIDE),)

    def score(rgb: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            values = by_hand(model)(torch.from_numpy(rgb.transpose(0, 3, 1, 2)))
        values = values.softmax(1) if output == "probability" else values
        return values.numpy()[[0, 1], targets]

    whole, losses, covered = pixels / 255, np.zeros((2, SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for top in range(0, SIDE - side + stride, stride):
        for left in range(0, SIDE - side + stride, stride):
            window = (slice(top, top + side), slice(left, left + side))
            without = whole.copy()
            without[:, *window] = GREY
            losses[:, *window] += (score(whole) - score(without))[:, None, None]
            covered[window] += 1
    near(found.maps.coefficients.reshape(2, SIDE, SIDE), losses / covered)


def test_feature_ablation_is_what_a_score_loses_with_a_superpixel():
    model, pixels = double(wrapped(Rectified())), images(2, SIDE)
    labels, targets = quarters(2, SIDE), np.array([0, 2])
    found = explained(model, pixels, "FeatureAblation", targets=targets)
    with torch.no_grad():
        for number in range(2):
            whole = pixels[number] / 255
            rows = [whole]
            rows += [np.where(labels[number][..., None] == k, GREY, whole) for k in range(4)]
            scores = by_hand(model)(torch.from_numpy(np.stack(rows).transpose(0, 3, 1, 2)))
            values = scores[:, targets[number]].numpy()
            near(found.maps.row(number), values[0] - values[1:])


# completeness


def test_maps_sum_to_the_score_s_difference_up_to_the_gap():
    model, pixels = wrapped(Rectified()), images(3, SIDE)
    for attribution in ("DeepLift", "DeepLiftShap", "IntegratedGradients", "GradientShap"):
        found = explained(model, pixels, attribution)
        with torch.no_grad():
            scores = by_hand(model)(tensor_of(pixels)).numpy()
            black = COLOURS if attribution == "DeepLiftShap" else [GREY]
            empty = by_hand(model)(torch.cat([colour(tuple(c)) for c in black])).numpy().mean(0)
        rows = np.arange(3)
        np.testing.assert_array_equal(found.targets, scores.argmax(1))
        difference = scores[rows, found.targets] - empty[found.targets]
        near(found.measures["difference"], difference)
        np.testing.assert_allclose(
            found.measures["gap"], found.maps.coefficients.sum(1) - difference, atol=1e-5
        )


def test_deeplift_closes_and_integrated_gradients_close_with_steps():
    model, pixels = wrapped(Rectified()), images(3, SIDE)
    near_zero = np.abs(explained(model, pixels, "DeepLift").measures["gap"]).max()
    assert near_zero < 1e-5
    gaps = [
        np.abs(
            explained(model, pixels, "IntegratedGradients", arguments={"n_steps": steps}).measures[
                "gap"
            ]
        ).max()
        for steps in (2, 256)
    ]
    assert gaps[1] < gaps[0] / 10


def test_maps_that_miss_two_percent_of_the_difference_are_flagged():
    model, pixels = wrapped(Rectified()), images(3, SIDE)
    assert explained(model, pixels, "DeepLift").measures["converged"].tolist() == [1, 1, 1]
    for steps in (1, 4, 16, 64):
        arguments = {"n_steps": steps}
        found = explained(model, pixels, "IntegratedGradients", arguments=arguments).measures
        met = np.abs(found["gap"]) <= 0.02 * np.abs(found["difference"])
        np.testing.assert_array_equal(found["converged"], met)
        assert steps > 1 or not met.all()


def test_without_the_factor_of_the_inputs_nothing_is_promised():
    arguments = {"n_steps": 4, "multiply_by_inputs": False}
    model, pixels = wrapped(Rectified()), images(1, SIDE)
    found = explained(model, pixels, "IntegratedGradients", arguments=arguments)
    assert list(found.measures) == ["score"]


# noise


def test_smoothgrad_is_the_mean_over_explicit_noise():
    model, pixels, targets = double(wrapped(Rectified())), images(2, SIDE), np.array([3, 1])
    seeds, smooth = np.array([7, 11]), {"samples": 5, "sigma": 0.2}
    found = explained(model, pixels, "Saliency", targets=targets, seeds=seeds, smooth=smooth)
    expected = []
    for number in range(2):
        noise = [
            generator(int(seeds[number]), "smooth", k).normal(size=(SIDE, SIDE, 3))
            for k in range(5)
        ]
        noisy = pixels[number] / 255 + 0.2 * np.stack(noise)
        inputs = torch.from_numpy(noisy.transpose(0, 3, 1, 2)).requires_grad_()
        by_hand(model)(inputs)[:, targets[number]].sum().backward()
        assert inputs.grad is not None
        expected.append(inputs.grad.abs().sum(1).mean(0).numpy())
    near(found.maps.coefficients.reshape(2, SIDE, SIDE), np.stack(expected))


def test_noise_is_named_by_the_image_and_not_by_model_or_place():
    """Two models see the same noise: the change of a linear network's score tells what it was."""
    pixels, smooth = images(3, 16), {"samples": 3, "sigma": 0.3}
    model = linear(16)
    other = replace(model, mean=(0.5,) * 3)
    given = {"smooth": smooth, "targets": np.zeros(3, int)}
    whole = explained(model, pixels, "InputXGradient", **given).maps.coefficients
    near(explained(other, pixels, "InputXGradient", **given).maps.coefficients, whole)
    moved = explained(
        model, pixels[1:], "InputXGradient", smooth=smooth, targets=np.zeros(2, int), seeds=[1, 2]
    )
    near(moved.maps.coefficients, whole[1:])
    unlike = explained(model, pixels, "InputXGradient", **given, seeds=[5, 6, 7]).maps
    assert np.abs(unlike.coefficients - whole).max() > 0.01


def test_gradient_shap_draws_for_an_image_what_it_draws_for_every_model():
    model, pixels = wrapped(Rectified()), images(3, SIDE)
    arguments = {"n_samples": 4, "stdevs": 0.1, "baselines": COLOURS}
    given = {"arguments": arguments, "targets": np.array([1, 2, 3])}
    first = explained(model, pixels, "GradientShap", **given).maps.coefficients
    np.random.seed(9)  # noqa: NPY002 (captum draws from the global ones)
    torch.manual_seed(9)
    np.testing.assert_array_equal(
        explained(model, pixels, "GradientShap", **given, batch_size=1).maps.coefficients, first
    )
    alone = explained(
        model, pixels[2:], "GradientShap", arguments=arguments, targets=np.array([3]), seeds=[2]
    )
    near(alone.maps.coefficients, first[2:])
    # of a linear network the mean over baselines and places on the way is closed
    straight, steps = linear(16), {"n_samples": 400, "baselines": COLOURS[:2]}
    found = explained(straight, images(1, 16), "GradientShap", arguments=steps, targets=[0])
    distance = images(1, 16)[0] / 255 - np.mean(COLOURS[:2], 0)
    expected = (straight.network.weight[0].numpy() * distance.transpose(2, 0, 1)).sum(0)
    error = found.maps.coefficients.reshape(16, 16) - expected
    assert (
        np.abs(error).max() < 5 * 0.5 / np.sqrt(400) * np.abs(straight.network.weight).sum(1).max()
    )


# what holds for all of them


ALL = pytest.mark.parametrize("attribution", ATTRIBUTIONS)


@ALL
def test_an_image_is_explained_alike_in_any_company(attribution):
    model, pixels, smooth = wrapped(Rectified()), images(4, SIDE), None
    if ATTRIBUTIONS[attribution].gradients:
        smooth = {"samples": 2, "sigma": 0.1}
    targets = np.array([0, 1, 2, 3])
    given = {"smooth": smooth, "targets": targets}
    whole = explained(model, pixels, attribution, **given, batch_size=8).maps.coefficients
    near(explained(model, pixels, attribution, **given, batch_size=1).maps.coefficients, whole)
    part = explained(
        model, pixels[2:], attribution, smooth=smooth, targets=targets[2:], seeds=np.arange(2, 4)
    )
    near(part.maps.coefficients, whole[2:])


@ALL
def test_nothing_is_left_behind(attribution):
    model, pixels = classifier("resnet"), images(2)
    inputs = model.normalise(pixels)
    with torch.inference_mode():
        before = model.network(inputs)
    attributes = {name: set(vars(m)) for name, m in model.network.named_modules()}
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    explained(model, pixels, attribution)
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state[1])  # noqa: NPY002
    assert traces(model.network) == []
    assert {name: set(vars(m)) for name, m in model.network.named_modules()} == attributes
    with torch.inference_mode():
        assert torch.equal(model.network(inputs), before)


@ALL
def test_it_computes_in_the_network_s_own_type(attribution):
    model = double(wrapped(Rectified()))
    found = explained(model, images(1, SIDE), attribution)
    assert found.maps.coefficients.dtype == np.float64


@pytest.mark.parametrize(
    ("attribution", "smooth"),
    [
        ("Saliency", None),
        ("Saliency", {"samples": 3, "sigma": 0.1}),
        ("IntegratedGradients", None),
        ("GradientShap", None),
        ("Occlusion", None),
        ("FeatureAblation", None),
    ],
)
def test_the_forecast_counts_the_passes_that_are_made(attribution, smooth):
    model, pixels = wrapped(Rectified()), images(3, SIDE)
    arguments = ARGUMENTS.get(attribution, {})
    with recorded(model.network) as seen:
        explained(model, pixels, attribution, smooth=smooth, batch_size=64)
    made = sum(map(len, seen)) - len(pixels) - 1  # their scores, and that of the baseline
    settings = {"attribution": attribution, "arguments": arguments, "smooth": smooth}
    expected = METHODS["captum"].passes(settings, SIDE, 4)
    cost = 2 if ATTRIBUTIONS[attribution].gradients else 1  # forward and backward
    assert cost * made == len(pixels) * expected


def test_steps_that_do_not_fit_at_once_are_taken_in_parts():
    model, pixels = double(wrapped(Rectified())), images(2, SIDE)
    arguments = {"n_steps": 20}
    at_once, parts = (
        explained(model, pixels, "IntegratedGradients", arguments=arguments, batch_size=size)
        for size in (64, 6)
    )
    near(parts.maps.coefficients, at_once.maps.coefficients, 1e-9)
    with recorded(model.network) as seen:
        explained(model, pixels, "IntegratedGradients", arguments=arguments, batch_size=6)
    assert max(map(len, seen)) <= 6


def test_maps_of_lower_precision_are_audited():
    model, pixels = wrapped(Rectified()), images(2, SIDE)
    found = explained(model, pixels, "InputXGradient", precision="bfloat16")
    about = asked(2, precision="bfloat16")
    result = audit(explain, model, pixels, found, about, attribution="InputXGradient")
    assert 0 < result["audit_relative_difference"] < 0.2


# refusals


def refusal(model: Model, attribution: str, **changes) -> str:
    pixels = images(1, model.size)
    before = {name: set(vars(m)) for name, m in model.network.named_modules()}
    with pytest.raises(InputError) as error:
        explained(model, pixels, attribution, **changes)
    assert traces(model.network) == []
    assert {name: set(vars(m)) for name, m in model.network.named_modules()} == before
    return str(error.value)


@pytest.mark.parametrize("attribution", ["GuidedBackprop", "Deconvolution"])
def test_relus_that_are_functions_are_refused(attribution):
    said = refusal(wrapped(Functional()), attribution)
    assert "1 of the 2 ReLUs of mine are functions" in said


@pytest.mark.parametrize("attribution", ["GuidedBackprop", "Deconvolution"])
@pytest.mark.parametrize("key", ["vit", "vit_relpos"])  # the other has ReLUs in its position biases
def test_networks_without_relus_are_refused(attribution, key):
    assert "has none: the map would be the plain gradient" in refusal(classifier(key), attribution)


@pytest.mark.parametrize("attribution", ["GuidedBackprop", "Deconvolution"])
def test_a_relu_that_is_used_twice_is_replaced_twice(attribution):
    pixels = images(2, SIDE)
    once, twice = (explained(wrapped(kind()), pixels, attribution) for kind in (Rectified, Reused))
    np.testing.assert_array_equal(twice.maps.coefficients, once.maps.coefficients)


@pytest.mark.parametrize("attribution", ["DeepLift", "DeepLiftShap"])
def test_deeplift_says_why_it_cannot_explain_a_network(attribution):
    assert "uses its module relu (ReLU) more than once" in refusal(wrapped(Reused()), attribution)
    assert "operations that are not affine (Relu)" in refusal(wrapped(Functional()), attribution)
    assert "(Gelu, NativeLayerNorm" in refusal(classifier("vit"), attribution)
    assert "not affine (" in refusal(classifier("efficientnet"), attribution)
    gates = refusal(wrapped(Rectified(lambda inplace=False: nn.SiLU())), attribution)
    assert "not affine (Silu)" in gates


SMALL = [key for key in DIGITS if not key.endswith(("twin", "untrained"))]
RELUS = {"resnet", "byobnet", "nfnet"}
EXPLAINED = {"relu": RELUS, "rescale": {"resnet"}, "": set(SMALL)}
"""Modules whose gradients are replaced → architectures that are explained (docs/guides/any-method.md)."""


@pytest.mark.parametrize("key", SMALL)
def test_small_architectures_are_explained_or_refused_as_the_guide_says(key):
    model, pixels = classifier(key), images(1)
    for attribution, row in ATTRIBUTIONS.items():
        if key in EXPLAINED[row.rules]:
            assert np.isfinite(explained(model, pixels, attribution).maps.row(0)).all()
        else:
            refusal(model, attribution)


def test_deeplift_closes_on_the_resnet_but_for_its_max_pooling():
    model, pixels = double(classifier("resnet")), images(3)

    def missed() -> float:
        measures = explained(model, pixels, "DeepLift", baseline=(0.0, 0.0, 0.0)).measures
        return float(np.abs(measures["gap"] / measures["difference"]).max())

    assert 0.01 < missed() < 0.06
    model.network.maxpool = nn.AvgPool2d(3, 2, 1).eval()
    assert missed() < 1e-9


def test_guided_gradcam_takes_the_layer_at_its_depth():
    model, pixels = wrapped(Rectified()), images(2, SIDE)
    about = asked(2)
    given = {"attribution": "GuidedGradCam", "arguments": {"interpolate_mode": "bilinear"}}
    found = explain(model, pixels, np.array([0, 1]), about, depth=50, **given)
    method = captum.attr.GuidedGradCam(by_hand(model), model.network.first)
    expected = method.attribute(tensor_of(pixels), [0, 1], interpolate_mode="bilinear")
    near(found.maps.coefficients.reshape(2, SIDE, SIDE), expected.detach().sum(1).numpy())
    with pytest.raises(InputError, match=r"depth: .* has no Grad-CAM layer at 25, only at"):
        explain(model, pixels, None, about, depth=25, **given)
    tokens = with_architecture(model, layout="tokens")
    with pytest.raises(InputError, match=r"stand elsewhere \(layout tokens\)"):
        explain(tokens, pixels, None, about, **given)
    flat = with_architecture(model, layers={"depth_100": "head"})
    with pytest.raises(InputError, match="captum's GuidedGradCam"):
        explain(flat, pixels, None, about, **given)


def test_deeplift_explains_logits_in_float32_alone():
    model = wrapped(Rectified())
    said = "DeepLift explains logits in float32 alone; ask for these"
    assert refusal(model, "DeepLift", output="probability") == said
    assert refusal(model, "DeepLift", precision="bfloat16") == said


def test_what_is_missing_in_the_question_is_said():
    model = wrapped(Rectified())
    assert "give a question with `seeds`" in refusal(model, "GradientShap", seeds=None)
    smooth = {"samples": 2, "sigma": 0.1}
    assert "`seeds`" in refusal(model, "Saliency", seeds=None, smooth=smooth)
    assert "give a question with `segments`" in refusal(model, "FeatureAblation", segments=None)
    assert "did you mean 'Saliency'" in refusal(model, "saliency")
    assert refusal(model, "Saliency", arguments={"ab": True}).startswith(
        "Saliency: arguments.ab: no argument of this name; did you mean 'abs'?"
    )


def test_what_captum_itself_refuses_is_a_sentence():
    arguments = {"sliding_window_shapes": [3, 40, 8]}
    said = refusal(wrapped(Rectified()), "Occlusion", arguments=arguments)
    assert said.startswith("captum's Occlusion refuses mine: ")
    assert said.endswith("leave the model or the attribution out")


def test_a_map_that_is_not_finite_names_its_image():
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(1), requires_grad=False)

        def forward(self, inputs: torch.Tensor) -> torch.Tensor:
            # its slope is infinite at 0 alone
            dark = inputs.amax((2, 3)).sqrt()
            return torch.cat([dark, dark[:, :1]], 1) * self.weight

    pixels = images(3, SIDE)
    pixels[1] = 0
    model = Model(Root().eval(), (0.0,) * 3, (1.0,) * 3, SIDE, tuple("abcd"), Architecture("root"))
    with pytest.raises(
        InputError, match="captum's Saliency of root gives a map of image number 1 that is not"
    ):
        explained(model, pixels, "Saliency", targets=np.zeros(3, int))
