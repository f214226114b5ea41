"""Python files of the user's, which are run as they are: loaded once, and only as they were planned."""

import ast
import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError, did_you_mean

MODULE = "thinkalike_user_code_"
"""Beginning of the names of modules that are files of the user's."""


def content_of(path: str | Path) -> str:
    """Hash of the content of a file and of modules beside it that it imports, 16 hexadecimal digits.

    These are modules of the same folder, imported by name, and what they import. Imports are read off the
    text: one that is computed (`importlib`) does not count, nor do other files that the code reads.

    Raises:
        InputError: the file cannot be read, or one is no Python.
    """
    digest = hashlib.sha256(_bytes(path))
    for source in sorted(_beside(Path(path))):
        digest.update(source.relative_to(Path(path).parent).as_posix().encode())
        digest.update(_bytes(source))
    return digest.hexdigest()[:16]


def _beside(path: Path) -> set[Path]:
    """Files in the folder of a file that it imports, directly or not."""
    todo, seen = [path], {path}
    while todo:
        found = {*_imported(todo.pop(), path.parent)} - seen
        seen |= found
        todo += found
    return seen - {path}


def _imported(source: Path, folder: Path) -> Iterator[Path]:
    """Files below a folder that a file of it imports."""
    for node in ast.walk(_tree(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = [*source.parent.relative_to(folder).parts] if node.level else []
            package = package[: len(package) + 1 - node.level] if node.level else package
            base = ".".join([*package, *filter(None, [node.module])])
            names = [base, *(f"{base}.{alias.name}".strip(".") for alias in node.names)]
        for name in filter(None, names):
            place = folder
            for part in name.split("."):
                place = place / part
                files = place.with_suffix(".py"), place / "__init__.py"
                yield from (file for file in files if file.is_file())


@contextmanager
def modules_beside(path: str | Path) -> Iterator[None]:
    """While open, code of a file finds the modules beside it.

    Afterwards those that were imported are forgotten, so that a file of another folder finds its own under
    the same names.
    """
    folder, before, writes = (
        str(Path(path).absolute().parent),
        set(sys.modules),
        sys.dont_write_bytecode,
    )
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True  # nothing is written beside the user's files
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)
        sys.dont_write_bytecode = writes
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            is_package = "site-packages" in file or name.startswith(MODULE)
            if file and Path(file).is_relative_to(folder) and not is_package:
                del sys.modules[name]


def place_of(error: BaseException) -> str:
    """An error of somebody's code in one line, with the file and line that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    first = (str(error).strip().splitlines() or [""])[0]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}: {first}".removesuffix(": ")


def check_defined(path: str | Path, name: str) -> None:
    """Refuse a file that does not define a name at its top level; nothing is run.

    Raises:
        InputError: the file cannot be read, is not Python, or does not define it.
    """
    defined: list[str] = []
    for node in _tree(path).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            defined.append(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            defined += [alias.asname or alias.name for alias in node.names]
        else:
            defined += [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    if name not in defined and "*" not in defined:
        raise InputError(f"{path} does not define {name!r}{did_you_mean(name, defined)}")


def load(path: str | Path, name: str, content: str | None = None) -> Callable[..., Any]:
    """Run a file, unless this process has run it already, and take a function of it.

    Args:
        path: of the file.
        name: of the function.
        content: hash that the file had when the job was planned (`content_of`); None if that is the same
            to the caller.

    Raises:
        InputError: the file cannot be read, has another content by now, cannot be run, or has no such
            function.
    """
    given = content_of(path)
    if content is not None and given != content:
        raise InputError(f"{path} has changed since this job was planned; run again")
    # one name for one content: dataclasses look their module up by its name
    key = f"{MODULE}{Path(path).stem}_{given}"
    if key not in sys.modules:
        _run(path, key)
    function = vars(sys.modules[key]).get(name)
    if not callable(function):
        near = did_you_mean(name, vars(sys.modules[key]))
        raise InputError(f"{path} defines no function {name!r}{near}")
    return function  # type: ignore[no-any-return]


def check_arguments(
    function: Callable[..., Any], path: str | Path, given: int, arguments: Mapping[str, Any]
) -> None:
    """Refuse arguments that a function of a file does not take, and a lack of those that it needs.

    Args:
        function: of the file.
        path: of the file.
        given: number of arguments that it is called with by position.
        arguments: those by name.

    Raises:
        InputError: names the argument, and one of a similar name.
    """
    signature = inspect.signature(function)
    try:
        signature.bind(*[None] * given, **arguments)
    except TypeError as error:
        known = list(signature.parameters)[given:]
        unknown = [name for name in arguments if name not in known]
        hint = did_you_mean(unknown[0], known) if unknown else ""
        raise InputError(f"arguments of {function.__name__} in {path}: {error}{hint}") from None


def _bytes(path: str | Path) -> bytes:
    if Path(path).exists() and not Path(path).is_file():  # reading a pipe may never end
        raise InputError(f"{path} is no file; give one in its place")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _tree(path: str | Path) -> ast.Module:
    text = _bytes(path)
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise InputError(f"{path}, line {error.lineno}: {error.msg}; fix the syntax") from None
    except ValueError as error:  # a NUL
        raise InputError(f"{path} is no Python file: {error}") from None


def _run(path: str | Path, key: str) -> None:
    """Run a file as the module of this name."""
    _tree(path)
    spec = importlib.util.spec_from_file_location(key, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} is no Python file; its name has to end with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[key] = module
    try:
        with modules_beside(path):
            spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[key]
        raise InputError(
            f"{path} cannot be run: {type(error).__name__}: {error}; run it by itself to see where"
        ) from error
