"""How sure one can be: subsamples and permutation tests."""
