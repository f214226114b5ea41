"""Functional agreement against regressions of one image and model at a time."""

from dataclasses import replace

import numpy as np
import pytest

from thinkalike.compare.answers import LEAST_COALITIONS, Answers, agreement, residuals
from thinkalike.errors import InputError

COUNTS = [40, 26, 8, 6]


def padded(rows: list[np.ndarray]) -> np.ndarray:
    longest = max(map(len, rows))
    return np.stack([np.r_[row, np.full(longest - len(row), np.nan)] for row in rows])


def coalitions(counts: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Size and ink of random coalitions and their complements of nine superpixels."""
    random = np.random.default_rng(seed)
    sizes, inks = [], []
    for count in counts:
        drawn = random.random((count // 2, 9)) < random.uniform(0.2, 0.8, (count // 2, 1))
        both = np.stack([drawn, ~drawn], 1).reshape(-1, 9)
        sizes.append(both.sum(1).astype(float))
        inks.append(both @ random.random(9))
    return padded(sizes), padded(inks)


SIZE, INK = coalitions(COUNTS)


def answering(seed: int, size=SIZE, ink=INK) -> Answers:
    """A model whose scores rise with size and ink, and else are noise."""
    noise = np.random.default_rng(seed).normal(size=size.shape)
    return Answers(3 + 0.5 * size + 2 * ink + noise, size, ink)


MODELS = [answering(seed) for seed in (1, 2, 3)]


def regressed(answers: Answers, image: int) -> np.ndarray:
    """Residuals of the least squares of one image, by the normal equations of its own coalitions."""
    there = np.isfinite(answers.scores[image])
    scores, size, ink = (each[image, there] for each in vars(answers).values())
    design = np.c_[np.ones(len(scores)), size, ink]
    left = scores - design @ np.linalg.lstsq(design, scores, rcond=None)[0]
    return left / np.linalg.norm(left)


def test_residuals_are_those_of_a_regression_at_unit_length():
    found = residuals(MODELS[0])
    for image, count in enumerate(COUNTS):
        np.testing.assert_allclose(
            found[image, :count], regressed(MODELS[0], image), rtol=0, atol=1e-12
        )
        assert not found[image, count:].any()


def test_agreement_is_the_partial_correlation():
    """By the formula of Yule from the correlations of scores, size and ink alone."""
    values = agreement(MODELS)
    for image, count in enumerate(COUNTS):
        columns = [m.scores[image, :count] for m in MODELS[:2]]
        precision = np.linalg.inv(np.corrcoef([*columns, SIZE[image, :count], INK[image, :count]]))
        partial = -precision[0, 1] / np.sqrt(precision[0, 0] * precision[1, 1])
        assert values[image, 0, 1] == pytest.approx(partial, abs=1e-10)
    np.testing.assert_array_equal(values, values.transpose(0, 2, 1))
    assert (values.diagonal(axis1=1, axis2=2) == 1).all()
    assert np.linalg.eigvalsh(values).min() > -1e-12


def test_two_groups_are_compared_as_in_one():
    whole = agreement(MODELS)
    np.testing.assert_allclose(
        agreement(MODELS[:1], MODELS[1:]), whole[:, :1, 1:], rtol=0, atol=1e-14
    )


def test_scale_offset_size_and_ink_of_a_model_do_not_matter():
    changed = replace(MODELS[1], scores=7 * MODELS[1].scores - 100 - 3 * SIZE + 20 * INK)
    opposed = replace(MODELS[1], scores=-MODELS[1].scores)
    both = agreement([MODELS[0], MODELS[1], changed, opposed])
    np.testing.assert_allclose(both[:, 0, 2], both[:, 0, 1], rtol=0, atol=1e-10)
    np.testing.assert_allclose(both[:, 1, 2], 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(both[:, 1, 3], -1, rtol=0, atol=1e-12)


def test_the_order_of_coalitions_and_their_repetition_do_not_matter():
    order = np.random.default_rng(0).permutation(COUNTS[0])
    twice = np.r_[order, order]
    first = [Answers(*(each[:1] for each in vars(m).values())) for m in MODELS]
    again = [Answers(*(each[:, twice] for each in vars(m).values())) for m in first]
    np.testing.assert_allclose(agreement(again), agreement(first), rtol=0, atol=1e-12)


def test_random_answers_do_not_agree():
    """Their mean over images is 0, with the variance of a correlation, 1/(coalitions − 3)."""
    size, ink = coalitions([30] * 2000, seed=5)
    random = np.random.default_rng(6)
    noise = [Answers(random.normal(size=size.shape), size, ink) for _ in range(2)]
    values = agreement(noise)[:, 0, 1]
    assert abs(values.mean()) < 4 / np.sqrt(2000 * 27)
    assert values.var() == pytest.approx(1 / 27, rel=0.15)


def test_size_and_ink_alone_make_no_agreement():
    """Two models that have nothing in common but that more ink raises their scores."""
    size, ink = coalitions([30] * 500, seed=5)
    models = [answering(seed, size, ink) for seed in (1, 2)]
    raw = [np.corrcoef(*(m.scores[i] for m in models))[0, 1] for i in range(500)]
    assert np.mean(raw) > 0.5
    assert abs(agreement(models)[:, 0, 1].mean()) < 4 / np.sqrt(500 * 27)


@pytest.mark.parametrize("constant", [0.0, 12.5])
def test_a_model_that_always_answers_the_same_agrees_with_nobody(constant):
    mute = replace(MODELS[0], scores=np.where(np.isnan(SIZE), np.nan, constant))
    values = agreement([MODELS[0], mute])
    assert np.isnan(values[:, 1]).all()
    assert np.isnan(values[:, :, 1]).all()
    assert (values[:, 0, 0] == 1).all()


def test_what_storing_in_float32_leaves_of_size_and_ink_is_no_answer():
    counting = replace(MODELS[0], scores=(10 + SIZE / 3 - INK / 7).astype(np.float32))
    stored = replace(counting, size=SIZE.astype(np.float32), ink=INK.astype(np.float32))
    assert np.isnan(residuals(stored)).all()


def test_where_ink_follows_from_size_it_is_not_taken_out_twice():
    proportional = replace(MODELS[0], ink=(0.1 * SIZE).astype(np.float32))
    found = residuals(proportional)
    there = slice(0, COUNTS[0])
    design = np.c_[np.ones(COUNTS[0]), SIZE[0]]
    scores = MODELS[0].scores[0]
    left = scores - design @ np.linalg.lstsq(design, scores, rcond=None)[0]
    np.testing.assert_allclose(found[0, there], left / np.linalg.norm(left), rtol=0, atol=1e-5)


def test_where_all_coalitions_have_one_size_and_ink_the_mean_is_taken_out():
    size = np.full((1, 12), 4.0)
    answers = Answers(np.random.default_rng(0).normal(size=(1, 12)), size, size / 8)
    left = answers.scores - answers.scores.mean()
    np.testing.assert_allclose(residuals(answers), left / np.linalg.norm(left), rtol=0, atol=1e-12)


def test_an_image_of_few_coalitions_has_no_agreement():
    counts = [LEAST_COALITIONS + 1, LEAST_COALITIONS - 1, 2, 0]
    size, ink = coalitions(counts)
    values = agreement([answering(seed, size, ink) for seed in (1, 2)])
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1:]).all()


def test_images_without_coalitions_alone_have_no_agreement():
    empty = np.zeros((3, 0))
    assert np.isnan(agreement([Answers(empty, empty, empty)] * 2)).all()


@pytest.mark.parametrize("name", ["size", "ink"])
def test_answers_about_other_coalitions_are_refused(name):
    other = replace(MODELS[2], **{name: getattr(MODELS[2], name) + 1})
    with pytest.raises(InputError, match=r"models 0 and 2 were asked other coalitions .*again"):
        agreement([*MODELS[:2], other])
    with pytest.raises(InputError, match="models 0 and 2 were asked other coalitions"):
        agreement(MODELS[:2], [other])


def test_more_coalitions_of_one_model_are_refused():
    size, ink = coalitions([50, 26, 8, 6])
    with pytest.raises(InputError, match="other coalitions"):
        agreement([MODELS[0], answering(1, size, ink)])


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match=r"shapes \(4, 40\), \(4, 40\) and \(4, 39\)"):
        residuals(replace(MODELS[0], ink=INK[:, :-1]))
    with pytest.raises(InputError, match="missing in different places"):
        residuals(replace(MODELS[0], scores=np.where(SIZE > 4, np.nan, MODELS[0].scores)))
