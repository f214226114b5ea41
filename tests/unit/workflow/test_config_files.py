"""Configuration files that are no YAML, or say something twice."""

import os
import subprocess
import sys
from time import perf_counter

import pytest
import yaml

from tests.support.checkout import REPOSITORY
from thinkalike.errors import InputError
from thinkalike.workflow.config.files import check_files, check_values


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
        ("a: {no: 1}\n0123: x\n", [
            ', line 1: YAML reads the key no as false; quote it: "no"',
            ', line 2: YAML reads the key 0123 as 83; quote it: "0123"',
        ]),
        ("~: 1\nOn: 1\n1.5: 1\n2024-02-30: 1\n", [
            ', line 1: YAML reads the key ~ as null; quote it: "~"',
            ', line 2: YAML reads the key On as true; quote it: "On"',
            ', line 3: YAML reads the key 1.5 as a number; quote it: "1.5"',
            ', line 4: YAML reads the key 2024-02-30 as a date; quote it: "2024-02-30"',
        ]),
        ("a: 1e-3\nb: [2.5E4, -1e05]\nc: {d: .5e3}\n", [
            ", line 1: YAML reads 1e-3 as a text; write 1.0e-3, or quote it if it is a name",
            ", line 2: YAML reads 2.5E4 as a text; write 2.5e+4, or quote it if it is a name",
            ", line 2: YAML reads -1e05 as a text; write -1.0e+05, or quote it if it is a name",
            ", line 3: YAML reads .5e3 as a text; write 0.5e+3, or quote it if it is a name",
        ]),
        ("a: 0123\nb: 12:30\nc: 2024-01-05\n", [
            ', line 1: YAML reads 0123 as 83; quote it ("0123"), or write 83',
            ', line 2: YAML reads 12:30 as 750; quote it ("12:30"), or write 750',
            ", line 3: YAML reads 2024-01-05 as a date; quote it",
        ]),
        ("a: [yes, x,\n  no]\n", [
            ', line 1: YAML reads yes as true; quote it: "yes"',
            ', line 2: YAML reads no as false; quote it: "no"',
        ]),
        ("a: {{ home }}\n", [", line 1: found unhashable key; fix the YAML"]),
        ("a: !x b\n", [
            ", line 1: could not determine a constructor for the tag '!x'; fix the YAML"
        ]),
        ('{"a": 1,\n\t"b": {"c": 1, "c": 1e-3}}', [": 'c' stands there twice; put both together"]),
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


def test_what_means_the_same_in_every_yaml_is_left_alone(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        'a: {b: "no", c: 1.0e-3, d: "0123", e: 0, f: yes, g: 0.5, h: -3, i: 10_000, j: "1e-3"}\n'
        "k: [&x [1, null], *x, true]\nl: &y {m: 1}\nn: {<<: *y, m: 2}\no: 1e3d\n"
    )
    (tmp_path / "mine.json").write_text('{\n\t"a": 1e-3, "0123": ["no", 0.1]\n}')
    check_files([tmp_path / "mine.yaml", tmp_path / "mine.json"])


def test_a_file_that_contains_itself_is_looked_at_once(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("a: &x\n  b: 1e3\n  c: *x\n")
    with pytest.raises(InputError) as error:
        check_files([path])
    assert len(str(error.value).splitlines()) == 1


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


def bomb(kind: str, levels: int = 9) -> str:
    """Lines of which each refers nine times to the one before it: a billion values with nine levels."""
    lines = ["a0: &a0 [x, x]" if kind == "list" else "a0: &a0 {k: x}"]
    for level in range(1, levels + 1):
        parts = [f"*a{level - 1}"] * 9
        if kind == "mapping":
            value = ", ".join(f"k{number}: {part}" for number, part in enumerate(parts))
        else:
            value = ", ".join(parts)
        body = {"list": f"[{value}]", "mapping": f"{{{value}}}", "merge": f"{{<<: [{value}]}}"}
        lines.append(f"a{level}: &a{level} {body[kind]}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        *(bomb(kind, levels) for kind in ("list", "mapping", "merge") for levels in (9, 90)),
        "a: &a [*a]",
        "a: &a {b: *a}",
        "a: &a {<<: *a}",
        "a: &a {b: [{c: *a}]}",
    ],
)
def test_references_that_stand_for_endless_values_are_refused_at_once(tmp_path, text):
    path, start = tmp_path / "mine.yaml", perf_counter()
    path.write_text(text)
    with pytest.raises(
        InputError, match=r"references .* make more than 100000 values of it; write"
    ):
        check_files([path])
    assert perf_counter() - start < 5


@pytest.mark.parametrize("kind", ["list", "mapping", "merge"])
def test_a_few_references_are_no_bomb(tmp_path, kind):
    (tmp_path / "mine.yaml").write_text(bomb(kind, 3))
    check_files([tmp_path / "mine.yaml"])


@pytest.mark.parametrize("text", ["[" * 5000 + "]" * 5000, '{"a": ' * 5000 + "1" + "}" * 5000])
def test_values_in_one_another_without_end_are_refused(tmp_path, text):
    for name, content in (("mine.yaml", f"a: {text}"), ("mine.json", f'{{"a": {text}}}')):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match="stand in one another without end; write them flat"):
            check_files([tmp_path / name])


@pytest.mark.parametrize("kind", ["list", "mapping"])
def test_values_of_the_command_line_are_counted_too(kind):
    config = yaml.safe_load(bomb(kind))
    with pytest.raises(InputError, match=r"a5: references .* more than 100000 values"):
        check_values(config)
    check_values({key: config[key] for key in ("a1", "a2", "a3")})
    config["a0"] = {"b": config}
    with pytest.raises(InputError, match="a0: references"):
        check_values({"a0": config["a0"]})


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "mine.yaml")
    with pytest.raises(InputError, match=r"mine\.yaml is a pipe, and no file; give a file in its"):
        check_files([tmp_path / "mine.yaml"])
