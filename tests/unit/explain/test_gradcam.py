"""Grad-CAM against captum, pytorch-grad-cam and closed forms; its cost; and that it leaves no trace."""

import gc
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from tests.support.explaining import (
    BLACK,
    CATALOGUE,
    DIGITS,
    IMAGENET,
    SIDE,
    classifier,
    double,
    flops,
    hooked,
    images,
    question,
    tensors,
    traces,
    with_architecture,
    with_graph,
)
from thinkalike.compare.bases import Grid
from thinkalike.compare.maps import render, rescaled, with_sign
from thinkalike.errors import InputError
from thinkalike.explain import gradcam
from thinkalike.explain.common import Question
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import complete_entry
from thinkalike.networks.model import Model

ARCHITECTURES = [k for k in DIGITS if "like" not in CATALOGUE[k]]
DEPTHS = (25, 50, 75, 100)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Case:
    """A model of the catalogue, and what it is asked."""

    key: str
    model: Model
    pixels: np.ndarray
    targets: np.ndarray

    @property
    def depths(self) -> list[int]:
        return [d for d in DEPTHS if f"depth_{d}" in self.model.architecture.layers]

    def explain(self, targets: np.ndarray | None = None, **changes) -> gradcam.Explanation:
        chosen = self.targets if targets is None else targets
        return gradcam.explain(self.model, self.pixels, chosen, question(**changes), depth=100)

    def coefficients(self, **changes) -> np.ndarray:
        return self.explain(**changes).maps.coefficients


def case_of(key: str, count: int = 2, size: int | None = None) -> Case:
    side = size or SIDE[key]
    targets = np.array([1, 4, 0, 2, 3])[:count]
    return Case(key, classifier(key, side), images(count, side), targets)


@pytest.fixture(scope="module", params=[*DIGITS, *IMAGENET])
def case(request) -> Iterator[Case]:
    """Every model of the catalogue, one at a time."""
    yield case_of(request.param)
    gc.collect()


def close(ours: np.ndarray, theirs: np.ndarray, tolerance: float) -> None:
    """Equal within a share of the largest cell."""
    largest = np.abs(theirs).max()
    assert largest > 0
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * largest)


# what it costs


def test_it_costs_at_most_a_tenth_more_than_a_forward_pass(case):
    inputs = case.model.normalise(case.pixels)
    with torch.inference_mode():
        forward = flops(lambda: case.model.network(inputs))
    # One of the six blocks of the smallest transformer comes after its layer, and is passed back.
    most = 1 + 1 / 6 if case.key == "vit" else 1.10
    assert 1 <= flops(partial(case.explain, batch_size=2)) / forward <= most


@pytest.mark.parametrize("key", ["resnet", "deit_t"])
def test_one_pass_does_for_prediction_and_map(key):
    case = case_of(key)
    passes = []
    with hooked(case.model.network, lambda *_: passes.append(1)):
        gradcam.explain(case.model, case.pixels, None, question(batch_size=2), depth=100)
    assert len(passes) == 1


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_what_comes_before_the_layer_has_no_graph(key):
    case = case_of(key)
    graph = {}
    for depth in case.depths:
        case.model.layer(depth).register_forward_hook(
            lambda _m, _i, output, depth=depth: graph.update({depth: output.requires_grad})
        )
    gradcam.explain(case.model, case.pixels, None, question(), depth=75)
    # these hooks come first: what they see is what the layer itself gives
    assert graph == {depth: depth == 100 for depth in case.depths}


# against other libraries


def ungridded(model: Model, grid: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """A grid (N, C, rows, columns) in place of the patch tokens of a layer's output."""
    match model.architecture.layout:
        case "nchw":
            return grid
        case "nhwc":
            return grid.movedim(1, 3)
    return torch.cat([output[:, : model.architecture.prefix], grid.flatten(2).mT], 1)


def at_depths(
    model: Model, pixels: np.ndarray, targets: np.ndarray | None, asked: Question, depths: list[int]
) -> dict[int, gradcam.Explanation]:
    """Maps of the layers at several depths, from one call."""
    names = {depth: model.architecture.layer(depth).module for depth in depths}
    found = gradcam.at_layers(model, pixels, targets, asked, layers=list(names.values()))
    return {depth: found[name] for depth, name in names.items()}


def of_captum(model: Model, pixels: np.ndarray, targets: np.ndarray, depth: int) -> np.ndarray:
    """captum knows images of channels: its layer stands where the layer of the model is a grid."""
    probe = nn.Identity()

    def gridded(_module: object, _inputs: object, output: torch.Tensor) -> torch.Tensor:
        return ungridded(model, probe(model.to_grid(output)), output)

    inputs = model.normalise(pixels).requires_grad_()
    with hooked(model.layer(depth), gridded):
        maps = LayerGradCam(model.network, probe).attribute(inputs, torch.from_numpy(targets))
    return maps.detach().flatten(1).numpy()


def test_it_equals_captum(case):
    close(case.coefficients(), of_captum(case.model, case.pixels, case.targets, 100), 2e-5)


@pytest.mark.parametrize("key", [*ARCHITECTURES, "deit_t", "mobilenetv3"])
def test_it_equals_captum_in_float64(key):
    case = case_of(key)
    exact = replace(case, model=double(case.model))
    reference = of_captum(exact.model, exact.pixels, exact.targets, 100)
    assert reference.dtype == exact.coefficients().dtype == np.float64
    close(exact.coefficients(), reference, 1e-10)
    # and single precision is not far from it
    assert case.coefficients().dtype == np.float32
    close(case.coefficients(), reference, 2e-5)


def visible(case: Case) -> np.ndarray:
    """For every image the first class whose map has something positive."""
    found = np.full(len(case.pixels), -1)
    for target in range(5):
        seen = case.explain(np.full(len(found), target)).measures["blank"] == 0
        found[(found < 0) & seen] = target
        if (found >= 0).all():
            return found
    raise AssertionError("all maps of an image are blank")


def test_it_equals_pytorch_grad_cam(case):
    """After its ReLU, upsampling and scaling, which are ours of sign and min_max."""
    targets = visible(case)
    maps = rescaled(with_sign(case.explain(targets).maps, "positive"), "min_max")
    ours = np.stack([render(maps, image) for image in range(len(targets))])
    inputs = case.model.normalise(case.pixels).requires_grad_()
    transform = case.model.to_grid
    with GradCAM(case.model.network, [case.model.layer(100)], transform) as peer:
        theirs = peer(inputs, [ClassifierOutputTarget(target) for target in targets.tolist()])
    assert theirs.shape == case.pixels.shape[:3]
    close(ours, theirs, 2e-5)


# several depths


def shapes(found: dict[int, gradcam.Explanation]) -> list[int]:
    (bases,) = zip(*(explanation.maps.bases for explanation in found.values()), strict=True)
    assert all(basis.rows == basis.columns for basis in bases)
    return [basis.rows for basis in bases]


def test_the_layers_of_the_catalogue_have_the_published_resolutions(case):
    one = replace(case, pixels=case.pixels[:1], targets=case.targets[:1])
    found = at_depths(one.model, one.pixels, one.targets, question(), depths=one.depths)
    if case.key in IMAGENET:
        expected = {"deit_s": [14] * 4, "deit_t": [14] * 4, "vit_b_32": [7] * 4}
        assert shapes(found) == expected.get(case.key, [56, 28, 14, 7])
    np.testing.assert_array_equal(found[100].maps.coefficients, one.coefficients())
    for explanation in found.values():
        (basis,) = explanation.maps.bases
        assert (basis.height, basis.width) == case.pixels.shape[1:3]
        assert np.abs(explanation.maps.coefficients).max() > 0


@pytest.mark.parametrize("key", [*ARCHITECTURES, "densenet121", "mobilenetv3", "deit_t"])
def test_several_depths_come_from_one_pass_and_equal_those_of_a_pass_each(key):
    case = case_of(key)
    passes = []
    with hooked(case.model.network, lambda *_: passes.append(1)):
        together = at_depths(case.model, case.pixels, case.targets, question(), depths=case.depths)
    assert len(passes) == 1
    assert list(together) == case.depths
    for depth, found in together.items():
        alone = gradcam.explain(case.model, case.pixels, case.targets, question(), depth=depth)
        np.testing.assert_array_equal(found.maps.coefficients, alone.maps.coefficients)
        assert found.maps.bases == alone.maps.bases
        for name, values in alone.measures.items():
            np.testing.assert_array_equal(found.measures[name], values)
        close(
            found.maps.coefficients,
            of_captum(case.model, case.pixels, case.targets, depth),
            2e-5,
        )


def test_the_order_of_the_depths_is_the_caller_s():
    case = case_of("resnet")
    depths = [100, 25, 75]
    found = at_depths(case.model, case.pixels, None, question(), depths=depths)
    assert list(found) == depths
    for depth in depths:
        alone = gradcam.explain(case.model, case.pixels, None, question(), depth=depth)
        np.testing.assert_array_equal(found[depth].maps.coefficients, alone.maps.coefficients)


def test_two_depths_may_share_a_layer():
    case = case_of("resnet")
    layers = {"depth_75": "layer4", "depth_100": "layer4"}
    model = with_architecture(case.model, layers=layers)
    found = at_depths(model, case.pixels, case.targets, question(), depths=[75, 100])
    for explanation in found.values():
        np.testing.assert_array_equal(explanation.maps.coefficients, case.coefficients())


class Branches(nn.Module):
    """Two layers, neither of which comes after the other; and two that lead nowhere."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.left, self.right = nn.Conv2d(3, 4, 4, 4), nn.Conv2d(3, 4, 8, 8)
        self.aside, self.absent = nn.Conv2d(3, 4, 8, 8), nn.Conv2d(3, 4, 8, 8)
        self.head = nn.Linear(4, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        self.aside(inputs)
        return self.head(self.left(inputs).mean((2, 3)) * self.right(inputs).mean((2, 3)))


def custom(network: nn.Module, size: int = 32, **layers: str) -> Model:
    architecture = Architecture("Custom", layers=layers)
    network.eval().requires_grad_(False)
    return Model(network, BLACK, (1.0,) * 3, size, tuple("abc"), architecture)


def test_layers_on_different_branches_are_explained_in_one_pass():
    model = double(custom(Branches(), depth_50="left", depth_100="right"))
    pixels, targets = images(2, 32), np.array([0, 2])
    for depths in ([50, 100], [100, 50]):
        found = at_depths(model, pixels, targets, question(), depths=depths)
        for depth in depths:
            reference = of_captum(model, pixels, targets, depth)
            close(found[depth].maps.coefficients, reference, 1e-12)


# layers by name, and mended cells


@pytest.mark.parametrize("key", ["resnet", "efficientnet", "vit"])
def test_layers_by_name_are_those_of_the_depths_and_come_from_one_pass(key):
    case = case_of(key)
    names = [case.model.architecture.layers[f"depth_{depth}"] for depth in reversed(case.depths)]
    passes = []
    with hooked(case.model.network, lambda *_: passes.append(1)):
        found = gradcam.at_layers(case.model, case.pixels, case.targets, question(), layers=names)
    assert len(passes) == 1
    assert list(found) == list(dict.fromkeys(names))
    for depth, name in zip(reversed(case.depths), names, strict=True):
        reference = of_captum(case.model, case.pixels, case.targets, depth)
        close(found[name].maps.coefficients, reference, 2e-5)


def test_a_layer_that_the_catalogue_does_not_list_can_be_explained():
    """After the last batch norm, whose output the catalogue takes, and before it."""
    case = case_of("efficientnet")
    found = gradcam.at_layers(
        case.model, case.pixels, case.targets, question(), layers=["bn2", "conv_head"]
    )
    listed = replace(
        case,
        model=with_architecture(case.model, layers={"depth_100": "conv_head"}),
    )
    reference = of_captum(listed.model, case.pixels, case.targets, 100)
    close(found["conv_head"].maps.coefficients, reference, 2e-5)
    np.testing.assert_array_equal(found["bn2"].maps.coefficients, case.coefficients())


MENDED = [[0, 1], [1, 1], [0, 1]]


def mended_by_hand(case: Case, cells: set[tuple[int, int]]) -> np.ndarray:
    """The formula cell by cell, from what autograd keeps of a plain pass."""
    kept = []

    def keep(_module: object, _inputs: object, output: torch.Tensor) -> None:
        output.retain_grad()
        kept.append(output)

    inputs = case.model.normalise(case.pixels).requires_grad_()
    with hooked(case.model.layer(100), keep):
        logits = case.model.network(inputs)
    logits[np.arange(len(case.pixels)), case.targets].sum().backward()
    (output,) = kept
    grids = [case.model.to_grid(x).detach().numpy().copy() for x in (output, output.grad)]
    rows, columns = grids[0].shape[2:]
    others = [(r, c) for r in range(rows) for c in range(columns) if (r, c) not in cells]
    for grid in grids:
        mean = sum(grid[:, :, r, c] for r, c in others) / len(others)
        for r, c in cells:
            grid[:, :, r, c] = mean
    activations, gradients = grids
    weights = gradients.sum((2, 3)) / (rows * columns)
    return np.einsum("nc,nchw->nhw", weights, activations).reshape(len(case.pixels), -1)


@pytest.mark.parametrize(
    ("key", "layer"),
    [
        ("resnet", "layer4"),
        ("resnet", "layer3"),
        ("efficientnet", "conv_head"),
        ("vit", "blocks.2.norm1"),
        ("swin_t", "layers.2"),
    ],
)
def test_mended_cells_are_the_mean_of_the_others_before_weights_are_formed(key, layer):
    case = case_of(key)
    model = with_architecture(double(case.model), layers={"depth_100": layer})
    case = replace(case, model=model)
    found = gradcam.explain(model, case.pixels, case.targets, question(), depth=100, mended=MENDED)
    close(found.maps.coefficients, mended_by_hand(case, {(0, 1), (1, 1)}), 1e-10)
    (basis,) = found.maps.bases
    maps, plain = (
        values.reshape(-1, basis.rows, basis.columns)
        for values in (found.maps.coefficients, case.coefficients())
    )
    others = np.ones((basis.rows, basis.columns), bool)
    others[[0, 1], 1] = False
    for row, column in [(0, 1), (1, 1)]:
        close(maps[:, row, column], maps[:, others].mean(1), 1e-10)
    # before a pooled linear head all cells have one gradient, elsewhere the weights are other ones
    differ = np.abs(maps - plain)[:, others].max() > 1e-4 * np.abs(plain).max()
    assert differ == (layer != "layer4")


@pytest.mark.parametrize("key", ["resnet", "efficientnet", "vit_relpos", "swin_t"])
def test_logits_are_bit_equal_before_while_and_after_mending(key):
    case = case_of(key)
    inputs = case.model.normalise(case.pixels)
    heard = []
    with torch.inference_mode():
        before = case.model.network(inputs)
    with hooked(case.model.network, lambda _m, _i, output: heard.append(output.detach().clone())):
        found = gradcam.explain(
            case.model, case.pixels, None, question(batch_size=2), depth=100, mended=MENDED
        )
    with torch.inference_mode():
        after = case.model.network(inputs)
    (during,) = heard
    assert torch.equal(during, before)
    assert torch.equal(after, before)
    assert traces(case.model.network) == []
    np.testing.assert_array_equal(found.targets, before.argmax(1).numpy())
    np.testing.assert_array_equal(found.measures["score"], before.double().amax(1).numpy())


@pytest.mark.parametrize("key", ["resnet", "vit", "swin_t"])
def test_without_mended_cells_nothing_is_different(key):
    case = case_of(key)
    found = gradcam.explain(case.model, case.pixels, None, question(), depth=100, mended=())
    plain = gradcam.explain(case.model, case.pixels, None, question(), depth=100)
    assert found.maps.coefficients.tobytes() == plain.maps.coefficients.tobytes()


def test_only_the_layer_that_is_named_is_mended():
    case = case_of("resnet")
    found = gradcam.at_layers(
        case.model,
        case.pixels,
        case.targets,
        question(),
        layers=["layer3", "layer4"],
        mended={"layer4": MENDED},
    )
    alone = {
        "layer3": gradcam.explain(case.model, case.pixels, case.targets, question(), depth=75),
        "layer4": gradcam.explain(
            case.model, case.pixels, case.targets, question(), depth=100, mended=MENDED
        ),
    }
    for name, explanation in alone.items():
        np.testing.assert_array_equal(found[name].maps.coefficients, explanation.maps.coefficients)


# closed forms


class Pooled(nn.Module):
    """score_c = w_c · mean(f(x)) + b_c, with f a convolution, perhaps a ReLU after it."""

    def __init__(self, activation: nn.Module | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Conv2d(3, 6, 4, 4)
        self.activation = activation or nn.Identity()
        self.head = nn.Linear(6, 3)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.activation(self.features(inputs)).mean((2, 3)))


def test_of_a_pooled_linear_head_it_is_the_class_activation_map():
    model = double(custom(Pooled(), depth_100="features"))
    pixels, targets = images(3, 32), np.array([2, 0, 1])
    found = gradcam.explain(model, pixels, targets, question(), depth=100)
    features = model.network.features(model.normalise(pixels)).numpy()
    weights = model.network.head.weight.numpy()[targets]
    expected = np.einsum("nc,nchw->nhw", weights, features).reshape(3, -1) / 64
    close(found.maps.coefficients, expected, 1e-9)
    assert found.maps.bases == (Grid(8, 8, 32, 32),)
    # a map of such a head adds up to its score
    bias = model.network.head.bias.numpy()[targets]
    np.testing.assert_allclose(expected.sum(1) + bias, found.measures["score"], rtol=1e-12)


@pytest.mark.parametrize("key", ["resnet", "vit", "convnext", "coatnet"])
def test_it_is_linear_in_the_logits(key):
    model = double(classifier(key))
    pixels = images(2)
    first, second = (
        gradcam.explain(model, pixels, np.full(2, t), question(), depth=100).maps.coefficients
        for t in (0, 1)
    )
    head = model.network.get_classifier()
    head.weight.data[0] = 2 * head.weight.data[0] - 3 * head.weight.data[1]
    mixed = gradcam.explain(model, pixels, np.zeros(2, int), question(), depth=100)
    close(mixed.maps.coefficients, 2 * first - 3 * second, 1e-10)


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_a_probability_is_explained_by_the_chain_rule(key):
    """∂p_t = p_t (∂z_t − Σ_k p_k ∂z_k), and a map is linear in the gradient."""
    model = double(classifier(key))
    pixels, targets = images(2), np.array([3, 1])
    logits = np.stack(
        [
            gradcam.explain(model, pixels, np.full(2, t), question(), depth=100).maps.coefficients
            for t in range(5)
        ],
        1,
    )
    asked = question(output="probability")
    found = gradcam.explain(model, pixels, targets, asked, depth=100)
    with torch.inference_mode():
        p = model.network(model.normalise(pixels)).softmax(1).numpy()
    rows = np.arange(2)
    chosen = p[rows, targets]
    expected = chosen[:, None] * (logits[rows, targets] - np.einsum("nk,nkc->nc", p, logits))
    close(found.maps.coefficients, expected, 1e-10)
    np.testing.assert_allclose(found.measures["score"], chosen, rtol=1e-12)


def test_an_activation_in_place_leaves_the_layer_s_output_as_it_was():
    pixels, targets = images(2, 32), np.array([0, 2])
    maps = []
    for in_place in (False, True):
        model = custom(Pooled(nn.ReLU(inplace=in_place)), depth_100="features")
        maps.append(gradcam.explain(model, pixels, targets, question(), depth=100).maps)
    np.testing.assert_array_equal(maps[1].coefficients, maps[0].coefficients)
    # the ReLU does change what comes out of the layer
    plain = custom(Pooled(), depth_100="features")
    without = gradcam.explain(plain, pixels, targets, question(), depth=100).maps
    difference = np.abs(without.coefficients - maps[0].coefficients).max()
    assert difference > 0.1 * np.abs(without.coefficients).max()


# which class, and what is measured


@pytest.mark.parametrize("key", ["resnet", "vit_relpos", "mobilenetv3"])
def test_without_targets_the_prediction_is_explained(key):
    case = case_of(key, count=5)
    with torch.inference_mode():
        logits = case.model.network(case.model.normalise(case.pixels)).double().numpy()
    # a head as it is after training: images are of different classes
    case.model.network.get_classifier().bias.data -= torch.from_numpy(
        logits.mean(0).astype(np.float32)
    )
    with torch.inference_mode():
        logits = case.model.network(case.model.normalise(case.pixels)).double().numpy()
    predicted = logits.argmax(1)
    assert len(set(predicted)) > 1
    found = gradcam.explain(case.model, case.pixels, None, question(batch_size=5), depth=100)
    np.testing.assert_array_equal(found.targets, predicted)
    np.testing.assert_array_equal(found.measures["score"], logits.max(1))
    asked = case.explain(predicted, batch_size=5)
    np.testing.assert_array_equal(found.maps.coefficients, asked.maps.coefficients)
    np.testing.assert_array_equal(asked.targets, predicted)


def test_the_score_is_that_of_the_target_whatever_is_predicted():
    case = case_of("resnet", count=5)
    with torch.inference_mode():
        logits = case.model.network(case.model.normalise(case.pixels)).double().numpy()
    scores = case.explain(batch_size=5).measures["score"]
    np.testing.assert_array_equal(scores, logits[np.arange(5), case.targets])


def test_a_map_without_a_positive_cell_is_counted_as_blank():
    """Features are positive; the head's weights decide on the sign of all cells."""
    network = Pooled(nn.ReLU())
    network.head.weight.data = torch.tensor([[1.0] * 6, [-1.0] * 6, [0.0] * 6])
    model = custom(network, depth_100="activation")
    found = gradcam.explain(model, images(3, 32), np.array([0, 1, 2]), question(), depth=100)
    assert found.measures["blank"].tolist() == [0, 1, 1]
    assert found.measures["blank"].dtype == np.uint8
    # it is stored with its sign all the same
    assert found.maps.coefficients[1].min() < 0
    assert not found.maps.coefficients[2].any()


def test_maps_are_signed():
    coefficients = case_of("resnet").coefficients()
    assert coefficients.min() < 0 < coefficients.max()


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_less_precision_gives_nearly_the_same_maps(key):
    case = case_of(key)
    full, reduced = case.coefficients(), case.coefficients(precision="bfloat16")
    assert reduced.dtype == np.float32
    assert not np.array_equal(full, reduced)
    close(reduced, full, 0.05)


# what it does not depend on


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_batch_size_and_neighbours_do_not_matter(key):
    case = case_of(key, count=5)
    case = replace(case, model=double(case.model))
    whole = case.coefficients(batch_size=5)
    for size in (1, 2, None):
        close(case.coefficients(batch_size=size), whole, 1e-10)
    order = np.array([3, 0, 4, 2, 1])
    moved = replace(case, pixels=case.pixels[order], targets=case.targets[order])
    close(moved.coefficients(batch_size=3), whole[order], 1e-10)


def test_a_pass_that_does_not_fit_is_halved():
    case = case_of("vit", count=5)
    sizes = []

    def full(_module: object, _inputs: object, output: torch.Tensor) -> None:
        sizes.append(len(output))
        if len(output) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with hooked(case.model.layer(100), full):
        halved = case.coefficients(batch_size=5)
    assert sizes == [5, 2, 2, 1]
    close(halved, case.coefficients(batch_size=5), 2e-5)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_the_caller_s_mode_does_not_matter_and_is_put_back(mode):
    case = case_of("vit")
    expected = case.coefficients()
    with mode():
        before = torch.is_grad_enabled(), torch.is_inference_mode_enabled()
        np.testing.assert_array_equal(case.coefficients(), expected)
        assert (torch.is_grad_enabled(), torch.is_inference_mode_enabled()) == before


# no trace


def test_logits_are_the_same_before_while_and_after(case):
    inputs = case.model.normalise(case.pixels)
    heard = []
    with torch.inference_mode():
        before = case.model.network(inputs)
    with hooked(case.model.network, lambda _m, _i, output: heard.append(output.detach().clone())):
        case.explain(batch_size=2)
    with torch.inference_mode():
        after = case.model.network(inputs)
    (during,) = heard
    assert torch.equal(during, before)
    assert torch.equal(after, before)
    assert traces(case.model.network) == []


@pytest.mark.parametrize("key", ["resnet", "vit", "mobilenetv3"])
def test_weights_statistics_and_random_state_stay_as_they_are(key):
    case = case_of(key)
    state = {name: value.clone() for name, value in case.model.network.state_dict().items()}
    random_state = torch.get_rng_state()
    at_depths(case.model, case.pixels, None, question(), depths=case.depths)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert case.model.network.state_dict().keys() == state.keys()
    for name, value in case.model.network.state_dict().items():
        assert torch.equal(value, state[name]), name


@pytest.mark.parametrize("key", ["resnet", "vit", "coatnet"])
def test_parameters_that_ask_for_a_gradient_get_none_and_ask_again_afterwards(key):
    case = case_of(key)
    expected = case.coefficients()
    parameters = list(case.model.network.parameters())
    for index, parameter in enumerate(parameters):
        parameter.requires_grad_(index % 3 > 0)
    gc.collect()
    graphs = with_graph()
    np.testing.assert_array_equal(case.coefficients(), expected)
    assert [parameter.requires_grad for parameter in parameters] == [
        index % 3 > 0 for index in range(len(parameters))
    ]
    assert traces(case.model.network) == []
    assert with_graph() == graphs
    inputs = case.model.normalise(case.pixels)
    with torch.no_grad():
        before = flops(lambda: case.model.network(inputs))
    # no gradient of a weight is computed
    assert flops(case.explain) < 1.2 * before


def test_memory_does_not_grow():
    case = case_of("vit")

    def often(times: int) -> tuple[int, int]:
        for _ in range(times):
            at_depths(case.model, case.pixels, None, question(), depths=case.depths)
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


class Fails(nn.Module):
    def forward(self, _inputs: torch.Tensor) -> torch.Tensor:
        raise ZeroDivisionError("in the network")


def damaged(model: Model) -> None:
    model.network.get_classifier().weight.data[:] = torch.nan


def failing(model: Model) -> None:
    model.network.global_pool = Fails()


def paired(model: Model) -> None:
    model.network.layer4 = Pair(model.network.layer4)


class Pair(nn.Module):
    """Gives its output with something else."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.inner(inputs), inputs


FAILURES = {
    damaged: (
        InputError,
        "ResNet gives a score that is not finite for image number 0; its weights",
    ),
    failing: (ZeroDivisionError, "in the network"),
    paired: (
        InputError,
        "ResNet: its Grad-CAM layer 'layer4' gives a tuple, not a tensor; correct `layers.depth_100`",
    ),
}


@pytest.mark.parametrize("damage", FAILURES, ids=lambda damage: damage.__name__)
def test_no_trace_is_left_when_it_fails(damage):
    case = case_of("resnet")
    damage(case.model)
    case.model.network.eval().requires_grad_(True)
    kind, message = FAILURES[damage]
    with torch.enable_grad():
        with pytest.raises(kind, match=message):
            at_depths(case.model, case.pixels, None, question(), depths=[50, 100])
        assert torch.is_grad_enabled()
    assert traces(case.model.network) == []
    assert all(parameter.requires_grad for parameter in case.model.network.parameters())


# refusals


class SpoiledAt(nn.Module):
    """A network whose scores of the darkest image of a batch are no numbers."""

    def __init__(self, network: nn.Module, value: float) -> None:
        super().__init__()
        self.network, self.value = network, value

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        dark = inputs.amax((1, 2, 3)) <= 0
        return self.network(inputs).masked_fill(dark[:, None], self.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("targets", [None, np.array([0, 1, 2, 0])], ids=["predicted", "given"])
def test_the_image_whose_score_is_not_finite_is_named(value, targets):
    model = custom(SpoiledAt(Pooled(), value), depth_100="network.features")
    pixels = images(4, 32)
    pixels[2] = 0
    with pytest.raises(InputError, match=r"Custom .* not finite for image number 2; .*damaged"):
        gradcam.explain(model, pixels, targets, question(), depth=100)


@pytest.mark.parametrize("target", [-1, 5, 1000])
def test_a_target_that_is_no_output_is_refused_before_anything_is_computed(target):
    case = case_of("resnet")
    passes = []
    with (
        hooked(case.model.network, lambda *_: passes.append(1)),
        pytest.raises(InputError, match="a target class is not among the 5 outputs of ResNet"),
    ):
        case.explain(np.array([0, target]))
    assert passes == []


@pytest.mark.parametrize("part", ["", "layer2.0.bn1"])
@pytest.mark.parametrize("batch_size", [2, None])
def test_a_model_in_training_mode_is_refused_and_its_statistics_stay(part, batch_size):
    case = case_of("resnet")
    case.model.network.get_submodule(part).train()
    state = {name: value.clone() for name, value in case.model.network.state_dict().items()}
    with pytest.raises(InputError, match=r"ResNet is in training mode; call \.eval\(\)"):
        case.explain(batch_size=batch_size)
    for name, value in case.model.network.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_a_depth_without_a_layer_is_refused():
    case = case_of("vit")
    with pytest.raises(InputError, match=r"depth: ViT has no Grad-CAM layer at 25, only at 50, 75"):
        gradcam.explain(case.model, case.pixels, None, question(), depth=25)


@pytest.mark.parametrize("cell", [[8, 0], [0, 8], [-1, 0], [0, -1]])
def test_a_mended_cell_outside_the_grid_is_refused(cell):
    case = case_of("resnet")
    message = rf"ResNet: the mended cell \[{cell[0]}, {cell[1]}\] is not on the 8 x 8 grid"
    with pytest.raises(InputError, match=message):
        gradcam.explain(case.model, case.pixels, None, question(), depth=100, mended=[[7, 7], cell])
    assert traces(case.model.network) == []


def test_a_grid_of_mended_cells_alone_is_refused():
    case = case_of("resnet")
    cells = [[row, column] for row in range(8) for column in range(8)]
    with pytest.raises(
        InputError, match="ResNet: all 8 x 8 cells of its Grad-CAM layer are mended"
    ):
        gradcam.explain(case.model, case.pixels, None, question(), depth=100, mended=cells)


def test_cells_of_a_layer_that_is_not_explained_are_refused():
    case = case_of("resnet")
    with pytest.raises(InputError, match="cells of 'layer3' are mended, which is not explained"):
        gradcam.at_layers(
            case.model,
            case.pixels,
            None,
            question(),
            layers=["layer4"],
            mended={"layer3": MENDED},
        )


def test_a_name_that_is_no_module_is_refused():
    case = case_of("resnet")
    message = "ResNet: its Grad-CAM layer 'layer5' is none of its modules; correct the name"
    with pytest.raises(InputError, match=message):
        gradcam.at_layers(case.model, case.pixels, None, question(), layers=["layer4", "layer5"])
    assert traces(case.model.network) == []


@pytest.mark.parametrize("layer", ["aside", "absent"])
@pytest.mark.parametrize("depths", [[100], [50, 100]])
def test_a_layer_that_does_not_lead_to_the_score_is_refused(layer, depths):
    model = custom(Branches(), depth_50="left", depth_100=layer)
    message = f"Custom: its Grad-CAM layer '{layer}' has no influence on the score; correct `layers"
    with pytest.raises(InputError, match=message):
        at_depths(model, images(2, 32), None, question(), depths=depths)
    assert traces(model.network) == []


@pytest.mark.parametrize(
    ("key", "layout", "message"),
    [
        (
            "vit",
            "nchw",
            "'blocks.5.norm1' gives a tensor of 3 dimensions; the layout has 4; correct",
        ),
        ("vit", "nhwc", r"`layers\.depth_100` or `layout` \(nhwc\) in its catalogue entry"),
        ("resnet", "tokens", "'layer4' gives a tensor of 4 dimensions; the layout has 3; correct"),
    ],
)
def test_a_layer_of_another_layout_is_refused(key, layout, message):
    case = case_of(key)
    model = with_architecture(case.model, layout=layout)
    with pytest.raises(InputError, match=message):
        gradcam.explain(model, case.pixels, None, question(), depth=100)
    assert traces(model.network) == []


# the catalogue


def test_the_published_models_are_there_under_their_names():
    entries = [complete_entry(key, CATALOGUE) for key in IMAGENET]
    assert [entry["name"] for entry in entries] == [
        *("ConvNeXtV2_Nano", "DeiT_S", "DeiT_T", "DenseNet121", "EfficientNet_B3"),
        *("EfficientNet_B4", "MobileNetV3", "PyramidViT_V2_B2", "Res2Net50", "ResNet18"),
        *("ResNet50", "ResNeXt50", "Swin_T", "ViT_B_32"),
    ]
    families = [entry["family"] for entry in entries]
    assert (families.count("cnn"), families.count("transformer")) == (9, 5)
    assert [entry["name"].lower() for entry in entries] == IMAGENET


def test_each_of_them_has_its_own_normalisation(case):
    if case.key in IMAGENET:
        mean = (0.5,) * 3 if case.key == "vit_b_32" else (0.485, 0.456, 0.406)
        assert case.model.mean == mean
