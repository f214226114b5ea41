"""Similarity above chance, against sums over all pairs of images."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from thinkalike.compare.bases import Cells, Grid, Pixels, Segments
from thinkalike.compare.chance import (
    CosineMismatch,
    KernelMismatch,
    Means,
    influence,
    mean_mismatch,
    rbf_kernel,
)
from thinkalike.compare.frames import Frame, unit
from thinkalike.compare.geometry import geometry
from thinkalike.compare.maps import Maps, render
from thinkalike.compare.mismatched import MismatchedPairs, permutation_moments

MODELS, IMAGES, SIZE = 4, 13, 6


def coordinates(seed: int = 0, images: int = IMAGES) -> np.ndarray:
    numbers = np.random.default_rng(seed)
    shared = numbers.normal(size=(images, SIZE))  # what the image has to do with it
    maps = numbers.normal(size=(MODELS, images, SIZE)) + shared + 1
    maps[0, 3] = 0  # blank
    return maps


def counting(maps: np.ndarray, share: float, seed: int = 0) -> np.ndarray:
    """Which images count for which pair: a share of them, and none with a blank map."""
    seen = (maps != 0).any(2).T
    drawn = np.random.default_rng(seed).random((maps.shape[1], len(maps), len(maps))) < share
    drawn = (drawn | drawn.transpose(0, 2, 1)) if share < 1 else drawn | True
    return drawn & seen[:, :, None] & seen[:, None, :]


def blocks(maps: np.ndarray, step: int):
    for start in range(0, maps.shape[1], step):
        part = slice(start, min(start + step, maps.shape[1]))
        yield part, maps[:, part], maps[:, part]


def measured(kind: str, maps: np.ndarray, use: np.ndarray, step: int) -> tuple[Means, np.ndarray]:
    """Means, and the influence of all images."""
    engine = (
        CosineMismatch(blocks(maps, step), use)
        if kind == "cosine"
        else KernelMismatch(rbf_kernel(0.7, SIZE), use)
    )
    parts = [(block[0], engine.of_block(block)) for block in blocks(maps, step)]
    means = mean_mismatch(parts, use)
    return means, np.concatenate([influence(each, means, use[part]) for part, each in parts])


def kernel(kind: str, x: np.ndarray, y: np.ndarray) -> float:
    if kind == "cosine":
        return float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
    return math.exp(-((x - y) ** 2).sum() / (2 * 0.7**2 * SIZE))


def brute(kind: str, maps: np.ndarray, use: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s⁰ and ρ from all pairs of images, one after the other."""
    chance, rho = np.empty((2, len(maps), len(maps)))
    for a in range(len(maps)):
        for b in range(len(maps)):
            images = np.flatnonzero(use[:, a, b])

            def same(p, q, images=images):
                return np.mean([kernel(kind, maps[p, i], maps[q, i]) for i in images])

            def other(p, q, images=images):
                pairs = permutations(images, 2)
                return np.mean([kernel(kind, maps[p, i], maps[q, j]) for i, j in pairs])

            chance[a, b] = other(a, b)
            spread = (same(a, a) - other(a, a)) * (same(b, b) - other(b, b))
            rho[a, b] = (same(a, b) - chance[a, b]) / math.sqrt(spread)
    return chance, rho


@pytest.mark.parametrize("share", [1, 0.6])
@pytest.mark.parametrize(("kind", "step"), [("cosine", 4), ("cosine", 99), ("rbf", 99)])
def test_chance_and_rho_are_those_of_all_pairs_of_images(kind, step, share):
    maps = coordinates()
    use = counting(maps, share)
    means, _ = measured(kind, maps, use, step)
    chance, rho = brute(kind, maps, use)
    np.testing.assert_allclose(means.cross, chance, atol=1e-12)
    np.testing.assert_allclose(means.rho, rho, atol=1e-12)


def test_over_common_images_rho_is_a_correlation_matrix():
    maps = coordinates()[1:]
    for kind, step in (("cosine", 5), ("rbf", 5), ("rbf", 99)):
        rho = measured(kind, maps, counting(maps, 1), step)[0].rho
        np.testing.assert_allclose(np.diag(rho), 1, atol=1e-12)
        assert np.linalg.eigvalsh(rho)[0] > -1e-12
        np.fill_diagonal(rho, 1)
        assert geometry(np.sqrt(np.maximum(2 * (1 - rho), 0))).euclidean


@pytest.mark.parametrize("kind", ["cosine", "rbf"])
def test_influence_is_the_jackknife_s_but_for_terms_of_higher_order(kind):
    maps = coordinates(1, 60)[1:]
    use = counting(maps, 1)
    _, values = measured(kind, maps, use, 99)
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-12)
    left_out = []
    for image in range(60):
        rest = np.delete(maps, image, 1)
        left_out.append(measured(kind, rest, counting(rest, 1), 99)[0].rho)
    jackknife = 59 * (np.mean(left_out, 0) - left_out)
    off = ~np.eye(3, dtype=bool)
    errors = values.std(0, ddof=1)[off] / 60**0.5
    np.testing.assert_allclose(errors, jackknife.std(0, ddof=1)[off] / 60**0.5, rtol=0.05)


def test_images_that_do_not_count_have_no_influence():
    maps = coordinates()
    use = counting(maps, 0.5)
    _, values = measured("cosine", maps, use, 99)
    np.testing.assert_array_equal(np.isfinite(values), use)


def test_maps_that_do_not_depend_on_the_image_have_no_rho():
    maps = coordinates()[1:]
    maps[1] = maps[1, 0]
    rho = measured("cosine", maps, counting(maps, 1), 99)[0].rho
    np.testing.assert_array_equal(
        np.isnan(rho), [[False, True, False], [True] * 3, [False, True, False]]
    )


# ---- frames -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("grid", "cells"), ("grid", "pixels"), ("cells", "segments")])
def test_products_of_coordinates_are_those_of_pixels(kinds):
    numbers = np.random.default_rng(0)
    bases = {
        "grid": (Grid(3, 4, 8, 8),),
        "cells": (Cells(4, 4, 8, 8),),
        "pixels": (Pixels(8, 8),),
        "segments": tuple(Segments(numbers.permutation(64).reshape(8, 8) % 5) for _ in range(3)),
    }
    models = [Maps(numbers.normal(size=(3, bases[k][0].size)), bases[k]) for k in kinds]
    frame = Frame.of(models)
    # the constant is in the span of both
    assert frame.size == (27 if kinds == ("grid", "cells") else 64)
    found = frame.coordinates_of(models).reshape(6, -1)
    dense = np.stack([render(maps, i).ravel() for maps in models for i in range(3)])
    np.testing.assert_allclose(found @ found.T, dense @ dense.T, atol=1e-12)


def test_a_frame_of_cells_is_their_indicators_of_length_one():
    numbers = np.random.default_rng(0)
    cells = Cells(3, 3, 8, 8)  # of four, six and nine pixels
    models = [Maps(numbers.normal(size=(3, 9)), (cells,)) for _ in range(2)]
    frame = Frame.of(models)
    dense = np.stack([render(maps, i).ravel() for maps in models for i in range(3)])
    found = frame.coordinates_of(models).reshape(6, -1)
    assert frame.size == 9
    np.testing.assert_allclose(found @ found.T, dense @ dense.T, atol=1e-12)
    # what is nearest to a picture has its products with all maps of the frame
    picture = numbers.normal(size=(1, 64))
    np.testing.assert_allclose(found @ frame.nearest(picture)[0], dense @ picture[0], atol=1e-12)


# ---- permutations -------------------------------------------------------------------------------


def test_permutation_moments_are_those_of_all_permutations():
    products = np.random.default_rng(0).normal(size=(6, 6))
    sums = [products[range(6), list(order)].sum() for order in permutations(range(6))]
    np.testing.assert_allclose(
        permutation_moments(products, np.zeros(6)), (np.mean(sums), np.var(sums)), atol=1e-12
    )
    within = [  # {0, 1, 2} and {3, 4}, and 5 alone
        products[range(6), [*first, *(3 + i for i in second), 5]].sum()
        for first in permutations(range(3))
        for second in permutations(range(2))
    ]
    moments = permutation_moments(products, np.array(list("aaabbc")))
    np.testing.assert_allclose(moments, (np.mean(within), np.var(within)), atol=1e-12)


def z_values(seed: int, images: int, template: float) -> tuple[float, float]:
    """z and z_within of maps that share a template of their class and nothing else."""
    numbers = np.random.default_rng(seed)
    labels = np.arange(images) % 4
    classes = template * numbers.normal(size=(4, SIZE))[labels]
    a, b = (unit(numbers.normal(size=(images, SIZE)) + classes) for _ in range(2))
    pairs = MismatchedPairs()
    pairs.add(a @ b.T, labels)
    return pairs.z, pairs.z_within


@pytest.mark.parametrize("images", [16, 100])
def test_without_anything_in_common_z_is_normal(images):
    values = np.array([z_values(seed, images, 0) for seed in range(200)])
    for column in values.T:
        assert stats.kstest(stats.norm.sf(column), "uniform").pvalue > 0.01
        assert (column > 1.645).mean() < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_a_template_of_the_class_is_seen_by_z_and_not_within_classes():
    free, within = np.array([z_values(seed, 100, 2) for seed in range(200)]).T
    assert (free > 1.645).mean() == 1
    assert (within > 1.645).mean() < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 200)


def test_mismatched_pairs_split_by_class():
    products = np.random.default_rng(0).normal(size=(5, 5))
    labels = np.array(list("aabba"))
    pairs = MismatchedPairs()
    pairs.add(products, labels)
    off = ~np.eye(5, dtype=bool)
    same = labels[:, None] == labels
    assert pairs.same == pytest.approx(products[same & off].mean())
    assert pairs.constant == pytest.approx(products[~same].mean())
    alone = MismatchedPairs()
    alone.add(products[:1, :1], labels[:1])
    assert np.isnan([alone.z, alone.z_within, alone.same, alone.constant]).all()
