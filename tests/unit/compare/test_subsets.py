"""Which images count for which pair of models."""

import numpy as np

from thinkalike.compare.subsets import mask as mask_of
from thinkalike.compare.subsets import matching, parse


def test_matching_is_where_two_models_predict_the_same_class():
    found = matching(np.array([[1, 1, 2], [0, 3, 0]]))
    assert found[0].tolist() == [[True, True, False], [True, True, False], [False, False, True]]
    assert found[1].tolist() == [[True, False, True], [False, True, False], [True, False, True]]


def test_subsets_are_called_after_their_condition_and_among_how_many_images():
    assert parse("all") == ("all", None)
    assert parse("matching_64") == ("matching", 64)


def test_the_images_that_count_for_a_pair():
    predicted = np.array([["a", "a", "b"], ["a", "b", "a"]])
    assert mask_of("all", predicted) is None
    same = matching(predicted)
    np.testing.assert_array_equal(mask_of("matching", predicted), same)
    # each model on all images, though it never differs from itself
    np.testing.assert_array_equal(mask_of("differing", predicted), ~same | np.eye(3, dtype=bool))
