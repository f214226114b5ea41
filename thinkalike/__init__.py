"""Compare image classifiers through their explanations.

    import thinkalike as ta

The parts and the functions of the front door (`api.py`) are imported when they are first used (SPEC 1):
`__init__.pyi` names them.
"""

from importlib import import_module

import lazy_loader

_attribute, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

_CALLABLE = ("images", "explain", "compare")
"""Functions of the front door that are packages, too (`callables.py`); the stub names the functions."""


def __getattr__(name: str) -> object:
    return import_module(f"{__name__}.{name}") if name in _CALLABLE else _attribute(name)
