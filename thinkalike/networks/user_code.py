"""Python files of the user's that build networks: what is in them, and the function that builds.

They are run as they are: whoever names one in a configuration trusts it as a script
(SECURITY.md).
"""

import ast
import hashlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thinkalike.errors import InputError, did_you_mean


def content_of(file: str | Path) -> str:
    """Hash of a Python file and of the modules beside it that it imports, and that these import.

    A module beside it is one of the same folder, imported by its name. Imports are read off the text: one
    that is computed (`importlib`) cannot be seen, nor can files that the code reads.

    Returns:
        16 hexadecimal digits.

    Raises:
        InputError: the file does not exist, or a file is no Python.
    """
    path = Path(file)
    digest = hashlib.sha256()
    for source in sorted(_sources(path)):
        digest.update(source.relative_to(path.parent).as_posix().encode())
        digest.update(b"\0")
        digest.update(source.read_bytes())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def _sources(path: Path) -> set[Path]:
    """The file, and those in its folder that it imports, directly or not."""
    todo, seen = [path], set()
    while todo:
        source = todo.pop()
        if source not in seen:
            seen.add(source)
            todo += _imported(source, path.parent)
    return seen


def _imported(source: Path, folder: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(source.read_bytes(), str(source))
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror}); correct the path") from None
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise InputError(f"{source}{line}: this is no Python; correct it") from None
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            # of a relative import the package that the file is in
            base = source.parent.relative_to(folder).parts
            parts = [*base[: len(base) + 1 - node.level], *filter(None, [node.module])]
            package = ".".join(parts if node.level else [node.module or ""])
            names = [package, *(f"{package}.{alias.name}".strip(".") for alias in node.names)]
        for name in filter(None, names):
            yield from _files(name, folder)


def _files(name: str, folder: Path) -> Iterator[Path]:
    """Files below a folder that importing a dotted name runs."""
    place = folder
    for part in name.split("."):
        place = place / part
        yield from filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))


def call(file: str | Path, function: str, arguments: Callable[[Any], dict[str, Any]]) -> Any:
    """What a function of a Python file of the user's gives.

    The folder of the file is where it finds modules beside it while it is read and the function runs. They
    are forgotten afterwards, so that files of other folders find their own under the same names.

    Args:
        file: path of the file.
        function: name of the function in it.
        arguments: function → keyword arguments that it is called with.

    Raises:
        InputError: there is no such file or function, or its code raises an error: it is named with its
            line.
    """
    path = Path(file).absolute()
    if not path.is_file():
        raise InputError(f"{file} does not exist; correct the path of the network's file")
    with _beside(path.parent):
        try:
            module = _module(path)
        except Exception as error:
            raise InputError(f"{file} cannot be run ({place_of(error)}); correct it") from error
        found = getattr(module, function, None)
        if not callable(found):
            own = [
                name
                for name, value in vars(module).items()
                if callable(value) and getattr(value, "__module__", "") == module.__name__
            ]
            raise InputError(
                f"{file} has no function {function!r}{did_you_mean(function, own)}; it has "
                f"{', '.join(own) or 'none'}"
            )
        try:
            return found(**arguments(found))
        except InputError:
            raise
        except Exception as error:
            raise InputError(
                f"{function} of {file} fails ({place_of(error)}); correct it, or the `arguments` that it "
                "is given"
            ) from error


def _module(path: Path) -> Any:
    """The file as a module of a name of its own."""
    name = f"thinkalike_user_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    # dataclasses look their module up while they are made
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """While open, modules of a folder are found; afterwards those that were imported are forgotten."""
    before, writes = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True  # beside the user's files
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = writes
        for name in set(sys.modules) - before:
            file = getattr(sys.modules[name], "__file__", None) or ""
            is_beside = Path(file).is_relative_to(folder) and "site-packages" not in file
            if file and is_beside and not name.startswith("thinkalike_user_"):
                del sys.modules[name]


def place_of(error: BaseException) -> str:
    """An error of somebody's code in one line, with the file and line that it comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = str(error).strip().splitlines() or [""]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}: {lines[0]}".rstrip(": ")
