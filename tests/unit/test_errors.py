"""Hints at the name that was meant, and names as they are printed."""

import re

import pytest

from tests.support.checkout import REPOSITORY
from thinkalike.errors import did_you_mean, joined, printable

METHODS = ["gradcam", "integrated_gradients", "kernelshap", "lrp"]
MODELS = ["deit_s", "resnet", "resnet_twin", "resnet50", "resnext50", "swin_t", "vit", "vit_b_32"]


@pytest.mark.parametrize(
    ("word", "known", "name"),
    [
        ("expalin", ["replication", "explanation", "finetuning"], "explanation"),
        ("subset", ["subsampling", "subsets"], "subsets"),
        ("Grad-CAM", METHODS, "gradcam"),
        ("LRP", METHODS, "lrp"),
        ("Integrated Gradients", METHODS, "integrated_gradients"),
        ("ig", METHODS, "integrated_gradients"),
        ("shap", METHODS, "kernelshap"),
        ("vti", MODELS, "vit"),
        ("ViT-B/32", MODELS, "vit_b_32"),
        ("ResNet-50", MODELS, "resnet50"),
        ("resnt", MODELS, "resnet"),
        ("swin", MODELS, "swin_t"),
        (100, ["depth_25", "depth_100"], "depth_100"),
    ],
)
def test_the_nearest_name_is_meant(word, known, name):
    assert did_you_mean(word, known) == f"; did you mean {name!r}?"


@pytest.mark.parametrize(
    ("word", "known"), [("xyz", METHODS), ("color", ["catalogue"]), ("", METHODS), ("x", [])]
)
def test_where_none_is_near_nothing_is_said(word, known):
    assert did_you_mean(word, known) == ""


def test_a_word_without_end_is_looked_at_from_its_beginning():
    assert did_you_mean("resnet" + 10**6 * "x", MODELS) == ""


def test_no_semicolon_follows_a_question():
    assert joined("no 'asb'; did you mean 'abs'?", "keys: abs, max") == (
        "no 'asb'; did you mean 'abs'? keys: abs, max"
    )
    assert joined("no 'xyz'", "keys: abs, max") == "no 'xyz'; keys: abs, max"


def test_no_sentence_of_the_library_goes_on_behind_a_hint_with_a_semicolon():
    for path in (REPOSITORY / "thinkalike").rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"did_you_mean\([^{}]*\)\};", text), path.name


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("café – 漢字 🦉", "café – 漢字 🦉"),
        ("caf\udce9", r"caf\xe9"),
        ("a\x1b[2J\r\n\tb\x00\x7f", r"a\x1b[2J\r\n\tb\x00\x7f"),
        ("a\x9b1A\x85", r"a\x9b1A\x85"),
        ("a\u202egnp\u2066\u200f\u2028", r"a\u202egnp\u2066\u200f\u2028"),
        ("", ""),
    ],
)
def test_what_is_printed_cannot_move_a_terminal_s_cursor(text, printed):
    assert printable(text) == printed
