"""Compare image classifiers through their explanations.

The parts are imported when they are first used (SPEC 1): `__init__.pyi` names them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
