"""A lease says whether a run goes on, also to other machines, and two runs never make the same file."""

import errno
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from thinkalike.errors import InputError
from thinkalike.workflow import leases
from thinkalike.workflow.leases import Holder, Lease, Place, State, deciding, runs, take

HERE = Place("login1", "boot-1", "pid:[1]", up=1000.0)
HOUR = 3600.0
TAKE = """
import sys
from pathlib import Path
from thinkalike.workflow.leases import take
lease = take(Path(sys.argv[1]), ["maps.nc"], [])
print(lease.path, flush=True)
sys.stdin.read()
"""


def lease_of(folder: Path, age: float, **changes: object) -> Path:
    """A lease of a process on this machine that was renewed `age` seconds ago."""
    values = {"host": HERE.host, "boot": HERE.boot, "namespace": HERE.namespace, "process": 1}
    rest = {"started": "", "since": "now", "locked": False, "makes": ["a"], "reads": []}
    path = folder / "run.lease"
    path.write_text(json.dumps(values | rest | changes))
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def state(folder: Path, here: Place = HERE) -> State:
    (run,) = runs(folder, time.time(), here)
    return run.state


def started(process: int) -> str:
    """When a process was started: field 22 of proc(5)."""
    return Path(f"/proc/{process}/stat").read_text().split(") ")[1].split()[19]


def start(folder: Path, *prefix: str) -> tuple[subprocess.Popen, Path]:
    """A process that holds a lease, and the lease."""
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", TAKE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return process, Path(process.stdout.readline().strip())


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


# ---- the same start of the same machine ---------------------------------------------------------


@pytest.mark.parametrize("host", [HERE.host, "login2"], ids=["its name", "another name"])
def test_a_process_that_lives_is_alive_however_long_it_was_silent(tmp_path, sleeper, host):
    lease_of(tmp_path, HOUR, host=host, process=sleeper.pid, started=started(sleeper.pid))
    assert state(tmp_path) is State.ALIVE


def test_another_process_with_the_number_of_one_that_ended_is_not_the_run(tmp_path, sleeper):
    lease_of(tmp_path, 0, process=sleeper.pid, started=str(int(started(sleeper.pid)) - 1))
    assert state(tmp_path) is State.DEAD


@pytest.mark.parametrize("waited", [True, False], ids=["gone", "not waited for"])
def test_a_process_that_has_ended_is_dead(tmp_path, sleeper, waited):
    lease_of(tmp_path, 0, process=sleeper.pid, started=started(sleeper.pid))
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | (0 if waited else os.WNOWAIT))
    assert state(tmp_path) is State.DEAD


def test_a_run_is_alive_until_it_is_killed(tmp_path):
    process, path = start(tmp_path)
    assert state(tmp_path, Place.here()) is State.ALIVE
    process.send_signal(signal.SIGSTOP)
    assert state(tmp_path, Place.here()) is State.ALIVE
    process.kill()
    process.wait()
    assert path.exists()
    assert state(tmp_path, Place.here()) is State.DEAD


@pytest.mark.parametrize("namespace", ["pid:[2]", ""], ids=["container", "no numbers to compare"])
def test_where_numbers_say_nothing_the_lock_says_whether_a_run_goes_on(tmp_path, namespace):
    process, path = start(tmp_path)
    content = json.loads(path.read_text())
    assert content["locked"]
    path.write_text(json.dumps(content | {"namespace": namespace}))
    os.utime(path, (0, 0))
    assert state(tmp_path, Place.here()) is State.ALIVE
    process.kill()
    process.wait()
    assert state(tmp_path, Place.here()) is State.DEAD


def test_a_run_in_another_container_is_seen_until_it_is_killed(tmp_path):
    inside = ["unshare", "--pid", "--fork", "--kill-child"]
    if not shutil.which("unshare") or subprocess.run([*inside, "true"]).returncode:
        pytest.skip("no namespace of processes can be made here (unshare)")
    process, path = start(tmp_path, *inside)
    os.utime(path, (0, 0))
    assert state(tmp_path, Place.here()) is State.ALIVE
    process.kill()
    process.wait()
    end = time.monotonic() + 30
    while state(tmp_path, Place.here()) is State.ALIVE and time.monotonic() < end:
        time.sleep(0.02)
    assert state(tmp_path, Place.here()) is State.DEAD


@pytest.mark.parametrize(("age", "expected"), [(500, State.ALIVE), (700, State.SILENT)])
def test_without_numbers_and_locks_a_run_is_judged_by_its_renewals(tmp_path, age, expected):
    lease_of(tmp_path, age, namespace="pid:[2]", locked=False)
    assert state(tmp_path) is expected


def test_a_system_without_proc_has_its_locks(tmp_path):
    here = Place("mac", "", "", 0.0)
    lease_of(tmp_path, 0, host="mac", boot="", namespace="", locked=True)
    assert state(tmp_path, here) is State.DEAD
    lease_of(tmp_path, 0, host="mac2", boot="", namespace="", locked=True)
    assert state(tmp_path, here) is State.ALIVE


# ---- other machines, other starts ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, State.ALIVE), (500, State.ALIVE), (700, State.SILENT), (1e6 * HOUR, State.SILENT)],
)
def test_a_run_of_another_machine_is_never_called_dead(tmp_path, age, expected, sleeper):
    # its number is another process here, and its lock is not seen here
    lease_of(tmp_path, age, host="login2", boot="boot-2", process=sleeper.pid, locked=True)
    assert state(tmp_path) is expected


@pytest.mark.parametrize(
    ("age", "up", "expected"),
    [
        (200, 100, State.DEAD),
        # renewed since this machine was started: it is another one of the same name
        (200, 300, State.ALIVE),
        (20, 10, State.ALIVE),
        (700, HOUR, State.SILENT),
    ],
)
def test_a_machine_that_was_started_anew_has_no_runs_of_before(tmp_path, age, up, expected):
    lease_of(tmp_path, age, boot="boot-0")
    here = Place(HERE.host, HERE.boot, HERE.namespace, up)
    assert state(tmp_path, here) is expected


@pytest.mark.parametrize("content", [b"", b"\0" * 50, b"[]", b"{}", b"\xff"])
@pytest.mark.parametrize(("age", "expected"), [(0, State.ALIVE), (700, State.SILENT)])
def test_a_lease_that_cannot_be_read_is_believed_and_named(tmp_path, content, age, expected):
    path = lease_of(tmp_path, 0)
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))
    assert state(tmp_path) is expected
    with pytest.raises(InputError, match=r"run\.lease is the lease of another run, and cannot be"):
        take(tmp_path, ["b"], [])


def test_a_lease_is_renewed(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "RENEWED_EVERY", 0.02)
    lease = Lease(tmp_path, [], [])
    os.utime(lease.path, (0, 0))
    end = time.monotonic() + 30
    while lease.path.stat().st_mtime == 0 and time.monotonic() < end:
        time.sleep(0.02)
    assert lease.path.stat().st_mtime > time.time() - 60
    lease.release()


# ---- two runs at once ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("makes", "reads", "file"),
    [
        (["maps.nc", "b"], [], "maps.nc"),
        (["weights"], [], "weights"),
        ([], ["maps.nc"], "maps.nc"),
        (["b"], ["weights"], None),
    ],
    ids=["makes the same", "makes what it reads", "reads what it makes", "only reads the same"],
)
def test_a_second_run_may_not_touch_what_the_first_makes(tmp_path, makes, reads, file):
    first = take(tmp_path, ["maps.nc"], ["weights"])
    if file:
        who = rf"process {os.getpid()} on {socket.gethostname()}, since 20\d\d-\d\d-\d\d \d\d:\d\d"
        with pytest.raises(InputError, match=rf"another run works on {file} \({who}:\d\d\); wait "):
            take(tmp_path, makes, reads)
        assert list(tmp_path.iterdir()) == [first.path]
    else:
        take(tmp_path, makes, reads).release()
    first.release()
    assert list(tmp_path.iterdir()) == []
    take(tmp_path, makes, reads).release()


def test_a_user_is_told_what_to_do_about_a_machine_that_is_not_heard_of(tmp_path):
    path = lease_of(tmp_path, HOUR, host="login2", boot="boot-2")
    with pytest.raises(InputError, match=rf"on login2, .* for 10 minutes or more: .*{path}"):
        take(tmp_path, ["a"], [])
    path.unlink()
    take(tmp_path, ["a"], []).release()


def test_a_run_that_dies_while_another_is_planned_is_put_back_first(tmp_path, sleeper):
    lease = take(tmp_path, ["a"], [])
    content = asdict(lease.holder) | {"started": "1"}
    lease.path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="it has just ended; run again, and its files are put"):
        take(tmp_path, ["a"], [])
    lease.release()


def hold(folder: Path, locks: bool, barrier, results) -> None:
    if not locks:
        leases.fcntl = None
        started = leases._started
        # all have come as far before the first lease is written
        leases._started = lambda process: time.sleep(0.2) or started(process)
    barrier.wait()
    try:
        take(folder, ["maps.nc"], [])
        results.put(1)
    except InputError:
        results.put(0)
    barrier.wait()  # nobody ends before all have decided


@pytest.mark.parametrize("locks", [True, False], ids=["with locks", "without"])
def test_of_runs_that_start_at_once_one_goes_on(tmp_path, locks):
    context = multiprocessing.get_context("fork")
    for attempt in range(5):
        barrier, results = context.Barrier(4), context.Queue()
        arguments = (tmp_path / str(attempt), locks, barrier, results)
        processes = [context.Process(target=hold, args=arguments) for _ in range(4)]
        for process in processes:
            process.start()
        went_on = sum(results.get(timeout=60) for _ in processes)
        for process in processes:
            process.join()
        # without locks all may see each other and step back
        assert went_on == 1 if locks else went_on <= 1


def test_a_start_waits_for_others_to_decide_and_gives_up_in_a_sentence(tmp_path):
    folder = tmp_path / "runs"
    with (
        deciding(folder),
        pytest.raises(InputError, match=r"holds .*runs\.lock and does not go on"),
        deciding(folder, wait=0.1),
    ):
        pass
    with deciding(folder, wait=0.1) as now:
        assert abs(now - time.time()) < 60


def test_a_file_system_without_locks_is_no_obstacle(tmp_path, monkeypatch):
    def refuse(file, mode):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(leases.fcntl, "flock", refuse)
    lease = take(tmp_path, ["a"], [])
    assert not lease.holder.locked
    assert Holder(**json.loads(lease.path.read_text())).process == os.getpid()
    with pytest.raises(InputError, match="another run works on a"):
        take(tmp_path, ["a"], [])
    lease.release()


def test_without_a_folder_there_are_no_runs(tmp_path):
    assert runs(tmp_path / "absent", time.time(), HERE) == []
