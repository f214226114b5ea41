"""Maps in their native bases against the same maps rendered by torch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.support import dense
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import (
    RESCALINGS,
    SIGNS,
    Maps,
    blank,
    extremes,
    render,
    rescaled,
    with_sign,
)
from thinkalike.compare.pooling import pooled
from thinkalike.compare.products import all_inner_products, gram, inner_products
from thinkalike.errors import InputError

STRIPES = Segments(np.repeat(np.array([[0, 1, 1, 2]], np.int16), 4, 0))
SQUARES = Segments(np.array([[0, 1], [2, 3]], np.int16))
BASES = (Pixels(4, 4), Grid(2, 3, 4, 4), STRIPES)


def unit_maps(basis) -> Maps:
    """One map for each basis function."""
    bases = (basis,) * basis.size if isinstance(basis, Segments) else (basis,)
    return Maps(np.eye(basis.size), bases)


def columns(basis) -> np.ndarray:
    """U, rendered by torch: (pixels, K)."""
    return dense.rendered(unit_maps(basis)).reshape(basis.size, -1).T


sides = st.integers(1, 12)


@given(rows=sides, cols=sides, height=st.integers(1, 40), width=st.integers(1, 40))
def test_a_grid_renders_as_torch_interpolates_it(rows, cols, height, width):
    cells = np.random.default_rng(rows * 13 + cols).normal(size=(1, rows * cols))
    maps = Maps(cells, (Grid(rows, cols, height, width),))
    np.testing.assert_allclose(render(maps, 0), dense.rendered(maps)[0], rtol=0, atol=1e-12)


def test_segments_render_as_indexing_by_their_labels():
    labels = np.array([[0, 0, 2], [1, 2, 2]], np.int16)
    maps = Maps(np.array([[5.0, -1.0, 7.0]]), (Segments(labels),))
    np.testing.assert_array_equal(render(maps, 0), [[5, 5, 7], [-1, 7, 7]])


def test_pixels_render_in_row_major_order():
    maps = Maps(np.arange(6.0)[None], (Pixels(2, 3),))
    np.testing.assert_array_equal(render(maps, 0), [[0, 1, 2], [3, 4, 5]])


@pytest.mark.parametrize("basis", [*BASES, Grid(1, 1, 5, 3), Grid(9, 2, 4, 4)])
def test_every_basis_reproduces_constants(basis):
    np.testing.assert_allclose(basis.synthesis() @ np.ones(basis.size), 1, rtol=1e-15)


@given(
    rows=sides,
    cols=sides,
    factor=st.sampled_from([(1, 1), (2, 4), (8, 2), (16, 1)]),
    data=st.data(),
)
def test_extremes_of_a_grid_are_exactly_those_of_its_pixels(rows, cols, factor, data):
    # Frames of a power of two times the grid have dyadic weights: with whole numbers as
    # coefficients no operation rounds, and equal means equal.
    cells = data.draw(arrays(np.float64, (2, rows * cols), elements=st.integers(-9, 9)))
    maps = Maps(cells, (Grid(rows, cols, rows * factor[0], cols * factor[1]),))
    pixels = dense.rendered(maps)
    low, high = extremes(maps)
    np.testing.assert_array_equal(low, pixels.min((1, 2)))
    np.testing.assert_array_equal(high, pixels.max((1, 2)))


@given(rows=sides, cols=sides, height=st.integers(1, 40), width=st.integers(1, 40))
def test_extremes_of_a_grid_are_those_of_its_pixels_in_any_frame(rows, cols, height, width):
    cells = np.random.default_rng(height * 41 + width).normal(size=(2, rows * cols))
    maps = Maps(cells, (Grid(rows, cols, height, width),))
    pixels = dense.rendered(maps)
    np.testing.assert_allclose(extremes(maps), [pixels.min((1, 2)), pixels.max((1, 2))], atol=1e-12)


def test_extremes_leave_the_padding_of_segments_out():
    two = Segments(np.array([[0, 1]], np.int16))
    three = Segments(np.array([[0, 1], [2, 2]], np.int16).reshape(1, 4))
    maps = Maps(np.array([[3.0, 4.0, np.nan], [-7.0, 2.0, 9.0]]), (two, three))
    low, high = extremes(maps)
    assert low.tolist() == [3, -7]
    assert high.tolist() == [4, 9]


@pytest.mark.parametrize("a", BASES)
@pytest.mark.parametrize("b", BASES)
def test_gram_holds_the_inner_products_of_the_rendered_basis_functions(a, b):
    np.testing.assert_allclose(gram(a, b).toarray(), columns(a).T @ columns(b), atol=1e-14)


def test_gram_of_a_segmentation_is_the_diagonal_of_its_areas():
    np.testing.assert_array_equal(gram(STRIPES, STRIPES).toarray(), np.diag([4, 8, 4]))


@pytest.mark.parametrize("other", [Pixels(4, 5), Grid(2, 2, 5, 4)])
def test_maps_in_different_frames_are_not_compared(other):
    with pytest.raises(ValueError, match=r"cannot be compared.*render both in one frame"):
        gram(Pixels(4, 4), other)


def test_inner_products_equal_the_dense_ones_for_every_mixture_of_bases():
    models = dense.models(side=64, images=2, seed=0)
    pixels = np.stack([dense.rendered(maps) for maps in models], 1).reshape(2, len(models), -1)
    np.testing.assert_allclose(
        inner_products(models), pixels @ pixels.transpose(0, 2, 1), rtol=1e-10, atol=1e-8
    )


def test_inner_products_are_symmetric_and_positive_semi_definite():
    products = inner_products(dense.models(side=32, images=3, seed=1))
    np.testing.assert_allclose(products, products.transpose(0, 2, 1), rtol=1e-12, atol=1e-10)
    eigenvalues = np.linalg.eigvalsh(products)
    assert (eigenvalues[:, 0] > -1e-12 * eigenvalues[:, -1]).all()


def test_inner_products_follow_a_permutation_of_the_models():
    models = dense.models(side=16, images=2, seed=2)
    order = np.random.default_rng(0).permutation(len(models))
    permuted = inner_products([models[i] for i in order])
    np.testing.assert_allclose(
        permuted, inner_products(models)[:, order][:, :, order], rtol=1e-12, atol=1e-12
    )


def test_inner_products_follow_a_permutation_of_the_images():
    def reordered(maps):
        bases = maps.bases if len(maps.bases) == 1 else tuple(maps.bases[i] for i in (2, 0, 1))
        return Maps(maps.coefficients[[2, 0, 1]], bases)

    models = dense.models(side=16, images=3, seed=3)
    np.testing.assert_allclose(
        inner_products([reordered(maps) for maps in models]),
        inner_products(models)[[2, 0, 1]],
        rtol=1e-12,
        atol=1e-12,
    )


def test_a_grid_for_each_image_is_rendered_in_that_grid():
    cells = np.array([[1.0, -2.0, 3.0, 5.0], [4.0, 0.0, -1.0, 2.0]])
    maps = Maps(cells, (Grid(2, 2, 8, 8), Grid(1, 4, 8, 8)))
    pixels = dense.rendered(maps)
    np.testing.assert_allclose(inner_products([maps])[:, 0, 0], (pixels**2).sum((1, 2)), rtol=1e-12)
    np.testing.assert_allclose(extremes(maps), [pixels.min((1, 2)), pixels.max((1, 2))], atol=1e-12)


def test_a_single_image_with_padding_is_compared_without_it():
    # a slice of a file whose other images have more segments
    maps = Maps(np.array([[2.0, 3.0, np.nan]]), (Segments(np.array([[0, 1, 1, 1]])),))
    assert inner_products([maps, maps])[0].tolist() == [[31, 31], [31, 31]]
    assert [bound.tolist() for bound in extremes(maps)] == [[2], [3]]


def test_float32_coefficients_are_multiplied_in_double_precision():
    cells = np.full((1, 64 * 64), 0.1, np.float32)
    exact = 64 * 64 * float(np.float32(0.1)) ** 2
    product = inner_products([Maps(cells, (Pixels(64, 64),))])
    assert product.dtype == np.float64
    assert product.item() == pytest.approx(exact, rel=1e-14)


def test_one_basis_or_one_for_each_map_is_needed():
    with pytest.raises(ValueError, match="2 bases for 3 maps"):
        Maps(np.zeros((3, 4)), (Pixels(2, 2), Pixels(2, 2)))


def test_a_row_has_no_padding():
    maps = Maps(np.array([[1.0, 2.0, np.nan]]), (Segments(np.array([[0, 1]])),))
    assert maps.row(0).tolist() == [1, 2]


def test_signs_keep_drop_or_fold_the_negative_part():
    maps = Maps(np.array([[-2.0, 0.0, 3.0]]), (Segments(np.array([[0, 1, 2]])),))
    assert with_sign(maps, "signed").coefficients.tolist() == [[-2, 0, 3]]
    assert with_sign(maps, "positive").coefficients.tolist() == [[0, 0, 3]]
    assert with_sign(maps, "absolute").coefficients.tolist() == [[2, 0, 3]]


def test_the_sign_is_taken_before_upsampling():
    maps = Maps(np.array([[-1.0, 1.0]]), (Grid(1, 2, 1, 4),))
    # the pixels are -1, -1/2, 1/2, 1: their positive part is not what upsampling 0, 1 gives
    np.testing.assert_allclose(render(with_sign(maps, "positive"), 0), [[0, 0.25, 0.75, 1]])


def test_an_unknown_sign_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=f"'negative' is none of {', '.join(SIGNS)}"):
        with_sign(Maps(np.zeros((1, 4)), (Pixels(2, 2),)), "negative")


def test_an_unknown_rescaling_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=f"'zscore' is none of {', '.join(RESCALINGS)}"):
        rescaled(Maps(np.zeros((1, 4)), (Pixels(2, 2),)), "zscore")


@pytest.mark.parametrize("rescaling", RESCALINGS)
def test_rescaling_coefficients_rescales_the_rendered_map(rescaling):
    for maps in dense.models(side=20, images=3, seed=4):
        expected = dense.rescaled(dense.rendered(maps), rescaling)
        pixels = dense.rendered(rescaled(maps, rescaling))
        np.testing.assert_allclose(pixels, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rescaling", ["min_max", "max_abs"])
def test_rescaling_looks_at_one_map_only(rescaling):
    for maps in dense.models(side=16, images=3, seed=5):
        together = rescaled(maps, rescaling).coefficients
        for i in range(3):
            alone = Maps(maps.coefficients[[i]], (maps.basis(i),))
            np.testing.assert_array_equal(rescaled(alone, rescaling).coefficients[0], together[i])


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3))
def test_min_max_does_not_see_an_affine_change(scale, shift):
    cells = np.random.default_rng(0).normal(size=(2, 12))
    basis = (Grid(3, 4, 16, 16),)
    changed = rescaled(Maps(scale * cells + shift, basis), "min_max").coefficients
    expected = rescaled(Maps(cells, basis), "min_max").coefficients
    # the shift costs the digits that it pushes out
    accuracy = 1e-15 * (1 + abs(shift) / scale)
    np.testing.assert_allclose(changed, expected, rtol=0, atol=20 * accuracy)


@given(scale=st.floats(1e-3, 1e3))
def test_max_abs_keeps_zero_and_signs_and_does_not_see_the_scale(scale):
    cells = np.array([[0.0, -3.0, 1.0, 2.0]])
    changed = rescaled(Maps(scale * cells, (Pixels(2, 2),)), "max_abs").coefficients
    np.testing.assert_allclose(changed, [[0, -1, 1 / 3, 2 / 3]], rtol=1e-14)


@pytest.mark.parametrize("basis", [*BASES, Grid(3, 3, 7, 5)])
@pytest.mark.parametrize("value", [0.1, -3e4, 1e-30])
def test_a_constant_map_is_blank_after_min_max_but_not_after_max_abs(basis, value):
    maps = Maps(np.full((1, basis.size), value, np.float32), (basis,))
    assert not blank(maps).any()
    assert blank(rescaled(maps, "min_max")).all()
    pixels = dense.rendered(rescaled(maps, "max_abs"))
    np.testing.assert_allclose(pixels, np.sign(value), rtol=1e-12)


def test_rounding_of_float32_does_not_make_a_constant_map_a_picture():
    cells = np.full((1, 16), 0.1, np.float32)
    cells[0, 3] = np.nextafter(cells[0, 3], np.float32(1))
    assert blank(rescaled(Maps(cells, (Grid(4, 4, 8, 8),)), "min_max")).all()


@pytest.mark.parametrize("size", [1e-30, 1.0, -250.0])
@pytest.mark.parametrize(("span", "empty"), [(0.9e-6, True), (1.2e-6, False)])
def test_a_map_is_constant_up_to_a_millionth_of_its_size_in_memory_and_from_a_file(
    size, span, empty
):
    cells = size * np.array([[1, 1, 1 - span, 1 - span]])
    for coefficients in (cells, cells.astype(np.float32)):
        for maps in (Maps(coefficients, (Pixels(2, 2),)), Maps(coefficients, (SQUARES,))):
            assert blank(rescaled(maps, "min_max")).tolist() == [empty]
            assert blank(rescaled(pooled(maps, 2), "min_max")).tolist() == [empty]


@pytest.mark.parametrize("rescaling", RESCALINGS)
@pytest.mark.parametrize("basis", BASES)
def test_a_map_of_zeros_stays_blank_and_finite(basis, rescaling):
    maps = rescaled(Maps(np.zeros((1, basis.size)), (basis,)), rescaling)
    assert blank(maps).tolist() == [True]
    assert np.isfinite(maps.coefficients).all()


def test_blank_looks_past_the_padding_and_at_every_coefficient():
    segments = Segments(np.array([[0, 1]])), Segments(np.array([[0, 1, 2]]).reshape(1, 3))
    cells = np.array([[0.0, 0.0, np.nan], [0.0, 0.0, 1e-300]])
    assert blank(Maps(cells, segments)).tolist() == [True, False]


GAP = Segments(np.array([[0, 0, 2, 4]], np.int16))
"""No pixel has the labels 1 and 3: an image that was moved has lost its superpixels at the edge."""


@pytest.mark.parametrize("absent", [9.0, -9.0, 0.0, np.nan])
@pytest.mark.parametrize("rescaling", RESCALINGS)
def test_a_segment_without_pixels_does_not_count_for_the_range_of_its_map(rescaling, absent):
    cells = np.array([[1.0, absent, 2.0, absent, 5.0], [-4.0, absent, 2.0, absent, 0.0]])
    maps = Maps(cells, (GAP, GAP))
    low, high = extremes(maps)
    assert (low.tolist(), high.tolist()) == ([1, -4], [5, 2])
    found = rescaled(maps, rescaling)
    pixels = np.stack([render(found, i) for i in range(2)])
    rendered = np.stack([render(maps, i) for i in range(2)])
    np.testing.assert_allclose(pixels, dense.rescaled(rendered, rescaling), atol=1e-15)


def test_a_map_is_blank_whatever_a_segment_without_pixels_has():
    cells = np.array([[0.0, 7.0, 0.0, np.nan, 0.0], [0.0, 7.0, 1.0, 0.0, 0.0]])
    assert blank(Maps(cells, (GAP, GAP))).tolist() == [True, False]


def test_a_segment_without_pixels_is_in_no_inner_product():
    cells = np.array([[1.0, np.nan, 2.0, 6.0, 5.0]])
    maps = Maps(cells, (GAP,))
    pixels = Maps(render(maps, 0).reshape(1, -1), (Pixels(1, 4),))
    np.testing.assert_allclose(inner_products([maps, maps, pixels])[0], 1 + 1 + 4 + 25)


@pytest.mark.parametrize(
    "change", [lambda m: with_sign(m, "absolute"), lambda m: rescaled(m, "min_max")]
)
def test_the_maps_that_are_given_stay_as_they_are(change):
    cells = np.array([[-1.0, 2.0, 3.0, -4.0]])
    maps = Maps(cells.copy(), (Pixels(2, 2),))
    assert (change(maps).coefficients != cells).any()
    np.testing.assert_array_equal(maps.coefficients, cells)


@settings(max_examples=25)
@given(arrays(np.float64, (3, 6), elements=st.floats(-1e3, 1e3)))
def test_min_max_fills_the_range_from_zero_to_one(cells):
    maps = rescaled(Maps(cells, (Grid(2, 3, 12, 9),)), "min_max")
    low, high = extremes(maps)
    full = ~blank(maps)
    np.testing.assert_allclose(low[full], 0, atol=1e-9)
    np.testing.assert_allclose(high[full], 1, atol=1e-9)


def test_padding_for_other_images_changes_no_product():
    rng = np.random.default_rng(0)
    bases = tuple(Segments(rng.permutation(np.arange(24) % k).reshape(4, 6)) for k in (3, 5))
    narrow = np.full((2, 5), np.nan)
    for row, basis in zip(narrow, bases, strict=True):
        row[: basis.size] = rng.standard_normal(basis.size)
    wide = np.hstack([narrow, np.full((2, 4), np.nan)])
    products = inner_products([Maps(narrow, bases), Maps(wide, bases)])
    dense = [sum(render(Maps(narrow, bases), i).ravel() ** 2) for i in range(2)]
    np.testing.assert_allclose(products, np.broadcast_to(np.reshape(dense, (2, 1, 1)), (2, 2, 2)))


def test_inner_products_of_all_maps_are_the_dense_ones(monkeypatch):
    monkeypatch.setattr("thinkalike.compare.products.NUMBERS_AT_A_TIME", 50)  # a few maps at a time
    draw = np.random.default_rng(0)
    bases = (Pixels(4, 4), Grid(2, 3, 4, 4), Pixels(4, 4), Grid(4, 4, 4, 4))
    models = [
        Maps(draw.normal(size=(7 + i, basis.size)).astype(np.float32), (basis,))
        for i, basis in enumerate(bases)
    ]
    everything = np.concatenate([dense.rendered(maps).reshape(len(maps), -1) for maps in models])
    found = all_inner_products(models)
    np.testing.assert_allclose(found, everything @ everything.T, rtol=0, atol=1e-12)
    # the products of maps of one image are those of `inner_products`
    pairs = inner_products([models[0], Maps(models[1].coefficients[:7], models[1].bases)])
    np.testing.assert_allclose(np.diagonal(found[:7, 7:14]), pairs[:, 0, 1], atol=1e-12)


def test_maps_on_superpixels_are_not_compared_from_image_to_image():
    with pytest.raises(InputError, match="superpixels cannot be compared from image to image"):
        all_inner_products([unit_maps(STRIPES)])
