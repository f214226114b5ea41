"""Named seeds."""

import zlib

import numpy as np

from thinkalike.randomness import generator, integer_seed, seed_sequence


def test_a_seed_is_the_seed_sequence_of_the_study_seed_and_the_checksums_of_the_names():
    expected = np.random.SeedSequence([7, zlib.crc32(b"images"), zlib.crc32(b"12")])
    np.testing.assert_array_equal(
        seed_sequence(7, "images", 12).generate_state(8), expected.generate_state(8)
    )


def test_generator_and_integer_seed_come_from_that_sequence():
    sequence = seed_sequence(7, "louvain")
    expected = np.random.Generator(np.random.PCG64(sequence)).random(5)
    np.testing.assert_array_equal(generator(7, "louvain").random(5), expected)
    word = int(seed_sequence(7, "louvain").generate_state(1, np.uint64)[0])
    assert integer_seed(7, "louvain") == word // 2
    assert type(integer_seed(7, "louvain")) is int


def test_seeds_are_the_same_on_every_machine_and_in_every_version():
    # written down once; a change here changes every study
    assert integer_seed(0, "split", "3") == 7250618079634189809
    assert integer_seed(1, "gradcam", "val/3/0003.png") == 8640610889487800287


def test_seeds_differ_by_study_by_name_and_by_the_order_of_names():
    names = [(), ("a",), ("b",), ("a", "b"), ("b", "a"), ("a", 1), ("a", 2), ("ab",)]
    seeds = {integer_seed(study, *each) for study in (0, 1, 2**40) for each in names}
    assert len(seeds) == 3 * len(names)
    assert all(0 <= seed < 2**63 for seed in seeds)
