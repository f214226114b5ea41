"""Packages that can be called like functions.

`images`, `explain` and `compare` are folders of the library and verbs of its front door. An imported
package takes the place of whatever its parent has under the same name, so one of the two would go at
some time; instead these packages are both. Their class is another one than that of modules, as "Customizing
module attribute access" in the Python data model describes.
"""

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any


class CallablePackage(ModuleType):
    """A package that is also the function of `thinkalike.api` with its name."""

    @property
    def _function(self) -> Callable[..., Any]:
        return getattr(import_module("thinkalike.api"), self.__name__.rpartition(".")[2])

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._function(*arguments, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._function)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        function = inspect.getdoc(self._function)
        return f"{function}\n\nIt is a package, too: {self.__dict__['__doc__']}"


def make_callable(package: str) -> None:
    """Make a package of `thinkalike`, while it is imported, callable as the function of its name."""
    sys.modules[package].__class__ = CallablePackage
