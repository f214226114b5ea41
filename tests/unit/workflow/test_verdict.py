"""The verdict on the first page of the report."""

import json
from html import escape

import pytest
from docutils.core import publish_parts

from thinkalike.errors import InputError
from thinkalike.workflow.verdict import read_unconverged, read_verdict


def test_sentences_stand_under_their_topics_in_order(tmp_path):
    path = tmp_path / "verdict.json"
    assert read_verdict(path) == {}
    rows = [{"topic": topic, "text": text} for topic, text in ("aB", "bC", "aD")]
    path.write_text(json.dumps(rows))
    assert read_verdict(path) == {"a": ["B", "D"], "b": ["C"]}


@pytest.mark.parametrize(
    "text", ["<b>x</b> & y", "`a <javascript:b>`_", ":raw:`c` |d| *e* **f** ``g`` h_ __", "\\back"]
)
def test_a_display_name_is_no_markup_of_the_page(text, tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps([{"topic": "In short", "text": f"1.5 is {text}."}]))
    (sentence,) = read_verdict(path)["In short"]
    page = publish_parts(sentence, writer="html5")["body"]
    assert page.strip() == f"<p>1.5 is {escape(text, quote=True)}.</p>".replace("&#x27;", "'")


@pytest.mark.parametrize("text", ["", "[{}]", "3"])
def test_a_damaged_file_is_named(text, tmp_path):
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(InputError, match=r"verdict\.json is damaged"):
        read_verdict(tmp_path / "verdict.json")


def test_maps_that_did_not_converge_are_counted_over_the_models_of_a_method(tmp_path):
    path = tmp_path / "completeness.csv"
    assert read_unconverged(path) == {}
    rows = ["method,model,images,not_converged", "ig,a,10,2", "ig,b,10,1", "lift,a,10,0"]
    path.write_text("\n".join(rows))
    assert read_unconverged(path) == {"ig": "3 of 20"}
    path.write_text("method,model\nig,a")
    with pytest.raises(InputError, match="is damaged; delete it and run again"):
        read_unconverged(path)
