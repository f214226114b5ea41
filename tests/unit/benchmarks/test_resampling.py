"""The benchmark of resampling: it runs, and SciPy's bootstrap says the same."""

from benchmarks import resampling
from benchmarks.resampling import Effort


def test_every_part_has_rows():
    rows = [row for part in resampling.parts(quick=True).values() for row in part()]
    assert len(rows) == 5
    assert all(row.ours >= 0 for row in rows)


def test_standard_errors_are_scipy_s():
    rows = resampling.bootstraps(Effort(images=50, models=4, bootstraps=4000, rounds=1))
    assert rows[-1].ours < 0.03
