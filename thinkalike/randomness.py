"""Named random choices: seeds that depend on what is drawn, never on a position in a list."""

import zlib

import numpy as np


def seed_sequence(seed: int, *names: str | int) -> np.random.SeedSequence:
    """The seed sequence of one named random choice of a study.

    SeedSequence([seed, crc32(name), ...]): it depends on what is drawn, never on a position in a
    list, so that adding a model or raising a count leaves every older draw as it was.
    """
    return np.random.SeedSequence([seed, *(zlib.crc32(str(name).encode()) for name in names)])


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A NumPy generator seeded by `seed_sequence`."""
    return np.random.default_rng(seed_sequence(seed, *names))


def integer_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for libraries that take an integer, from `seed_sequence`."""
    return int(seed_sequence(seed, *names).generate_state(1, np.uint64)[0] >> np.uint64(1))
