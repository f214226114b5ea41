"""Similarities against the dense computation, scikit-learn and closed forms; what makes a distance."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel

from tests.support import dense
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.dissimilarity import DISSIMILARITIES, dissimilarity
from thinkalike.compare.geometry import complete, doubly_centred, geometry
from thinkalike.compare.maps import RESCALINGS, SIGNS, Maps, rescaled, with_sign
from thinkalike.compare.matrices import off_diagonal
from thinkalike.compare.similarity import BLANKS, METRICS, similarity, similarity_error
from thinkalike.compare.subsets import matching
from thinkalike.compare.summaries import Summary, mean_error, summarise
from thinkalike.errors import InputError

SIGMA = 0.357


def on_pixels(*vectors) -> list[Maps]:
    """One model per vector, one image of a row of pixels."""
    return [Maps(np.array([vector], float), (Pixels(1, len(vector)),)) for vector in vectors]


def random_models(images: int, count: int, seed: int) -> list[Maps]:
    cells = np.random.default_rng(seed).normal(size=(count, images, 12))
    return [Maps(model, (Grid(3, 4, 8, 8),)) for model in cells]


# ---- similarity ---------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [64, 224])
@pytest.mark.parametrize("rescaling", RESCALINGS)
@pytest.mark.parametrize("sign", SIGNS)
def test_native_bases_give_what_dense_maps_give_for_every_mixture_of_bases(side, rescaling, sign):
    models = dense.models(side, images=2, seed=side)
    native = [rescaled(with_sign(maps, sign), rescaling) for maps in models]
    pixels = [dense.rescaled(dense.rendered(dense.signed(m, sign)), rescaling) for m in models]
    cosine = similarity(native, "cosine")
    rbf = similarity(native, "rbf", sigma=SIGMA)
    for image in range(2):
        for a, b in combinations(range(len(models)), 2):
            x, y = pixels[a][image], pixels[b][image]
            expected = dense.cosine(x, y), dense.rbf(x, y, SIGMA)
            for cell in ((image, a, b), (image, b, a)):
                found = cosine[cell], rbf[cell]
                assert found == pytest.approx(expected, abs=1e-9, nan_ok=True), cell


def test_the_oracle_compares_maps_that_are_there():
    pixels = np.stack([dense.rendered(maps) for maps in dense.models(64, images=2, seed=64)])
    assert np.abs(pixels).max((2, 3)).min() > 0.01


def test_cosine_and_rbf_of_pixels_are_those_of_scikit_learn():
    cells = np.random.default_rng(1).normal(size=(5, 24))
    models = [Maps(row[None], (Pixels(4, 6),)) for row in cells]
    np.testing.assert_allclose(
        similarity(models, "cosine")[0], cosine_similarity(cells), atol=1e-14
    )
    np.testing.assert_allclose(
        similarity(models, "rbf", sigma=SIGMA)[0],
        rbf_kernel(cells, gamma=1 / (2 * SIGMA**2 * 24)),
        atol=1e-14,
    )


@pytest.mark.parametrize("side", [1, 8, 96])
def test_rbf_of_two_constant_maps_is_the_same_at_every_resolution(side):
    models = [Maps(np.array([[value]]), (Grid(1, 1, side, side),)) for value in (0.2, 0.9)]
    expected = np.exp(-(0.7**2) / (2 * SIGMA**2))
    assert similarity(models, "rbf", sigma=SIGMA)[0, 0, 1] == pytest.approx(expected, rel=1e-12)


def test_cosine_of_a_known_angle():
    models = on_pixels((1, 0, 0), (1, 1, 0), (-2, 0, 0), (0, 0, 5))
    half = np.sqrt(0.5)
    expected = [[1, half, -1, 0], [half, 1, -half, 0], [-1, -half, 1, 0], [0, 0, 0, 1]]
    np.testing.assert_allclose(similarity(models, "cosine")[0], expected, atol=1e-15)


@given(arrays(np.float64, (4, 6), elements=st.floats(-1e6, 1e6)), st.sampled_from(METRICS))
def test_similarities_have_a_unit_diagonal_stay_in_range_and_are_symmetric(cells, metric):
    assume((np.abs(cells).max(1) > 1e-6).all())
    values = similarity([Maps(row[None], (Grid(2, 3, 4, 6),)) for row in cells], metric)[0]
    np.testing.assert_array_equal(values.diagonal(), 1)
    assert (np.abs(values) <= 1).all()
    if metric == "rbf":
        assert (values >= 0).all()
    np.testing.assert_allclose(values, values.T, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_the_matrix_of_one_image_is_positive_semi_definite(metric):
    values = similarity(dense.models(side=24, images=3, seed=6), metric, sigma=SIGMA)
    assert np.linalg.eigvalsh(values).min() > -1e-10


@given(st.lists(st.floats(1e-6, 1e6), min_size=4, max_size=4))
def test_cosine_does_not_see_the_scale_of_a_map(scales):
    models = random_models(images=2, count=4, seed=2)
    scaled = [
        Maps(m.coefficients * scale, m.bases) for m, scale in zip(models, scales, strict=True)
    ]
    np.testing.assert_allclose(
        similarity(scaled, "cosine"), similarity(models, "cosine"), atol=1e-13
    )


def test_a_negated_map_has_the_negated_cosine():
    a, b = random_models(images=3, count=2, seed=3)
    negated = Maps(-b.coefficients, b.bases)
    np.testing.assert_array_equal(
        similarity([a, negated], "cosine")[:, 0, 1], -similarity([a, b], "cosine")[:, 0, 1]
    )


@pytest.mark.parametrize("metric", METRICS)
def test_similarity_follows_permutations_of_models_and_images(metric):
    models = random_models(images=5, count=4, seed=4)
    values = similarity(models, metric)
    order, images = [2, 0, 3, 1], [4, 1, 0, 3, 2]
    permuted = [Maps(models[i].coefficients[images], models[i].bases) for i in order]
    np.testing.assert_allclose(
        similarity(permuted, metric), values[images][:, order][:, :, order], atol=1e-14
    )


@pytest.mark.parametrize("metric", METRICS)
def test_another_model_changes_no_older_similarity(metric):
    models = dense.models(side=16, images=2, seed=7)
    fewer = similarity(models[:-1], metric)
    np.testing.assert_allclose(similarity(models, metric)[:, :-1, :-1], fewer, atol=1e-14)


@pytest.mark.parametrize("metric", METRICS)
def test_a_blank_map_makes_its_row_and_column_of_that_image_missing_and_nothing_else(metric):
    models = random_models(images=3, count=4, seed=5)
    there = similarity(models, metric)
    models[2].coefficients[1] = 0
    values = similarity(models, metric)
    missing = np.zeros(values.shape, bool)
    missing[1, 2, :] = missing[1, :, 2] = True
    np.testing.assert_array_equal(np.isnan(values), missing)
    np.testing.assert_array_equal(values[~missing], there[~missing])


def test_the_zero_convention_gives_a_blank_map_cosine_0_with_itself_too():
    models = on_pixels((1, 2), (0, 0), (2, 1))
    expected = [[1, 0, 0.8], [0, 0, 0], [0.8, 0, 1]]
    np.testing.assert_allclose(similarity(models, "cosine", blanks="zero")[0], expected, atol=1e-15)


def test_the_zero_convention_treats_a_blank_map_like_any_other_under_rbf():
    values = similarity(on_pixels((1, 2), (0, 0)), "rbf", sigma=2, blanks="zero")[0]
    expected = np.exp(-5 / (2 * 2**2 * 2))
    np.testing.assert_allclose(values, [[1, expected], [expected, 1]], rtol=1e-14)


@pytest.mark.parametrize("metric", METRICS)
def test_a_constant_map_is_blank_after_min_max(metric):
    flat, other = on_pixels((3, 3, 3), (1, 2, 3))
    values = similarity([rescaled(flat, "min_max"), rescaled(other, "min_max")], metric)[0]
    np.testing.assert_array_equal(np.isnan(values), [[True, True], [True, False]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("basis", [Grid(2, 2, 8, 8), Pixels(2, 2), Segments(np.arange(4)[None])])
def test_a_map_that_is_not_finite_is_refused_by_model_and_image(basis, value):
    fine = np.ones((2, 4))
    damaged = fine.copy()
    damaged[1, 2] = value
    bases = (basis, basis) if isinstance(basis, Segments) else (basis,)
    with (
        pytest.raises(InputError, match="model 1 for image 1 is not finite; explain that model"),
        np.errstate(invalid="ignore"),
    ):
        similarity([Maps(fine, bases), Maps(damaged, bases)], "cosine")


def test_an_unknown_metric_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=f"'ssim' is none of {', '.join(METRICS)}"):
        similarity(on_pixels((1, 2)), "ssim")


def test_an_unknown_convention_for_blank_maps_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=f"'keep' is none of {', '.join(BLANKS)}"):
        similarity(on_pixels((1, 2)), "cosine", blanks="keep")


# ---- matching and summarise ---------------------------------------------------------------------


def test_matching_is_where_two_models_predict_the_same_class():
    found = matching(np.array([[1, 1, 2], [0, 3, 0]]))
    assert found[0].tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    assert found[1].tolist() == [[True, False, True], [False, True, False], [True, False, True]]


values_with_holes = arrays(
    np.float64, (6, 3, 3), elements=st.one_of(st.floats(-1, 1), st.just(np.nan))
)


@settings(max_examples=50)
@given(values_with_holes, arrays(bool, (6, 3, 3)))
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom")
def test_a_summary_is_numpys_over_the_images_that_count(values, mask):
    summary = summarise(values, mask)
    counted = np.where(mask, values, np.nan)
    np.testing.assert_array_equal(summary.count, np.isfinite(counted).sum(0))
    np.testing.assert_allclose(summary.mean, np.nanmean(counted, 0), atol=1e-15)
    np.testing.assert_allclose(summary.deviation, np.nanstd(counted, 0, ddof=1), atol=1e-15)


def test_all_images_count_without_a_mask():
    values = np.random.default_rng(0).random((5, 2, 2))
    summary = summarise(values)
    np.testing.assert_array_equal(summary.count, 5)
    np.testing.assert_allclose(summary.mean, values.mean(0), rtol=1e-14)
    np.testing.assert_allclose(summary.deviation, values.std(0, ddof=1), rtol=1e-14)


def test_a_pair_without_an_image_is_missing_and_one_image_has_no_deviation():
    values = np.full((2, 2, 2), 0.5)
    mask = np.array([[[1, 0], [0, 1]], [[1, 0], [0, 0]]], bool)
    summary = summarise(values, mask)
    np.testing.assert_array_equal(summary.count, [[2, 0], [0, 1]])
    np.testing.assert_array_equal(summary.mean, [[0.5, np.nan], [np.nan, 0.5]])
    np.testing.assert_array_equal(summary.deviation, [[0, np.nan], [np.nan, np.nan]])


# ---- dissimilarity ------------------------------------------------------------------------------


def test_chord_is_the_root_mean_square_distance_between_unit_maps():
    models = dense.models(side=16, images=4, seed=8)
    chord = dissimilarity(summarise(similarity(models, "cosine")), "chord")
    pixels = np.stack([dense.rendered(maps).reshape(4, -1) for maps in models])
    unit = pixels / np.linalg.norm(pixels, axis=2, keepdims=True)
    expected = np.sqrt(((unit[:, None] - unit[None]) ** 2).sum(3).mean(2))
    np.testing.assert_allclose(chord, expected, atol=1e-7)


def test_rms_joins_the_distance_of_the_mean_and_the_deviation():
    values = np.ones((2, 2, 2))
    values[:, 0, 1] = values[:, 1, 0] = 0.5, 0.9
    rms = dissimilarity(summarise(values), "rms")
    np.testing.assert_allclose(rms, [[0, np.sqrt(0.17)], [np.sqrt(0.17), 0]], atol=1e-15)


@pytest.mark.parametrize("kind", DISSIMILARITIES)
def test_a_pair_without_an_image_in_common_has_no_dissimilarity(kind):
    values = np.ones((3, 2, 2))
    values[:, 0, 1] = values[:, 1, 0] = np.nan
    np.testing.assert_array_equal(
        dissimilarity(summarise(values), kind), [[0, np.nan], [np.nan, 0]]
    )


def test_a_mean_above_1_by_rounding_is_distance_0():
    assert dissimilarity(Summary(np.ones(1), np.array([1 + 1e-15]), np.zeros(1)), "chord") == 0


def test_an_unknown_dissimilarity_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=f"'angle' is none of {', '.join(DISSIMILARITIES)}"):
        dissimilarity(summarise(np.ones((2, 2, 2))), "angle")


# ---- geometry -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_chord_over_a_common_set_of_images_is_euclidean(metric):
    values = similarity(random_models(images=7, count=9, seed=9), metric, sigma=SIGMA)
    shape = geometry(dissimilarity(summarise(values), "chord"))
    assert shape.euclidean
    assert shape.triangle
    assert shape.missing == 0
    assert shape.models == 9


def test_rms_breaks_the_triangle_inequality():
    # Unit vectors at 0, 30 and 60 degrees, the same for both images, so that std = 0 and
    # D = 1 - cos: 0.5 from end to end, 0.134 for each half.
    turns = np.radians([0, 30, 60])
    models = [Maps(np.array([[np.cos(t), np.sin(t)]] * 2), (Pixels(1, 2),)) for t in turns]
    summary = summarise(similarity(models, "cosine"))
    shape = geometry(dissimilarity(summary, "rms"))
    assert not shape.triangle
    assert not shape.euclidean
    assert shape.worst_triangle == pytest.approx(0.5 - 2 * (1 - np.sqrt(0.75)))
    assert geometry(dissimilarity(summary, "chord")).euclidean


def test_images_that_differ_from_pair_to_pair_can_break_chord():
    values = np.stack([np.eye(3)] * 2)
    values[0, 0, 2] = values[0, 2, 0] = 1
    values[1, 1, 2] = values[1, 2, 1] = 1
    assert geometry(dissimilarity(summarise(values), "chord")).euclidean
    # 2 is like 0 on the one image that counts for the two, like 1 on the other: a way of length 0
    # from 0 to 1, which are nowhere alike
    mask = np.ones(values.shape, bool)
    mask[1, 0, 2] = mask[1, 2, 0] = mask[0, 1, 2] = mask[0, 2, 1] = False
    assert not geometry(dissimilarity(summarise(values, mask), "chord")).triangle


def test_a_detour_that_is_shorter_is_found_with_its_length():
    matrix = np.array([[0, 1, 4], [1, 0, 2], [4, 2, 0]], float)
    shape = geometry(matrix)
    assert not shape.triangle
    assert not shape.euclidean
    assert shape.worst_triangle == 1


def test_a_metric_without_points_is_not_euclidean():
    # Three leaves at distance 1 from a centre and 2 from each other: in Euclidean space the centre
    # would have to be half-way between each two of them.
    matrix = np.full((4, 4), 2.0)
    matrix[0] = matrix[:, 0] = 1
    np.fill_diagonal(matrix, 0)
    shape = geometry(matrix)
    assert shape.triangle
    assert not shape.euclidean
    # by hand: -1/2 J D^2 J has the eigenvalues 2, 2, 0 and -1/4
    assert shape.smallest_eigenvalue == pytest.approx(-1 / 8)


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
@pytest.mark.parametrize("dimensions", [1, 2, 5])
def test_distances_of_points_are_euclidean_at_every_scale(dimensions, scale):
    points = scale * np.random.default_rng(dimensions).normal(size=(8, dimensions))
    shape = geometry(np.linalg.norm(points[:, None] - points[None], axis=2))
    assert shape.euclidean
    assert shape.triangle


@given(arrays(np.float64, 10, elements=st.floats(0.01, 10)))
def test_the_triangle_inequality_is_checked_over_all_triples(cells):
    matrix = np.zeros((5, 5))
    matrix[np.triu_indices(5, 1)] = cells
    matrix += matrix.T
    gaps = [matrix[a, b] - matrix[a, c] - matrix[c, b] for a, b, c in permutations(range(5), 3)]
    shape = geometry(matrix)
    assert shape.worst_triangle == pytest.approx(max(0, *gaps), abs=1e-12)
    assert shape.triangle == (max(gaps) <= 1e-8 * matrix.max())


def test_a_diagonal_that_is_not_zero_makes_no_distance():
    # the zero convention: a model that is often blank is unlike itself
    values = similarity(on_pixels((1, 2), (0, 0), (2, 1)), "cosine", blanks="zero")
    shape = geometry(dissimilarity(summarise(values), "chord"))
    assert not shape.euclidean
    assert not shape.triangle


def test_missing_cells_are_counted_above_the_diagonal_and_their_models_left_out():
    points = np.random.default_rng(0).normal(size=(5, 2))
    matrix = np.linalg.norm(points[:, None] - points[None], axis=2)
    for a, b in ((1, 3), (2, 3)):
        matrix[a, b] = matrix[b, a] = np.nan
    shape = geometry(matrix)
    assert (shape.missing, shape.models) == (2, 4)
    assert shape.euclidean


def test_fewer_than_two_models_have_no_geometry():
    shape = geometry(np.array([[0, np.nan], [np.nan, 0]]))
    assert (shape.models, shape.missing) == (1, 1)
    assert not shape.euclidean
    assert not shape.triangle


# ---- complete, doubly_centred, off_diagonal -----------------------------------------------------


def test_complete_keeps_everything_where_nothing_is_missing():
    assert complete(np.ones((4, 4))).tolist() == [0, 1, 2, 3]


def test_complete_drops_the_model_with_most_missing_cells():
    matrix = np.ones((4, 4))
    matrix[1, [0, 2, 3]] = matrix[[0, 2, 3], 1] = np.nan
    assert complete(matrix).tolist() == [0, 2, 3]


def test_complete_drops_the_later_of_equals():
    matrix = np.ones((4, 4))
    matrix[1, 2] = matrix[2, 1] = np.nan
    assert complete(matrix).tolist() == [0, 1, 3]


def test_complete_drops_a_model_that_is_blank_on_all_images():
    matrix = np.ones((3, 3))
    matrix[0, :] = matrix[:, 0] = np.nan
    assert complete(matrix).tolist() == [1, 2]


@given(arrays(bool, (6, 6)))
def test_complete_leaves_no_hole(holes):
    matrix = np.where(np.triu(holes, 1) | np.triu(holes, 1).T, np.nan, 1.0)
    keep = complete(matrix)
    assert not np.isnan(matrix[np.ix_(keep, keep)]).any()
    assert len(keep) >= 1


def test_double_centring_gives_inner_products_about_the_mean():
    points = np.random.default_rng(3).normal(size=(6, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    centred = points - points.mean(0)
    np.testing.assert_allclose(doubly_centred(distances), centred @ centred.T, atol=1e-13)


def test_off_diagonal_reads_the_cells_above_the_diagonal_row_by_row():
    assert off_diagonal(np.arange(16).reshape(4, 4)).tolist() == [1, 2, 3, 6, 7, 11]


@given(st.integers(0, 2**32 - 1), st.integers(2, 9))
def test_complete_leaves_out_no_model_that_would_fit(seed, size):
    random = np.random.default_rng(seed)
    holes = np.triu(random.random((size, size)) < 0.25, 1)
    matrix = np.where(holes | holes.T, np.nan, 1.0)
    keep = complete(matrix)
    assert not np.isnan(matrix[np.ix_(keep, keep)]).any()
    for model in set(range(size)) - set(keep.tolist()):
        larger = [*keep.tolist(), model]
        assert np.isnan(matrix[np.ix_(larger, larger)]).any()


# ---- similarity_error, mean_error ---------------------------------------------------------------


def as_they_are(maps: Maps) -> Maps:
    return maps


def draws_of(maps: Maps, count: int, seed: int, spread: float = 0.3) -> np.ndarray:
    """(N, R, K), about the map."""
    images, size = maps.coefficients.shape
    noise = np.random.default_rng(seed).normal(0, spread, (images, count, size))
    return maps.coefficients[:, None] + noise


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("sign", "rescaling"), [("signed", "none"), ("positive", "max_abs")])
def test_the_error_of_a_similarity_is_its_spread_over_draws(metric, sign, rescaling):
    """For every mixture of bases, with draws and without, against dense maps."""
    models = dense.models(16, images=2, seed=5)
    draws = [draws_of(m, 4, seed) if seed % 3 else None for seed, m in enumerate(models)]
    found = similarity_error(
        models, draws, lambda m: rescaled(with_sign(m, sign), rescaling), metric, sigma=SIGMA
    )
    assert found.shape == (2, len(models), len(models))

    def pixels(model: int, draw: int) -> np.ndarray:
        array = draws[model]
        maps = models[model]
        if array is not None:
            maps = Maps(array[:, draw], maps.bases)
        return dense.rescaled(dense.rendered(dense.signed(maps, sign)), rescaling)

    for image in range(2):
        for a, b in combinations(range(len(models)), 2):
            pairs = [(pixels(a, r)[image], pixels(b, r)[image]) for r in range(4)]
            match metric:
                case "cosine":
                    values = [dense.cosine(x, y) for x, y in pairs]
                case "rbf":
                    values = [dense.rbf(x, y, SIGMA) for x, y in pairs]
            expected = np.std(values, ddof=1)
            for cell in ((image, a, b), (image, b, a)):
                assert found[cell] == pytest.approx(expected, rel=1e-5, abs=1e-12, nan_ok=True)
            # of one cell that is positive in every draw there is but one direction
            if models[a].coefficients.shape[1] > 1 < models[b].coefficients.shape[1]:
                exact = draws[a] is None and draws[b] is None
                assert (expected < 1e-12) == exact


@pytest.mark.parametrize("angle", [0.3, 1.2, 2.0])
def test_a_small_error_of_one_map_turns_into_that_of_the_cosine(angle):
    """cos(θ + ε) has the standard deviation sin θ · ε."""
    fixed, turned = on_pixels([1, 0], [np.cos(angle), np.sin(angle)])
    away = np.random.default_rng(0).normal(0, 1e-4, 50)
    draws = np.stack([np.cos(angle + away), np.sin(angle + away)], 1)[None]
    found = similarity_error([fixed, turned], [None, draws], as_they_are, "cosine")
    assert found[0, 0, 1] == pytest.approx(np.sin(angle) * away.std(ddof=1), rel=1e-3)


def test_errors_that_two_maps_share_are_none_of_their_similarity():
    (maps,) = on_pixels([1.0, 2.0, -0.5])
    draws, other = draws_of(maps, 6, 0), draws_of(maps, 6, 1)
    same = similarity_error([maps, maps], [draws, 3 * draws], as_they_are, "cosine")
    np.testing.assert_allclose(same, 0, atol=1e-12)
    apart = similarity_error([maps, maps], [draws, other], as_they_are, "cosine")
    assert apart[0, 0, 1] > 0.01


def test_maps_without_draws_are_exact():
    models = random_models(3, 4, 0)
    found = similarity_error(models, [None] * 4, as_they_are, "cosine")
    np.testing.assert_array_equal(found, np.zeros((3, 4, 4)))


def test_the_similarity_of_a_map_with_itself_has_no_error():
    models = random_models(3, 2, 0)
    draws = [draws_of(m, 5, seed) for seed, m in enumerate(models)]
    for metric in METRICS:
        found = similarity_error(models, draws, as_they_are, metric)
        np.testing.assert_array_equal(found.diagonal(axis1=1, axis2=2), 0)
        assert found[:, 0, 1].min() > 0


def test_as_many_draws_are_used_as_all_have():
    models = random_models(2, 3, 0)
    draws = [draws_of(m, count, 7) for m, count in zip(models, (9, 4, 6), strict=True)]
    found = similarity_error(models, draws, as_they_are, "cosine")
    expected = similarity_error(models, [d[:, :4] for d in draws], as_they_are, "cosine")
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("blanks", BLANKS)
def test_a_draw_without_a_direction_leaves_no_error_unless_it_counts_as_zero(blanks):
    models = on_pixels([1.0, 2.0], [2.0, 1.0], [1.0, 1.0])
    draws = [np.array([[[1.0, 2.0], [0.0, 0.0], [2.0, 1.0]]]), None, None]
    found = similarity_error(models, draws, as_they_are, "cosine", blanks=blanks)[0]
    assert found[1, 2] == pytest.approx(0, abs=1e-12)
    if blanks == "exclude":
        assert np.isnan(found[0]).all()
        assert np.isnan(found[:, 0]).all()
    else:
        expected = np.std([4 / 5, 0, 1], ddof=1)
        assert found[0, 1] == found[1, 0] == pytest.approx(expected)


def test_the_bandwidth_counts_for_errors_too():
    models = random_models(2, 2, 0)
    draws = [draws_of(m, 5, seed) for seed, m in enumerate(models)]
    narrow, wide = (
        similarity_error(models, draws, as_they_are, "rbf", sigma=sigma)[:, 0, 1]
        for sigma in (1.0, 10.0)
    )
    # exp(−d/2σ²) of a d that is small beside σ²: a hundred times less for ten times the bandwidth
    assert np.all((narrow > 20 * wide) & (wide > 0))


errors_and_masks = st.tuples(
    arrays(float, (5, 3, 3), elements=st.floats(0, 10) | st.just(np.nan)), arrays(bool, (5, 3, 3))
)


@given(errors_and_masks, st.booleans())
def test_the_error_of_a_mean_is_that_of_a_sum_of_independent_errors(both, masked):
    errors, mask = both
    found = mean_error(errors, mask) if masked else mean_error(errors)
    for a, b in permutations(range(3), 2):
        cells = [
            e for e, use in zip(errors[:, a, b], mask[:, a, b], strict=True) if use or not masked
        ]
        cells = [e for e in cells if not np.isnan(e)]
        if cells:
            expected = sum(e**2 for e in cells) ** 0.5 / len(cells)
            assert found[a, b] == pytest.approx(expected)
        else:
            assert np.isnan(found[a, b])


@pytest.mark.filterwarnings("error")
def test_a_pair_without_an_image_has_no_error_and_no_warning():
    errors = np.full((4, 2, 2), 0.5)
    errors[:, 0, 1] = np.nan
    found = mean_error(errors, np.arange(4)[:, None, None] < np.array([[4, 4], [0, 2]]))
    np.testing.assert_allclose(found, [[0.25, np.nan], [np.nan, 0.5 / 2**0.5]])
