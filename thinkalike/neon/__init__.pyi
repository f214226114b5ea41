from .estimator import Neon as Neon
from .explanation import ClusterExplanation as ClusterExplanation
