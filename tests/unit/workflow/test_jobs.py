"""What surrounds a job: its log and its end, named seeds, the device, progress."""

import io
import logging
import os
import subprocess
import sys
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from thinkalike.errors import DamagedError, InputError
from thinkalike.networks.devices import device_for
from thinkalike.progress import log, progress
from thinkalike.randomness import generator, integer_seed, seed_sequence
from thinkalike.stores.atomic import atomic
from thinkalike.workflow.jobs import job_log, peak_memory_mb


@pytest.fixture
def job(tmp_path, monkeypatch):
    """What Snakemake hands to a script, as far as a job log looks at it."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "0")
    return SimpleNamespace(
        log=[str(tmp_path / "job.log")],
        rule="compare_models",
        wildcards={"method": "gradcam", "metric": "rbf"},
        threads=2,
        text=lambda: (tmp_path / "job.log").read_text(),
    )


# ---- the log ------------------------------------------------------------------------------------


def test_a_log_begins_with_the_job_and_ends_with_time_and_memory(job, monkeypatch):
    clock = SimpleNamespace(monotonic=iter((1000.0, 1004.26)).__next__)
    monkeypatch.setattr("thinkalike.jobs.time", clock)
    with job_log(job):
        log.info("half-way")
    first, middle, last = job.text().splitlines()
    assert first.endswith("INFO compare_models(method=gradcam, metric=rbf), 2 threads")
    assert middle.endswith("INFO half-way")
    seconds, memory = last.split(" INFO ")[1].split(" s, peak memory ")
    assert seconds == "4.3"
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
    raise InputError("mend this")
"""
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "job.log")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", "r: mend this\n")


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


@pytest.mark.parametrize("taken", ["moved", "replaced"])
def test_a_job_that_another_run_has_taken_over_writes_nothing(job, tmp_path, capsys, taken):
    path = tmp_path / "maps.nc"

    def work():
        with job_log(job):
            with atomic(path) as temporary:
                temporary.write_text("in time")
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
    with atomic(path) as temporary:
        temporary.write_text("later")


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


# ---- seeds --------------------------------------------------------------------------------------


def test_a_seed_is_the_seed_sequence_of_the_study_seed_and_the_checksums_of_the_names():
    expected = np.random.SeedSequence([7, zlib.crc32(b"images"), zlib.crc32(b"12")])
    np.testing.assert_array_equal(
        seed_sequence(7, "images", 12).generate_state(8), expected.generate_state(8)
    )


def test_generator_and_integer_seed_come_from_that_sequence():
    sequence = seed_sequence(7, "louvain")
    expected = np.random.Generator(np.random.PCG64(sequence)).random(5)
    np.testing.assert_array_equal(generator(7, "louvain").random(5), expected)
    word = int(seed_sequence(7, "louvain").generate_state(1, np.uint64)[0])
    assert integer_seed(7, "louvain") == word // 2
    assert type(integer_seed(7, "louvain")) is int


def test_seeds_are_the_same_on_every_machine_and_in_every_version():
    # written down once; a change here changes every study
    assert integer_seed(0, "split", "3") == 7250618079634189809
    assert integer_seed(1, "gradcam", "val/3/0003.png") == 8640610889487800287


def test_seeds_differ_by_study_by_name_and_by_the_order_of_names():
    names = [(), ("a",), ("b",), ("a", "b"), ("b", "a"), ("a", 1), ("a", 2), ("ab",)]
    seeds = {integer_seed(study, *each) for study in (0, 1, 2**40) for each in names}
    assert len(seeds) == 3 * len(names)
    assert all(0 <= seed < 2**63 for seed in seeds)


# ---- the device ---------------------------------------------------------------------------------


def torch_stand_in(monkeypatch, *, cuda: bool) -> list[int]:
    """Put a stand-in for torch in its place; what threads are set to is appended to the list."""
    threads: list[int] = []
    torch = SimpleNamespace(
        set_num_threads=threads.append,
        device=lambda name: f"device {name}",
        cuda=SimpleNamespace(is_available=lambda: cuda),
        backends=SimpleNamespace(cudnn=SimpleNamespace(allow_tf32=True)),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    return threads


@pytest.mark.parametrize(
    ("gpus", "cuda", "device"), [(0, False, "cpu"), (0, True, "cpu"), (1, True, "cuda")]
)
def test_the_device_follows_what_was_granted(monkeypatch, gpus, cuda, device):
    threads = torch_stand_in(monkeypatch, cuda=cuda)
    limited = []
    monkeypatch.setattr("threadpoolctl.threadpool_limits", limited.append)
    assert device_for(gpus, 3) == f"device {device}"
    assert threads == limited == [3]
    assert not sys.modules["torch"].backends.cudnn.allow_tf32


def test_a_granted_gpu_that_is_missing_is_an_error(monkeypatch):
    torch_stand_in(monkeypatch, cuda=False)
    with pytest.raises(InputError, match=r"gpu is 1 .* CUDA finds no device; .* set gpu=0"):
        device_for(1, 1)


# ---- progress -----------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_a_line_per_tenth_and_the_rate(caplog, capsys, monkeypatch):
    caplog.set_level(logging.INFO)
    clock = SimpleNamespace(monotonic=iter((1000.0, 1004.0)).__next__)
    monkeypatch.setattr("thinkalike.jobs.time", clock)
    assert list(progress(range(250), what="explain", total=250)) == list(range(250))
    *tenths, rate = caplog.messages
    assert tenths == [f"explain: {25 * k} of 250" for k in range(1, 11)]
    assert rate == "explain: 62.5 a second (250 in 4.0 s)"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("total", "lines"), [(3, 3), (1, 1), (0, 0), (10, 10), (11, 10)])
def test_short_work_has_no_more_lines_than_items(caplog, total, lines):
    caplog.set_level(logging.INFO)
    list(progress(range(total), what="explain", total=total))
    assert len(caplog.messages) == lines + 1
    if lines:
        assert caplog.messages[-2] == f"explain: {total} of {total}"


def test_a_terminal_gets_a_bar_and_the_log_only_the_rate(caplog, monkeypatch):
    caplog.set_level(logging.INFO)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress(iter("abc"), what="explain", total=3)) == ["a", "b", "c"]
    assert "explain" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()
    assert len(caplog.messages) == 1


def test_items_are_taken_one_by_one():
    taken = []

    def items():
        for i in range(3):
            taken.append(i)
            yield i

    work = progress(items(), what="explain", total=3)
    next(work)
    assert taken == [0]
