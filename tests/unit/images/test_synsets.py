"""Words for classes that are called by synsets."""

import pytest
from timm.data import ImageNetInfo

from docs.tools.synset_words import words
from thinkalike.images.synsets import class_word, synset_words


@pytest.mark.parametrize(
    "part", ["imagenet-1k", "imagenet-12k", "imagenet-21k-goog", "imagenet-22k"]
)
def test_words_are_the_first_of_timm_s(part):
    info = ImageNetInfo(part)
    expected = [text.split(",")[0] for text in info.label_descriptions()]
    assert [class_word(name) for name in info.label_names()] == expected


def test_the_table_is_the_one_that_is_made():
    assert synset_words() == words()


def test_other_classes_are_called_as_they_are():
    for name in ("8", "cat", "n01440764x", "n99999999", "nightmare", ""):
        assert class_word(name) == name
