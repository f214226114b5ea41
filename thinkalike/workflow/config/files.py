"""Configuration files as they are written: what is no YAML, with file and line, and keys that stand twice.

Of two keys of one name YAML keeps the last and says nothing, so that half an overlay would have no
effect. Snakemake reads the files of `--configfile` before any code of the workflow runs and names
neither file nor line of one that is no YAML; `python -m thinkalike.workflow.config.files FILE …` does.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from thinkalike.errors import InputError


def check_files(paths: Iterable[str | Path]) -> None:
    """Check that every file is a YAML mapping in which no key stands twice.

    Raises:
        InputError: a line for every problem, with the file and the line in it.
    """
    problems = [problem for path in paths for problem in _problems(path)]
    if problems:
        raise InputError("\n".join(problems))


def _problems(path: str | Path) -> Iterator[str]:
    try:
        node = yaml.compose(Path(path).read_text("utf-8"), Loader=yaml.SafeLoader)
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
    else:
        if not isinstance(node, yaml.MappingNode):
            yield f"{path} has no keys at its top; write `key: value`"
            return
        yield from _repeated(node, path)


def _repeated(node: yaml.Node, path: str | Path) -> Iterator[str]:
    """Keys that stand twice in a mapping, or in one inside of it."""
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            line, first = key.start_mark.line + 1, lines.get(str(key.value))
            if first is not None:
                yield (
                    f"{path}, line {line}: {key.value!r} stands in line {first}, too; put both together"
                )
            lines[str(key.value)] = line
            yield from _repeated(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated(value, path)


if __name__ == "__main__":
    try:
        check_files(sys.argv[1:])
    except InputError as problem:
        sys.exit(str(problem))
