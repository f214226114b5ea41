"""Maps as points: distances against rendered maps, shifts against loops, one pattern in several places."""

import numpy as np
import pytest
from scipy.signal import correlate2d
from scipy.spatial.distance import cdist

from thinkalike.clustering.spectral.cut import clusterings, eigenvalue_count, graph_spectra
from thinkalike.clustering.spectral.graphs import ScaleSettings
from thinkalike.clustering.spectral.points import map_points
from thinkalike.clustering.spectral.stability import agreement
from thinkalike.compare.bases import Basis, Cells, Grid, Pixels
from thinkalike.compare.maps import Maps, render
from thinkalike.errors import InputError


def maps(basis: Basis, n: int = 12, seed: int = 0) -> Maps:
    return Maps(np.random.default_rng(seed).normal(size=(n, basis.size)), (basis,))


def rendered(each: Maps) -> np.ndarray:
    flat = np.stack([render(each, i) for i in range(len(each))])
    return flat / np.linalg.norm(flat, axis=(1, 2), keepdims=True)


@pytest.mark.parametrize("basis", [Grid(3, 3, 8, 8), Cells(3, 3, 8, 8), Pixels(8, 8)])
def test_coordinates_have_the_distances_of_rendered_maps_in_any_basis(basis):
    both = [maps(basis), maps(Pixels(8, 8), seed=1)]
    points = map_points(both)
    flat = np.concatenate([rendered(each).reshape(12, -1) for each in both])
    np.testing.assert_allclose(points.distances, cdist(flat, flat), atol=1e-7)
    places = np.array([0, 3, 7, 13, 20])
    coordinates = points.coordinates(places)
    assert coordinates.shape[1] <= len(places)
    np.testing.assert_allclose(
        points.measure.distances(coordinates), points.distances[np.ix_(places, places)], atol=1e-7
    )


@pytest.mark.parametrize("shift", [1, 2, 9])
@pytest.mark.parametrize("basis", [Cells(4, 5, 8, 10), Pixels(6, 6), Cells(3, 3, 8, 8)])
def test_shifted_distances_are_those_of_the_largest_cross_correlation(basis, shift):
    each = maps(basis, 8)
    points = map_points([each], shift)
    rows, columns = points.measure.cells
    areas = np.sqrt(np.asarray(basis.synthesis().sum(0)).ravel())
    cells = (each.coefficients * areas).reshape(-1, rows, columns)
    cells /= np.linalg.norm(cells, axis=(1, 2), keepdims=True)
    for i, a in enumerate(cells):
        for j, b in enumerate(cells):
            # zero padded; its middle is the product without a shift
            every = correlate2d(a, b, mode="full")
            near = every[
                max(rows - 1 - shift, 0) : rows + shift,
                max(columns - 1 - shift, 0) : columns + shift,
            ]
            expected = np.sqrt(2 * (1 - min(near.max(), 1)))
            assert points.distances[i, j] == pytest.approx(expected, abs=1e-7)
    coordinates = points.coordinates(np.arange(8))
    np.testing.assert_allclose(points.measure.distances(coordinates), points.distances, atol=1e-7)


def test_without_a_shift_distances_on_cells_are_the_same():
    each = maps(Cells(5, 5, 9, 9), 10)
    plain, moved = (map_points([each], shift) for shift in (0, 1))
    assert (moved.distances <= plain.distances + 1e-9).all()
    np.testing.assert_allclose(np.linalg.norm(moved.cells, axis=1), np.ones(10), rtol=1e-12)


def test_blank_maps_are_no_points():
    each = maps(Cells(4, 4, 8, 8), 6)
    each.coefficients[[1, 4]] = 0
    for shift in (0, 1):
        points = map_points([each, each], shift)
        np.testing.assert_array_equal(points.inside, [0, 2, 3, 5, 6, 8, 9, 11])
        assert points.distances.shape == (8, 8)


@pytest.mark.parametrize(
    "unlike",
    [[Grid(3, 3, 8, 8)], [Cells(4, 4, 8, 8), Cells(2, 2, 8, 8)], [Cells(4, 4, 8, 8), Pixels(8, 8)]],
)
def test_maps_that_are_not_on_the_same_cells_are_not_moved(unlike):
    with pytest.raises(
        InputError, match="shift: 1 cells, but the maps are not all on the same cells"
    ):
        map_points([maps(basis) for basis in unlike], 1)


def test_one_pattern_in_several_places_is_one_cluster_by_shifts_and_several_without():
    random = np.random.default_rng(0)
    cross = np.array([[0, 1, 0], [1, -1, 1], [0, 1, 0]])
    corner = np.array([[1, 1, 1], [1, -1, 0], [1, 0, 0]])
    kind, place = np.arange(160) % 2, np.arange(160) // 2 % 4
    frames = 0.05 * random.normal(size=(160, 6, 6))
    for frame, k, where in zip(frames, kind, place, strict=True):
        row, column = 1 + where // 2, 1 + where % 2
        frame[row : row + 3, column : column + 3] += (cross, corner)[k]
    each = Maps(frames.reshape(160, 36), (Pixels(6, 6),))
    pair = ("knn", "symmetric")
    found = {}
    for shift in (0, 1):
        distances = map_points([each], shift).distances
        scales = ScaleSettings(neighbours=15).scales(distances)
        spectra = graph_spectra(distances, eigenvalue_count(None), scales, pairs=[pair])
        found[shift] = clusterings(distances, spectra, seed=0)[pair]
    assert found[1].number == 2
    assert agreement(found[1].clusters, kind) == 1
    assert found[0].number == 8
    assert agreement(found[0].clusters, kind + 2 * place) == 1
