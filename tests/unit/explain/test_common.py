"""What holds for all explanation methods: no trace, the same answer whatever the batch, clear refusals;
and the parts they share.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_limits
from torch import nn

from tests.support.explaining import (
    BLACK,
    classifier,
    double,
    hooked,
    images,
    linear,
    quarters,
    question,
    recorded,
    tensors,
    traces,
    with_architecture,
    with_graph,
)
from thinkalike.compare.bases import Pixels
from thinkalike.compare.maps import Maps
from thinkalike.errors import InputError
from thinkalike.explain import captum, gradcam, integrated_gradients, kernelshap, lrp
from thinkalike.explain.common import (
    AUDITED,
    Explanation,
    Question,
    audit,
    baseline_image,
    check_targets,
    endpoints,
    explaining,
)
from thinkalike.networks.model import Model
from thinkalike.networks.predict import check_finite


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Method:
    name: str
    explain: Callable[..., Explanation]
    settings: dict[str, Any]

    def __call__(
        self,
        model: Model,
        pixels: np.ndarray,
        targets: np.ndarray | None = None,
        **changes: Any,
    ) -> Explanation:
        return self.explain(model, pixels, targets, asked(pixels, **changes), **self.settings)


METHODS = [
    Method("gradcam", gradcam.explain, {"depth": 100}),
    Method(
        "integrated_gradients",
        integrated_gradients.explain,
        {"tolerance": 0.0, "map_tolerance": 0.0, "most_steps": 13},
    ),
    # of the 64 coalitions of six segments some, so that values are estimates; with hardly more pairs than
    # segments the rounding of scores would decide between laws that fit them all
    Method("kernelshap", kernelshap.explain, {"evaluations": 20}),
    Method("captum", captum.explain, {"attribution": "InputXGradient"}),
]


WITH_BASELINE = pytest.mark.parametrize("method", METHODS[1:], ids=lambda method: method.name)
"""Grad-CAM has none, and its pass gives the logits anyway."""


@pytest.fixture(params=METHODS, ids=lambda method: method.name)
def method(request) -> Method:
    return request.param


def asked(pixels: np.ndarray, **changes: Any) -> Question:
    """With six segments for each image, in two rows."""
    count, size = len(pixels), pixels.shape[1]
    place = np.arange(size)
    labels = (3 * (2 * place // size)[:, None] + (3 * place // size)[None]).astype(np.int16)
    segments = np.broadcast_to(labels, (count, size, size))
    return question(segments=segments, seeds=np.arange(count), **changes)


def logits_of(model: Model, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return model.network(model.normalise(pixels)).numpy()


# no trace


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_nothing_of_an_explanation_is_left_in_the_model(method, key):
    model, pixels = classifier(key), images(2)
    before = logits_of(model, pixels)
    state = {name: value.clone() for name, value in model.network.state_dict().items()}
    gc.collect()
    graphs = with_graph()
    found = method(model, pixels, np.array([0, 1]))
    assert np.abs(np.nan_to_num(found.maps.coefficients)).max() > 0
    assert traces(model.network) == []
    assert with_graph() == graphs
    np.testing.assert_array_equal(logits_of(model, pixels), before)
    assert model.network.state_dict().keys() == state.keys()
    for name, value in model.network.state_dict().items():
        assert torch.equal(value, state[name]), name
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    assert not any(module.training for module in model.network.modules())


def test_the_network_s_own_passes_are_as_without_an_explanation(method):
    """Logits while it works: the first pass is that of the images."""
    model, pixels = classifier("resnet"), images(2)
    heard = []
    with hooked(model.network, lambda _m, _i, output: heard.append(output.detach().clone())):
        method(model, pixels, batch_size=2)
    np.testing.assert_array_equal(heard[0].numpy(), logits_of(model, pixels))


def test_no_random_state_is_used(method):
    model, pixels = classifier("vit"), images(2)
    state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    method(model, pixels)
    assert torch.equal(torch.get_rng_state(), state)
    for one, other in zip(np.random.get_state(), numpy_state, strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(one, other)


def test_parameters_that_ask_for_a_gradient_get_none_and_ask_again_afterwards(method):
    model, pixels = classifier("resnet"), images(2)
    expected = method(model, pixels).maps.coefficients
    parameters = list(model.network.parameters())
    asking = [index % 3 > 0 for index in range(len(parameters))]
    for parameter, asks in zip(parameters, asking, strict=True):
        parameter.requires_grad_(asks)
    np.testing.assert_array_equal(method(model, pixels).maps.coefficients, expected)
    assert [parameter.requires_grad for parameter in parameters] == asking
    assert traces(model.network) == []


class Fails(nn.Module):
    def forward(self, _inputs: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError("in the network")


def test_nothing_is_left_when_it_fails(method):
    model = classifier("resnet")
    model.network.requires_grad_(True)
    model.network.global_pool = Fails().eval()
    with pytest.raises(ZeroDivisionError, match="in the network"):
        method(model, images(2))
    assert traces(model.network) == []
    assert all(parameter.requires_grad for parameter in model.network.parameters())


def test_memory_does_not_grow(method):
    model, pixels = classifier("resnet", size=32), images(2, 32)

    def often(times: int) -> tuple[int, int]:
        for _ in range(times):
            method(model, pixels, batch_size=12)
        gc.collect()
        # the interpreter remembers names that were looked up, some thousands
        (getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache)()
        return len(tensors()), tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = often(5)
        after = often(100)
    finally:
        tracemalloc.stop()
    assert after[0] == before[0]
    # a list that grew by one pointer a call would be as large as this
    assert after[1] - before[1] < 100 * 8


# what does not matter


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_batch_size_and_neighbours_do_not_matter(method, key):
    for dtype, near in ((torch.float64, 1e-10), (torch.float32, 5e-5)):
        model, pixels = classifier(key, dtype=dtype), images(4)
        whole = method(model, pixels, batch_size=48)
        scale = near * np.abs(whole.maps.coefficients).max()
        for size in (1, 5):
            parts = method(model, pixels, batch_size=size).maps.coefficients
            np.testing.assert_allclose(parts, whole.maps.coefficients, rtol=0, atol=scale)
        # seeds are those of the first images
        alone = method(model, pixels[:1], whole.targets[:1]).maps.coefficients
        np.testing.assert_allclose(alone[0], whole.maps.coefficients[0], rtol=0, atol=scale)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_the_caller_s_mode_does_not_matter(method, mode):
    model, pixels = classifier("vit"), images(2)
    expected = method(model, pixels)
    with mode():
        found = method(model, pixels)
    np.testing.assert_array_equal(found.maps.coefficients, expected.maps.coefficients)


def test_it_is_the_same_every_time(method):
    model, pixels = classifier("vit"), images(2)
    one, other = method(model, pixels), method(model, pixels)
    np.testing.assert_array_equal(one.maps.coefficients, other.maps.coefficients)
    np.testing.assert_array_equal(one.targets, other.targets)
    for name, values in one.measures.items():
        np.testing.assert_array_equal(other.measures[name], values)
    if one.draws is not None:
        np.testing.assert_array_equal(one.draws, other.draws)


def test_logits_that_are_known_give_the_same_answer(method):
    model, pixels = double(classifier("resnet")), images(3)
    plain = method(model, pixels)
    found = method(model, pixels, logits=logits_of(model, pixels))
    np.testing.assert_array_equal(found.targets, plain.targets)
    np.testing.assert_allclose(found.maps.coefficients, plain.maps.coefficients, rtol=0, atol=1e-12)


# refusals


def test_a_model_in_training_mode_is_refused_and_its_statistics_stay(method):
    for part in ("", "layer2.0.bn1"):
        for batch_size in (2, None):
            model = classifier("resnet")
            model.network.get_submodule(part).train()
            state = {name: value.clone() for name, value in model.network.state_dict().items()}
            with pytest.raises(InputError, match=r"ResNet is in training mode; call \.eval\(\)"):
                method(model, images(1), batch_size=batch_size)
            for name, value in model.network.state_dict().items():
                assert torch.equal(value, state[name]), name


@pytest.mark.parametrize("target", [-1, 5, 1000])
def test_a_target_that_is_no_output_is_refused_before_anything_is_computed(method, target):
    model, passes = classifier("resnet"), []
    with (
        hooked(model.network, lambda *_: passes.append(1)),
        pytest.raises(InputError, match="a target class is not among the 5 outputs of ResNet"),
    ):
        method(model, images(2), np.array([0, target]))
    assert passes == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"output": "loss"}, r"output 'loss' is neither logit nor probability"),
        ({"precision": "float16"}, r"precision 'float16' is neither float32 nor bf"),
    ],
)
def test_an_unknown_output_or_precision_is_refused(method, changes, message):
    # a model of the catalogue: Grad-CAM looks up its layer first
    with pytest.raises(InputError, match=message):
        method(classifier("resnet"), images(2), **changes)


class SpoiledWhere(nn.Module):
    """A network whose scores are no numbers where an image is of one colour."""

    def __init__(self, network: nn.Module, value: float, colour: float) -> None:
        super().__init__()
        self.network, self.value, self.colour = network, value, colour

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        spoiled = ((inputs - self.colour).abs() < 1e-4).flatten(1).all(1)
        return self.network(inputs).masked_fill(spoiled[:, None], self.value)


def spoiled(value: float, grey: int) -> Model:
    model = classifier("resnet")
    colour = model.normalise(np.full((1, 64, 64, 3), grey, np.uint8))
    # one channel stands for all: they are normalised alike here
    assert torch.all(colour == colour[0, 0, 0, 0])
    network = SpoiledWhere(model.network, value, float(colour[0, 0, 0, 0])).eval()
    return with_architecture(
        replace(model, network=network), layers={"depth_100": "network.layer4"}
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("targets", [None, np.array([0, 1, 2])], ids=["predicted", "given"])
def test_the_image_whose_score_is_not_finite_is_named(method, value, targets):
    model, pixels = spoiled(value, grey=200), images(3)
    pixels[2] = 200
    with pytest.raises(InputError, match=r"ResNet .* not finite for image number 2; .*damaged"):
        method(model, pixels, targets)


def test_the_image_is_named_whatever_batch_it_is_in(method):
    model, pixels = spoiled(np.nan, grey=200), images(5)
    pixels[3] = 200
    with pytest.raises(InputError, match="not finite for image number 3;"):
        method(model, pixels, batch_size=2)


def test_relevance_names_the_image_whatever_batch_it_is_in():
    model = linear()
    with torch.no_grad():
        for weight in model.network.parameters():
            weight.fill_(3e38)
    pixels = np.zeros((5, model.size, model.size, 3), np.uint8)
    pixels[3] = 255  # which is too large a sum
    with pytest.raises(InputError, match="not finite for image number 3;"):
        lrp.explain(model, pixels, None, asked(pixels, batch_size=2), composite="epsilon")


class WithoutGradient(torch.autograd.Function):
    """The identity, whose gradient is NaN in some rows: 0/0 in a norm, say."""

    @staticmethod
    def forward(context, scores, rows):
        context.rows = rows
        return scores.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient.masked_fill(context.rows[:, None], torch.nan), None


class DarkWithoutGradient(nn.Module):
    """A network with finite scores, and without a gradient where an image is dark."""

    def __init__(self, network: nn.Module, darkest: float) -> None:
        super().__init__()
        self.network, self.darkest = network, darkest

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        dark = inputs.flatten(1).mean(1) < self.darkest
        return WithoutGradient.apply(self.network(inputs), dark)


@pytest.mark.parametrize("method", METHODS[:2], ids=lambda method: method.name)
def test_an_image_whose_map_is_not_finite_is_named_though_its_score_is(method):
    model, pixels = classifier("resnet"), images(5)
    pixels[3] = 0
    darkest = float(model.normalise(np.full((1, 64, 64, 3), 40, np.uint8)).mean())
    network = DarkWithoutGradient(model.network, darkest).eval()
    model = with_architecture(
        replace(model, network=network), layers={"depth_100": "network.layer4"}
    )
    with pytest.raises(
        InputError, match=r"of ResNet gives a map of image number 3 that is not finite; leave"
    ):
        method(model, pixels, batch_size=2, baseline=(1.0, 1.0, 1.0))


def test_relevance_that_is_not_finite_is_refused_with_its_image(monkeypatch):
    model, pixels = classifier("resnet"), images(5)
    pixels[3] = 0
    gradient_of = torch.autograd.grad

    def spoiling(score, inputs):
        (gradient,) = gradient_of(score, inputs)
        dark = (inputs == inputs[:, :1, :1, :1]).flatten(1).all(1)
        return (gradient.masked_fill(dark[:, None, None, None], torch.inf),)

    monkeypatch.setattr(torch.autograd, "grad", spoiling)
    with pytest.raises(InputError, match=r"LRP of ResNet gives a map of image number 3 that is"):
        lrp.explain(model, pixels, None, asked(pixels, batch_size=2), composite="epsilon")


@WITH_BASELINE
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_baseline_whose_score_is_not_finite_is_named(method, value):
    with pytest.raises(InputError, match="not finite for the baseline image; its weights"):
        method(spoiled(value, grey=0), images(2))


@WITH_BASELINE
def test_known_logits_that_are_not_finite_are_refused(method):
    model, pixels = classifier("resnet"), images(2)
    logits = logits_of(model, pixels)
    logits[1, 3] = np.nan
    with pytest.raises(InputError, match="not finite for image number 1"):
        method(model, pixels, logits=logits)


# less precision


@pytest.mark.parametrize("key", ["resnet", "vit", "convnext"])
def test_less_precision_gives_nearly_the_same_maps(method, key):
    model, pixels = classifier(key), images(3)
    targets = np.array([0, 1, 4])
    full = method(model, pixels, targets, batch_size=12)
    reduced = method(model, pixels, targets, batch_size=12, precision="bfloat16")
    a, b = (x.maps.coefficients.astype(float) for x in (full, reduced))
    assert reduced.maps.coefficients.dtype == full.maps.coefficients.dtype
    assert not np.array_equal(a, b)
    cosine = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    # gates of ReLUs near 0 flip, and with them single pixels
    assert cosine.min() > 0.97
    figures = audit(
        method.explain,
        model,
        pixels,
        reduced,
        asked(pixels, precision="bfloat16"),
        **method.settings,
    )
    assert figures["audit_images"] == 3
    assert figures["audit_largest_difference"] == pytest.approx(np.abs(a - b).max(), rel=1e-3)
    relative = np.linalg.norm(a - b, axis=1) / np.linalg.norm(a, axis=1)
    assert figures["audit_relative_difference"] == pytest.approx(relative.max(), rel=1e-3)
    assert 1e-4 < relative.max() < 0.25


def test_the_network_computes_in_less_precision_and_sums_do_not(method):
    model, pixels = classifier("resnet"), images(2)
    kinds = set()
    with hooked(model.network.conv1, lambda _m, _i, output: kinds.add(output.dtype)):
        found = method(model, pixels, precision="bfloat16")
    assert kinds == {torch.bfloat16}
    for values in found.measures.values():
        assert values.dtype in (np.float64, np.int64, np.uint8)


def test_of_the_same_precision_the_audit_finds_no_difference(method):
    model, pixels = classifier("vit"), images(2)
    found = method(model, pixels)
    figures = audit(method.explain, model, pixels, found, asked(pixels), **method.settings)
    assert figures == {
        "audit_images": 2,
        "audit_largest_difference": 0.0,
        "audit_relative_difference": 0.0,
    }


def test_the_audit_asks_about_the_first_images_anew_in_float32():
    heard = []

    def explain(model, pixels, targets, question, *, power) -> Explanation:
        heard.append((model, pixels, targets, question, power))
        return Explanation(Maps(np.ones((len(pixels), 4)), (Pixels(2, 2),)), targets)

    count = AUDITED + 8
    pixels, targets = images(count, 16), np.arange(count)
    coefficients = np.ones((count, 4))
    coefficients[3] = [1, 1.5, 1, 1]
    coefficients[5] = [1.2, 0.8, 1.2, 0.8]
    coefficients[AUDITED] = 99
    explanation = Explanation(Maps(coefficients, (Pixels(2, 2),)), targets)
    given = asked(pixels, precision="bfloat16", logits=np.zeros((count, 3)))
    figures = audit(explain, "the model", pixels, explanation, given, power=2)
    assert figures == {
        "audit_images": AUDITED,
        "audit_largest_difference": pytest.approx(0.5),
        "audit_relative_difference": pytest.approx(0.25),
    }
    ((model, some, classes, exact, power),) = heard
    assert (model, power) == ("the model", 2)
    np.testing.assert_array_equal(some, pixels[:AUDITED])
    np.testing.assert_array_equal(classes, np.arange(AUDITED))
    assert exact.precision == "float32"
    # logits were computed in less precision
    assert exact.logits is None
    np.testing.assert_array_equal(exact.segments, given.segments[:AUDITED])
    np.testing.assert_array_equal(exact.seeds, given.seeds[:AUDITED])


def test_the_audit_takes_images_of_different_numbers_of_segments():
    """The largest number is that of an image which is not audited."""
    count = AUDITED + 1
    labels = quarters(count, 16).copy()
    labels[-1] = np.arange(256).reshape(16, 16) % 9
    model, pixels = linear(), images(count, 16)
    given = question(segments=labels, seeds=np.arange(count), batch_size=64)
    found = kernelshap.explain(model, pixels, None, given, evaluations=16)
    assert found.maps.coefficients.shape == (count, 9)
    figures = audit(kernelshap.explain, model, pixels, found, given, evaluations=16)
    assert figures["audit_images"] == AUDITED
    assert figures["audit_relative_difference"] < 1e-5


def test_a_map_of_zeros_is_no_divisor_in_the_audit():
    def explain(_model, pixels, targets, _question) -> Explanation:
        return Explanation(Maps(np.zeros((len(pixels), 1)), (Pixels(1, 1),)), targets)

    pixels = images(2, 16)
    found = Explanation(Maps(np.array([[0.0], [3.0]]), (Pixels(1, 1),)), np.zeros(2, int))
    figures = audit(explain, linear(), pixels, found, asked(pixels))
    assert figures["audit_largest_difference"] == 3.0
    assert figures["audit_relative_difference"] == 0.0


# the parts they share


@pytest.mark.parametrize("output", ["logit", "probability"])
@pytest.mark.parametrize("known", [False, True])
def test_ends_are_the_scores_of_image_and_baseline(output, known):
    model, pixels, baseline = double(classifier("resnet")), images(3), (0.2, 0.5, 0.9)
    logits = {
        "full": logits_of(model, pixels),
        "empty": logits_of(model, np.broadcast_to(baseline, (1, 64, 64, 3))),
    }
    scores = logits
    if output == "probability":
        powers = {name: np.exp(x) for name, x in logits.items()}
        scores = {name: x / x.sum(1, keepdims=True) for name, x in powers.items()}
    changes = {"logits": logits["full"]} if known else {}
    given = question(output=output, baseline=baseline, batch_size=2, **changes)
    with recorded(model.network) as seen:
        found = endpoints(model, pixels, np.array([4, 0, 2]), given)
    assert [len(inputs) for inputs in seen] == ([1] if known else [2, 1, 1])
    near = {"rtol": 0, "atol": 1e-12}
    full = scores["full"][[0, 1, 2], [4, 0, 2]]
    np.testing.assert_allclose(found.full, full, **near)
    np.testing.assert_allclose(found.empty, scores["empty"][0, [4, 0, 2]], **near)
    np.testing.assert_allclose(found.difference, full - scores["empty"][0, [4, 0, 2]], **near)
    assert found.targets.tolist() == [4, 0, 2]
    predicted = endpoints(model, pixels, None, given)
    np.testing.assert_array_equal(predicted.targets, scores["full"].argmax(1))
    np.testing.assert_allclose(predicted.full, scores["full"].max(1), **near)


def test_the_baseline_is_an_image_of_one_colour_as_the_model_sees_it():
    model = classifier("resnet")
    found = baseline_image(model, (0.2, 0.5, 0.9))
    assert found.shape == (1, 3, 64, 64)
    expected = (np.array([0.2, 0.5, 0.9]) - model.mean) / model.std
    for channel in range(3):
        np.testing.assert_allclose(found[0, channel].numpy(), expected[channel], rtol=1e-6)
    black = model.normalise(np.zeros((1, 64, 64, 3), np.uint8))
    torch.testing.assert_close(baseline_image(model, BLACK), black)


def test_a_question_about_some_of_the_images():
    whole = question(
        segments=quarters(5, 8), seeds=np.arange(5), logits=np.arange(10.0).reshape(5, 2)
    )
    part = whole.part(slice(1, 3))
    assert part.segments.shape == (2, 8, 8)
    assert part.seeds.tolist() == [1, 2]
    assert part.logits.tolist() == [[2.0, 3.0], [4.0, 5.0]]
    assert replace(part, segments=None, seeds=None, logits=None) == question()
    assert question().part(slice(1, 3)) == question()


def test_the_batch_size_is_the_one_that_is_asked_for_or_one_that_fits():
    model = linear()
    assert question(batch_size=7).batches(model, gradients=True).size == 7
    assert question(batch_size=None).batches(model, gradients=True).size > 7


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 2)])
def test_the_first_score_that_is_not_finite_is_told(shape):
    scores = np.ones(shape)
    check_finite(linear(), scores)
    scores[[1, 3]] = np.nan
    with pytest.raises(
        InputError, match="linear gives a score that is not finite for image number 1"
    ):
        check_finite(linear(), scores)
    with pytest.raises(InputError, match="for a sketch; its weights are damaged"):
        check_finite(linear(), scores, "a sketch")


def test_targets_are_held_against_the_outputs():
    check_targets(linear(), np.array([0, 3]))
    check_targets(linear(), np.array([], int))
    for target in (-1, 4):
        with pytest.raises(InputError, match="not among the 4 outputs of linear; explain its pre"):
            check_targets(linear(), np.array([0, target]))


def test_explaining_puts_back_what_asked_for_gradients_after_an_error_too():
    model = classifier("resnet")
    parameters = list(model.network.parameters())
    parameters[0].requires_grad_(True)

    def fails() -> None:
        with explaining(model):
            assert not any(parameter.requires_grad for parameter in parameters)
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert parameters[0].requires_grad
    assert not any(parameter.requires_grad for parameter in parameters[1:])
