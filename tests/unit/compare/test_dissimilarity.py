"""Chord and rms dissimilarities in closed form."""

import numpy as np
import pytest

from tests.support import dense
from thinkalike.compare.dissimilarity import DISSIMILARITIES, dissimilarity
from thinkalike.compare.similarity import similarity
from thinkalike.compare.summaries import Summary, summarise
from thinkalike.errors import InputError


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
