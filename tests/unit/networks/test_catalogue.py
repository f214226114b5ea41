"""The catalogue: what entries take from each other, and sizes that networks really take."""

import pytest

from thinkalike.errors import InputError
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.networks.model import create

CATALOGUE = built_in_catalogue()


def test_a_chain_of_likes_is_followed_and_the_nearest_word_counts():
    catalogue = {
        "old": {"timm": "t", "name": "Old", "layers": {"depth_100": "x"}, "size": {"multiple": 8},
                "training": {"epochs": 1, "shift": 2}},
        "middle": {"like": "old", "name": "Middle", "training": {"epochs": 3}},
        "new": {"like": "middle", "layers": {"depth_50": "y"}},
    }  # fmt: skip
    assert complete_entry("new", catalogue) == {
        "timm": "t",
        "name": "Middle",
        "layers": {"depth_50": "y"},
        "size": {"multiple": 8},
        "training": {"epochs": 3, "shift": 2},
    }


@pytest.mark.parametrize("own", [{"timm": "u"}, {"arguments": {"patch_size": 4}}])
def test_sizes_are_those_of_the_same_network_alone(own):
    catalogue = {
        "old": {"timm": "t", "size": {"multiple": 8}},
        "other": {"like": "old", **own},
        "twin": {"like": "other"},
    }
    assert "size" not in complete_entry("other", catalogue)
    assert "size" not in complete_entry("twin", catalogue)


@pytest.mark.parametrize(
    ("catalogue", "words"),
    [
        (
            {"a": {"like": "resnt"}, "resnet": {}},
            "a is like 'resnt', which is no model; did you mean",
        ),
        ({"a": {"like": "b"}, "b": {"like": "c"}, "c": {"like": "b"}}, "a → b → c → b is a circle"),
    ],
)
def test_likes_that_lead_nowhere_are_refused(catalogue, words):
    with pytest.raises(InputError, match=words):
        complete_entry("a", catalogue)


def test_the_built_in_models_have_names_of_their_own():
    names = [complete_entry(key, CATALOGUE)["name"] for key in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("key", "size"),
    [
        *[(key, size) for key in list(CATALOGUE)[:11] for size in (32, 48, 72)],
        *[("densenet121", 28), ("densenet121", 29), ("vit_b_32", 31), ("vit_b_32", 33)],
    ],
)
def test_a_network_takes_the_sizes_that_its_entry_says(key, size):
    entry = complete_entry(key, CATALOGUE)
    need = entry.get("size", {})
    if size % need.get("multiple", 1) == 0 and size >= need.get("minimum", 1):
        create(Architecture.of(entry), classes=3, size=size)
    else:
        with pytest.raises(InputError, match=f"for {size} x {size} images"):
            create(Architecture.of(entry), classes=3, size=size)
