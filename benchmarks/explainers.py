"""The explanation methods beside their peers: `python -m benchmarks.explainers`.

Writes results/benchmarks/explainers.csv and, beside it, a JSON of where and how it was measured;
`--docs` puts the table on docs/benchmarks-explainers.md, which says what is measured. Needs the images and
the trained models of the digits study.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import accuracy, digits, pairwise, speed
from benchmarks.common import Row, print_rows, single_threaded, write, write_page
from thinkalike.errors import InputError

OUTPUT = Path("results/benchmarks/explainers.csv")
PARTIAL = OUTPUT.with_stem("explainers-partial")
"""Where a run goes that leaves something out, so that the page never mixes runs."""
PAGE = Path("docs/benchmarks-explainers.md")
MODELS = ("resnet", "efficientnet", "convnext", "vit", "vit_registers")
"""Networks whose games are asked: each takes references of 40,000 evaluations an image."""

Part = Callable[[], list[Row]]


def parts(models: tuple[str, ...], *, quick: bool, workers: int) -> dict[str, Part]:
    """What can be measured, in the order in which it is.

    Args:
        models: of the digits study; none stands for the usual ones.
        quick: a little of everything, to see that it runs.
        workers: processes for what is not timed.
    """
    games = accuracy.Effort(models or MODELS, workers=workers)
    times = speed.Effort(models or tuple(digits.trained()))
    maps = pairwise.Effort()
    if quick:
        few = (models or MODELS)[:2]
        games = accuracy.Effort(
            few, images=2, seeds=2, exact=4_000, games=4, simulated=60, workers=workers
        )
        times = speed.Effort(few, images=8, rounds=1, imagenet=1)
        maps = pairwise.Effort(images=64, dense=16, rounds=1)
    values = accuracy.Accuracy(games)
    return {
        "accuracy": values.accuracy,
        "closed_form": values.closed_form,
        "coverage": values.coverage,
        "ceiling": values.ceiling,
        "kernelshap": lambda: speed.kernelshap_passes(times) + speed.kernelshap_peers(times),
        "gradcam": lambda: speed.gradcam_peers(times),
        "integrated_gradients": lambda: (
            speed.integrated_gradients_peers(times) + speed.integrated_gradients_steps(times)
        ),
        "operations": lambda: speed.operations(times),
        "similarity": lambda: pairwise.pairs(maps),
    }


def measure(selected: dict[str, Part], path: Path) -> None:
    """Run parts, print each as it ends, and write the table when all of them have."""
    rows: list[Row] = []
    seconds = {}
    for name, part in selected.items():
        print(f"{name}:", flush=True)
        start = time.perf_counter()
        found = part()
        seconds[name] = time.perf_counter() - start
        print_rows(found)
        print(f"  {seconds[name]:.0f} s", flush=True)
        rows += found
    write(rows, path, seconds)
    missed = [row for row in rows if row.met == "no"]
    print(f"{path}: {len(rows)} rows; goals not met: {len(missed)}")
    print_rows(missed)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.explainers", description=__doc__)
    names = list(parts((), quick=False, workers=1))
    parser.add_argument("--parts", nargs="+", choices=names, metavar="PART", help=", ".join(names))
    parser.add_argument("--models", nargs="+", default=[], help="fewer or other trained models")
    parser.add_argument("--quick", action="store_true", help="a little of everything")
    parser.add_argument("--workers", type=int, default=2, help="processes for what is not timed")
    parser.add_argument("--docs", action="store_true", help=f"only write {PAGE} from {OUTPUT}")
    asked = parser.parse_args(arguments)
    try:
        if asked.docs:
            write_page(PAGE, OUTPUT)
            return
        digits.check(asked.models)
        single_threaded()
        there = parts(tuple(asked.models), quick=asked.quick, workers=asked.workers)
        complete = not (asked.parts or asked.models or asked.quick)
        selected = {name: part for name, part in there.items() if name in (asked.parts or there)}
        measure(selected, OUTPUT if complete else PARTIAL)
    except InputError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
