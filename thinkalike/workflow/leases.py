"""Which runs are at work in a checkout, on this machine and on others that see its disk.

A run holds a lease, a file that names its process and the files that it makes and reads. The lease is
locked (flock) where the file system can, so that the system says when the process has ended, and its
time stamp is renewed every half minute, by which other machines see that the run goes on.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path

from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

RENEWED_EVERY = 30.0
"""Seconds between two renewals of a lease."""

SILENT_AFTER = 600.0
"""Seconds without renewal after which the run of another machine is no longer believed to go on."""

OF_JOB = "THINKALIKE_LEASE"
"""Environment variable with the lease of the run that has started a job."""

WAIT = 60.0
"""Seconds that a start waits for others to decide."""


class State(Enum):
    """What is known of a run."""

    ALIVE = "it goes on, or may"
    DEAD = "its process has ended"
    SILENT = "it is of another machine, and has not been heard of for long"


@dataclass(frozen=True)
class Place:
    """Where a process runs.

    Attributes:
        host: name of the machine, or of the container.
        boot: id that Linux gives to each start of the machine, and containers share; "" elsewhere.
        namespace: where process numbers count, which containers do not share; "" elsewhere.
        up: seconds since the machine was started; 0 if it does not say.
    """

    host: str
    boot: str
    namespace: str
    up: float

    @classmethod
    def here(cls) -> "Place":
        """Place of this process."""
        boot = namespace = ""
        up = 0.0
        with suppress(OSError):
            boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
            namespace = str(Path("/proc/self/ns/pid").readlink())
            up = float(Path("/proc/uptime").read_text().split()[0])
        return cls(socket.gethostname(), boot, namespace, up)


@dataclass(frozen=True)
class Holder:
    """The run that holds a lease.

    Attributes:
        host, boot, namespace: its `Place`.
        process: number of its process.
        started: when that was started, as Linux counts it; "" elsewhere.
        since: date and time at which it took the lease.
        locked: whether the lease was locked; not every file system can.
        makes: paths of files that it makes.
        reads: paths of files that it reads, or may.
    """

    host: str
    boot: str
    namespace: str
    process: int
    started: str
    since: str
    locked: bool
    makes: tuple[str, ...]
    reads: tuple[str, ...]

    def __str__(self) -> str:
        return f"process {self.process} on {self.host}, since {self.since}"


class Lease:
    """The lease of this process.

    Attributes:
        path: its file, `<run>.lease`.
        holder: what it says.
    """

    def __init__(self, folder: Path, makes: Iterable[str], reads: Iterable[str]) -> None:
        """Take a lease in a folder, which others see from now on.

        Raises:
            InputError: there is no space left to write it.
            OSError: it cannot be written.
        """
        place = Place.here()
        # a name that no other run has, also where a number or a host's name comes again
        run = f"{place.host}.{os.getpid()}.{secrets.token_hex(4)}"
        self.path = folder / f"{run}.lease"
        with atomic(self.path, checksum=False) as temporary:
            self._file = os.open(temporary, os.O_RDWR | os.O_CREAT, 0o666)
            self.holder = Holder(
                host=place.host,
                boot=place.boot,
                namespace=place.namespace,
                process=os.getpid(),
                started=_started(os.getpid()),
                since=time.strftime("%Y-%m-%d %H:%M:%S"),
                locked=_lock(self._file) is True,
                makes=tuple(sorted(makes)),
                reads=tuple(sorted(reads)),
            )
            temporary.write_text(json.dumps(asdict(self.holder)))
        self._released = threading.Event()
        threading.Thread(target=self._renew, daemon=True).start()

    @property
    def run(self) -> str:
        """Name of the run."""
        return self.path.stem

    def release(self) -> None:
        """Give the lease up: its file is gone."""
        self._released.set()
        self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _renew(self) -> None:
        while not self._released.wait(RENEWED_EVERY):
            with suppress(OSError):  # a server that does not answer now may answer the next time
                os.utime(self.path)


def run_has_ended() -> bool:
    """Whether the run that started this process as its job has given its lease up, or lost it."""
    lease = os.environ.get(OF_JOB)
    return lease is not None and not Path(lease).exists()


@dataclass(frozen=True)
class Run:
    """A run that holds, or held, a lease.

    Attributes:
        path: its lease.
        holder: what the lease says; None if it is not readable.
        state: whether the run goes on.
    """

    path: Path
    holder: Holder | None
    state: State

    def clash(self, makes: set[str], reads: set[str]) -> str:
        """Why a run that makes and reads these files cannot be at work beside this one; "" if it can."""
        if self.holder is None:
            return f"{self.path} is the lease of another run, and cannot be read; {self.hint}"
        theirs = {*self.holder.makes}
        files = makes & (theirs | {*self.holder.reads}) | reads & theirs
        return f"another run works on {min(files)} ({self.holder}); {self.hint}" if files else ""

    @property
    def hint(self) -> str:
        """What a user can do who wants to make the same files."""
        match self.state:
            case State.ALIVE:
                return "wait until it has ended, or end it, and run again"
            case State.DEAD:
                return "it has just ended; run again, and its files are put back first"
            case State.SILENT:
                return (
                    f"nothing has been heard of it for {SILENT_AFTER / 60:.0f} minutes or more: see "
                    f"that it has ended, delete {self.path}, and run again"
                )


def runs(folder: Path, now: float, here: Place) -> list[Run]:
    """All runs that have a lease in a folder.

    Args:
        folder: of the leases.
        now: time by the clock of the file system (`deciding`), which sets the time stamps.
        here: place of this process.
    """
    found = []
    for path in sorted(folder.glob("[!.]*.lease")):  # hidden: one that is just being written
        with suppress(FileNotFoundError):  # it has just ended
            holder, age = _read(path), now - path.stat().st_mtime
            found.append(Run(path, holder, _state(path, holder, age, here)))
    return found


def take(folder: Path, makes: Iterable[str], reads: Iterable[str]) -> Lease:
    """Take a lease for a run, unless another run works on the same files.

    Args:
        folder: of the leases.
        makes: paths of files that the run makes.
        reads: paths of files that it reads, or may.

    Raises:
        InputError: another run makes one of the files, or reads one that this run makes.
        OSError: the lease cannot be written.
    """
    makes, reads = {*makes}, {*reads}
    with deciding(folder) as now:
        # our own first: of two starts on machines that share no lock, one at least sees the other
        lease = Lease(folder, makes, reads)
        others = [run for run in runs(folder, now, Place.here()) if run.path != lease.path]
        if problem := next(filter(None, (run.clash(makes, reads) for run in others)), None):
            lease.release()
            raise InputError(problem)
    return lease


@contextmanager
def deciding(folder: Path, wait: float = WAIT) -> Iterator[float]:
    """While open, no other start on this machine decides about the runs of a folder.

    Gives the time by the clock of the file system.

    Raises:
        InputError: another start has been deciding for a minute.
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.with_name(f"{folder.name}.lock")
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        end = time.monotonic() + wait
        while _lock(file) is False:
            if time.monotonic() > end:
                raise InputError(
                    f"another start of Snakemake holds {path} and does not go on; end it, and start "
                    "again"
                )
            time.sleep(0.05)
        os.utime(path)
        yield os.fstat(file).st_mtime
    finally:
        os.close(file)


def _read(path: Path) -> Holder | None:
    try:
        content = json.loads(path.read_bytes())
        lists = {key: tuple(content[key]) for key in ("makes", "reads")}
        return Holder(**content | lists)
    except (ValueError, TypeError, KeyError, PermissionError):
        return None


def _state(path: Path, holder: Holder | None, age: float, here: Place) -> State:
    if holder is not None:
        if (holder.boot or holder.host) == (here.boot or here.host):
            alive = _is_alive(path, holder, here)
            if alive is not None:
                return State.ALIVE if alive else State.DEAD
        # Of this machine before it was started anew. Another one of the same name would have renewed.
        elif holder.host == here.host and age > max(here.up, 3 * RENEWED_EVERY):
            return State.DEAD
    return State.ALIVE if age < SILENT_AFTER else State.SILENT


def _is_alive(path: Path, holder: Holder, here: Place) -> bool | None:
    """Whether a process of this machine is alive; None if that cannot be told."""
    if holder.namespace == here.namespace and holder.started:
        try:
            os.kill(holder.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # of somebody else, who may hide what he runs
            pass
        if started := _started(holder.process):
            return started == holder.started
    return _is_locked(path) if holder.locked else None


def _started(process: int) -> str:
    """When a process was started, as Linux counts it; "" if it does not say, "ended" if that is over."""
    try:
        values = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if values[0] in "ZX" else values[19]


def _is_locked(path: Path) -> bool | None:
    """Whether a process holds the lock of a file; None if that cannot be told."""
    with path.open("rb") as file:
        free = _lock(file.fileno(), shared=True)
    return None if free is None else not free


def _lock(file: int, shared: bool = False) -> bool | None:
    """Lock a file until it is closed; False if another process holds it, None if there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_NB | (fcntl.LOCK_SH if shared else fcntl.LOCK_EX))
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
