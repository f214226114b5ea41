"""What all unit tests share."""

from hypothesis import settings

# Derandomised, so that a red run is red again; no deadline, because machines are busy.
settings.register_profile("thinkalike", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("thinkalike")
