"""Similarities against the dense computation, scikit-learn and closed forms."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel

from tests.support import dense
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import RESCALINGS, SIGNS, Maps, rescaled, with_sign
from thinkalike.compare.similarity import BLANKS, METRICS, Noise, similarity, similarity_noise
from thinkalike.errors import InputError

SIGMA = 0.357


def on_pixels(*vectors) -> list[Maps]:
    """One model per vector, one image of a row of pixels."""
    return [Maps(np.array([vector], float), (Pixels(1, len(vector)),)) for vector in vectors]


def random_models(images: int, count: int, seed: int) -> list[Maps]:
    cells = np.random.default_rng(seed).normal(size=(count, images, 12))
    return [Maps(model, (Grid(3, 4, 8, 8),)) for model in cells]


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


# ---- standard errors ----------------------------------------------------------------------------


def as_they_are(maps: Maps) -> Maps:
    return maps


def draws_of(maps: Maps, count: int, seed: int, spread: float = 0.3) -> np.ndarray:
    """(N, R, K), about the map."""
    images, size = maps.coefficients.shape
    noise = np.random.default_rng(seed).normal(0, spread, (images, count, size))
    return maps.coefficients[:, None] + noise


def noise_of(models, draws, prepare, metric: str, **settings) -> Noise:
    values = similarity([prepare(maps) for maps in models], metric, **settings)
    return similarity_noise(values, models, draws, prepare, metric, **settings)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("sign", "rescaling"), [("signed", "none"), ("positive", "max_abs")])
def test_errors_and_biases_are_the_spread_and_the_shift_over_draws(metric, sign, rescaling):
    """For every mixture of bases, with draws and without, against dense maps."""
    models = dense.models(16, images=2, seed=5)
    draws = [draws_of(m, 4, seed) if seed % 3 else None for seed, m in enumerate(models)]
    settings = {"sigma": SIGMA} if metric == "rbf" else {}
    found = noise_of(
        models, draws, lambda m: rescaled(with_sign(m, sign), rescaling), metric, **settings
    )
    assert found.error.shape == found.bias.shape == (2, len(models), len(models))

    def pixels(model: int, draw: int | None) -> np.ndarray:
        array = draws[model]
        maps = models[model]
        if array is not None and draw is not None:
            maps = Maps(array[:, draw], maps.bases)
        return dense.rescaled(dense.rendered(dense.signed(maps, sign)), rescaling)

    for image in range(2):
        for a, b in combinations(range(len(models)), 2):
            of_draws = [(pixels(a, r)[image], pixels(b, r)[image]) for r in (None, 0, 1, 2, 3)]
            match metric:
                case "cosine":
                    value, *values = [dense.cosine(x, y) for x, y in of_draws]
                case "rbf":
                    value, *values = [dense.rbf(x, y, SIGMA) for x, y in of_draws]
            expected = np.std(values, ddof=1), np.mean(values) - value
            for cell in ((image, a, b), (image, b, a)):
                for part, number in zip((found.error, found.bias), expected, strict=True):
                    assert part[cell] == pytest.approx(number, rel=1e-5, abs=1e-12, nan_ok=True)
            # of one cell that is positive in every draw there is but one direction
            if models[a].coefficients.shape[1] > 1 < models[b].coefficients.shape[1]:
                exact = draws[a] is None and draws[b] is None
                assert (expected[0] < 1e-12) == exact


@pytest.mark.parametrize("angle", [0.3, 1.2, 2.0])
def test_a_small_error_of_one_map_turns_into_that_of_the_cosine(angle):
    """cos(θ + ε) has the standard deviation sin θ · ε."""
    fixed, turned = on_pixels([1, 0], [np.cos(angle), np.sin(angle)])
    away = np.random.default_rng(0).normal(0, 1e-4, 50)
    draws = np.stack([np.cos(angle + away), np.sin(angle + away)], 1)[None]
    found = noise_of([fixed, turned], [None, draws], as_they_are, "cosine").error
    assert found[0, 0, 1] == pytest.approx(np.sin(angle) * away.std(ddof=1), rel=1e-3)


def test_errors_that_two_maps_share_are_none_of_their_similarity():
    (maps,) = on_pixels([1.0, 2.0, -0.5])
    draws, other = draws_of(maps, 6, 0), draws_of(maps, 6, 1)
    same = noise_of([maps, maps], [draws, 3 * draws], as_they_are, "cosine").error
    np.testing.assert_allclose(same, 0, atol=1e-12)
    apart = noise_of([maps, maps], [draws, other], as_they_are, "cosine").error
    assert apart[0, 0, 1] > 0.01


def test_maps_without_draws_are_exact():
    models = random_models(3, 4, 0)
    found = noise_of(models, [None] * 4, as_they_are, "cosine")
    np.testing.assert_array_equal(found.error, np.zeros((3, 4, 4)))
    np.testing.assert_array_equal(found.bias, np.zeros((3, 4, 4)))


def test_the_similarity_of_a_map_with_itself_has_no_error():
    models = random_models(3, 2, 0)
    draws = [draws_of(m, 5, seed) for seed, m in enumerate(models)]
    for metric in METRICS:
        found = noise_of(models, draws, as_they_are, metric).error
        np.testing.assert_array_equal(found.diagonal(axis1=1, axis2=2), 0)
        assert found[:, 0, 1].min() > 0


@pytest.mark.parametrize("shared", [0.0, 0.9])
@pytest.mark.parametrize("metric", METRICS)
def test_the_bias_is_what_noise_does_to_a_mean_similarity(metric, shared):
    """Maps with noise of a tenth of their squares, in part the same for both: simulated truth."""
    random = np.random.default_rng(0)
    images, cells, share = 400, 40, 0.1
    base, own = random.normal(size=(2, images, cells))
    truth = [base, 0.8 * base + 0.6 * own]

    def noise(*shape: int) -> list[np.ndarray]:
        common, *each = random.normal(0, np.sqrt(share), (3, *shape, cells))
        return [np.sqrt(shared) * common + np.sqrt(1 - shared) * part for part in each]

    def maps(arrays: list[np.ndarray]) -> list[Maps]:
        return [Maps(array, (Pixels(1, cells),) * images) for array in arrays]

    noisy = [a + e for a, e in zip(truth, noise(images), strict=True)]
    draws = [a[:, None] + e for a, e in zip(noisy, noise(images, 8), strict=True)]
    true, values = (similarity(maps(each), metric)[:, 0, 1] for each in (truth, noisy))
    found = noise_of(maps(noisy), draws, as_they_are, metric).bias[:, 0, 1]
    missed = values - true
    left = missed - found
    assert abs(left.mean()) < 4 * left.std() / np.sqrt(images) + 0.1 * abs(missed.mean())
    if not shared:
        assert missed.mean() < -0.02


def test_as_many_draws_are_used_as_all_have():
    models = random_models(2, 3, 0)
    draws = [draws_of(m, count, 7) for m, count in zip(models, (9, 4, 6), strict=True)]
    found = noise_of(models, draws, as_they_are, "cosine").error
    expected = noise_of(models, [d[:, :4] for d in draws], as_they_are, "cosine").error
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("blanks", BLANKS)
def test_a_draw_without_a_direction_leaves_no_error_unless_it_counts_as_zero(blanks):
    models = on_pixels([1.0, 2.0], [2.0, 1.0], [1.0, 1.0])
    draws = [np.array([[[1.0, 2.0], [0.0, 0.0], [2.0, 1.0]]]), None, None]
    found = noise_of(models, draws, as_they_are, "cosine", blanks=blanks).error[0]
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
        noise_of(models, draws, as_they_are, "rbf", sigma=sigma).error[:, 0, 1]
        for sigma in (1.0, 10.0)
    )
    # exp(−d/2σ²) of a d that is small beside σ²: a hundred times less for ten times the bandwidth
    assert np.all((narrow > 20 * wide) & (wide > 0))
