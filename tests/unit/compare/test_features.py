"""Linear CKA against its definition by Gram matrices, pair by pair and cell by cell."""

from itertools import permutations

import numpy as np
import pytest

from thinkalike.compare import features as module
from thinkalike.compare.features import linear_cka


def several(images: int, *widths: int) -> list[np.ndarray]:
    draws = np.random.default_rng(0)
    shared = draws.normal(size=(images, 4))
    return [
        (shared @ draws.normal(size=(4, width)) + draws.normal(size=(images, width)) + 3).astype(
            np.float32
        )
        for width in widths
    ]


def by_definition(x: np.ndarray, y: np.ndarray) -> float:
    x, y = (values.astype(float) - values.astype(float).mean(0) for values in (x, y))
    norms = (np.linalg.norm(a.T @ a) for a in (x, y))
    return np.linalg.norm(y.T @ x) ** 2 / np.prod(list(norms))


def unbiased(x: np.ndarray, y: np.ndarray) -> float:
    """Song's estimate with sums over quadruples of different images, from its U-statistic in words."""
    k, m = (values.astype(float) @ values.astype(float).T for values in (x, y))
    n = len(k)
    np.fill_diagonal(k, 0)
    np.fill_diagonal(m, 0)
    one = np.ones(n)
    return (
        np.trace(k @ m)
        + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
        - 2 * (one @ k @ m @ one) / (n - 2)
    ) / (n * (n - 3))


def test_both_are_what_their_definitions_say():
    features = several(30, 5, 40, 12)
    plain, debiased = linear_cka(features)
    for i, x in enumerate(features):
        for j, y in enumerate(features):
            assert plain[i, j] == pytest.approx(by_definition(x, y), rel=1e-9)
            whole = unbiased(x, y) / np.sqrt(unbiased(x, x) * unbiased(y, y))
            assert debiased[i, j] == pytest.approx(whole, rel=1e-6)


def test_the_estimate_is_the_mean_over_quadruples_of_different_images():
    x, y = several(6, 3, 2)
    k, m = (values.astype(float) @ values.astype(float).T for values in (x, y))
    terms = [
        k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q]) for i, j, q, r in permutations(range(6), 4)
    ]
    assert unbiased(x, y) == pytest.approx(np.mean(terms))


def test_rotation_scale_and_shift_do_not_matter():
    x = several(20, 6)[0].astype(float)
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    plain, debiased = linear_cka([x, 5 * x @ turn - 2])
    np.testing.assert_allclose(plain, 1, rtol=1e-12)
    np.testing.assert_allclose(debiased, 1, rtol=1e-12)


def test_unrelated_features_of_few_images_are_alike_only_before_debiasing():
    draws = np.random.default_rng(2)
    found = [linear_cka([draws.normal(size=(100, 512)) for _ in range(2)]) for _ in range(20)]
    assert np.mean([plain[0, 1] for plain, _ in found]) == pytest.approx(0.84, abs=0.01)
    assert np.mean([debiased[0, 1] for _, debiased in found]) == pytest.approx(0, abs=0.01)


def test_blocks_of_images_change_nothing(monkeypatch):
    features = several(33, 8, 5)
    whole = linear_cka(features)
    monkeypatch.setattr(module, "BLOCK", 33 * 2 * 7)
    for found, expected in zip(linear_cka(features), whole, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_has_no_features_or_too_few_images_has_no_cka():
    features = [*several(9, 4, 4), np.zeros((9, 0)), np.ones((9, 3))]
    for matrix in linear_cka(features):
        assert np.isfinite(matrix[:2, :2]).all()
        assert np.isnan(matrix[2:]).all()
        assert np.isnan(matrix[:, 2:]).all()
    plain, debiased = linear_cka(several(3, 4, 4))
    assert np.isfinite(plain).all()
    assert np.isnan(debiased).all()
