"""Named random choices: seeds depend on what is drawn, never on a position in a list.

Adding a model or raising a count therefore leaves every older draw as it was.
"""

import zlib

import numpy as np


def seed_sequence(seed: int, *names: str | int) -> np.random.SeedSequence:
    """Seed sequence of one named random choice of a study: SeedSequence([seed, crc32(name), …])."""
    return np.random.SeedSequence([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """NumPy generator seeded by `seed_sequence`."""
    return np.random.default_rng(seed_sequence(seed, *names))


def integer_seed(seed: int, *names: str | int) -> int:
    """63-bit seed from `seed_sequence`, for libraries that take an integer."""
    return int(seed_sequence(seed, *names).generate_state(1, np.uint64)[0] >> np.uint64(1))
