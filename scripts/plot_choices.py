"""Draw which choice of spectral clustering matters, and how much (rule plot_choices)."""

from collections.abc import Mapping, Sequence

from thinkalike.clustering.spectral.study import read_cases
from thinkalike.plotting.spectral_choices import choice_figure, choice_sentence
from thinkalike.plotting.style import save, styled
from thinkalike.progress import log
from thinkalike.workflow.jobs import run


def main(
    choices: Sequence[str],
    results: Sequence[str],
    choices_figure: Sequence[str],
    names: Mapping[str, str],
) -> None:
    """`names` are the display names of the cases, in the order of the files."""
    compared = read_cases(choices, names, ["number", "graph", "laplacian", "difference"])
    twelve = read_cases(results, names, ["graph", "laplacian", "clusters", "stability"])
    log.info("%s", choice_sentence(compared))
    with styled():
        save(choice_figure(compared, twelve, names), compared, choices_figure)


if __name__ == "__main__":
    run(main, snakemake)
