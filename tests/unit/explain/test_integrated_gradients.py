"""Integrated Gradients against captum and closed forms; how many steps are taken, and how often."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from tests.support.explaining import (
    BLACK,
    CATALOGUE,
    DIGITS,
    SIDE,
    classifier,
    double,
    flops,
    hooked,
    images,
    linear,
    question,
    recorded,
)
from thinkalike.compare.bases import Pixels
from thinkalike.errors import InputError
from thinkalike.explain import integrated_gradients
from thinkalike.explain.cases import explained
from thinkalike.explain.common import Case, Explanation
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model

ARCHITECTURES = [k for k in DIGITS if "like" not in CATALOGUE[k]]
NEVER = 1e-15
"""A tolerance that nothing meets."""
ALWAYS = 1e9


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def explain(
    model: Model,
    pixels: np.ndarray,
    targets: np.ndarray | None = None,
    tolerance: float = 0.02,
    most_steps: int = 162,
    map_tolerance: float = 1.0,
    **changes,
) -> Explanation:
    return integrated_gradients.explain(
        model,
        pixels,
        targets,
        question(**changes),
        tolerance=tolerance,
        map_tolerance=map_tolerance,
        most_steps=most_steps,
    )


def differences(
    model: Model, pixels: np.ndarray, targets: np.ndarray, baseline=BLACK
) -> np.ndarray:
    with torch.inference_mode():
        full = model.network(model.normalise(pixels))
        empty = model.network(model.normalise(np.broadcast_to(baseline, (1, *pixels.shape[1:]))))
    rows = np.arange(len(pixels))
    return (full - empty).double().numpy()[rows, targets]


# closed forms


def halved(count: int) -> np.ndarray:
    """Nodes: six midpoints; again and again one between every two, and one at a third to each end."""
    nodes = [(k + 0.5) / 6 for k in range(6)]
    while len(nodes) < count:
        between = [(a + b) / 2 for a, b in pairwise(nodes)]
        nodes = sorted([*nodes, *between, nodes[0] / 3, 1 - (1 - nodes[-1]) / 3])
    return np.array(nodes)


def custom(network: nn.Module, size: int = 16, classes: int = 4) -> Model:
    network.eval().requires_grad_(False).double()
    names = tuple(map(str, range(classes)))
    return Model(network, BLACK, (1.0,) * 3, size, names, Architecture("Custom"))


class Powers(nn.Module):
    """score_k(x) = Σ w x^(k+1), for k = 0 … 3."""

    def __init__(self, size: int) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.weight = nn.Parameter(torch.randn(3, size, size))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.stack([(self.weight * inputs ** (k + 1)).sum((1, 2, 3)) for k in range(4)], 1)


@pytest.mark.parametrize("steps", [6, 13, 27])
@pytest.mark.parametrize("power", [1, 2, 3, 4])
def test_of_polynomials_it_is_the_rule_s_value(power, steps):
    """The mean of p aᵖ⁻¹ over 6 midpoints is 1, 1, 1 − 1/4n², 1 − 1/2n²."""
    model, pixels = custom(Powers(16)), images(2, 16)
    targets = np.full(2, power - 1)
    found = explain(model, pixels, targets, NEVER, steps, map_tolerance=0)
    exact = model.network.weight.numpy() * (pixels / 255).transpose(0, 3, 1, 2) ** power
    nodes = halved(steps)
    borders = np.array([0, *(nodes[1:] + nodes[:-1]) / 2, 1])
    mean = power * (np.diff(borders) * nodes ** (power - 1)).sum()
    if steps == 6:
        midpoint = {1: 1, 2: 1, 3: 1 - 1 / (4 * steps**2), 4: 1 - 1 / (2 * steps**2)}[power]
        assert mean == pytest.approx(midpoint, abs=1e-12)
    assert mean == pytest.approx(1, abs=1 / steps**2)
    np.testing.assert_allclose(
        found.maps.coefficients, mean * exact.sum(1).reshape(2, -1), rtol=0, atol=1e-12
    )
    total = exact.sum((1, 2, 3))
    np.testing.assert_allclose(found.measures["difference"], total, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.measures["gap"], (mean - 1) * total, rtol=0, atol=1e-10)
    # rounding may be below the tolerance
    if power > 2:
        assert found.measures["steps"].tolist() == [steps, steps]


@pytest.mark.parametrize("baseline", [BLACK, (0.25, 0.5, 0.75)])
def test_of_a_linear_model_it_is_weight_times_difference(baseline):
    model, pixels, targets = double(linear()), images(3, 16), np.array([0, 3, 1])
    found = explain(model, pixels, targets, 1e-9, baseline=baseline)
    weight = model.network.weight[targets].numpy().transpose(0, 2, 3, 1)
    expected = ((pixels / 255 - np.array(baseline)) * weight).sum(3).reshape(3, -1)
    np.testing.assert_allclose(found.maps.coefficients, expected, rtol=0, atol=1e-12)
    assert found.measures["steps"].tolist() == [6, 6, 6]
    assert found.measures["converged"].tolist() == [1, 1, 1]
    assert found.maps.bases == (Pixels(16, 16),)


class Product(nn.Module):
    """The product of the three colours of the first pixel, plus a square of the second's red."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        one = self.scale * inputs[:, :, 0, 0].prod(1) + inputs[:, 0, 0, 1] ** 2
        return torch.stack([one, -one], 1)


def test_pixels_that_multiply_share_alike_and_others_get_nothing():
    model, pixels = custom(Product(), size=4, classes=2), images(1, 4)
    found = explain(model, pixels, np.array([0]), 1e-7, 486).maps.coefficients[0]
    rgb = pixels[0] / 255
    expected = np.zeros(16)
    expected[0], expected[1] = rgb[0, 0].prod(), rgb[0, 1, 0] ** 2
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert not found[2:].any()


class Bent(nn.Module):
    """A network of one hidden layer of ReLUs, of the mean colours of the quarters of an image."""

    def __init__(self, hidden: int = 300) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.first, self.last = nn.Linear(12, hidden), nn.Linear(hidden, 2)
        nn.init.uniform_(self.first.bias, -1, 1)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        colours = nn.functional.adaptive_avg_pool2d(inputs, 2).flatten(1)
        return self.last(self.first(colours).relu())


def exact(model: Model, pixels: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Maps from the kinks of every path, between which the gradient does not change."""
    first, last = model.network.first, model.network.last
    maps = []
    for whole, target in zip(model.normalise(pixels), targets, strict=True):
        colours = nn.functional.adaptive_avg_pool2d(whole, 2).flatten()
        slopes, start = first.weight @ colours, first.bias
        kinks = (-start / slopes).numpy()
        kinks = np.sort(np.concatenate([[0.0, 1.0], kinks[(kinks > 0) & (kinks < 1)]]))
        gradient = torch.zeros(12, dtype=torch.float64)
        for low, high in pairwise(kinks):
            is_on = start + (low + high) / 2 * slopes > 0
            gradient += (high - low) * (last.weight[target] * is_on) @ first.weight
        # a quarter has 8 × 8 pixels
        full = gradient.view(3, 2, 2).repeat_interleave(8, 1).repeat_interleave(8, 2) / 64
        maps.append((full * whole).sum(0).flatten().numpy())
    return np.stack(maps)


def distances(maps: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Distance of maps from true ones, as a share of their norm."""
    return np.linalg.norm(maps - truth, axis=1) / np.linalg.norm(truth, axis=1)


def test_of_a_network_with_kinks_it_comes_near_the_sum_over_their_intervals():
    model, pixels = custom(Bent(), classes=2), images(8, 16)
    targets = np.arange(8) % 2
    truth = exact(model, pixels, targets)
    np.testing.assert_allclose(truth.sum(1), differences(model, pixels, targets), atol=1e-10)
    for map_tolerance in (0.05, 0.01, 0.002):
        found = explain(model, pixels, targets, 1e-3, 5000, map_tolerance)
        assert found.measures["converged"].all()
        missed = found.maps.coefficients.sum(1) - truth.sum(1)
        assert (np.abs(missed) <= 1e-3 * np.abs(truth.sum(1)) + 1e-12).all()
        away = distances(found.maps.coefficients, truth)
        assert np.sqrt((away**2).mean()) <= map_tolerance
        assert away.max() <= 2 * map_tolerance


def test_the_stated_error_is_that_of_the_map_where_gradients_jump():
    """Before nodes are added where the score wants them."""
    model, pixels = custom(Bent(), classes=2), images(20, 16)
    targets = np.arange(20) % 2
    for steps in (27, 111):
        found = explain(model, pixels, targets, NEVER, steps, map_tolerance=0)
        away = distances(found.maps.coefficients, exact(model, pixels, targets))
        stated = found.measures["map_error"]
        assert np.sqrt((away**2).mean() / (stated**2).mean()) == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("key", ["byobnet", "vit"])
def test_maps_of_networks_are_near_captum_s_with_many_steps(key):
    model, pixels, targets = double(classifier(key)), images(1), np.array([1])
    found = explain(model, pixels, targets, 0.02, 162, 0.05)
    many = of_captum(model, pixels, targets, 300)
    assert found.measures["converged"].all()
    assert distances(found.maps.coefficients, many).max() <= 0.06


def test_nothing_is_known_of_the_distance_from_six_steps_alone():
    """The map before them is 0; of a map of zeros nothing is missing."""
    model, pixels = custom(Bent(), classes=2), images(2, 16)
    pixels[1] = 0
    found = explain(model, pixels, np.zeros(2, int), ALWAYS, 6, 0.05)
    assert found.measures["map_error"].tolist() == [pytest.approx(3**-0.5), 0]
    assert found.measures["converged"].tolist() == [0, 1]


# against captum


def of_captum(
    model: Model, pixels: np.ndarray, targets: np.ndarray, steps: int, baseline=BLACK
) -> np.ndarray:
    start = model.normalise(np.broadcast_to(baseline, (1, *pixels.shape[1:])))
    maps = IntegratedGradients(model.network, multiply_by_inputs=True).attribute(
        model.normalise(pixels),
        baselines=start.expand(len(pixels), -1, -1, -1),
        target=torch.from_numpy(targets),
        n_steps=steps,
        method="riemann_middle",
        internal_batch_size=18,
    )
    return maps.detach().sum(1).flatten(1).numpy()


def near_captum(ours: np.ndarray, theirs: np.ndarray) -> None:
    """Its step sizes are in float32, whatever the network is in."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_six_steps_equal_captum_s(key):
    model, pixels, targets = double(classifier(key)), images(2), np.array([1, 4])
    baseline = (0.4, 0.1, 0.7)
    found = explain(model, pixels, targets, NEVER, 6, baseline=baseline, batch_size=18)
    assert found.measures["steps"].tolist() == [6] * 2
    expected = of_captum(model, pixels, targets, 6, baseline)
    ours = found.maps.coefficients
    assert ours.dtype == np.float64
    near_captum(ours, expected)


def test_single_precision_is_near():
    model, pixels, targets = classifier("resnet"), images(2), np.array([1, 4])
    found = explain(model, pixels, targets, NEVER, 6).maps.coefficients
    assert found.dtype == np.float32
    expected = of_captum(double(model), pixels, targets, 6)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


# completeness, and steps


@pytest.mark.parametrize("key", ["resnet", "byobnet", "coatnet", "vit"])
@pytest.mark.parametrize("tolerance", [0.02, 1e-3])
def test_maps_sum_to_the_difference_within_the_tolerance(key, tolerance):
    model, pixels = classifier(key), images(3)
    found = explain(model, pixels, None, tolerance, 1458, batch_size=32)
    difference = differences(model, pixels, found.targets)
    allowed = tolerance * np.abs(difference)
    gap = found.maps.coefficients.astype(float).sum(1) - difference
    assert found.measures["converged"].all()
    # single precision leaves some 1e-6 of the scores
    rounding = 1e-5 * np.abs(difference).max()
    assert np.all(np.abs(gap) <= allowed + rounding)
    np.testing.assert_allclose(found.measures["difference"], difference, rtol=0, atol=rounding)
    np.testing.assert_allclose(found.measures["gap"], gap, rtol=0, atol=rounding)


class Apart(nn.Module):
    """One score that hardly changes, x³/100 of one pixel, and one far from it that never does."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.01))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        one = self.scale * inputs[:, 0, 0, 0] ** 3
        return torch.stack([one, torch.full_like(one, 10)], 1)


@pytest.mark.parametrize("tolerance", [0.01, 1e-3, 1e-4, 9e-6])
def test_the_tolerance_is_a_share_of_the_difference_however_far_apart_scores_are(tolerance):
    """The gap of 6 steps is 1/4n² of the difference of 0.01; the scores of the classes are 10 apart."""
    model, pixels = custom(Apart(), classes=2), np.full((1, 16, 16, 3), 255, np.uint8)
    found = explain(model, pixels, np.array([0]), tolerance, 1000)
    assert found.measures["converged"].tolist() == [1]
    assert abs(found.measures["gap"][0]) <= 0.01 * tolerance
    assert (found.measures["steps"][0] == 6) == (tolerance == 0.01)
    six = explain(model, pixels, np.array([0]), tolerance, 6)
    assert six.measures["gap"][0] == pytest.approx(-0.01 / (4 * 6**2), rel=1e-6)
    assert six.measures["converged"].tolist() == [tolerance == 0.01]


class Returning(nn.Module):
    """A score that is 10 at the baseline and, a parabola later, 10 and a little at a white image."""

    def __init__(self, end: float) -> None:
        super().__init__()
        self.end = nn.Parameter(torch.tensor(end))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        x = inputs[:, 0, 0, 0]
        one = 10 + self.end * x + 64 * x * (1 - x)
        return torch.stack([one, -one], 1)


@pytest.mark.parametrize("end", [0.0, 1e-7, 1e-3, 0.1])
def test_a_gap_within_rounding_of_the_scores_is_allowed(end):
    """Of a parabola the midpoint rule is exact, and in float32 a score of 10 is known to some 1e-6."""
    model = custom(Returning(end), classes=2)
    model.network.float()
    found = explain(model, np.full((1, 16, 16, 3), 255, np.uint8), np.array([0]), 0.0, 6)
    assert abs(found.measures["gap"][0]) < 8 * 2**-23 * 10
    assert found.measures["converged"].tolist() == [1]


def test_an_image_of_the_baseline_s_colour_has_a_map_of_zeros():
    model, pixels = double(classifier("resnet")), images(2)
    pixels[0] = 0
    found = explain(model, pixels)
    assert not found.maps.coefficients[0].any()
    assert found.measures["converged"].tolist() == [1, 1]
    assert found.measures["steps"][0] == 6


def test_what_misses_the_tolerance_is_flagged_and_told(caplog):
    model, pixels = custom(Powers(16)), images(4, 16)
    targets = np.array([0, 3, 1, 2])
    case = Case(model, list("abcd"), pixels, targets, question())
    settings = {"tolerance": 1e-7, "map_tolerance": 1.0, "most_steps": 20}
    found = explained(case, "integrated_gradients", settings)
    assert found.measures["converged"].tolist() == [1, 0, 1, 0]
    assert found.measures["converged"].dtype == np.uint8
    assert found.measures["steps"].tolist() == [6, 20, 6, 20]
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning == (
        "Custom: 2 of 4 maps did not converge within the tolerances; the file says which (converged)"
    )


def test_where_all_meet_it_nothing_is_told(caplog):
    case = Case(custom(Powers(16)), list("ab"), images(2, 16), np.array([0, 1]), question())
    settings = {"tolerance": 1e-7, "map_tolerance": 1.0, "most_steps": 20}
    explained(case, "integrated_gradients", settings)
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize("most", [6, 7, 13, 14, 54])
@pytest.mark.parametrize("near", [0.0, 1.0])
def test_steps_stop_at_their_limit(most, near):
    found = explain(
        custom(Powers(16)), images(1, 16), np.array([2]), NEVER, most, map_tolerance=near
    )
    assert found.measures["steps"].tolist() == [most]


# what is computed


def test_every_node_is_passed_once_and_only_for_images_that_need_it():
    """All images have the six midpoints; others are between them."""
    model, pixels = custom(Powers(16)), images(4, 16)
    # the red of the first pixel names the image
    pixels[:, 0, 0, 0] = [255, 127, 63, 31]
    targets = np.array([2, 0, 3, 1])
    with recorded(model.network) as seen:
        found = explain(model, pixels, targets, 1e-4, 1000, batch_size=7)
    steps = found.measures["steps"]
    assert len(set(steps)) > 2
    assert sum(map(len, seen)) == len(pixels) + 1 + steps.sum()
    # images and baseline first; then points of the lines to the images
    rows = torch.cat(seen)[len(pixels) + 1 :].double().numpy()
    whole = model.normalise(pixels).numpy()
    ends = whole.reshape(4, -1)
    share = rows.reshape(len(rows), -1) @ ends.T / (ends**2).sum(1)
    away = np.abs(rows[:, None] - share[:, :, None, None, None] * whole).max((2, 3, 4))
    owner = away.argmin(1)
    assert away.min(1).max() < 1e-12
    for image in range(4):
        nodes = np.sort(share[owner == image, image])
        assert len(nodes) == steps[image]
        assert np.diff(nodes).min() > 1e-6
        away = np.abs(nodes[:, None] - (np.arange(6) + 0.5) / 6).min(0)
        assert away.max() < 1e-12


def test_steps_of_several_images_share_a_pass():
    model, pixels = custom(Powers(16)), images(5, 16)
    with recorded(model.network) as seen:
        explain(model, pixels, np.full(5, 2), 1e-3, 13, batch_size=8, map_tolerance=0)
    # images, baseline; 5 · 6 nodes, then 5 · 7 more
    assert [len(inputs) for inputs in seen] == [5, 1, 8, 8, 8, 6, *[8] * 4, 3]


def test_where_logits_are_known_the_images_are_not_passed_again():
    model, pixels = double(classifier("resnet")), images(3)
    with torch.inference_mode():
        logits = model.network(model.normalise(pixels)).numpy()
    plain = explain(model, pixels)
    with recorded(model.network) as seen:
        found = explain(model, pixels, logits=logits)
    assert sum(map(len, seen)) == 1 + found.measures["steps"].sum()
    np.testing.assert_array_equal(found.targets, plain.targets)
    np.testing.assert_array_equal(found.maps.coefficients, plain.maps.coefficients)
    for name, values in plain.measures.items():
        np.testing.assert_allclose(found.measures[name], values, rtol=0, atol=1e-12)


def attention_share(work) -> float:
    """Of the operations, those of attention as one operation."""
    with FlopCounterMode(display=False) as counter:
        work()
    counts = counter.get_flop_counts()["Global"]
    return sum(n for name, n in counts.items() if "attention" in str(name)) / sum(counts.values())


@pytest.mark.parametrize(
    "key", [*ARCHITECTURES, "resnet18", "mobilenetv3", "vit_b_32", "swin_t", "deit_t"]
)
def test_a_step_costs_a_pass_forth_and_one_back(key):
    """No gradient of a weight, none of a baseline, nothing twice."""
    model, pixels = classifier(key, SIDE[key]), images(1, SIDE[key])
    inputs, logits = model.normalise(pixels), np.zeros((1, 5))
    with torch.inference_mode():
        forward = flops(lambda: model.network(inputs))
        share = attention_share(lambda: model.network(inputs))
    run = partial(explain, model, pixels, None, ALWAYS, 6, batch_size=6, logits=logits)
    ratio = (flops(run) - forward) / 6 / forward
    # Attention as one operation takes two products forth and five back. In DeiT-T it is 14 % of all.
    assert ratio <= (2 + 1.5 * share + 0.001 if key == "deit_t" else 2.1)
    assert ratio >= 1.99


# what it does not depend on


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_batch_size_and_neighbours_do_not_matter(key):
    pixels, targets = images(5), np.array([0, 1, 2, 3, 4])
    for dtype, near in ((torch.float64, 1e-12), (torch.float32, 2e-5)):
        model = classifier(key, dtype=dtype)
        run = partial(explain, model, tolerance=NEVER, most_steps=6)
        whole = run(pixels, targets, batch_size=90).maps.coefficients
        same = partial(np.testing.assert_allclose, rtol=0, atol=near * np.abs(whole).max())
        for size in (1, 7, None):
            same(run(pixels, targets, batch_size=size).maps.coefficients, whole)
        order = np.array([3, 0, 4, 2, 1])
        same(run(pixels[order], targets[order]).maps.coefficients, whole[order])
        same(run(pixels[2:3], targets[2:3]).maps.coefficients, whole[2:3])


def test_images_with_other_steps_beside_them_do_not_matter():
    model, pixels = custom(Powers(16)), images(4, 16)
    targets = np.array([2, 0, 3, 1])
    whole = explain(model, pixels, targets, 1e-4, 1000)
    assert len(set(whole.measures["steps"])) > 2
    for image in range(4):
        part = slice(image, image + 1)
        alone = explain(model, pixels[part], targets[part], 1e-4, 1000)
        np.testing.assert_allclose(
            alone.maps.coefficients[0], whole.maps.coefficients[image], rtol=0, atol=1e-12
        )
        for name, values in alone.measures.items():
            assert values[0] == pytest.approx(whole.measures[name][image], abs=1e-10)


def test_how_many_gradients_are_kept_does_not_matter(monkeypatch):
    model, pixels = double(classifier("byobnet")), images(3)
    run = partial(explain, model, pixels, map_tolerance=0.1, batch_size=16)
    together = run()
    monkeypatch.setitem(integrated_gradients.KEPT, False, 1)
    one_by_one = run()
    np.testing.assert_allclose(
        one_by_one.maps.coefficients, together.maps.coefficients, rtol=0, atol=1e-12
    )
    assert one_by_one.measures["steps"].tolist() == together.measures["steps"].tolist()


@pytest.mark.parametrize("fails", ["forward", "backward"])
def test_a_pass_that_does_not_fit_is_halved_and_nothing_is_added_twice(fails):
    model, pixels, targets = double(classifier("resnet")), images(3), np.array([0, 1, 2])
    run = partial(explain, model, pixels, targets, NEVER, 13, map_tolerance=0, batch_size=20)
    whole = run().maps.coefficients
    sizes = []

    def full(tensor: torch.Tensor) -> None:
        sizes.append(len(tensor))
        if len(tensor) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    def forward(_module: object, _inputs: object, output: torch.Tensor) -> None:
        if output.requires_grad:
            full(output) if fails == "forward" else output.register_hook(full)

    with hooked(model.network, forward):
        in_halves = run().maps.coefficients
    assert sizes[:4] == [18, 9, 4, 4]
    np.testing.assert_allclose(in_halves, whole, rtol=0, atol=1e-12 * np.abs(whole).max())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_the_caller_s_mode_does_not_matter_and_is_put_back(mode):
    model, pixels = classifier("vit"), images(2)
    expected = explain(model, pixels)
    with mode():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        found = explain(model, pixels)
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before
    np.testing.assert_array_equal(found.maps.coefficients, expected.maps.coefficients)


# the prediction, the output


def test_without_targets_the_prediction_is_explained():
    model, pixels = custom(Powers(16)), images(5, 16)
    with torch.inference_mode():
        predicted = model.network(model.normalise(pixels)).numpy().argmax(1)
    found, given_ = explain(model, pixels), explain(model, pixels, predicted)
    np.testing.assert_array_equal(found.targets, predicted)
    np.testing.assert_array_equal(found.maps.coefficients, given_.maps.coefficients)


@pytest.mark.parametrize("known", [False, True])
def test_probabilities_are_explained_on_request(known):
    model, pixels, targets = double(linear()), images(3, 16), np.array([0, 1, 3])
    model.network.weight.data *= 0.1
    rgb = {"full": pixels, "empty": np.zeros_like(pixels)}
    with torch.inference_mode():
        logits = {k: model.network(model.normalise(v)) for k, v in rgb.items()}
    asked = {"output": "probability", "logits": logits["full"].numpy() if known else None}
    found = explain(model, pixels, targets, 1e-4, 1458, **asked)
    p = {k: v.softmax(1).numpy()[np.arange(3), targets] for k, v in logits.items()}
    np.testing.assert_allclose(
        found.measures["difference"], p["full"] - p["empty"], rtol=0, atol=1e-12
    )
    assert found.measures["converged"].all()
    np.testing.assert_allclose(
        found.maps.coefficients.sum(1) - (p["full"] - p["empty"]),
        found.measures["gap"],
        rtol=0,
        atol=1e-12,
    )
    # and pixel by pixel, as captum has it
    shares = replace(model, network=nn.Sequential(model.network, nn.Softmax(1)))
    six = explain(model, pixels, targets, NEVER, 6, **asked).maps.coefficients
    near_captum(six, of_captum(shares, pixels, targets, 6))


# refusals


class Rooted(nn.Module):
    """A score that is a number where its gradient is none: √(x − 1 at one pixel) at the image's."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        one = (self.scale * inputs[:, 0, 0, 0] - 0.25).abs().sqrt()
        flat = torch.where(inputs[:, 0, 0, 0] == 0.25, one * 0, inputs.sum((1, 2, 3)))
        return torch.stack([flat, -flat], 1)


def test_a_gradient_that_is_not_finite_is_refused_and_its_image_named():
    model, pixels = custom(Rooted(), classes=2), images(3, 16)
    pixels[:, 0, 0, 0] = 0
    # 255 · ¼ is passed at the third of six midpoints, 5/12, if the end is ¾ · 4/5
    pixels[1, 0, 0, 0] = 153
    assert 153 / 255 * 5 / 12 == 0.25
    with pytest.raises(
        InputError, match="of Custom gives a map of image number 1 that is not finite; leave"
    ):
        explain(model, pixels, np.zeros(3, int))
