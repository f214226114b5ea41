"""The explanation methods on a GPU: `python -m benchmarks.gpu`.

Keeps a budget of time: the parts come in order of importance, each in its share of it, and what there was
no time for is named. Writes results/benchmarks/gpu.csv and, beside it, a JSON of where and how it was
measured, anew after every step; `--docs` puts the table on docs/measured/gpu.md, which says what is
measured. Needs the files of the repository, no study and no network.
"""

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from benchmarks import gpu_parts
from benchmarks.common import Row, command_line, machine, print_rows, run, write
from benchmarks.gpu_parts import GpuPart
from benchmarks.gpu_session import QUICK, Clock, Effort, Session
from thinkalike.networks.devices import device_called

OUTPUT = Path("results/benchmarks/gpu.csv")
PARTIAL = OUTPUT.with_stem("gpu-partial")
PAGE = Path("docs/measured/gpu.md")
SECONDS = 450
"""For the parts; with the start and the end of a run it stays under 8 minutes."""
PARTS: Mapping[str, tuple[GpuPart, float]] = {
    "methods": (gpu_parts.methods, 0.42),
    "transfers": (gpu_parts.transfers, 0.45),
    "study": (gpu_parts.study, 0.70),
    "differences": (gpu_parts.differences, 0.77),
    "tests": (gpu_parts.tests, 0.85),
    "layouts": (gpu_parts.layouts, 0.89),
    "bfloat16": (gpu_parts.bfloat16, 0.95),
    "training": (gpu_parts.training, 1.0),
}
"""Part → what it does, and the share of the time that is over at its end; the most important first."""
WHEELS = (
    *("torch", "torchvision", "timm", "numpy", "scipy", "pandas", "pyarrow", "pillow", "pyyaml"),
    *("safetensors", "huggingface-hub", "scikit-learn", "threadpoolctl", "tqdm", "lazy-loader"),
    "xxhash",
    *("pytest", "hypothesis", "zennit"),
)
"""What is imported; the last three by the tests."""


def wheels() -> str:
    """Names and versions of the packages that are needed, as requirements.lock has them."""
    lock = Path("requirements.lock").read_text()
    found = [re.search(rf"^{name}==[^ ;\\]+", lock, re.MULTILINE) for name in WHEELS]
    return ", ".join(match[0] for match in found if match)


def measure(session: Session, parts: Mapping[str, tuple[GpuPart, float]], path: Path) -> None:
    """Run parts, and write the table anew after whatever has rows, so that nothing is lost.

    Args:
        session: of this run.
        parts: as PARTS has them.
        path: of the table.
    """
    rows: list[Row] = []
    seconds: dict[str, float] = {}
    for name, (part, share) in parts.items():
        print(f"{name}:", flush=True)
        session.clock.until(share)
        start = session.clock.now()
        for found in part(session):
            print_rows(found)
            rows += found
            seconds[name] = session.clock.now() - start
            notes = {"left out": session.left_out, "failed": session.failed}
            write(rows, path, seconds, {"machine": described(session.device), **notes})
    for words in session.left_out:
        print(f"no time was left for {words}")
    for what, reason in session.failed.items():
        print(f"failed: {what}: {reason}")
    missed = [row for row in rows if row.met == "no"]
    print(f"{path}: {len(rows)} rows; goals not met: {len(missed)}")
    print_rows(missed)


def described(device: torch.device) -> str:
    """The machine, with its GPU and the versions of CUDA and cuDNN."""
    if device.type != "cuda":
        return f"no GPU, {machine()}"
    properties = torch.cuda.get_device_properties(device)
    gpu = f"{properties.name}, {properties.total_memory / 1e9:.0f} GB"
    libraries = f"CUDA {torch.version.cuda}, cuDNN {torch.backends.cudnn.version()}"
    return f"{gpu}, {libraries}; {machine()}"


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("gpu", __doc__, PARTS, OUTPUT, PAGE)
    parser.epilog = f"Packages, and what torch itself needs for CUDA: {wheels()}"
    parser.add_argument("--device", default="cuda", help="cpu, to try it out: with --quick")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that the parts may take")
    asked = parser.parse_args(arguments)

    def measured(parts: Mapping[str, tuple[GpuPart, float]], path: Path) -> None:
        clock, effort = Clock(asked.seconds), QUICK if asked.quick else Effort()
        session = Session(device_called(asked.device), effort, clock)
        measure(session, parts, path)
        if session.failed:
            sys.exit(1)

    run(
        asked,
        lambda: PARTS,
        output=OUTPUT,
        partial=PARTIAL,
        page=PAGE,
        complete=asked.device != "cpu",
        measured=measured,
    )


if __name__ == "__main__":
    main()
