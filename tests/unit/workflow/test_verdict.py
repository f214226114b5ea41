"""The verdict on the first page of the report."""

import json

import pytest

from thinkalike.errors import InputError
from thinkalike.workflow.verdict import read_verdict


def test_sentences_stand_under_their_topics_in_order(tmp_path):
    path = tmp_path / "verdict.json"
    assert read_verdict(path) == {}
    rows = [{"topic": topic, "text": text} for topic, text in ("aB", "bC", "aD")]
    path.write_text(json.dumps(rows))
    assert read_verdict(path) == {"a": ["B", "D"], "b": ["C"]}


@pytest.mark.parametrize("text", ["", "[{}]", "3"])
def test_a_damaged_file_is_named(text, tmp_path):
    (tmp_path / "verdict.json").write_text(text)
    with pytest.raises(InputError, match=r"verdict\.json is damaged"):
        read_verdict(tmp_path / "verdict.json")
