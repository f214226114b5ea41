"""The benchmark of permutation tests: both sides do the same work, and its page has its markers."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import common, statistics
from benchmarks.common import COLUMNS


def test_both_sides_compute_the_same_statistics():
    matrices, families = statistics.made_up((5, 4))
    for name, (ours, theirs) in statistics.tests(matrices, families, 9).items():
        assert ours() == pytest.approx(theirs()), name


def test_matrices_have_something_in_common():
    (first, second), families = statistics.made_up((9, 5))
    cells = np.triu_indices(14, 1)
    assert 0.3 < np.corrcoef(first[cells], second[cells])[0, 1] < 0.9
    assert families == ["a"] * 9 + ["b"] * 5


def test_a_quick_run_measures_every_test(tmp_path, monkeypatch):
    monkeypatch.setattr(statistics, "PARTIAL", tmp_path / "statistics-partial.csv")
    monkeypatch.setattr(common, "threadpool_limits", lambda threads: None)
    statistics.main(["--quick", "--parts", "permutations"])
    table = pd.read_csv(tmp_path / "statistics-partial.csv")
    assert tuple(table.columns) == COLUMNS
    kinds = table["measure"].str.split(": ").str[0]
    assert kinds.value_counts().to_dict() == {
        "Seconds of a test": 4,
        "Relative difference of the statistics": 4,
    }
    exact = table[kinds.str.startswith("Relative")]
    assert (exact["met"] == "yes").all()


def test_the_page_of_statistics_has_its_markers():
    text = statistics.PAGE.read_text()
    assert text.index("<!-- statistics: begin -->") < text.index("<!-- statistics: end -->")
