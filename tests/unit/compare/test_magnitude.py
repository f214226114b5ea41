"""Results do not depend on the units of what is compared: not at 1e±200, whose squares are no numbers."""

import numpy as np
import pytest

from thinkalike.clustering.embedding import multidimensional_scaling, principal_components
from thinkalike.clustering.hierarchical import LINKAGES, cophenetic_correlation, linkage
from thinkalike.clustering.spectral.points import map_points
from thinkalike.compare.answers import Answers, residuals
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.features import linear_cka
from thinkalike.compare.frames import unit
from thinkalike.compare.geometry import geometry
from thinkalike.compare.magnitude import near_one
from thinkalike.compare.maps import Maps, rescaled
from thinkalike.compare.similarity import similarity
from thinkalike.statistics.mantel import mantel
from thinkalike.statistics.permanova import permanova, permdisp

FACTORS = [1e-300, 1e-200, 1e-150, 1e150, 1e200, 1e300]
factors = pytest.mark.parametrize("factor", FACTORS)
LABELS = np.array([[0, 0, 1, 1], [2, 2, 3, 3]], np.int16)
BASES = [Pixels(2, 4), Grid(2, 2, 2, 4), Segments(LABELS)]


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def maps(basis, factor: float = 1.0, seed: int = 0) -> Maps:
    bases = (basis,) * 3 if isinstance(basis, Segments) else (basis,)
    return Maps(factor * np.random.default_rng(seed).normal(size=(3, basis.size)), bases)


def distances(factor: float = 1.0) -> np.ndarray:
    points = random().normal(size=(7, 3))
    return factor * np.linalg.norm(points[:, None] - points, axis=2)


FAMILIES = ["cnn"] * 4 + ["transformer"] * 3


@factors
@pytest.mark.parametrize("axis", [None, 1])
def test_values_near_one_are_the_values_over_a_power_of_two(factor, axis):
    values = factor * random().normal(size=(4, 3))
    values[1, 2] = np.nan
    scaled, exponent = near_one(values, axis)
    np.testing.assert_array_equal(np.ldexp(scaled, exponent), values)
    largest = np.nanmax(np.abs(scaled), axis=axis)
    assert (largest >= 0.5).all()
    assert (largest < 1).all()
    assert near_one(np.zeros((2, 2)))[1].item() == 0


@factors
@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("rescaling", ["min_max", "max_abs"])
def test_rescaled_maps(factor, basis, rescaling):
    expected = rescaled(maps(basis), rescaling).coefficients
    np.testing.assert_allclose(
        rescaled(maps(basis, factor), rescaling).coefficients, expected, rtol=1e-6, atol=1e-7
    )


@factors
@pytest.mark.parametrize("basis", BASES)
def test_cosines_of_maps_of_any_size(factor, basis):
    models = [maps(basis), maps(basis, seed=1), maps(basis, 0.0)]
    others = [maps(basis, factor), maps(basis, seed=1), maps(basis, 0.0)]
    np.testing.assert_allclose(
        similarity(others, "cosine"), similarity(models, "cosine"), rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(
        similarity(models, "cosine", others=others),
        similarity(models, "cosine", others=models),
        rtol=1e-7,
        atol=1e-9,
    )


@factors
@pytest.mark.parametrize("basis", BASES)
def test_rbf_with_a_bandwidth_of_the_size_of_the_maps(factor, basis):
    models = [[maps(basis, size), maps(basis, size, seed=1)] for size in (1.0, factor)]
    expected = similarity(models[0], "rbf", sigma=0.7)
    assert 0.01 < expected[0, 0, 1] < 0.99
    found = similarity(models[1], "rbf", sigma=0.7 * factor)
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    across = similarity(models[1], "rbf", others=models[1], sigma=0.7 * factor)
    np.testing.assert_allclose(across, expected, rtol=1e-7)


@pytest.mark.parametrize("factor", [1e150, 1e200, 1e300])
def test_rbf_of_maps_far_beyond_the_bandwidth_is_0(factor):
    models = [maps(BASES[0], factor), maps(BASES[0], factor, seed=1)]
    np.testing.assert_array_equal(similarity(models, "rbf"), [np.eye(2)] * 3)


@factors
def test_unit_maps(factor):
    coordinates = random().normal(size=(4, 9))
    coordinates[2] = 0
    np.testing.assert_allclose(unit(factor * coordinates), unit(coordinates), rtol=1e-7)


@factors
def test_distances_of_unit_maps(factor):
    models, others = ([maps(BASES[0], size), maps(BASES[1], 1.0)] for size in (1.0, factor))
    found, expected = map_points(others), map_points(models)
    assert len(found.inside) == 6
    np.testing.assert_allclose(found.distances, expected.distances, rtol=1e-6, atol=1e-7)


@factors
def test_alignment_of_features(factor):
    features = [random().normal(size=(12, 5)), np.random.default_rng(1).normal(size=(12, 4))]
    expected = linear_cka(features)
    found = linear_cka([factor * features[0], features[1]])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@factors
def test_residuals_of_answers(factor):
    scores, ink = random().normal(size=(2, 3, 20))
    size = np.tile(np.arange(20.0), (3, 1))
    expected = residuals(Answers(scores, size, ink))
    np.testing.assert_allclose(
        residuals(Answers(factor * scores, size, ink)), expected, rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(
        residuals(Answers(scores, size, factor * ink)), expected, rtol=1e-6, atol=1e-9
    )


@factors
def test_the_geometry_of_a_matrix(factor):
    expected, found = geometry(distances()), geometry(distances(factor))
    assert (found.euclidean, found.triangle) == (expected.euclidean, expected.triangle)
    assert expected.euclidean
    bent = distances()
    bent[0, 1] = bent[1, 0] = 9
    expected, found = geometry(bent), geometry(factor * bent)
    assert found.smallest_eigenvalue == pytest.approx(expected.smallest_eigenvalue, rel=1e-6)
    assert found.worst_triangle / factor == pytest.approx(expected.worst_triangle, rel=1e-6)
    assert not found.triangle


@factors
@pytest.mark.parametrize("embedding", [principal_components, multidimensional_scaling])
def test_points_of_a_matrix(factor, embedding):
    expected, found = embedding(distances()), embedding(distances(factor))
    np.testing.assert_allclose(found.points / factor, expected.points, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.quality, expected.quality, rtol=1e-6)


@factors
@pytest.mark.parametrize("kind", LINKAGES)
def test_trees_of_a_matrix(factor, kind):
    matrix = distances()
    expected = linkage(matrix, kind, euclidean=True)
    found = linkage(factor * matrix, kind, euclidean=True)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
    np.testing.assert_allclose(found[:, 2] / factor, expected[:, 2], rtol=1e-7)
    assert cophenetic_correlation(factor * matrix, found) == pytest.approx(
        cophenetic_correlation(matrix, expected), rel=1e-6
    )


@factors
@pytest.mark.parametrize("test", [permanova, permdisp])
def test_variances_of_families(factor, test):
    expected = test(distances(), FAMILIES, seed=0)
    found = test(distances(factor), FAMILIES, seed=0)
    assert found.f == pytest.approx(expected.f, rel=1e-6)
    assert found.p == expected.p


@factors
@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_correlations_of_matrices(factor, kind):
    other = distances() + np.abs(np.subtract.outer(np.arange(7), np.arange(7)))
    expected = mantel(distances(), other, FAMILIES, kind=kind, seed=0)
    found = mantel(distances(factor), other, FAMILIES, kind=kind, seed=0)
    assert found.r == pytest.approx(expected.r, rel=1e-6)
    assert found.p == expected.p
