"""Configuration files as they are written: what is no YAML, and what YAML reads otherwise than it looks.

Of two keys of one name YAML keeps the last and says nothing, so that half an overlay would have no
effect; it reads `1e-3` as a text, `no` as false and `0123` as 83. Snakemake reads the files of
`--configfile` before any code of the workflow runs and names neither file nor line of one that is no
YAML; `python -m thinkalike.workflow.config.files FILE …` does.

A value that is named once (`&name`) can be referred to many times (`*name`), and nine lines with nine
references each stand for a billion values. They are counted, and not written out.
"""

import json
import math
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

import yaml

from thinkalike.errors import InputError
from thinkalike.stores.plain import refuse_special

TAG = "tag:yaml.org,2002:"
TOO_MANY = "references (*name) make more than 100000 values of it; write out those that are needed"
EXPONENT = re.compile(r"([-+]?)([0-9]*)\.?([0-9]*)[eE]([-+]?)([0-9]+)")
"""A number with an exponent; in YAML 1.1 one without a point, or without a sign after the e, is a text."""
OTHER_BASE = re.compile(r"[-+]?0[0-9_]+|.*:.*")
"""A whole number with a zero in front (base 8), or parts with colons between them (base 60)."""

MOST = 100_000
"""Values of a configuration, at most, with all references written out; ours has some five hundred."""


def check_files(paths: Iterable[str | Path]) -> None:
    """Check that files are YAML mappings, say nothing twice, and mean what they seem to.

    Raises:
        InputError: a line for every problem, with the file and the line in it.
    """
    problems = [problem for path in paths for problem in _problems(path)]
    if problems:
        raise InputError("\n".join(problems))


def check_values(config: Mapping[str, Any]) -> None:
    """Check that a configuration, as it has been read, has no more values than anybody looks at.

    For `--config key=…`, whose values may refer to each other as those of a file.

    Raises:
        InputError: it has.
    """

    def parts(value: Any) -> Iterable[Any]:
        if isinstance(value, Mapping):
            return value.values()
        return value if isinstance(value, list) else ()

    for key, value in config.items():
        if _written_out(value, parts, {}) > MOST:
            raise InputError(f"{key}: {TOO_MANY}")


def _problems(path: str | Path) -> Iterator[str]:
    try:
        refuse_special(path)
        text = Path(path).read_text("utf-8")
        if (repeated := _repeated_in_json(text)) is not None:
            yield from (
                f"{path}: {key!r} stands there twice; put both together" for key in repeated
            )
            return
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            yield f"{path} has no keys at its top; write `key: value`"
            return
        if _written_out(node, _node_parts, {}) > MOST:
            yield f"{path}: {TOO_MANY}"
            return
        found = sorted(_in_node(node, set()), key=itemgetter(0))
        yield from (f"{path}, line {line}: {words}" for line, words in found)
        if not found:
            yaml.safe_load(text)
    except InputError as error:
        yield str(error)
    except RecursionError:
        yield f"{path}: lists or mappings stand in one another without end; write them flat"
    except OSError as error:
        yield f"{path} cannot be read ({error.strerror}); fix the path"
    except UnicodeDecodeError:
        yield f"{path} is no text in UTF-8; save it as such"
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        tab = "'\\t'" in str(error.problem)
        words = "a tab; indent with blanks" if tab else f"{error.problem}; fix the YAML"
        yield f"{path}{line}: {words}"
    except yaml.YAMLError as error:
        yield f"{path}: {str(error).splitlines()[0]}; fix the YAML"


def _repeated_in_json(text: str) -> list[str] | None:
    """Keys that stand twice in a JSON object, which Snakemake reads, too; None for a text that is none."""
    repeated: list[str] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        repeated.extend(key for key in dict.fromkeys(keys) if keys.count(key) > 1)
        return dict(pairs)

    try:
        content = json.loads(text, object_pairs_hook=keep)
    except ValueError:
        return None
    return repeated if isinstance(content, dict) else None


def _written_out(
    value: Any, parts: Callable[[Any], Iterable[Any]], sizes: dict[int, float]
) -> float:
    """Number of values in a value, itself among them, with references written out.

    Infinite for one that stands in itself. What is referred to stands before its references, so that
    `sizes`, by identity, grows from the inside.
    """
    key = id(value)
    if key not in sizes:
        sizes[key] = math.inf  # while its parts are counted
        sizes[key] = 1 + sum(_written_out(part, parts, sizes) for part in parts(value))
    return sizes[key]


def _node_parts(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return chain.from_iterable(node.value)
    return node.value if isinstance(node, yaml.SequenceNode) else ()


def _in_node(node: yaml.Node, seen: set[int]) -> Iterator[tuple[int, str]]:
    """Lines and problems in a node; one that others refer to (`*name`) is looked at once."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield from _in_keys([key for key, _ in node.value])
        for _, value in node.value:
            yield from _in_node(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            if _is(value, "bool") and value.value.lower() not in ("true", "false"):
                yield _line(value), f"YAML reads {value.value} as {_read(value)}; {_quoted(value)}"
            yield from _in_node(value, seen)
    elif isinstance(node, yaml.ScalarNode) and node.style is None:
        yield from _in_plain(node)


def _in_keys(keys: list[yaml.Node]) -> Iterator[tuple[int, str]]:
    """Keys of a mapping that stand there twice, or are no texts."""
    lines: dict[str, int] = {}
    for key in keys:
        name, first = str(key.value), lines.get(str(key.value))
        if first is not None:
            yield _line(key), f"{name!r} stands in line {first}, too; put both together"
        lines[name] = _line(key)
        if any(_is(key, kind) for kind in ("bool", "int", "float", "null", "timestamp")):
            yield _line(key), f"YAML reads the key {name} as {_read(key)}; {_quoted(key)}"


def _in_plain(node: yaml.ScalarNode) -> Iterator[tuple[int, str]]:
    """A value without quotes that looks like another one."""
    text, line = node.value, _line(node)
    if _is(node, "str") and (number := with_point_and_sign(text)):
        yield line, f"YAML reads {text} as a text; write {number}, or quote it if it is a name"
    elif (_is(node, "int") or _is(node, "float")) and OTHER_BASE.fullmatch(text):
        read = _read(node)
        yield line, f'YAML reads {text} as {read}; quote it ("{text}"), or write {read}'
    elif _is(node, "timestamp"):
        yield line, f"YAML reads {text} as a date; quote it"


def with_point_and_sign(text: str) -> str:
    """A number with an exponent as YAML takes it: `1.0e-3` for `1e-3`; empty for any other text."""
    number = EXPONENT.fullmatch(text)
    if number is None or not number[2] + number[3]:
        return ""
    sign, before, after, other, exponent = number.groups()
    return f"{sign}{before or 0}.{after or 0}e{other or '+'}{exponent}"


def _is(node: yaml.Node, kind: str) -> bool:
    return bool(node.tag == TAG + kind)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _quoted(node: yaml.Node) -> str:
    return f'quote it: "{node.value}"'


def _read(node: yaml.Node) -> str:
    """What YAML makes of a value, in words."""
    if _is(node, "timestamp"):
        return "a date"
    value = yaml.safe_load(node.value)
    same = str(value) == node.value and not isinstance(value, bool)
    return "a number" if same else json.dumps(value)


if __name__ == "__main__":
    try:
        check_files(sys.argv[1:])
    except InputError as problem:
        sys.exit(str(problem))
