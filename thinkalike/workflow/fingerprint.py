"""Content hash of a script and of the library code it reaches.

Snakemake compares time stamps of scripts and does not look at imported modules at all. The rules
pass `fingerprint("<script>.py")` as a parameter instead: a hash over the syntax trees, without
comments and docstrings, of the script and of every top-level definition of `PACKAGES` that it
reaches. Touching files, a fresh clone, a comment or a reformatting change nothing; a changed
function re-runs the jobs that use it, and no others.

What counts as reached is decided by names, statically: `from module import name`, and
`module.name` for an imported module, lead to that definition and, through the names in its body, to
the definitions it uses. Statements of a module that define no name (side effects) always count.
Where a module is used other than by attribute, all of it counts. A name chosen at run time
(`importlib`, `getattr`) cannot be seen: the rule passes such modules as further arguments.
"""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from thinkalike.errors import InputError

PACKAGES = ("thinkalike", "replication")
"""Packages of the repository whose code is followed."""

ROOT = Path(__file__).resolve().parents[2]

WHOLE = "*"

Target = tuple[str, str]
"""A definition: the dotted name of its module, and its own name (or `*`, all of the module)."""


@dataclass(frozen=True)
class Part:
    """A definition of a module: what it refers to, and its syntax trees as text."""

    references: tuple[Target, ...]
    text: bytes


@dataclass
class Module:
    """The top level of a module: what it defines, what it imports, what it does besides.

    `imports` are names of the library, `packages` the imports of other packages by the name that
    they bind: another `softmax` under the same name is another function.
    """

    definitions: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imports: dict[str, Target] = field(default_factory=dict)
    packages: dict[str, list[ast.stmt]] = field(default_factory=dict)
    effects: list[ast.stmt] = field(default_factory=list)
    parts: dict[str, Part] = field(default_factory=dict)


def fingerprint(script: str | Path, *modules: str) -> str:
    """Hash the code that a script runs.

    Args:
        script: path of the script, absolute or relative to `scripts/`.
        modules: dotted names of `thinkalike` modules that the script chooses at run time.

    Returns:
        16 hexadecimal digits.

    Raises:
        InputError: a file is missing, or is not valid Python; the message names it.
    """
    digest = hashlib.sha256()
    for target, part in sorted(reached(ROOT / "scripts" / script, modules).items()):
        digest.update("\0".join(target).encode())
        digest.update(part.text)
    return digest.hexdigest()[:16]


def reached(script: Path, modules: tuple[str, ...] = ()) -> dict[Target, Part]:
    """Every definition that a script reaches; its own are under the module name `__main__`."""
    # once for each module: looking for a file takes longer than looking at a definition
    module_of = cache(partial(_module, script))
    todo: list[Target] = [("__main__", WHOLE), *((module, WHOLE) for module in modules)]
    seen: dict[Target, Part] = {}
    while todo:
        target = todo.pop()
        if target in seen:
            continue
        name, definition = target
        module = module_of(name)
        seen[target] = _part(module, name, definition)
        if definition in module.imports:  # a name that the module passes on
            todo.append(module.imports[definition])
        todo.extend(seen[target].references)
        if definition != WHOLE:
            todo.append((name, ""))
    return seen


def _part(module: Module, name: str, definition: str) -> Part:
    if definition not in module.parts:
        statements = _statements(module, definition)
        references = [r for statement in statements for r in _references(module, name, statement)]
        text = "".join(map(ast.dump, statements)).encode()
        module.parts[definition] = Part(tuple(references), text)
    return module.parts[definition]


def _statements(module: Module, definition: str) -> list[ast.stmt]:
    if definition == WHOLE:
        return [*module.effects, *(s for body in module.definitions.values() for s in body)]
    if definition == "":
        return module.effects
    if any(definition in names for names in (module.definitions, module.imports, module.packages)):
        return [*module.packages.get(definition, []), *module.definitions.get(definition, [])]
    return _statements(module, WHOLE)


def _references(module: Module, name: str, statement: ast.stmt) -> list[Target]:
    """The definitions that a statement refers to by name."""
    found: list[Target] = []
    by_attribute: set[int] = set()
    for node in ast.walk(statement):  # a node before those below it
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            target = module.imports.get(node.value.id)
            if target and target[1] == WHOLE:
                by_attribute.add(id(node.value))
                found.append((target[0], node.attr))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            # an import inside a function: the names it binds are known here alone
            local = Module(imports=_imports(node))
            found.extend(target for target in local.imports.values())
        elif isinstance(node, ast.Name) and id(node) not in by_attribute:
            if node.id in module.definitions or node.id in module.packages:
                found.append((name, node.id))
            elif node.id in module.imports:
                found.append(module.imports[node.id])
            elif node.id in PACKAGES:  # all that `import thinkalike.x` has made its attributes
                found.extend(t for key, t in module.imports.items() if key.startswith(node.id))
    return found


def _module(script: Path, name: str) -> Module:
    path = script if name == "__main__" else _file(name)
    if path is None:
        raise InputError(
            f"{name} is not a module of this repository; check the imports of {script.name}"
        )
    return _parse(path)


def _file(name: str) -> Path | None:
    base = ROOT.joinpath(*name.split("."))
    # the names that a package loads lazily stand in its stub
    for path in (base.with_suffix(".py"), base / "__init__.pyi", base / "__init__.py"):
        if path.is_file():
            return path
    return None


def _parse(path: Path) -> Module:
    try:
        return _parse_at(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist; restore it from the repository") from None


@cache
def _parse_at(path: Path, mtime: int) -> Module:
    try:
        tree = ast.parse(path.read_text())
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno}: {error.msg}; fix the syntax") from None
    _drop_docstrings(tree)
    module = Module()
    for statement in tree.body:
        if path.suffix == ".pyi":
            module.definitions.update(_lazy_names(statement, path))
        elif isinstance(statement, (ast.Import, ast.ImportFrom)):
            module.imports.update(_imports(statement))
            for bound, other in _packages(statement):
                module.packages.setdefault(bound, []).append(other)
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            module.definitions.setdefault(statement.name, []).append(statement)
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and _bound(statement):
            for bound in _bound(statement):
                module.definitions.setdefault(bound, []).append(statement)
        else:
            module.effects.append(statement)
    return module


def _lazy_names(statement: ast.stmt, stub: Path) -> dict[str, list[ast.stmt]]:
    """Name that a package loads lazily → the import that its stub has for it, made absolute."""
    if not isinstance(statement, ast.ImportFrom):
        return {}
    package = ".".join(stub.relative_to(ROOT).parent.parts)
    module = f"{package}.{statement.module}" if statement.module else package
    return {
        alias.asname or alias.name: [ast.ImportFrom(module, [alias], 0)]
        for alias in statement.names
    }


def _bound(statement: ast.stmt) -> list[str]:
    """The names that an assignment binds."""
    return [
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]


def _is_ours(module: str | None) -> bool:
    return (module or "").split(".")[0] in PACKAGES


def _imports(statement: ast.Import | ast.ImportFrom) -> dict[str, Target]:
    """The names of the library that an import binds."""
    bound: dict[str, Target] = {}
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            if _is_ours(alias.name):
                bound[alias.asname or alias.name] = (alias.name, WHOLE)
    elif _is_ours(statement.module):
        for alias in statement.names:
            submodule = f"{statement.module}.{alias.name}"
            if _file(submodule):
                bound[alias.asname or alias.name] = (submodule, WHOLE)
            else:
                bound[alias.asname or alias.name] = (str(statement.module), alias.name)
    return bound


def _packages(statement: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, ast.stmt]]:
    """The names of other packages that an import binds, each with an import of its own."""
    for alias in statement.names:
        if isinstance(statement, ast.ImportFrom):
            if not _is_ours(statement.module):
                alone = ast.ImportFrom(statement.module, [alias], statement.level)
                yield alias.asname or alias.name, alone
        elif not _is_ours(alias.name):
            yield alias.asname or alias.name.split(".")[0], ast.Import([alias])


def _drop_docstrings(node: ast.AST) -> None:
    """Remove the docstrings of a module and of everything in it that has statements, however deep."""
    if isinstance(body := getattr(node, "body", None), list):
        node.body = [  # type: ignore[attr-defined]
            statement
            for statement in body
            if not (
                isinstance(statement, ast.Expr)
                and isinstance(statement.value, ast.Constant)
                and isinstance(statement.value.value, str)
            )
        ]
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for statement in getattr(node, part, ()):
            _drop_docstrings(statement)
