"""Lay out a data set as an ImageFolder with a manifest (rule download_dataset)."""

import shutil
from pathlib import Path

from thinkalike.images.archives import ARCHIVES, replace_folder, unpack_cifar10, unpack_folder
from thinkalike.images.downloads import fetch, file_name
from thinkalike.images.sources import link_folder, make_digits, make_samples
from thinkalike.progress import log
from thinkalike.stores.tables import write_table
from thinkalike.workflow.jobs import job_log


def main(
    manifest: str,
    *,
    kind: str,
    path: str,
    validation: float,
    seed: int,
    url: str = "",
    checksum: str = "",
    mirror: str = "",
) -> None:
    folder = Path(manifest).parent
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        if kind == "digits":
            images = make_digits(new, validation=validation, seed=seed)
        elif kind == "samples":
            images = make_samples(new, seed=seed)
        elif kind == "folder":
            images = link_folder(new, Path(path), validation=validation, seed=seed)
        else:
            address, expected = ARCHIVES.get(kind, (url, checksum))
            # kept beside the data sets, for a second layout of the same archive
            archive = folder.parent.with_name("downloads") / file_name(address)
            fetch(address, archive, checksum=expected, mirror=mirror or None)
            unpack = unpack_cifar10 if kind == "cifar10" else unpack_folder
            images = unpack(new, archive)
        # a replaced image changes the manifest, and with it what was made from it
        images["bytes"] = [(new / name).stat().st_size for name in images["path"]]
        write_table(images, new / Path(manifest).name)
        replace_folder(folder, new)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    counts = images["split"].value_counts()
    log.info(
        "%d classes, %s",
        images["label"].nunique(),
        ", ".join(f"{n} {s}" for s, n in counts.items()),
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.output.manifest,
            kind=snakemake.params.kind,
            path=snakemake.params.path,
            validation=snakemake.params.validation,
            seed=snakemake.params.seed,
            url=snakemake.params.url,
            checksum=snakemake.params.checksum,
            mirror=snakemake.params.mirror,
        )
