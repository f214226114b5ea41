"""Completeness of maps: how far their sums are from the difference of scores that they share out."""

import numpy as np

ROUNDING = 8
"""Units in the last place of a score by which a sum may always miss a difference of scores."""


def allowed_gap(
    full: np.ndarray, empty: np.ndarray, tolerance: float, epsilon: float
) -> np.ndarray:
    """Largest gap (N,) with which a map counts as converged.

    tolerance · |full − empty|, and never less than 8 ε max(|full|, |empty|): a difference below that size
    is rounding itself, and a share of it would say nothing.

    Args:
        full: (N,) scores of images.
        empty: (N,) those of the baseline.
        tolerance: share of the difference.
        epsilon: ε, the distance from 1 to the next number of the network's type.
    """
    rounding = ROUNDING * epsilon * np.maximum(np.abs(full), np.abs(empty))
    return np.maximum(tolerance * np.abs(full - empty), rounding)


def measured(
    full: np.ndarray, empty: np.ndarray, sums: np.ndarray, tolerance: float, epsilon: float
) -> dict[str, np.ndarray]:
    """Measures (N,) of how complete maps are, from the sums of their coefficients.

    Args:
        full, empty, tolerance, epsilon: as for `allowed_gap`.
        sums: (N,) over the coefficients of each map.

    Returns:
        `difference`, full − empty; `gap`, sums − difference; `converged`, whether |gap| is allowed, uint8.
    """
    gap = sums - (full - empty)
    converged = np.abs(gap) <= allowed_gap(full, empty, tolerance, epsilon)
    return {"difference": full - empty, "gap": gap, "converged": converged.astype(np.uint8)}
