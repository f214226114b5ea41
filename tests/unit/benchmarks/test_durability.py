"""What the flushes cost, of the files of a study that has run."""

import os
import re

from benchmarks.durability import main


def test_files_are_written_with_and_without_flushes_and_none_is_left(tmp_path, capsys, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    folder = tmp_path / "results/small"
    for name in ("benchmarks", "logs", "predictions"):
        (folder / name).mkdir(parents=True)
    (folder / "benchmarks/plot_pairs.tsv").write_text("s\trule_name\n4.0\tplot_pairs\n")
    (folder / "logs/plot_pairs.log").write_text("INFO 4.0 s, 2.0 s of CPU, peak memory 90 MB\n")
    (folder / "predictions/a.csv").write_bytes(b"a" * 500_000)
    (folder / "images.parquet").write_bytes(b"b" * 500_000)
    main([str(folder)])
    printed = capsys.readouterr().out
    assert printed.startswith("2 files, 1.0 MB\n")
    rows = re.findall(
        r"^\| (writing|settlement) \| \d+\.\d\d \| \d+\.\d\d \| (-?\d)", printed, re.M
    )
    assert [row[0] for row in rows] == ["writing", "settlement"]
    # one round to begin with and three that count: a file, its checksum, its folder; files, records,
    # folder
    assert len(flushed) == 4 * 2 * 3 + 4 * (2 + 2 + 1)
    assert {path.name for path in folder.iterdir()} == {
        "benchmarks",
        "images.parquet",
        "logs",
        "predictions",
    }
