"""What breaks in the middle: nothing older is lost, nothing stale is kept, and the next run repairs it.

The table in docs/measured/reliability.md names these tests. Faults come from outside: signals, and a
`sitecustomize` that jobs import (see injected/).
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import yaml

from tests.support.damage import flip
from thinkalike.stores.atomic import atomic

INJECTED = Path(__file__).with_name("injected")
MAPS = Path("tests/workflow/maps.yaml")
RESULTS = "results/maps"
MODEL = "byobnet_untrained"
EXPLANATION = f"{RESULTS}/explanations/gradcam/{MODEL}.nc"
PREDICTION = f"{RESULTS}/predictions/{MODEL}.parquet"
WEIGHTS = f"{RESULTS}/weights/{MODEL}.safetensors"
MATRIX = f"{RESULTS}/dissimilarity/gradcam/cosine/all.csv"


def fault(what: str, path: str = "", folder: Path = Path()) -> dict[str, str]:
    """The environment of a run one of whose jobs fails while it writes the file."""
    return {"PYTHONPATH": str(INJECTED), "FAULT": f"{what}:{path}", "FAULT_FOLDER": str(folder)}


def overlay(study, name: str, /, **changes: object) -> Path:
    """The study of maps with other sections."""
    content = yaml.safe_load((study.root / MAPS).read_text()) | changes
    (study.root / name).write_text(yaml.safe_dump(content))
    return Path(name)


def with_another_cell_mended(study) -> Path:
    """An overlay that re-runs the explanation of one model."""
    settings = {"gradcam": {"mended_cells": {MODEL: [[0, 0]]}}}
    return overlay(study, "mended.yaml", settings=settings)


def change_predictions(study) -> None:
    """Other predictions by hand: an input of the explanation that Snakemake sees by its content."""
    table = pd.read_parquet(study.root / PREDICTION)
    table["probability"] *= 0.5
    table.to_parquet(study.root / PREDICTION, index=False)


def state(path: Path) -> tuple[bytes, int]:
    return path.read_bytes(), path.stat().st_mtime_ns


def nothing_is_left_over(study) -> None:
    """No second names, no unfinished files, no journals."""
    left = [
        str(path)
        for folder in (study.root / RESULTS, study.root / ".snakemake/rollback")
        for path in folder.rglob("*")
        if path.is_file()
        and (path.name.startswith(".") or path.parent.name == "rollback")
        and path.suffix != ".xxh3"  # checksums of files
    ]
    assert left == []


def wait_for(path: Path, process: subprocess.Popen) -> None:
    """Until another process has made the file."""
    end = time.monotonic() + 180
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.05)


def is_running(number: int) -> bool:
    """Is the process there, and more than an entry that nobody has asked for yet?"""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def waiting(maps_study, tmp_path):
    """A run whose job has been asked for other maps and waits with them; the older are gone."""
    folder = tmp_path / "gate"
    folder.mkdir()
    process = maps_study.start(
        EXPLANATION,
        overlay=with_another_cell_mended(maps_study),
        environment=fault("wait", EXPLANATION, folder),
    )
    wait_for(folder / "waiting", process)
    assert not (maps_study.root / EXPLANATION).exists()
    yield process, folder
    (folder / "go").touch()
    process.kill()
    process.communicate()


# ---- a job that fails ---------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["fail", "kill", "full"])
def test_a_failing_rerun_leaves_the_older_file_and_is_planned_again(maps_study, what):
    file = maps_study.root / EXPLANATION
    before = state(file)
    mended = with_another_cell_mended(maps_study)
    run = maps_study.snakemake(MATRIX, overlay=mended, environment=fault(what, EXPLANATION))
    assert run.status != 0
    if what == "full":
        assert f"there is no space left to write {EXPLANATION}; make room there" in run.output
    assert (
        f"Put back the files of jobs that did not finish, as they were before: {EXPLANATION}"
        in (run.output)
    )
    assert state(file) == before
    nothing_is_left_over(maps_study)
    # the settings are still others than those of the file
    assert maps_study.plan(MATRIX, overlay=mended) == {
        "explain_images": 1,
        "compare_models": 1,
        "measure_chance": 1,
        "summarise_similarity": 1,
    }
    # and back with the older ones there is nothing to do
    assert maps_study.plan(MATRIX, overlay=MAPS) == {}


def test_the_run_after_a_failing_one_makes_what_an_undisturbed_one_makes(
    maps_study, finished_maps, tmp_path
):
    mended = with_another_cell_mended(maps_study)
    older = (maps_study.root / EXPLANATION).read_bytes()
    maps_study.snakemake(EXPLANATION, overlay=mended, environment=fault("kill", EXPLANATION))
    assert maps_study.snakemake(EXPLANATION, overlay=mended).status == 0
    undisturbed = type(maps_study)(tmp_path / "undisturbed")
    shutil.copytree(finished_maps.root, undisturbed.root)
    with_another_cell_mended(undisturbed)
    assert undisturbed.snakemake(EXPLANATION, overlay=mended).status == 0
    newer = (maps_study.root / EXPLANATION).read_bytes()
    assert newer == (undisturbed.root / EXPLANATION).read_bytes()
    assert newer != older
    nothing_is_left_over(maps_study)


def test_a_failing_rerun_for_a_changed_input_is_planned_again(maps_study):
    file = maps_study.root / EXPLANATION
    before = state(file)
    change_predictions(maps_study)
    for _ in range(2):  # it stays so, however often it fails
        run = maps_study.snakemake(
            EXPLANATION, overlay=MAPS, environment=fault("fail", EXPLANATION)
        )
        assert run.status != 0
        assert state(file) == before
        assert maps_study.plan(EXPLANATION, overlay=MAPS) == {"explain_images": 1}
    assert maps_study.snakemake(EXPLANATION, overlay=MAPS).status == 0
    assert file.stat().st_mtime_ns > before[1]
    assert maps_study.plan(EXPLANATION, overlay=MAPS) == {}


@pytest.mark.parametrize("what", ["fail:manifest.parquet", "kill:datasets/digits"])
def test_a_data_set_that_cannot_be_laid_out_again_stays_as_it_was(maps_study, what):
    folder = maps_study.root / "resources/datasets/digits"
    before = {path: state(path) for path in folder.rglob("*") if path.is_file()}
    halved = overlay(maps_study, "halved.yaml", dataset={"validation": 0.5})
    run = maps_study.snakemake("data", overlay=halved, environment=fault(*what.split(":")))
    assert run.status != 0
    assert {path: state(path) for path in folder.rglob("*") if path.is_file()} == before
    assert list(folder.parent.iterdir()) == [folder]
    assert maps_study.plan("data", overlay=MAPS) == {}
    assert "download_dataset" in maps_study.plan("data", overlay=halved)


# ---- Snakemake itself ---------------------------------------------------------------------------


def test_a_killed_run_is_undone_and_the_job_that_outlives_it_changes_nothing(
    maps_study, finished_maps, waiting
):
    process, folder = waiting
    file = maps_study.root / EXPLANATION
    job = int((folder / "waiting").read_text())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert is_running(job)
    run = maps_study.snakemake(EXPLANATION, overlay=Path("mended.yaml"))
    assert run.status != 0
    assert f"Put back after a run that was broken off, as they were before: {EXPLANATION}" in (
        run.output
    )
    assert "A run that was broken off has left a lock of this folder" in run.output
    assert "It can be removed with the --unlock argument" in run.output
    assert state(file) == state(finished_maps.root / EXPLANATION)
    (folder / "go").touch()
    while is_running(job):
        time.sleep(0.05)
    assert state(file) == state(finished_maps.root / EXPLANATION)
    nothing_is_left_over(maps_study)
    assert maps_study.snakemake("--unlock", overlay=MAPS).status == 0
    assert maps_study.plan(EXPLANATION, overlay=MAPS) == {}
    assert maps_study.plan(EXPLANATION, overlay=Path("mended.yaml")) == {"explain_images": 1}


def test_what_a_job_of_a_cluster_has_made_after_its_run_was_killed_counts(
    maps_study, finished_maps, waiting
):
    process, folder = waiting
    job = int((folder / "waiting").read_text())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (folder / "go").touch()
    while is_running(job):
        time.sleep(0.05)
    # the Snakemake inside a job of a cluster takes the marks of what has begun away, and no more
    for mark in (maps_study.root / ".snakemake/incomplete").rglob("*"):
        mark.unlink()
    assert maps_study.snakemake("--unlock", overlay=MAPS).status == 0
    assert maps_study.plan(EXPLANATION, overlay=Path("mended.yaml")) == {}
    assert maps_study.plan(EXPLANATION, overlay=MAPS) == {"explain_images": 1}
    newer = (maps_study.root / EXPLANATION).read_bytes()
    assert newer != (finished_maps.root / EXPLANATION).read_bytes()
    nothing_is_left_over(maps_study)


def test_an_interrupted_run_is_undone(maps_study, finished_maps, waiting):
    process, folder = waiting
    # as from the terminal, but for Snakemake alone: its job ends well
    process.send_signal(signal.SIGINT)
    (folder / "go").touch()
    process.communicate(timeout=300)
    assert process.returncode != 0
    assert state(maps_study.root / EXPLANATION) == state(finished_maps.root / EXPLANATION)
    nothing_is_left_over(maps_study)
    assert maps_study.plan(EXPLANATION, overlay=MAPS) == {}


def test_two_runs_of_one_study_do_not_meet_and_two_studies_do_not_disturb_each_other(
    maps_study, waiting
):
    process, folder = waiting
    kept = list((maps_study.root / EXPLANATION).parent.glob(".*.before"))
    assert len(kept) == 1
    second = maps_study.snakemake(EXPLANATION, overlay=Path("mended.yaml"))
    assert second.status != 0
    assert "Directory cannot be locked" in second.output
    other = maps_study.snakemake(
        "results/other/images.parquet", overlay=overlay(maps_study, "other.yaml", study="other")
    )
    assert other.status == 0, other.output
    # its end has taken all locks of Snakemake away
    third = maps_study.snakemake(EXPLANATION, overlay=Path("mended.yaml"))
    assert third.status != 0
    assert f"another run works on {EXPLANATION} (process {process.pid} on " in third.output
    # none of them took the first for broken off
    assert [path.exists() for path in kept] == [True]
    (folder / "go").touch()
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    nothing_is_left_over(maps_study)
    assert maps_study.plan(EXPLANATION, overlay=Path("mended.yaml")) == {}


# ---- damaged files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("damaged", "reader", "kind"),
    [
        (EXPLANATION, f"{RESULTS}/similarity/gradcam/cosine.nc", "NetCDF file"),
        (PREDICTION, EXPLANATION, "table"),
        (WEIGHTS, PREDICTION, "safetensors file"),
        (MATRIX, f"{RESULTS}/clusters/gradcam/cosine/all/order.csv", "table"),
    ],
    ids=["netcdf", "parquet", "safetensors", "csv"],
)
def test_a_damaged_file_is_named_and_made_anew_by_the_next_run(
    maps_study, finished_maps, damaged, reader, kind
):
    file = maps_study.root / damaged
    content = file.read_bytes()
    # cut, or a number with another digit
    cut = content[: len(content) // 2] if kind != "table" else flip(content, 4 * len(content))
    file.write_bytes(cut)
    (maps_study.root / reader).unlink(missing_ok=True)
    run = maps_study.snakemake(reader, overlay=MAPS)
    assert run.status != 0
    said = " ".join(run.output.split())
    assert f"{damaged} is not a readable {kind} (" in said
    assert f"it is now {file.name}.damaged, and the next run that needs it makes it anew" in said
    assert "Traceback" not in run.output
    # nothing is thrown away: it may have been the disk
    assert file.with_name(f"{file.name}.damaged").read_bytes() == cut
    assert maps_study.snakemake(reader, overlay=MAPS).status == 0
    for path in (damaged, reader):
        if (finished_maps.root / path).exists():
            assert (maps_study.root / path).read_bytes() == (finished_maps.root / path).read_bytes()


def test_a_whole_study_is_verified_and_every_damaged_file_is_a_line(maps_study):
    run = maps_study.snakemake("verify", overlay=MAPS)
    assert run.status == 0
    assert re.search(r"(?m)^\d+ files, [\d.]+ MB, checked in [\d.]+ s: none damaged$", run.output)
    (image,) = sorted((maps_study.root / "resources/datasets/digits/val").glob("*/*"))[:1]
    for file in (image, maps_study.root / EXPLANATION, maps_study.root / MATRIX):
        file.write_bytes(flip(file.read_bytes(), 8 * (file.stat().st_size // 2)))
    before = {path: state(path) for path in maps_study.root.rglob("results/**/*.[nc]*[cv]")}
    run = maps_study.snakemake("verify", overlay=MAPS)
    assert run.status != 0
    for path in (image.relative_to(maps_study.root), EXPLANATION, MATRIX):
        assert f"verify: {path}: its bytes are not those that were written" in run.output
    assert "3 damaged; delete what is named above and run again" in run.output
    assert "Traceback" not in run.output
    assert {path: state(path) for path in before} == before  # nothing is moved


def test_a_damaged_verdict_is_a_warning_and_no_end(maps_study):
    path = maps_study.root / RESULTS / "verdict.json"
    with atomic(path) as temporary:
        temporary.write_text("[]")
    path.write_text("[1]")
    run = maps_study.snakemake("--dry-run", MATRIX, overlay=MAPS)
    assert run.status == 0
    assert f"{RESULTS}/verdict.json is not a readable verdict" in run.output


# ---- a folder that cannot be written to ---------------------------------------------------------


def test_read_only_resources_are_read_and_a_run_that_would_write_there_does_not_begin(maps_study):
    def with_read_only_resources(*arguments: str) -> subprocess.CompletedProcess[str]:
        mount = "mount --bind resources resources && mount -o remount,ro,bind resources"
        snakemake = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        return subprocess.run(
            ["unshare", "-rm", "sh", "-c", f'{mount} || exit 99; exec "$@"', "sh", *snakemake],
            cwd=maps_study.root,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    if shutil.which("unshare") is None:
        pytest.skip("a folder is made read-only in a mount namespace, by unshare")
    images = maps_study.root / RESULTS / "images.parquet"
    content = images.read_bytes()
    images.unlink()
    run = with_read_only_resources(f"{RESULTS}/images.parquet", "--configfile", str(MAPS))
    if run.returncode == 99 or "unshare:" in run.stdout:
        pytest.skip(f"a folder cannot be made read-only here: {run.stdout}")
    assert run.returncode == 0, run.stdout
    assert images.read_bytes() == content
    absent = overlay(maps_study, "absent.yaml", dataset={"name": "absent"})
    run = with_read_only_resources("data", "--configfile", str(absent))
    assert run.returncode != 0
    assert "resources/datasets cannot be written to, and jobs of this run write there" in run.stdout
    assert "Traceback" not in run.stdout


# ---- clocks -------------------------------------------------------------------------------------


def test_time_stamps_alone_rerun_nothing(maps_study):
    day = 86400
    for folder in ("results", "resources"):
        for path in (maps_study.root / folder).rglob("*"):
            if path.is_file():
                time_stamp = path.stat().st_mtime + (day if path.suffix == ".parquet" else -day)
                os.utime(path, (time_stamp, time_stamp))
    assert maps_study.plan(MATRIX, overlay=MAPS) == {}


def test_a_changed_input_of_the_future_stops_its_job_until_it_is_touched(maps_study):
    file = maps_study.root / EXPLANATION
    before = state(file)
    change_predictions(maps_study)
    tomorrow = time.time() + 86400
    os.utime(maps_study.root / PREDICTION, (tomorrow, tomorrow))
    run = maps_study.snakemake(EXPLANATION, overlay=MAPS)
    assert run.status != 0
    assert "has older modification time" in run.output
    assert state(file) == before
    (maps_study.root / PREDICTION).touch()
    assert maps_study.snakemake(EXPLANATION, overlay=MAPS).status == 0


def test_a_changed_input_of_the_past_is_not_seen(maps_study):
    change_predictions(maps_study)
    os.utime(maps_study.root / PREDICTION, (0, 0))
    assert maps_study.plan(EXPLANATION, overlay=MAPS) == {}
    (maps_study.root / PREDICTION).touch()
    assert maps_study.plan(EXPLANATION, overlay=MAPS) == {"explain_images": 1}
