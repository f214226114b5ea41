from .estimator import ClusterExplanation as ClusterExplanation
from .estimator import Neon as Neon
