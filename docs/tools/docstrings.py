"""Make the docstrings of the library, which are plain text, safe for the markup of the site."""

import re


def prepare(
    app: object, kind: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Make a docstring, already without its sections, what Sphinx reads as it is meant."""
    lines[:] = _with_formulas([_escaped(line) for line in lines])


def _escaped(line: str) -> str:
    """A line whose bars, magnitudes and conditions in formulas, are no markup; names in code style stay."""
    parts = line.split("`")
    parts[::2] = [part.replace("|", r"\|") for part in parts[::2]]
    return "`".join(parts)


def _with_formulas(lines: list[str]) -> list[str]:
    """Lines whose indented paragraphs, formulas and code, are set as they are written."""
    done: list[str] = []
    text = literal = False
    for line in lines:
        indented = line.startswith("    ")
        if line and not indented:
            text, literal = not re.match(r":|\.\. |[-*] ", line), False
        elif indented and text and not literal and done and not done[-1]:
            done += ["::", ""]
            literal = True
        done.append(line.replace(r"\|", "|") if literal else line)
    return done
