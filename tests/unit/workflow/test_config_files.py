"""Configuration files that are no YAML, or say something twice."""

import subprocess
import sys

import pytest

from tests.support.checkout import REPOSITORY
from thinkalike.errors import InputError
from thinkalike.workflow.config.files import check_files


def test_the_files_that_come_along_are_sound():
    check_files([REPOSITORY / "config.yaml", *(REPOSITORY / "studies").glob("*.yaml")])


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("images:\n\tcount: 5\n", [", line 2: a tab; indent with blanks"]),
        ("models: [a, b\nmethods: []\n", [", line 2: expected ',' or ']', but got ':'; fix the"]),
        ("a: {b: 1, b: 2}\n", [", line 1: 'b' stands in line 1, too; put both together"]),
        ("a: 1\nb:\n  - c: 1\n    c: 2\na: 3\n", [
            ", line 4: 'c' stands in line 3, too; put both together",
            ", line 5: 'a' stands in line 1, too; put both together",
        ]),
        ("", [" has no keys at its top; write `key: value`"]),
        ("- a\n", [" has no keys at its top; write `key: value`"]),
        ("a: \0\n", [": unacceptable character #x0000: special characters are not allowed; fix"]),
        ("a: \udcff\n", [" is no text in UTF-8; save it as such"]),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named_with_its_line(tmp_path, text, lines):
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as error:
        check_files([path])
    for found, expected in zip(str(error.value).splitlines(), lines, strict=True):
        assert found.startswith(f"{path}{expected}")


def test_the_command_names_every_file(tmp_path):
    (tmp_path / "tab.yaml").write_text("a:\n\tb: 1\n")
    command = [sys.executable, "-m", "thinkalike.workflow.config.files"]
    files = ["config.yaml", str(tmp_path / "tab.yaml"), "absent.yaml"]
    run = subprocess.run([*command, *files], cwd=REPOSITORY, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        f"{tmp_path}/tab.yaml, line 2: a tab; indent with blanks",
        "absent.yaml cannot be read (No such file or directory); fix the path",
    ]
