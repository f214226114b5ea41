"""What a study cost, from the benchmarks of its jobs."""

import logging

import pandas as pd

from scripts.collect_benchmarks import main


def test_a_benchmark_that_a_full_disk_has_left_empty_is_left_out_and_named(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    folder = tmp_path / "benchmarks"
    folder.mkdir()
    (folder / "plot_pairs.tsv").write_text("s\tmax_rss\n4.0\t90\n")
    (folder / "select_images.tsv").touch()
    main(str(folder), str(tmp_path / "benchmarks.csv"))
    assert pd.read_csv(tmp_path / "benchmarks.csv")["rule"].tolist() == ["plot_pairs"]
    assert f"{folder / 'select_images.tsv'} is empty and left out" in caplog.text
