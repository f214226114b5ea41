"""KernelSHAP against enumeration of the network's own answers; what is asked, and how often."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
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
    traces,
)
from tests.support.games import every_coalition, over_all_orders, unanimity
from thinkalike.compare.bases import Segments
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.similarity import Comparison, similarity
from thinkalike.errors import InputError
from thinkalike.explain import kernelshap
from thinkalike.explain.common import Explanation, Question
from thinkalike.explain.kernelshap import DRAWS, explain_together
from thinkalike.explain.shapley.coalitions import Design, draw, extend
from thinkalike.explain.shapley.solver import MOST_PAIRS
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.model import Model


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Sums in one order, whatever the machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


def patches(counts: list[int], size: int) -> np.ndarray:
    """Segments of any shape, so many for each image: the pixels nearest to a random point."""
    rng = np.random.default_rng(0)
    place = np.indices((size, size)).reshape(2, 1, -1)
    labels = []
    for count in counts:
        points = rng.choice(size * size, count, replace=False)
        centres = np.stack([points // size, points % size])[:, :, None]
        labels.append(((place - centres) ** 2).sum(0).argmin(0).reshape(size, size))
    return np.stack(labels).astype(np.int16)


def asked(labels: np.ndarray, **changes) -> Question:
    """A question with segments; image number i has the seed 10 + i."""
    return question(segments=labels, seeds=10 + np.arange(len(labels)), **changes)


def painted(
    pixels: np.ndarray, labels: np.ndarray, coalitions: np.ndarray, baseline=BLACK
) -> np.ndarray:
    """One image with the segments outside coalitions (n, K) painted over, RGB in [0, 1]."""
    there = coalitions[:, labels][..., None]
    return np.where(there, pixels / 255, np.array(baseline))


def scores(model: Model, rgb: np.ndarray, output: str = "logit") -> np.ndarray:
    with torch.inference_mode():
        logits = torch.cat([model.network(model.normalise(x)) for x in np.array_split(rgb, 8)])
        return (logits.softmax(1) if output == "probability" else logits).double().numpy()


def enumerated(
    model: Model,
    pixels: np.ndarray,
    labels: np.ndarray,
    target: int,
    baseline=BLACK,
    output: str = "logit",
) -> np.ndarray:
    """Shapley values of one image by passing all its coalitions, in all orders."""
    players = int(labels.max()) + 1
    rgb = painted(pixels, labels, every_coalition(players), baseline)
    values = scores(model, rgb, output)[:, target]
    place = 1 << np.arange(players)
    return over_all_orders(lambda coalitions: values[coalitions @ place], players)


class Blocks(nn.Module):
    """Blocks of a white image are there or black: the scores are games of which are there."""

    def __init__(self, games: list, blocks: int, size: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(size // blocks)
        missing = [torch.from_numpy(game.sets.astype(float)) for game in games]
        self.sets = nn.Parameter(torch.stack(missing), requires_grad=False)
        self.dividends = [torch.from_numpy(game.dividends) for game in games]

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        there = self.pool(inputs)[:, 0].flatten(1)
        assert torch.all((there - there.round()).abs() < 1e-9)
        missing = torch.einsum("bk,csk->bcs", 1 - there.round(), self.sets)
        complete = (missing == 0).double()
        return torch.stack(
            [complete[:, c] @ dividends for c, dividends in enumerate(self.dividends)], 1
        )


def of_games(games: list, blocks: int, size: int = 28) -> tuple[Model, np.ndarray, np.ndarray]:
    """A model whose scores are games of blocks x blocks players, a white image, its segments."""
    network = Blocks(games, blocks, size).eval()
    names = tuple(map(str, range(len(games))))
    model = Model(network, BLACK, (1.0,) * 3, size, names, Architecture("Blocks"))
    row = np.arange(size) // (size // blocks)
    labels = (blocks * row[:, None] + row[None]).astype(np.int16)
    return model, np.full((1, size, size, 3), 255, np.uint8), labels[None]


EXACT = double(classifier("resnet"))
"""A convolutional network of random weights in float64."""


# exact values


@pytest.mark.parametrize("baseline", [BLACK, (0.5, 0.2, 0.7)])
@pytest.mark.parametrize("output", ["logit", "probability"])
def test_where_all_coalitions_fit_it_equals_enumeration(baseline, output):
    pixels, targets = images(3), np.array([0, 3, 4])
    labels = patches([7, 4, 2], 64)
    found = kernelshap.explain(
        EXACT,
        pixels,
        targets,
        asked(labels, baseline=baseline, output=output, batch_size=16),
        evaluations=128,
    )
    for image, target in enumerate(targets):
        expected = enumerated(EXACT, pixels[image], labels[image], target, baseline, output)
        row = found.maps.row(image)
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-8 * np.abs(expected).max())
        assert np.abs(expected).min() > 0
    assert found.measures["evaluations"].tolist() == [128, 16, 4]
    for basis, image_labels in zip(found.maps.bases, labels, strict=True):
        assert isinstance(basis, Segments)
        np.testing.assert_array_equal(basis.labels, image_labels)
    # fewer segments than other images have: padded, and nothing is uncertain
    for array in (found.maps.coefficients, found.standard_errors):
        np.testing.assert_array_equal(np.isnan(array), np.arange(7) >= np.array([7, 4, 2])[:, None])
    assert not np.nan_to_num(found.standard_errors).any()
    np.testing.assert_array_equal(found.draws, np.stack([found.maps.coefficients] * DRAWS, 1))


def test_twelve_segments_are_exact_too():
    game = unanimity(12, 8, 0, sets=100)
    model, pixels, labels = of_games([game], 4)
    labels = np.minimum(labels, 11)
    # the last five blocks are one segment: black, all the same
    model.network.sets.data = torch.nn.functional.pad(model.network.sets, (0, 4))
    found = kernelshap.explain(
        model, pixels, np.array([0]), asked(labels, batch_size=512), evaluations=4096
    )
    np.testing.assert_allclose(found.maps.row(0), game.shapley, rtol=0, atol=1e-8)


@pytest.mark.parametrize("evaluations", [18, 60, 200])
def test_a_linear_model_is_exact_from_few_coalitions(evaluations):
    model, pixels, targets = double(linear()), images(3, 16), np.array([0, 3, 1])
    labels = patches([12, 10, 7], 16)
    found = kernelshap.explain(
        model, pixels, targets, asked(labels, baseline=(0.2, 0.4, 0.6)), evaluations=evaluations
    )
    weight = model.network.weight[targets].numpy().transpose(0, 2, 3, 1)
    change = ((pixels / 255 - np.array([0.2, 0.4, 0.6])) * weight).sum(3)
    for image in range(3):
        expected = np.bincount(labels[image].ravel(), change[image].ravel())
        away = np.abs(found.maps.row(image) - expected)
        if evaluations >= 60:
            assert away.max() < 1e-4 * np.abs(expected).max()
        # before that, it knows that it does not know
        assert np.all(away < 4 * found.standard_errors[image, : len(expected)] + 1e-6)


def test_a_game_of_many_segments_is_near_and_its_error_is_known():
    game = unanimity(49, 6, 0)
    model, pixels, labels = of_games([game], 7)
    found = kernelshap.explain(
        model, pixels, np.array([0]), asked(labels, batch_size=64), evaluations=350
    )
    away = found.maps.row(0) - game.shapley
    assert (away**2).sum() < 0.15 * (game.shapley**2).sum()
    assert 0.85 < (np.abs(away) < 1.96 * found.standard_errors[0]).mean() <= 1
    assert np.sqrt((away**2).mean()) == pytest.approx(
        np.sqrt((found.standard_errors**2).mean()), rel=0.25
    )


@settings(max_examples=12)
@given(st.integers(11, 320))
def test_at_every_budget_values_sum_to_the_difference(evaluations):
    """Efficiency, of each image, each draw, with all coalitions and with some."""
    pixels, labels = images(3, 16), patches([9, 4, 7], 16)
    found = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=evaluations)
    ends = [
        scores(CURVED, rgb)[np.arange(3), found.targets]
        for rgb in (pixels / 255, np.zeros_like(pixels, float))
    ]
    np.testing.assert_allclose(found.measures["difference"], ends[0] - ends[1], atol=1e-9)
    np.testing.assert_allclose(
        np.nansum(found.maps.coefficients, 1), ends[0] - ends[1], rtol=0, atol=1e-9
    )
    np.testing.assert_allclose(
        np.nansum(found.draws, 2), np.stack([ends[0] - ends[1]] * DRAWS, 1), rtol=0, atol=1e-9
    )
    assert np.all(found.measures["evaluations"] <= evaluations)


class Curved(nn.Module):
    """A small network in which everything interacts with everything."""

    def __init__(self, size: int) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(3 * size**2, 24), nn.Tanh(), nn.Linear(24, 4)
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.layers(4 * inputs)


def curved(size: int = 16) -> Model:
    network = Curved(size).eval().requires_grad_(False).double()
    return Model(network, BLACK, (1.0,) * 3, size, tuple("abcd"), Architecture("Curved"))


CURVED = curved()


# axioms, of segments


def test_a_segment_of_the_baseline_s_colour_gets_exactly_nothing():
    """It is no player: the others are asked as if it were not there."""
    pixels, labels = images(2, 16), patches([9, 9], 16)
    baseline = np.array([12, 200, 77], np.uint8)
    for segment in (2, 5):
        pixels[0][labels[0] == segment] = baseline
    # all but one pixel: that is enough to matter
    one = np.flatnonzero(labels[0].ravel() == 7)
    pixels[0].reshape(-1, 3)[one[1:]] = baseline
    question = asked(labels, baseline=tuple(baseline / 255))
    found = kernelshap.explain(CURVED, pixels, np.array([1, 1]), question, evaluations=128)
    silent = np.isin(np.arange(9), [2, 5])
    for array in (found.maps.coefficients[0], found.standard_errors[0], *found.draws[0]):
        np.testing.assert_array_equal(array[silent], 0)
    assert np.all(found.maps.coefficients[0][~silent] != 0)
    assert np.all(found.maps.coefficients[1] != 0)
    # seven players: all their coalitions fit, so that values are those of enumeration
    assert found.measures["evaluations"].tolist() == [128, 128]
    expected = enumerated(CURVED, pixels[0], merged(labels[0]), 1, baseline / 255)
    np.testing.assert_allclose(
        found.maps.coefficients[0][~silent], expected[[0, 1, 2, 3, 4, 5, 6]], rtol=0, atol=1e-8
    )
    assert not found.standard_errors[0].any()
    assert found.standard_errors[1].min() > 0


def merged(labels: np.ndarray) -> np.ndarray:
    """The segments 2 and 5, which are of the baseline's colour, as parts of others."""
    place = np.array([0, 1, 0, 2, 3, 0, 4, 5, 6])
    return place[labels]


def test_an_image_of_the_baseline_s_colour_has_a_map_of_zeros():
    pixels, labels = images(2, 16), quarters(2, 16)
    pixels[1] = 0
    found = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=10)
    assert not found.maps.coefficients[1].any()
    assert not found.standard_errors[1].any()
    assert not found.draws[1].any()
    assert found.measures["evaluations"].tolist() == [10, 2]
    assert found.measures["difference"][1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("evaluations", [14, 40, 500])
def test_how_segments_are_numbered_does_not_matter(evaluations):
    pixels, labels = images(2, 16), patches([12, 9], 16)
    rng = np.random.default_rng(1)
    renamed = np.stack([rng.permutation(n)[x] for n, x in zip((12, 9), labels, strict=True)])
    one, other = (
        kernelshap.explain(CURVED, pixels, None, asked(x), evaluations=evaluations)
        for x in (labels, renamed)
    )
    assert not np.array_equal(one.maps.coefficients, other.maps.coefficients)
    for image in range(2):
        np.testing.assert_array_equal(render(other.maps, image), render(one.maps, image))
        for array in ("standard_errors", "draws"):
            a, b = (np.atleast_2d(getattr(found, array)[image]) for found in (one, other))
            np.testing.assert_array_equal(b[:, renamed[image]], a[:, labels[image]])


def test_segments_that_look_and_act_alike_get_the_same():
    """A model that sees no positions, and two segments that are the same picture."""
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 8), nn.Tanh())
    torch.manual_seed(0)
    network.append(nn.Linear(8, 3)).double().eval().requires_grad_(False)
    model = Model(network, BLACK, (1.0,) * 3, 16, tuple("abc"), Architecture("Pooled"))
    pixels, labels = images(1, 16), quarters(1, 16)
    pixels[:, 8:, 8:] = pixels[:, :8, :8]
    found = kernelshap.explain(model, pixels, None, asked(labels), evaluations=16).maps.row(0)
    assert found[0] == pytest.approx(found[3], abs=1e-12)
    assert abs(found[0] - found[1]) > 1e-4


def test_values_are_linear_in_the_model():
    pixels, labels = images(2, 16), patches([8, 6], 16)
    question = asked(labels, batch_size=32)
    first, second = (
        kernelshap.explain(CURVED, pixels, np.full(2, t), question, evaluations=256) for t in (0, 1)
    )
    model = curved()
    head = model.network.layers[-1]
    for parameter in (head.weight, head.bias):
        parameter.data[0] = 2 * parameter.data[0] - 3 * parameter.data[1]
    mixed = kernelshap.explain(model, pixels, np.zeros(2, int), question, evaluations=256)
    expected = 2 * first.maps.coefficients - 3 * second.maps.coefficients
    np.testing.assert_allclose(mixed.maps.coefficients, expected, rtol=0, atol=1e-10)


# what is asked, and how often


def rows_of(seen: list[torch.Tensor]) -> np.ndarray:
    return torch.cat(seen).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("key", ["resnet", "vit"])
@pytest.mark.parametrize("baseline", [BLACK, (0.485, 0.456, 0.406)])
def test_what_the_network_sees_are_the_images_with_segments_painted_over(key, baseline):
    """Those of the design that the seed gives, coalition and complement in turn, nothing else."""
    model, pixels, labels = classifier(key), images(2), patches([7, 6], 64)
    with recorded(model.network) as seen:
        kernelshap.explain(
            model, pixels, None, asked(labels, baseline=baseline, batch_size=5), evaluations=22
        )
    inputs = rows_of(seen)
    expected = [pixels / 255, np.broadcast_to(baseline, (1, 64, 64, 3))]
    for image, players in enumerate((7, 6)):
        members = draw(players, 22, np.random.default_rng(10 + image)).members
        both = np.stack([members, ~members], 1).reshape(-1, players)
        expected.append(painted(pixels[image], by_first_pixel(labels[image]), both, baseline))
    wanted = model.normalise(np.concatenate(expected)).permute(0, 2, 3, 1).numpy()
    assert inputs.shape == wanted.shape
    np.testing.assert_allclose(inputs, wanted, rtol=0, atol=2e-6)


def test_all_models_are_asked_the_same():
    """Whatever their targets and whatever was drawn before."""
    pixels, labels, heard = images(2, 16), patches([9, 7], 16), []
    for seed, targets in ((3, [0, 1]), (4, [3, 2])):
        model = linear()
        model.network.weight.data = torch.randn(
            model.network.weight.shape, generator=torch.Generator().manual_seed(seed)
        )
        torch.rand(7)
        np.random.rand(3)  # noqa: NPY002
        with recorded(model.network) as seen:
            kernelshap.explain(model, pixels, np.array(targets), asked(labels), evaluations=40)
        heard.append(torch.cat(seen))
    assert torch.equal(*heard)


@pytest.mark.parametrize("output", ["logit", "probability"])
@pytest.mark.parametrize("baseline", [BLACK, (0.9, 0.2, 0.4)])
def test_answers_are_the_scores_of_the_coalitions_with_their_size_and_ink(baseline, output):
    counts = [9, 4, 6]
    pixels, labels = images(3, 16), patches(counts, 16)
    q = asked(labels, baseline=baseline, output=output)
    found = kernelshap.explain(CURVED, pixels, None, q, evaluations=20)
    for i, count in enumerate(counts):
        rng = np.random.default_rng(10 + i)
        drawn = draw(count, 20, rng).members
        both = np.stack([drawn, ~drawn], 1).reshape(-1, count)
        # players are in the order of their first pixels
        present, first = np.unique(labels[i], return_index=True)
        members = np.zeros_like(both)
        members[:, present[np.argsort(first)]] = both
        rgb = painted(pixels[i], labels[i], members, baseline)
        wanted = scores(CURVED, rgb, output)[:, found.targets[i]]
        answered = slice(0, len(both))
        np.testing.assert_allclose(found.answers.scores[i, answered], wanted, rtol=0, atol=1e-9)
        np.testing.assert_array_equal(found.answers.size[i, answered], members.sum(1))
        ink = np.abs(rgb - np.array(baseline)).mean((1, 2, 3))
        np.testing.assert_allclose(found.answers.ink[i, answered], ink, rtol=0, atol=1e-12)
        for each in vars(found.answers).values():
            assert each.shape == (3, 18)
            assert np.isnan(each[i, len(both) :]).all()


def test_a_segment_of_the_baseline_s_colour_is_in_no_coalition():
    pixels, labels = images(1, 16), patches([6], 16)
    pixels[0][labels[0] == 2] = 0
    found = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=20).answers
    pairs = found.size[0].reshape(-1, 2)
    assert (pairs.sum(1) == 5).all()
    np.testing.assert_allclose(
        found.ink[0].reshape(-1, 2).sum(1), (pixels / 255).mean(), rtol=0, atol=1e-12
    )


def test_an_image_is_asked_by_its_own_seed_wherever_it_stands():
    pixels, labels = images(3, 16), patches([9, 9, 9], 16)
    whole = asked(labels)
    order = np.array([2, 0, 1])
    moved = replace(whole, segments=labels[order], seeds=whole.seeds[order])
    one = kernelshap.explain(CURVED, pixels, None, whole, evaluations=40)
    other = kernelshap.explain(CURVED, pixels[order], None, moved, evaluations=40)
    np.testing.assert_allclose(
        other.maps.coefficients, one.maps.coefficients[order], rtol=0, atol=1e-12
    )
    again = kernelshap.explain(
        CURVED, pixels, None, replace(whole, seeds=whole.seeds + 1), evaluations=40
    )
    away = np.abs(again.maps.coefficients - one.maps.coefficients).max(1)
    assert away.min() > 1e-3 * np.abs(one.maps.coefficients).max()


@pytest.mark.parametrize("evaluations", [11, 12, 40, 41])
def test_every_evaluation_is_one_pass(evaluations):
    """The full coalition is the image, the empty one the same for all images."""
    pixels, labels = images(3, 16), patches([9, 9, 3], 16)
    with recorded(CURVED.network) as seen:
        found = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=evaluations)
    used = evaluations // 2 * 2
    assert found.measures["evaluations"].tolist() == [used, used, 8]
    assert sum(map(len, seen)) == sum(found.measures["evaluations"] - 1) + 1


def test_where_logits_are_known_the_images_are_not_passed_again():
    pixels, labels = images(3, 16), patches([9, 9, 3], 16)
    plain = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=40)
    logits = scores(CURVED, pixels / 255)
    with recorded(CURVED.network) as seen:
        found = kernelshap.explain(
            CURVED, pixels, None, asked(labels, logits=logits), evaluations=40
        )
    assert sum(map(len, seen)) == 38 + 38 + 6 + 1
    np.testing.assert_array_equal(found.targets, plain.targets)
    for one, other in (
        (plain.maps.coefficients, found.maps.coefficients),
        (plain.draws, found.draws),
        (plain.standard_errors, found.standard_errors),
    ):
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-12)


def test_coalitions_of_several_images_share_a_pass():
    pixels, labels = images(5, 16), patches([9, 2, 3, 9, 9], 16)
    pixels[1] = 0
    with recorded(CURVED.network) as seen:
        kernelshap.explain(CURVED, pixels, None, asked(labels, batch_size=16), evaluations=24)
    # images, baseline; then 22 + 0 + 6 + 22 + 22 coalitions in full passes
    assert [len(inputs) for inputs in seen] == [5, 1, 16, 16, 16, 16, 8]


def test_a_single_pair_is_enough():
    """Three segments and five evaluations."""
    pixels, labels = images(1, 16), patches([3], 16)
    found = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=5)
    assert found.measures["evaluations"].tolist() == [4]
    assert found.standard_errors.min() > 0


# what it does not depend on


@pytest.mark.parametrize("key", ["resnet", "vit"])
def test_batch_size_order_and_parts_do_not_matter(key):
    pixels, labels, targets = images(5), patches([9, 4, 7, 9, 8], 64), np.array([0, 1, 2, 3, 4])
    for dtype, near in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        model = classifier(key, dtype=dtype)

        def explained(order=slice(None), model=model, **changes) -> Explanation:
            part = asked(labels, **changes)
            part = replace(part, segments=labels[order], seeds=part.seeds[order])
            return kernelshap.explain(model, pixels[order], targets[order], part, evaluations=30)

        whole = explained(batch_size=64)
        assert whole.maps.coefficients.dtype == np.float64
        scale = np.abs(np.nan_to_num(whole.maps.coefficients)).max()
        same = partial(np.testing.assert_allclose, rtol=0, atol=near * scale)
        for size in (1, 7, None):
            other = explained(batch_size=size)
            same(other.maps.coefficients, whole.maps.coefficients)
            same(other.standard_errors, whole.standard_errors)
        order = np.array([3, 0, 4, 2, 1])
        same(explained(order).maps.coefficients, whole.maps.coefficients[order])
        for part in (slice(0, 2), slice(2, 5)):
            found = explained(part)
            width = found.maps.coefficients.shape[1]
            same(found.maps.coefficients, whole.maps.coefficients[part, :width])


def test_a_pass_that_does_not_fit_is_halved():
    pixels, labels = images(2, 16), patches([9, 7], 16)
    whole = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=40)

    def full(_module: object, inputs: tuple, _output: object) -> None:
        if len(inputs[0]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with hooked(CURVED.network, full), recorded(CURVED.network) as seen:
        halved = kernelshap.explain(
            CURVED, pixels, None, asked(labels, batch_size=16), evaluations=40
        )
    assert max(map(len, seen)) <= 3
    np.testing.assert_allclose(
        halved.maps.coefficients, whole.maps.coefficients, rtol=0, atol=1e-12
    )


# the prediction, the output


def test_without_targets_the_prediction_is_explained():
    pixels, labels = images(5, 16), patches([5] * 5, 16)
    predicted = scores(CURVED, pixels / 255).argmax(1)
    assert len(set(predicted)) > 1
    found = kernelshap.explain(CURVED, pixels, None, asked(labels), evaluations=32)
    given_ = kernelshap.explain(CURVED, pixels, predicted, asked(labels), evaluations=32)
    np.testing.assert_array_equal(found.targets, predicted)
    np.testing.assert_array_equal(found.maps.coefficients, given_.maps.coefficients)


# noise


def test_the_noise_ceiling_rises_with_the_budget():
    pixels, labels = images(4, 16), patches([20, 24, 22, 20], 16)

    def ceiling(evaluations: int) -> float:
        pair = [
            kernelshap.explain(
                CURVED,
                pixels,
                None,
                replace(asked(labels, batch_size=64), seeds=seeds),
                evaluations=evaluations,
            ).maps
            for seeds in (np.arange(4), 50 + np.arange(4))
        ]
        pair[1] = Maps(pair[1].coefficients, pair[0].bases)
        return similarity(pair, "cosine")[:, 0, 1].mean()

    ceilings = [ceiling(evaluations) for evaluations in (30, 100, 400)]
    assert ceilings == sorted(ceilings)
    assert ceilings[0] < 0.97 < ceilings[2] < 1 - 1e-6


# several models together


def several(count: int = 3) -> list[Model]:
    result = []
    for seed in range(count):
        model = curved()
        rng = torch.Generator().manual_seed(seed)
        for parameter in model.network.parameters():
            parameter.data += 0.02 * torch.randn(parameter.shape, generator=rng).double()
        result.append(model)
    return result


SEVERAL = several()
COSINE = Comparison("cosine", sign="signed", rescaling="none")
RBF = Comparison("rbf", sign="positive", rescaling="max_abs", sigma=0.1)
PIXELS, LABELS = images(4, 16), patches([20, 12, 20, 18], 16)


def together(
    tolerance: float,
    evaluations: int = 22,
    most: int = 400,
    models=SEVERAL,
    comparisons=(COSINE,),
    **changes,
) -> list[Explanation]:
    questions = [asked(LABELS, batch_size=64, **changes)] * len(models)
    return explain_together(
        models,
        PIXELS,
        [None] * len(models),
        questions,
        evaluations=evaluations,
        tolerance=tolerance,
        most_evaluations=most,
        comparisons=comparisons,
    )


def alone(evaluations: int) -> list[Explanation]:
    return [
        kernelshap.explain(
            model, PIXELS, None, asked(LABELS, batch_size=64), evaluations=evaluations
        )
        for model in SEVERAL
    ]


def mean_errors(
    explanations: list[Explanation], comparison: Comparison
) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors and biases of the mean similarities, from each draw of all maps by itself."""
    maps = [Maps(e.maps.coefficients, explanations[0].maps.bases) for e in explanations]
    draws = np.stack([e.draws for e in explanations])

    def compared(coefficients: np.ndarray) -> np.ndarray:
        models = [replace(m, coefficients=c) for m, c in zip(maps, coefficients, strict=True)]
        prepared = [comparison.prepare(each) for each in models]
        return similarity(prepared, comparison.metric, sigma=comparison.sigma)

    of_draws = np.array([compared(draws[:, :, r]) for r in range(DRAWS)])
    error = np.sqrt((of_draws.std(0, ddof=1) ** 2).sum(0)) / len(PIXELS)
    values = compared(np.stack([e.maps.coefficients for e in explanations]))
    return error, (of_draws.mean(0) - values).mean(0)


def largest_error(explanations: list[Explanation], comparison: Comparison = COSINE) -> float:
    error, bias = mean_errors(explanations, comparison)
    return np.sqrt(error**2 + bias**2).max()


def same_explanations(one: Explanation, other: Explanation) -> None:
    np.testing.assert_array_equal(other.targets, one.targets)
    for name in ("difference", "evaluations"):
        np.testing.assert_array_equal(other.measures[name], one.measures[name])
    for a, b in (
        (one.maps.coefficients, other.maps.coefficients),
        (one.standard_errors, other.standard_errors),
        (one.draws, other.draws),
        (one.answers.scores, other.answers.scores),
        (one.answers.size, other.answers.size),
        (one.answers.ink, other.answers.ink),
    ):
        np.testing.assert_array_equal(b, a)


def test_one_round_gives_what_each_model_gets_alone():
    found = together(tolerance=np.inf)
    assert len(found) == 3
    for one, other in zip(alone(22), found, strict=True):
        same_explanations(one, other)
    assert len({tuple(map(id, e.maps.bases)) for e in found}) == 1


def test_it_goes_on_until_the_similarities_are_known_well_enough(caplog):
    errors = {n: largest_error(alone(n)) for n in (22, 44)}
    assert errors[44] < errors[22]
    with caplog.at_level(logging.INFO):
        found = together(tolerance=errors[22] * 0.999)
    used = found[0].measures["evaluations"]
    assert used.max() > 22
    assert largest_error(found) < errors[22]
    assert "22 evaluations an image: the largest error" in caplog.text
    assert "above the tolerance" not in caplog.text
    # at the tolerance exactly, nothing more is asked
    caplog.clear()
    enough = together(tolerance=errors[22] * (1 + 1e-9))
    assert enough[0].measures["evaluations"].max() == 22


def test_an_error_that_leaves_the_bias_out_is_no_reason_to_stop():
    first = alone(22)
    least, whole = mean_errors(first, COSINE)[0].max(), largest_error(first)
    assert least < whole
    assert together(tolerance=(least + whole) / 2)[0].measures["evaluations"].max() > 22


def test_the_tolerance_holds_for_every_way_in_which_maps_are_compared():
    first = alone(22)
    errors = [largest_error(first, comparison) for comparison in (COSINE, RBF)]
    assert errors[1] < 0.9 * errors[0]
    for comparisons, enough in (([COSINE], False), ([RBF], True), ([RBF, COSINE], False)):
        found = together(tolerance=np.mean(errors), comparisons=comparisons)
        assert (found[0].measures["evaluations"].max() == 22) == enough


def grown_designs() -> list[list[Design]]:
    """For each image the designs of 22, 44, 88 and 176 evaluations."""
    rounds = []
    for image, players in enumerate((20, 12, 20, 18)):
        rng = np.random.default_rng(10 + image)
        designs = [draw(players, 22, rng)]
        for evaluations in (44, 88, 176):
            designs.append(extend(designs[-1], evaluations, rng))
        rounds.append(designs)
    return rounds


def by_first_pixel(labels: np.ndarray) -> np.ndarray:
    """Segments numbered as players are."""
    first = np.unique(labels, return_index=True)[1]
    return np.argsort(np.argsort(first))[labels]


def test_evaluations_are_kept_from_round_to_round():
    """In each round the network sees what is new and nothing else."""
    with ExitStack() as stack:
        heard = [stack.enter_context(recorded(model.network)) for model in SEVERAL]
        found = together(tolerance=1e-12, most=176)
    expected = [PIXELS / 255, np.zeros((1, 16, 16, 3))]
    for done, now in zip([None, 0, 1, 2], range(4), strict=True):
        for image, designs in enumerate(grown_designs()):
            known = 0 if done is None else len(designs[done].members)
            fresh = designs[now].members[known:]
            both = np.stack([fresh, ~fresh], 1).reshape(-1, fresh.shape[1])
            expected.append(painted(PIXELS[image], by_first_pixel(LABELS[image]), both))
    for seen in heard:
        np.testing.assert_allclose(rows_of(seen), np.concatenate(expected), rtol=0, atol=1e-12)
    used = [designs[-1].evaluations for designs in grown_designs()]
    for explanation in found:
        assert explanation.measures["evaluations"].tolist() == used


def test_after_several_rounds_values_are_those_of_the_grown_design(monkeypatch):
    found = together(tolerance=1e-12, most=176)
    for model, explanation in zip(SEVERAL, found, strict=True):
        designs = iter([designs[-1] for designs in grown_designs()])
        monkeypatch.setattr(kernelshap, "draw", lambda *_, designs=designs: next(designs))
        one = kernelshap.explain(model, PIXELS, None, asked(LABELS, batch_size=64), evaluations=176)
        np.testing.assert_allclose(
            explanation.maps.coefficients, one.maps.coefficients, rtol=0, atol=1e-8
        )
        np.testing.assert_allclose(explanation.draws, one.draws, rtol=0, atol=1e-8)


def test_it_doubles_up_to_the_limit_and_says_so(caplog):
    found = together(tolerance=1e-12, most=100)
    assert found[0].measures["evaluations"].max() == 88
    (warning,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning.startswith("after 88 evaluations an image the largest error of a mean")
    assert warning.endswith("1e-12; allow more of them or explain more images")
    assert f"{largest_error(found):.2g}" in warning


def test_where_everything_was_asked_it_ends_without_a_warning(caplog):
    labels = patches([4, 5], 16)
    found = explain_together(
        SEVERAL,
        PIXELS[:2],
        [None, np.array([0, 1]), None],
        [asked(labels)] * 3,
        evaluations=8,
        tolerance=1e-12,
        most_evaluations=4000,
        comparisons=[COSINE],
    )
    assert [e.measures["evaluations"].tolist() for e in found] == [[16, 32]] * 3
    assert not any(record.levelno >= logging.WARNING for record in caplog.records)
    np.testing.assert_array_equal(found[1].targets, [0, 1])
    for explanation, model in zip(found, SEVERAL, strict=True):
        for image in range(2):
            expected = enumerated(model, PIXELS[image], labels[image], explanation.targets[image])
            np.testing.assert_allclose(explanation.maps.row(image), expected, atol=1e-10)


def test_together_it_is_the_same_every_time():
    first, second = (together(tolerance=1e-12, most=88) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(other.maps.coefficients, one.maps.coefficients)
        np.testing.assert_array_equal(other.draws, one.draws)


def test_a_pair_of_which_no_map_has_a_direction_does_not_keep_it_going(caplog):
    """A model that says the same whatever it sees: no similarity with it can be known."""
    silent = curved()
    for parameter in silent.network.parameters():
        parameter.data[:] = 0
    found = together(tolerance=0.5, models=[SEVERAL[0], silent])
    assert found[0].measures["evaluations"].max() == 22
    assert not np.nan_to_num(found[1].maps.coefficients).any()
    assert not caplog.records


# refusals


@pytest.mark.parametrize("missing", ["segments", "seeds"])
def test_it_needs_segments_and_seeds(missing):
    question = replace(asked(quarters(1, 16)), **{missing: None})
    with pytest.raises(InputError, match="KernelSHAP needs the superpixels and a seed of every"):
        kernelshap.explain(CURVED, images(1, 16), None, question, evaluations=10)


@pytest.mark.parametrize("evaluations", [0, 3, 10])
def test_fewer_evaluations_than_segments_and_two_are_refused(evaluations):
    question = asked(patches([3, 9], 16))
    message = f"evaluations: {evaluations} is too few for 9 segments; give at least 11"
    with pytest.raises(InputError, match=message):
        kernelshap.explain(CURVED, images(2, 16), None, question, evaluations=evaluations)
    kernelshap.explain(CURVED, images(2, 16), None, question, evaluations=11)


def test_more_evaluations_than_can_be_solved_are_refused():
    question, most = asked(patches([5], 16)), 2 * MOST_PAIRS + 2
    run = partial(kernelshap.explain, CURVED, images(1, 16), None, question)
    message = r"evaluations: 8195 is more than the solver takes; .* 8194"
    with pytest.raises(InputError, match=message):
        run(evaluations=most + 1)
    assert run(evaluations=most).measures["evaluations"].tolist() == [32]


def test_a_limit_above_what_can_be_solved_is_refused():
    message = r"most_evaluations: 10000 is more than the solver takes"
    with pytest.raises(InputError, match=message):
        together(tolerance=0.1, most=10000)


def test_an_image_of_a_single_segment_is_refused():
    labels = quarters(3, 16).copy()
    labels[1] = 0
    message = "image number 1 is a single segment; .* cut it into more"
    with pytest.raises(InputError, match=message):
        kernelshap.explain(CURVED, images(3, 16), None, asked(labels), evaluations=10)


class SpoiledWhere(nn.Module):
    """Scores that are no numbers where the top left pixel is black, the bottom right one is not and
    the image is the one with a red pixel in its middle."""

    def __init__(self, network: nn.Module, value: float) -> None:
        super().__init__()
        self.network, self.value = network, value

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        spoiled = (inputs[:, 0, 0, 0] == 0) & (inputs[:, 2, 15, 15] > 0) & (inputs[:, 2, 8, 8] == 1)
        return self.network(inputs).masked_fill(spoiled[:, None], self.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_image_with_a_coalition_whose_score_is_not_finite_is_named(value):
    model = replace(CURVED, network=SpoiledWhere(CURVED.network, value).eval())
    pixels, labels = images(3, 16), quarters(3, 16)
    pixels[:, 0, 0], pixels[:, 15, 15], pixels[:, 8, 8] = 9, 9, 9
    pixels[2, 8, 8] = 255
    with pytest.raises(InputError, match=r"Curved .* not finite for image number 2; .*damaged"):
        kernelshap.explain(model, pixels, None, asked(labels), evaluations=16)


@pytest.mark.parametrize("part", ["", "layer2.0.bn1"])
def test_together_a_model_in_training_mode_is_refused_and_its_statistics_stay(part):
    models = [classifier("resnet"), classifier("resnet")]
    models[1].network.get_submodule(part).train()
    state = {name: value.clone() for name, value in models[1].network.state_dict().items()}
    labels = quarters(2, 64)
    with pytest.raises(InputError, match=r"ResNet is in training mode; call \.eval\(\)"):
        explain_together(
            models,
            images(2),
            [None, None],
            [asked(labels)] * 2,
            evaluations=8,
            tolerance=1.0,
            most_evaluations=8,
            comparisons=[COSINE],
        )
    for name, value in models[1].network.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_together_parameters_that_ask_for_gradients_ask_again_afterwards():
    model = classifier("resnet")
    parameters = list(model.network.parameters())
    for index, parameter in enumerate(parameters):
        parameter.requires_grad_(index % 3 > 0)
    explain_together(
        [model],
        images(1),
        [None],
        [asked(quarters(1, 64))],
        evaluations=8,
        tolerance=1.0,
        most_evaluations=8,
        comparisons=[COSINE],
    )
    assert [p.requires_grad for p in parameters] == [i % 3 > 0 for i in range(len(parameters))]
    assert traces(model.network) == []


def test_an_image_is_solved_while_the_next_ones_are_evaluated(monkeypatch):
    """Which keeps a GPU busy: a batch is queued before the scores of the one before it are waited for."""
    model, events = classifier("resnet"), []
    solver = kernelshap.Solver
    monkeypatch.setattr(
        kernelshap, "Solver", lambda *given: events.append("solved") or solver(*given)
    )
    stripes = np.broadcast_to(np.arange(64) // 8, (3, 64, 64)).astype(np.int16)
    with hooked(model.network, lambda *_: events.append("pass")):
        kernelshap.explain(model, images(3), None, asked(stripes, batch_size=10), evaluations=22)
    # images and baseline, then 20 coalitions of each image in two passes
    assert events[:2] == ["pass"] * 2
    assert events[2:] == ["pass"] * 3 + ["solved"] + ["pass"] * 2 + ["solved"] + ["pass", "solved"]
