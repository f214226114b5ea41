"""Powers of two that bring numbers of any size near 1, so that squares neither overflow nor vanish."""

import numpy as np


def near_one(
    values: np.ndarray, axis: int | tuple[int, ...] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Values divided by a power of two, 2^e, that brings the largest of them into [½, 1).

    Nothing is rounded, unless it is 10³⁰⁸ times smaller than the largest.

    Args:
        values: any shape; NaN and infinities are left out of the largest.
        axis: over which one power is the same; None: over all.

    Returns:
        The scaled values, float64, and e, int, of the shape of `values` with length 1 along `axis`; 0
        where all values are 0.
    """
    sizes = np.abs(values, dtype=np.float64)
    largest = np.max(sizes, axis=axis, keepdims=True, initial=0, where=np.isfinite(sizes))
    exponent = np.frexp(largest)[1]
    return np.ldexp(values.astype(np.float64), -exponent), exponent
