"""Build the page on which a study can be looked at (rule build_explorer)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thinkalike.compare.similarity import Comparison
from thinkalike.explorer.contents import study_contents
from thinkalike.explorer.folder import Key, StudyFolder
from thinkalike.explorer.page import write_page
from thinkalike.workflow.jobs import run


def main(
    images: str,
    maps: Sequence[str],
    tables: Sequence[str],
    kernels: Sequence[str],
    explorer: str,
    methods: Mapping[str, str],
    cases: Sequence[str],
    spectral: Mapping[str, Sequence[str]],
    neon: Sequence[str],
    clustered: Mapping[str, Any],
    settings: Mapping[str, str],
    clusterings: Sequence[str] = (),
) -> None:
    """All files are read in their places in the folder of `images`."""
    keys = [Key(*case.split("/")) for case in cases]
    prepared = Comparison("cosine", **clustered)
    study = StudyFolder(Path(images).parent, methods, keys, spectral, neon, prepared)
    contents, blocks = study_contents(study, **settings)
    write_page(explorer, [(contents, blocks)], contents["title"])


if __name__ == "__main__":
    run(main, snakemake)
