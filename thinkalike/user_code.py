"""Python files of the user's, which are run as they are: loaded once, and only as they were planned."""

import ast
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError, did_you_mean


def content_of(path: str | Path) -> str:
    """Hash of the content of a file, 16 hexadecimal digits.

    Raises:
        InputError: the file cannot be read.
    """
    return hashlib.sha256(_bytes(path)).hexdigest()[:16]


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
    key = f"thinkalike_user_code_{Path(path).stem}_{given}"
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
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[key]
        raise InputError(
            f"{path} cannot be run: {type(error).__name__}: {error}; run it by itself to see where"
        ) from error
