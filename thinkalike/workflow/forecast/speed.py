"""How fast this CPU is beside the one where the forecast's figures were measured."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

SECONDS = 0.1
"""Seconds of CPU time that each kind of work is repeated for; the fastest repetition counts, which other
jobs on the machine disturb least."""


@dataclass(frozen=True)
class Speed:
    """Speed of one thread, as a share of the reference machine's.

    Attributes:
        dense: of products of matrices in float32, 2 · 512³ operations each.
        elementwise: of other operations on arrays, which wait for memory.
        interpreted: of Python and of small arrays.
    """

    dense: float
    elementwise: float
    interpreted: float


REFERENCE = Speed(1 / 2.23e-3, 1 / 8.1e-5, 1 / 4.8e-4)
"""Repetitions a second of the same work on the reference machine, an AMD EPYC, one thread."""


def measured_speed() -> Speed:
    """Speed of this machine, in CPU time, so that other work on it does not count."""
    square = np.ones((512, 512), np.float32)
    vector = np.ones(2**20, np.float32)

    def interpreted() -> None:
        texts = {str(number): number for number in range(4000)}
        sorted(texts, key=lambda text: -texts[text])

    return Speed(
        repetitions(lambda: square @ square) / REFERENCE.dense,
        repetitions(lambda: vector * vector) / REFERENCE.elementwise,
        repetitions(interpreted) / REFERENCE.interpreted,
    )


def repetitions(work: Callable[[], object]) -> float:
    """Repetitions of the work in a second of CPU time, at its fastest."""
    work()
    times = [time.process_time()]
    while times[-1] - times[0] < SECONDS:
        work()
        times.append(time.process_time())
    return float(1 / np.diff(times).min())
