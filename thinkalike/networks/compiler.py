"""Import timm without importing the compiler of torch.

timm and torchvision mark a few functions as not to be compiled while they are imported, and for that
mark torch imports its whole compiler: about a processor second of every job that loads a network, a
tenth of the default study (docs/measured/benchmarks.md), although nothing here is ever compiled.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

NAMES = ("torch._dynamo", "torch._dynamo.utils")


@contextmanager
def compiler_deferred() -> Iterator[None]:
    """While open, a stand-in for torch's compiler takes such marks and does nothing.

    For any other name it gives way to the real module. Afterwards no trace of it is left: what needs
    the compiler later imports it as usual. If the compiler is imported already, nothing happens.
    """
    if NAMES[0] in sys.modules:
        yield
        return
    stand_ins = [_StandIn(name) for name in NAMES]
    sys.modules.update(zip(NAMES, stand_ins, strict=True))
    try:
        yield
    finally:
        for stand_in in stand_ins:
            stand_in.give_way()


class _StandIn(ModuleType):
    __path__: list[str] = []  # noqa: RUF012

    def disable(self, function: Any = None, *_: Any, **__: Any) -> Any:
        """`torch._dynamo.disable`, as a function or as a decorator with arguments."""
        keep: Callable[[Any], Any] = lambda marked: marked  # noqa: E731
        return keep if function is None else function

    def is_compile_supported(self, _device_type: str) -> bool:
        """`torch._dynamo.utils.is_compile_supported`."""
        return False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        for stand_in in [sys.modules.get(module) for module in NAMES]:
            if isinstance(stand_in, _StandIn):
                stand_in.give_way()
        return getattr(import_module(self.__name__), name)

    def give_way(self) -> None:
        """Leave the place to the real module."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
