"""What damage does to files, and what checking them takes."""

import pytest

from benchmarks.damage import FORMATS, cost, outcomes


@pytest.mark.parametrize("title", ["NetCDF", "parquet", "CSV", "JSON"])
def test_all_damage_is_named(title, tmp_path):
    assert outcomes(FORMATS[title], tmp_path / "file", flips=4, cuts=4) == {"named": 8}


def test_the_check_is_a_part_of_a_read(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.damage.ROUNDS", 1)
    size, read, check = cost(FORMATS["parquet"], tmp_path / "file")
    assert size > 100_000
    assert check < read
