"""A SLURM of our own on this machine: munged, slurmctld and two nodes, gone when the tests end."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.slurm.keeper import kept

TEMPLATES = Path(__file__).parent / "cluster"
DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("srun", "sbatch", "squeue", "scancel", "sinfo", "scontrol", "sacct")
NODES = ("n1", "n2")
"""n1 has two GPUs, which are /dev/null and /dev/zero; n2 has none."""


def why_not() -> str | None:
    """Why SLURM cannot be started here; None if it can."""
    missing = [name for name in (*DAEMONS, "squeue") if _program(name) is None]
    if missing:
        return f"SLURM is not installed here: no {', '.join(missing)} (apt-get install slurm-wlm munge)"
    try:
        loopback = _address().startswith("127.")
    except socket.gaierror:
        loopback = False
    if not loopback:
        return (
            f"the host's name, {_host()}, does not lead to 127.0.0.1, so that SLURM would listen on the "
            "network; add it to the line of 127.0.0.1 in /etc/hosts"
        )
    return None


@dataclass
class Cluster:
    """SLURM that runs under `root`, and the processes that it consists of."""

    root: Path
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Variables of whoever talks to it: its clients come first on the path."""
        return {
            "PATH": f"{self.root}/bin:{os.environ['PATH']}",
            "SLURM_CONF": f"{self.root}/slurm.conf",
        }

    def ask(self, *command: str) -> str:
        """What one of SLURM's clients says; nothing where it fails."""
        done = subprocess.run(
            command,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout

    def jobs(self, *states: str) -> list[dict[str, str]]:
        """Jobs of these states, or all: id, state and the memory asked for."""
        keys = {"id": "%i", "state": "%T", "memory": "%m"}
        wanted = f"--states={','.join(states) or 'all'}"
        said = self.ask("squeue", "--noheader", wanted, "--format", "|".join(keys.values()))
        return [dict(zip(keys, line.split("|"), strict=True)) for line in said.splitlines()]

    def ended(self) -> list[dict[str, str]]:
        """A record of every job that ended: JobId, JobState, SubmitTime, StartTime, EndTime and more."""
        file = self.root / "ended.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def start(self, name: str, *command: str) -> None:
        """Start a daemon in the foreground; its process is kept, and a log beside it."""
        with (self.root / f"{name}.out").open("a") as output:
            self.processes[name] = subprocess.Popen(
                [_program(command[0]), *command[1:]],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the tests, which then stop the daemons in order
                start_new_session=True,
            )

    def start_node(self, node: str) -> None:
        self.start(node, "slurmd", "-D", "-N", node)

    def wait_for(self, name: str, condition: Callable[[], bool]) -> None:
        """Wait until a daemon that was started is of use.

        Raises:
            RuntimeError: it has ended instead; its last words are quoted.
            TimeoutError: it has not come up.
        """

        def up() -> bool:
            if self.processes[name].poll() is not None:
                words = (self.root / f"{name}.out").read_text()[-500:]
                raise RuntimeError(f"{name} ended at once: {words}")
            return condition()

        wait_until(up, f"{name} answers")

    def stop(self, name: str, number: int = signal.SIGTERM) -> None:
        """End a daemon of ours."""
        process = self.processes.pop(name)
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)

    def idle(self) -> set[str]:
        """The nodes that are there, without jobs."""
        lines = self.ask("sinfo", "--noheader", "-N", "--format=%N %T").splitlines()
        return {node for node, state in map(str.split, lines) if state == "idle"}


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start SLURM, and stop it whatever happens in between."""
    # paths of sockets end at 108 characters: pytest's folders are too long
    root = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    cluster = Cluster(root)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        stack.enter_context(kept(root))
        stack.callback(_stop_all, cluster)
        _configure(root)
        cluster.start(
            "munged",
            "munged",
            "--foreground",
            *(f"--{option}={root}/munge/{file}" for option, file in MUNGE.items()),
        )
        cluster.wait_for("munged", (root / "munge/socket").exists)
        cluster.start("slurmctld", "slurmctld", "-D")
        cluster.wait_for("slurmctld", lambda: "UP" in cluster.ask("scontrol", "ping"))
        for node in NODES:
            cluster.start_node(node)
            cluster.wait_for(node, lambda node=node: node in cluster.idle())
        yield cluster


MUNGE = {
    "key-file": "key",
    "socket": "socket",
    "pid-file": "pid",
    "seed-file": "seed",
    "log-file": "log",
}


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait for something to become true.

    Raises:
        TimeoutError: it has not.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


def _configure(root: Path) -> None:
    # munged refuses a folder that others may write to
    root.chmod(0o755)
    for folder in ("munge", "state", "bin"):
        (root / folder).mkdir(mode=0o755)
    key = root / "munge/key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(128))
    values = {"ROOT": str(root), "HOST": _host(), "ADDRESS": _address(), "USER": getpass.getuser()}
    values |= {f"PORT{i}": str(port) for i, port in enumerate(_free_ports(1 + len(NODES)))}
    for template in TEMPLATES.glob("*.in"):
        text = template.read_text()
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        (root / template.stem).write_text(text)
    # The plugin takes every variable SLURM_… from its jobs, SLURM_CONF too, before it calls srun. So the
    # clients know the configuration by themselves.
    for name in CLIENTS:
        program = _program(name)
        if program is not None:
            client = root / "bin" / name
            client.write_text(f'#!/bin/sh\nSLURM_CONF={root}/slurm.conf exec {program} "$@"\n')
            client.chmod(0o755)


def _stop_all(cluster: Cluster) -> None:
    controller = cluster.processes.get("slurmctld")
    if controller is not None and controller.poll() is None:
        cluster.ask("scancel", f"--user={getpass.getuser()}")
        try:
            wait_until(
                lambda: not cluster.jobs("RUNNING", "PENDING", "COMPLETING"), "no job is left", 20
            )
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            print(f"SLURM is stopped all the same: {error}")
    for name in reversed(list(cluster.processes)):
        cluster.stop(name)


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _host() -> str:
    return socket.gethostname().split(".")[0]


def _address() -> str:
    return socket.gethostbyname(_host())


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
