"""Python files of the user's: run once, only as planned, and refused in one sentence."""

from pathlib import Path

import pytest

from thinkalike.errors import InputError
from thinkalike.user_code import check_arguments, check_defined, content_of, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("RUNS = []\n\n\ndef explain(model, *, steps=3):\n    return steps\n")
    return path


def test_a_function_of_a_file_is_loaded_once_for_one_content(file):
    function = load(file, "explain")
    assert function(None) == 3
    assert load(file, "explain", content_of(file)) is function
    file.write_text("def explain(model):\n    return 'other'\n")
    assert load(file, "explain")(None) == "other"


def test_dataclasses_with_annotations_as_text_can_be_defined(file):
    file.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Kept:\n    a: int\n\ndef explain():\n    return Kept(1)\n"
    )
    assert load(file, "explain")().a == 1


def test_a_file_that_changed_since_it_was_planned_is_not_run(file):
    planned = content_of(file)
    file.write_text("raise SystemExit\n")
    with pytest.raises(InputError, match="has changed since this job was planned; run again"):
        load(file, "explain", planned)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def explain(:\n", "mine.py, line 1: "),
        ("\0", "mine.py"),
        (
            "import no_such_package\n",
            "cannot be run: ModuleNotFoundError: No module named 'no_such",
        ),
        ("def explian():\n    pass\n", "defines no function 'explain'; did you mean 'explian'?"),
        ("explain = 3\n", "defines no function 'explain'"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_sentence(file, text, said):
    file.write_text(text)
    with pytest.raises(InputError) as error:
        load(file, "explain")
    assert said in str(error.value)
    with pytest.raises(InputError):  # and not taken for loaded
        load(file, "explain")


def test_a_file_that_is_not_there_is_a_sentence(tmp_path):
    for call in (content_of, lambda path: load(path, "x"), lambda path: check_defined(path, "x")):
        with pytest.raises(InputError, match=r"none\.py cannot be read: No such file"):
            call(tmp_path / "none.py")
    with pytest.raises(InputError, match="is no file; give one in its place"):
        content_of(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "def explain(): pass\n",
        "explain = print\n",
        "from os import getcwd as explain\n",
        "from os import *\n",
        "if True:\n    explain = print\n",
    ],
)
def test_what_a_file_defines_is_read_without_running_it(file, text):
    file.write_text(f"raise SystemExit\n{text}")
    check_defined(file, "explain")
    file.write_text("raise SystemExit\ndef explain(): pass\n")
    with pytest.raises(InputError, match="does not define 'explian'; did you mean 'explain'"):
        check_defined(file, "explian")


def test_arguments_are_those_of_the_function(file):
    function = load(file, "explain")
    check_arguments(function, file, 1, {"steps": 4})
    with pytest.raises(InputError, match=r"keyword argument 'step'; did you mean 'steps'\?"):
        check_arguments(function, file, 1, {"step": 4})
    with pytest.raises(InputError, match=r"arguments of explain in .*missing a required"):
        check_arguments(function, file, 0, {})
