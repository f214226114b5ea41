"""What all unit tests share."""

from hypothesis import HealthCheck, settings

# Derandomised, so that a red run is red again; nothing about time, because machines are busy.
settings.register_profile(
    "thinkalike",
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("thinkalike")
