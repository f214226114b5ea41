"""How similar maps are, in the basis that they were computed in; dissimilarities and their geometry."""

import lazy_loader

from thinkalike.callables import make_callable

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

make_callable(__name__)
