"""The table of a forecast beside what jobs took."""

import pandas as pd
import pytest

from benchmarks.forecast import beside, main


def test_rules_stand_beside_what_they_took():
    rules = ["train_model", "plot_pairs", "write_verdict", "never_run", "total"]
    forecast = pd.DataFrame(
        {
            "rule": rules,
            "jobs": [2, 1, 1, 7, 11],
            "device_hours": [0.5, 0.0, 0.0, 9.0, 9.5],
            "other_hours": [0.0, 0.001, 0.002, 0.0, 0.003],
        }
    )
    measured = pd.Series({"train_model": 3600.0, "plot_pairs": 1.8, "write_verdict": 7.2})
    table = beside(forecast, measured).set_index("rule")
    assert table.index.tolist() == ["train_model", "2 others", "total"]
    assert table.loc["train_model"].tolist() == [2, 1800, 3600, 0.5]
    assert table.loc["2 others"].tolist() == pytest.approx([2, 10.8, 9.0, 1.2])
    assert table.loc["total"].tolist() == pytest.approx([4, 1810.8, 3609, 1810.8 / 3609])


def test_a_study_is_read_from_its_folder(tmp_path, capsys):
    folder = tmp_path / "results/small"
    (folder / "benchmarks").mkdir(parents=True)
    (folder / "benchmarks/plot_pairs.tsv").write_text("s\trule_name\n4.0\tplot_pairs\n")
    (folder / "logs").mkdir()
    (folder / "logs/plot_pairs.log").write_text("INFO 4.0 s, 2.0 s of CPU, peak memory 90 MB\n")
    (folder / "forecast.csv").write_text(
        "rule,jobs,device_hours,other_hours\nplot_pairs,1,0,0.001\ntotal,1,0,0.001\n"
    )
    main([str(folder)])
    assert "| plot_pairs | 1 | 3.6 | 2.0 | 1.80 |" in capsys.readouterr().out
