"""Lay out a data set as an ImageFolder with a manifest (rule download_dataset)."""

from pathlib import Path

from thinkalike.images.layout import lay_out
from thinkalike.workflow.jobs import run


def main(
    manifest: str,
    kind: str,
    path: str,
    url: str,
    checksum: str,
    mirror: str,
    validation: float,
    seed: int,
) -> None:
    lay_out(
        Path(manifest),
        kind=kind,
        path=path,
        url=url,
        checksum=checksum,
        mirror=mirror,
        validation=validation,
        seed=seed,
    )


if __name__ == "__main__":
    run(main, snakemake)
