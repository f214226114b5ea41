"""The modules of the page joined into one, in the order of their imports.

A page that is opened from disk cannot load modules: browsers take these from servers alone. So they stand
in one module script. They are written for it: imports are `import { a, b } from "./x.js";`, exports stand
before a function, a class or a constant, and no two modules have a top-level name in common.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

PAGE = Path(__file__).with_name("page")
ENTRY = "main.js"
IMPORT = re.compile(r'^import\s+\{[^}]*\}\s+from\s+"\./([\w-]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?function\b|class\b|const\b|let\b)", re.MULTILINE)
EMPTY_EXPORT = re.compile(r"^export \{\};\n", re.MULTILINE)
TOP_LEVEL = re.compile(
    r"^(?:export )?(?:async )?(?:function\*?|class|const|let)\s+(?:\{([^}]*)\}|(\w+))", re.MULTILINE
)


def page_content() -> str:
    """Hash of the files of the page, 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for path in sorted(PAGE.glob("*")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def joined_modules(folder: Path = PAGE, entry: str = ENTRY) -> str:
    """All modules that `entry` imports, and it, as one text.

    Raises:
        ValueError: an import or export of another form, a circle of imports, or two modules with a
            top-level name in common.
    """
    order: list[str] = []
    _visit(folder, entry, order, [])
    owners: dict[str, str] = {}
    parts = []
    for name in order:
        text = _text(folder, name)
        for top in _top_level(text):
            if top in owners:
                raise ValueError(f"{top} stands in {owners[top]} and in {name}; rename one")
            owners[top] = name
        parts.append(f"// {name}\n{_without_modules(text, name).strip()}\n")
    return "\n".join(parts)


def _visit(folder: Path, name: str, order: list[str], path: list[str]) -> None:
    if name in path:
        raise ValueError(f"modules import each other: {' → '.join([*path, name])}")
    if name in order:
        return
    for imported in IMPORT.findall(_text(folder, name)):
        _visit(folder, imported, order, [*path, name])
    order.append(name)


def _text(folder: Path, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def _top_level(text: str) -> Iterator[str]:
    """Names that a module declares at the beginning of a line."""
    for several, single in TOP_LEVEL.findall(text):
        yield from re.findall(r"\w+(?=\s*(?:,|$))", several) if several else [single]


def _without_modules(text: str, name: str) -> str:
    """A module without its imports and the word export."""
    plain = EXPORT.sub("", EMPTY_EXPORT.sub("", IMPORT.sub("", text)))
    left = re.search(r"^(?:import|export)\b.*", plain, re.MULTILINE)
    if left:
        raise ValueError(f"{name}: `{left[0]}` cannot be joined; see thinkalike/explorer/bundle.py")
    return plain
