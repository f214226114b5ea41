"""The verdict on the first page of the report."""

import json
from html import escape

import pytest
from docutils.core import publish_parts

from thinkalike.errors import InputError
from thinkalike.workflow.verdict import read_unconverged, read_verdict


def test_sentences_have_their_place_rule_and_topic(tmp_path):
    path = tmp_path / "verdict.json"
    assert read_verdict(path) == []
    rows = [
        {"topic": "a", "rule": "raw", "text": "B"},
        {"topic": "b", "rule": "closest", "text": "C"},
    ]
    path.write_text(json.dumps([{**row, "source": "pairs.csv", "numbers": {}} for row in rows]))
    assert read_verdict(path) == [{"place": 0, **rows[0]}, {"place": 1, **rows[1]}]


@pytest.mark.parametrize(
    "text", ["<b>x</b> & y", "`a <javascript:b>`_", ":raw:`c` |d| *e* **f** ``g`` h_ __", "\\back"]
)
def test_a_display_name_is_no_markup_of_the_page(text, tmp_path):
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps([{"topic": text, "rule": "raw", "text": f"1.5 is {text}."}]))
    (sentence,) = read_verdict(path)
    shown = escape(text, quote=True).replace("&#x27;", "'")
    page = publish_parts(sentence["text"], writer="html5")["body"]
    assert page.strip() == f"<p>1.5 is {shown}.</p>"
    page = publish_parts(f"1.5 {sentence['topic']}", writer="html5")["body"]
    assert page.strip() == f"<p>1.5 {shown}</p>"


@pytest.mark.parametrize("text", ["", "[{}]", "3"])
def test_a_damaged_file_is_named(text, tmp_path):
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(InputError, match=r"verdict\.json is not a readable verdict"):
        read_verdict(tmp_path / "verdict.json")


def test_maps_that_did_not_converge_are_counted_over_the_models_of_a_method(tmp_path):
    path = tmp_path / "completeness.csv"
    assert read_unconverged(path) == {}
    rows = ["method,model,images,not_converged", "ig,a,10,2", "ig,b,10,1", "lift,a,10,0"]
    path.write_text("\n".join(rows))
    assert read_unconverged(path) == {"ig": "3 of 20"}
    path.write_text("method,model\nig,a")
    with pytest.raises(InputError, match=r"is not a readable table .*delete it and run again"):
        read_unconverged(path)
