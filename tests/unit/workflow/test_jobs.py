"""How a job of the workflow runs: its arguments by name, its log and its end."""

import errno
import logging
import os
import re
import subprocess
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Wildcards

from thinkalike.errors import DamagedError, InputError
from thinkalike.progress import log
from thinkalike.stores.atomic import atomic
from thinkalike.stores.tables import read_table, write_table
from thinkalike.workflow.full_disk import JobLog
from thinkalike.workflow.jobs import arguments, job_log, peak_memory_mb, run
from thinkalike.workflow.leases import OF_JOB


@pytest.fixture
def job(tmp_path, monkeypatch):
    """What Snakemake gives to a script, as far as a job log looks at it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "0")
    return SimpleNamespace(
        log=[str(tmp_path / "job.log")],
        rule="compare_models",
        output=["results/maps.nc"],
        wildcards={"method": "gradcam", "metric": "rbf"},
        threads=2,
        text=lambda: (tmp_path / "job.log").read_text(),
    )


# ---- arguments by name --------------------------------------------------------------------------


def job_of(
    *,
    inputs: dict | None = None,
    outputs: dict | None = None,
    params: dict | None = None,
    wildcards: dict | None = None,
    gpu: int = 0,
) -> SimpleNamespace:
    """The object that Snakemake gives to the script of a rule with these names."""
    return SimpleNamespace(
        rule="compare_models",
        input=InputFiles(fromdict=inputs or {}),
        output=OutputFiles(fromdict=outputs or {}),
        params=Params(fromdict=params or {}),
        wildcards=Wildcards(fromdict=wildcards or {}),
        log=Log(toclone=["job.log"]),
        resources={"gpu": gpu},
        threads=3,
    )


def test_inputs_outputs_and_params_are_given_by_their_names():
    def main(similarity, maps, sigma, segments=None): ...

    job = job_of(inputs={"maps": "a.nc"}, outputs={"similarity": "s.nc"}, params={"sigma": 0.3})
    assert arguments(main, job) == {"maps": "a.nc", "similarity": "s.nc", "sigma": 0.3}


@pytest.mark.parametrize("place", ["inputs", "outputs", "params"])
def test_a_name_of_the_rule_that_main_does_not_know_is_an_error(place):
    def main(maps): ...

    with pytest.raises(
        TypeError,
        match="rule and script compare_models do not fit: mapps of the rule is not a parameter of main",
    ):
        arguments(main, job_of(**{place: {"mapps": "a.nc"}}))


def test_a_parameter_that_the_rule_does_not_know_is_an_error_unless_it_has_a_default():
    def main(maps, sigma, number=3): ...

    with pytest.raises(TypeError, match="fit: sigma of main is not given by the rule; use"):
        arguments(main, job_of(inputs={"maps": "a.nc"}))


def test_all_names_that_do_not_fit_are_named_at_once():
    def main(maps, sigma, number): ...

    with pytest.raises(TypeError, match=r"mapps, sigmas of the rule .*; maps, sigma of main"):
        arguments(main, job_of(params={"mapps": 1, "sigmas": 2, "number": 3}))


@pytest.mark.parametrize("places", [("inputs", "outputs"), ("inputs", "params")])
def test_a_name_of_two_things_in_one_rule_is_an_error(places):
    def main(maps): ...

    with pytest.raises(TypeError, match="maps stands for two things in one rule; rename one"):
        arguments(main, job_of(**{place: {"maps": "a.nc"} for place in places}))


def test_a_name_of_a_wildcard_and_of_something_else_is_an_error_where_main_asks_for_it():
    def main(method): ...

    job = job_of(params={"method": "gradcam"}, wildcards={"method": "gradcam_50"})
    with pytest.raises(TypeError, match="method is both a wildcard and an input, output or param"):
        arguments(main, job)


def test_wildcards_and_threads_are_given_only_where_main_names_them():
    job = job_of(wildcards={"method": "gradcam", "model": "vit"})
    assert arguments(lambda: None, job) == {}
    assert arguments(lambda model: None, job) == {"model": "vit"}
    assert arguments(lambda threads, method: None, job) == {"threads": 3, "method": "gradcam"}


def test_the_device_is_looked_for_only_where_main_names_it(monkeypatch):
    looked_for = []
    monkeypatch.setattr(
        "thinkalike.networks.devices.device_for",
        lambda gpu, threads: looked_for.append((gpu, threads)) or "the device",
    )
    job = job_of(gpu=1)
    assert arguments(lambda: None, job) == {}
    assert looked_for == []
    assert arguments(lambda device: None, job) == {"device": "the device"}
    assert looked_for == [(1, 3)]


def test_the_code_is_given_only_to_a_script_that_stores_it():
    job = job_of(params={"code": "0123"})
    assert arguments(lambda: None, job) == {}
    assert arguments(lambda code: None, job) == {"code": "0123"}


def test_an_empty_input_is_left_to_the_default_of_the_parameter():
    job = job_of(inputs={"maps": "a.nc", "segments": []})
    assert arguments(lambda maps, segments=None: None, job) == {"maps": "a.nc"}
    assert arguments(lambda maps, segments: None, job) == {"maps": "a.nc", "segments": []}


def test_files_under_one_name_are_a_plain_list():
    def main(maps, models): ...

    job = job_of(inputs={"maps": InputFiles(toclone=["a.nc", "b.nc"])}, params={"models": ["a"]})
    given = arguments(main, job)
    assert given == {"maps": ["a.nc", "b.nc"], "models": ["a"]}
    assert type(given["maps"]) is list


def test_a_script_is_run_with_a_log(tmp_path):
    job = job_of(outputs={"table": str(tmp_path / "table.csv")}, wildcards={"model": "vit"})
    job.log = Log(toclone=[str(tmp_path / "job.log")])
    run(lambda table, model: Path(table).write_text(model), job)
    assert (tmp_path / "table.csv").read_text() == "vit"
    assert "compare_models(model=vit), 3 threads" in (tmp_path / "job.log").read_text()


def test_a_script_that_does_not_fit_its_rule_has_the_error_in_its_log(tmp_path):
    job = job_of(params={"sigma": 1.0})
    job.log = Log(toclone=[str(tmp_path / "job.log")])
    with pytest.raises(TypeError, match="do not fit"):
        run(lambda: None, job)
    assert "do not fit: sigma of the rule" in (tmp_path / "job.log").read_text()


# ---- the log ------------------------------------------------------------------------------------


def test_a_log_begins_with_the_job_and_ends_with_time_and_memory(job, monkeypatch):
    clock = SimpleNamespace(monotonic=iter((1000.0, 1004.26)).__next__, process_time=lambda: 2.14)
    monkeypatch.setattr("thinkalike.workflow.jobs.time", clock)
    with job_log(job):
        log.info("half-way")
    first, middle, last = job.text().splitlines()
    assert first.endswith("INFO compare_models(method=gradcam, metric=rbf), 2 threads")
    assert middle.endswith("INFO half-way")
    seconds, cpu, memory = re.split(r" s, | s of CPU, peak memory ", last.split(" INFO ")[1])
    assert (seconds, cpu) == ("4.3", "2.1")
    assert float(memory.removesuffix(" MB")) == pytest.approx(peak_memory_mb(), rel=0.2)


def test_an_input_error_ends_a_job_with_status_1_and_one_sentence(job, capsys):
    with pytest.raises(SystemExit) as end, job_log(job):
        raise InputError("images.count: 9 asked for; ask for at most 5")
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        "compare_models: images.count: 9 asked for; ask for at most 5\n"
    )
    assert (
        job.text().splitlines()[-1].endswith("ERROR images.count: 9 asked for; ask for at most 5")
    )
    assert "Traceback" not in job.text()


def test_an_input_error_ends_a_process_without_a_traceback(tmp_path):
    script = """
import sys
from types import SimpleNamespace
from thinkalike.errors import DamagedError, InputError
from thinkalike.workflow.jobs import job_log
with job_log(SimpleNamespace(log=[sys.argv[1]], rule="r", wildcards={}, threads=1)):
    raise InputError("replace this")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "job.log")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "r: replace this\n")


def test_a_damaged_input_is_moved_aside_and_none_is_lost(job, tmp_path, capsys):
    job.input = [str(tmp_path / "maps.nc")]
    for content in ("first", "second"):
        (tmp_path / "maps.nc").write_text(content)
        with pytest.raises(SystemExit) as end, job_log(job):
            raise DamagedError(tmp_path / "maps.nc", "maps.nc is cut")
        assert end.value.code == 1
    assert (tmp_path / "maps.nc.damaged").read_text() == "first"
    assert (tmp_path / "maps.nc.damaged1").read_text() == "second"
    assert not (tmp_path / "maps.nc").exists()
    assert capsys.readouterr().err.splitlines() == [
        "compare_models: maps.nc is cut; it is now maps.nc.damaged, and the next run that needs it "
        "makes it anew",
        "compare_models: maps.nc is cut; it is now maps.nc.damaged1, and the next run that needs it "
        "makes it anew",
    ]


def test_the_checksum_beside_a_damaged_input_goes_with_it(job, tmp_path):
    path = tmp_path / "all.csv"
    job.input = [str(path)]
    write_table(pd.DataFrame({"a": [1, 2]}), path)
    path.write_text("a\n1\n3\n")
    with pytest.raises(SystemExit), job_log(job):
        read_table(path)
    assert {file.name for file in tmp_path.glob("*all.csv*")} == {
        "all.csv.damaged",
        ".all.csv.damaged.xxh3",
    }
    # the disk was wrong: whoever renames the file reads it, with the checksum or without
    (tmp_path / "all.csv.damaged").rename(path)
    assert read_table(path)["a"].tolist() == [1, 3]


def test_a_damaged_file_that_is_no_input_stays_where_it_is(job, tmp_path, capsys):
    job.input = []
    (tmp_path / "own.nc").write_text("of the user")
    with pytest.raises(SystemExit), job_log(job):
        raise DamagedError(tmp_path / "own.nc", "own.nc is cut")
    assert (tmp_path / "own.nc").read_text() == "of the user"
    assert "own.nc is cut; delete it and run again" in capsys.readouterr().err


def test_a_damaged_input_that_another_job_has_moved_is_named(job, tmp_path, capsys):
    job.input = [str(tmp_path / "gone.nc")]
    with pytest.raises(SystemExit), job_log(job):
        raise DamagedError(tmp_path / "gone.nc", "gone.nc is cut")
    assert "gone.nc is cut; " in capsys.readouterr().err


@pytest.mark.parametrize("taken", ["moved", "replaced", "lease gone"])
def test_a_job_that_another_run_has_taken_over_writes_nothing(
    job, tmp_path, capsys, taken, monkeypatch
):
    path, lease = tmp_path / "maps.nc", tmp_path / "run.lease"
    lease.touch()
    monkeypatch.setenv(OF_JOB, str(lease))

    def work():
        with job_log(job):
            with atomic(path) as temporary:
                temporary.write_text("in time")
            if taken == "lease gone":
                lease.unlink()
            else:
                Path(job.log[0]).rename(tmp_path / "job.log.broken_off")
            if taken == "replaced":
                Path(job.log[0]).touch()
            with atomic(path) as temporary:
                temporary.write_text("too late")

    with pytest.raises(SystemExit):
        work()
    assert path.read_text() == "in time"
    assert "another run has taken over while this job was at work" in capsys.readouterr().err
    # the next job of this process is its own
    lease.touch()
    with atomic(path) as temporary:
        temporary.write_text("later")


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_is_full_ends_a_job_with_one_sentence(job, capsys):
    with pytest.raises(SystemExit) as end, job_log(job):
        full()
    assert end.value.code == 1
    assert "there is no space left to write results/maps.nc; make room there" in job.text()
    assert "compare_models: there is no space left to write" in capsys.readouterr().err
    assert "Traceback" not in job.text()


def test_a_log_that_cannot_be_begun_is_one_sentence(job, monkeypatch):
    monkeypatch.setattr(JobLog, "_open", full)
    with pytest.raises(SystemExit) as end, job_log(job):
        pass
    assert str(end.value.code).startswith(
        f"compare_models: there is no space left to write {job.log[0]}; make room there"
    )


def test_a_job_goes_on_without_its_log_and_says_so_once(job, capsys):
    if not Path("/dev/full").exists():
        pytest.skip("a file that is always full is a device of Linux")
    job.log = ["/dev/full"]
    with job_log(job):
        log.info("a line")
        log.info("another line")
    assert capsys.readouterr().err == "there is no space left to write /dev/full; it ends here\n"


def test_another_error_keeps_its_traceback_in_the_log_and_is_left_to_python_on_the_terminal(
    job, capsys
):
    with pytest.raises(ZeroDivisionError), job_log(job):
        1 / 0  # noqa: B018
    assert "compare_models stopped on an error that is not the input's" in job.text()
    assert "Traceback (most recent call last)" in job.text()
    assert job.text().splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert capsys.readouterr().err == ""


def test_warnings_are_in_the_log_and_on_the_terminal_and_news_in_the_log_only(job, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with job_log(job):
            log.info("for the log")
            log.warning("3 maps are blank")
            warnings.warn("from a library", stacklevel=1)
    text, terminal = job.text(), capsys.readouterr().err
    assert "INFO for the log" in text
    assert "WARNING 3 maps are blank" in text
    assert "from a library" in text
    assert "for the log" not in terminal
    assert "compare_models: 3 maps are blank\n" in terminal
    assert "from a library" in terminal


@pytest.mark.parametrize("error", [None, InputError, RuntimeError])
def test_a_job_leaves_logging_as_it_was(job, error, caplog):
    caplog.set_level(logging.ERROR)
    root = logging.getLogger()
    before = root.level, list(root.handlers), warnings.showwarning
    with suppress(SystemExit, RuntimeError), job_log(job):
        (file,) = (h for h in root.handlers if getattr(h, "baseFilename", None) == job.log[0])
        if error:
            raise error("stop")
    assert (root.level, root.handlers, warnings.showwarning) == before
    assert file.stream is None  # closed


def test_a_log_is_started_anew(job):
    for _ in range(2):
        with job_log(job):
            pass
    assert job.text().count("compare_models(") == 1


def test_hubs_are_offline_in_a_job(job):
    with job_log(job):
        assert os.environ["HF_HUB_OFFLINE"] == "1"
        assert os.environ["HF_DATASETS_OFFLINE"] == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="the oracle is Linux's own account")
def test_peak_memory_is_what_the_system_says():
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    kilobytes = int(status["VmHWM"].split()[0])
    assert peak_memory_mb() == pytest.approx(kilobytes * 1024 / 1e6, rel=0.05)
