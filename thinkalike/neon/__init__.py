"""Why a point is in a cluster: NEON for k-means, as an estimator, as torch modules, as zennit rules."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
