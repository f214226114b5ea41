"""The explanation methods beside their peers: `python -m benchmarks.explainers`.

Writes results/benchmarks/explainers.csv and, beside it, a JSON of where and how it was measured;
`--docs` puts the table on docs/measured/explainers.md, which says what is measured. Needs the images and
the trained models of the digits study.
"""

from pathlib import Path

from benchmarks import accuracy, cosines, digits, pairwise, speed
from benchmarks.common import Part, command_line, run

OUTPUT = Path("results/benchmarks/explainers.csv")
PARTIAL = OUTPUT.with_stem("explainers-partial")
PAGE = Path("docs/measured/explainers.md")
MODELS = ("resnet", "efficientnet", "convnext", "vit", "vit_registers")
"""Networks whose games are asked: each takes references of 40,000 evaluations an image."""


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
    pairs = 20 if quick else 100
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
        "ceiling": lambda: cosines.ceiling(values.groups(), tuple(values.measured)),
        "cosines": lambda: cosines.simulated(pairs),
        "kernelshap": lambda: speed.kernelshap_passes(times) + speed.kernelshap_peers(times),
        "gradcam": lambda: speed.gradcam_peers(times),
        "integrated_gradients": lambda: (
            speed.integrated_gradients_peers(times) + speed.integrated_gradients_steps(times)
        ),
        "operations": lambda: speed.operations(times),
        "similarity": lambda: pairwise.pairs(maps),
    }


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = command_line("explainers", __doc__, parts((), quick=False, workers=1), OUTPUT, PAGE)
    parser.add_argument("--models", nargs="+", default=[], help="fewer or other trained models")
    parser.add_argument("--workers", type=int, default=2, help="processes for what is not timed")
    asked = parser.parse_args(arguments)

    def make() -> dict[str, Part]:
        digits.check(asked.models)
        return parts(tuple(asked.models), quick=asked.quick, workers=asked.workers)

    run(asked, make, output=OUTPUT, partial=PARTIAL, page=PAGE, complete=not asked.models)


if __name__ == "__main__":
    main()
