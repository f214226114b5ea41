"""Consensus about images: singular values of the maps themselves, and worlds with and without consensus."""

import numpy as np
import pytest

from thinkalike.statistics.consensus import (
    consensus_share,
    consensus_table,
    mismatched_kernels,
)


def unit(maps: np.ndarray) -> np.ndarray:
    return maps / np.linalg.norm(maps, axis=-1, keepdims=True)


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a @ b.T


def world(common: float, images: int = 60, models: int = 5) -> np.ndarray:
    """Unit maps (M, N, P) with a part that all models share."""
    generator = np.random.default_rng(0)
    return unit(
        common * generator.normal(size=(1, images, 12))
        + generator.normal(size=(models, images, 12))
    )


def kernels(maps: np.ndarray) -> np.ndarray:
    return np.einsum("anp,bnp->nab", maps, maps)


def test_the_share_is_that_of_the_first_singular_value_of_the_maps():
    maps = world(1.0)
    singular = np.linalg.svd(maps.transpose(1, 0, 2), compute_uv=False)
    expected = singular[:, 0] ** 2 / (singular**2).sum(1)
    np.testing.assert_allclose(consensus_share(kernels(maps)), expected)


def test_equal_maps_share_everything_and_orthogonal_maps_nothing():
    assert consensus_share(np.ones((1, 4, 4)))[0] == pytest.approx(1)
    assert consensus_share(np.eye(4)[None])[0] == pytest.approx(1 / 4)


@pytest.mark.parametrize("missing", [np.nan, 0.0])
def test_a_blank_map_leaves_its_model_out(missing):
    maps = world(1.0)
    values = kernels(maps)
    values[:, 2] = values[:, :, 2] = missing
    others = [0, 1, 3, 4]
    np.testing.assert_allclose(consensus_share(values), consensus_share(kernels(maps[others])))
    values[0, :4] = values[0, :, :4] = missing
    assert np.isnan(consensus_share(values)[0])


def test_no_two_maps_of_a_mismatched_set_are_of_one_image():
    """Maps that are their image's number, and a kernel that tells which two met."""
    images = np.arange(1, 8.0)
    coordinates = np.tile(images[None, :, None], (4, 1, 1))
    found = mismatched_kernels(coordinates, lambda a, b: (a == b.T).astype(float), draws=5, seed=1)
    np.testing.assert_array_equal(found, np.tile(np.eye(4), (35, 1, 1)))
    values = mismatched_kernels(
        coordinates, lambda a, b: np.broadcast_to(a, (4, 4)).copy(), draws=5, seed=1
    )
    for model in range(4):  # every image as often as any other
        assert np.unique(values[:, model, 0], return_counts=True)[1].tolist() == [5] * 7


def test_consensus_about_images_is_above_mismatched_and_consensus_about_nothing_is_not():
    above = {}
    for common in (0.0, 1.5):
        maps = world(common)
        mismatched = mismatched_kernels(maps, product, draws=5, seed=0)
        table = consensus_table(kernels(maps), mismatched, [str(i) for i in range(60)])
        above[common] = (table["consensus"] > table["mismatched_95"]).mean()
        assert table["models"].tolist() == [5] * 60
    assert above[0.0] < 0.15
    assert above[1.5] > 0.9


def test_references_are_of_the_models_that_have_a_map():
    maps = world(0.5)
    maps[3, :20] = 0
    values = kernels(maps)
    mismatched = mismatched_kernels(maps, product, draws=5, seed=0)
    assert np.isnan(mismatched[:, 3, 3]).mean() == pytest.approx(1 / 3)
    table = consensus_table(values, mismatched, [str(i) for i in range(60)])
    assert table["models"].tolist() == [4] * 20 + [5] * 40
    first, last = table.iloc[0], table.iloc[-1]
    assert first["mismatched"] > last["mismatched"]  # of four maps, not of five
    subset = mismatched[:, [0, 1, 2, 4]][:, :, [0, 1, 2, 4]]
    assert first["mismatched"] == pytest.approx(np.linalg.eigvalsh(subset)[:, -1].mean() / 4)


def test_fewer_images_than_models_give_no_reference():
    maps = world(1.0, images=3)
    mismatched = mismatched_kernels(maps, product, draws=5, seed=0)
    assert mismatched.shape == (0, 5, 5)
    table = consensus_table(kernels(maps), mismatched, ["a", "b", "c"])
    assert table["consensus"].notna().all()
    assert table["mismatched"].isna().all()
