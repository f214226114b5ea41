"""Reports of a whole study and of a part of one."""

from pathlib import Path
from zipfile import ZipFile


def test_the_report_of_a_target_has_its_figures_alone_and_misses_nothing(finished, tmp_path):
    run = finished.snakemake("panels", "--report", str(tmp_path / "part.zip"))
    assert run.status == 0, run.output
    assert "Missing metadata" not in run.output
    with ZipFile(tmp_path / "part.zip") as report:
        figures = {Path(name).name for name in report.namelist() if name.endswith(".svg")}
    drawn = {p.name for p in (finished.root / "results/tiny/figures/panels").rglob("*.svg")}
    assert figures == drawn


def test_a_study_of_which_only_a_part_is_made_has_a_report(finished_maps, tmp_path):
    target = "results/maps/dissimilarity/gradcam/cosine/all.csv"
    run = finished_maps.snakemake(
        target, "--report", str(tmp_path / "part.zip"), overlay=Path("tests/workflow/maps.yaml")
    )
    assert run.status == 0, run.output
    assert "Missing metadata" not in run.output
