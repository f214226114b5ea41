"""Check all files of a study against their checksums (rule verify)."""

from collections.abc import Sequence
from pathlib import Path

from thinkalike.errors import DamagedError
from thinkalike.images.manifests import listed_checksums
from thinkalike.progress import log
from thinkalike.stores.verification import files_of, refuse_damaged, verify
from thinkalike.workflow.jobs import run


def main(results: str, manifest: str, weights: Sequence[str]) -> None:
    beside = [path for path in map(Path, [manifest, *weights]) if path.exists()]
    try:
        images = listed_checksums(manifest)
    except DamagedError:
        images = {}  # the manifest itself is among the files that are checked
    found = verify(sorted({*files_of(results), *beside}), images)
    for path in found.unknown:
        log.info("%s has no checksum", path)
    for problem in found.damaged:
        log.error("%s", problem)
    refuse_damaged(found)
    log.info("%s", found)
    print(found)


if __name__ == "__main__":
    run(main, snakemake)
