"""Data sets laid out as an ImageFolder with a manifest, whatever they are made from."""

import shutil
from pathlib import Path

from thinkalike.errors import InputError
from thinkalike.images.archives import ARCHIVES, unpack_cifar10, unpack_folder
from thinkalike.images.downloads import OtherContentError, fetch, file_name
from thinkalike.images.manifests import image_checksums
from thinkalike.images.sources import (
    link_folder,
    make_digits,
    make_pieces,
    make_planted_digits,
    make_samples,
)
from thinkalike.progress import log
from thinkalike.stores.folders import replace_folder, unfinished
from thinkalike.stores.tables import write_table


def lay_out(
    manifest: Path,
    *,
    kind: str,
    path: str = "",
    url: str = "",
    checksum: str = "",
    mirror: str = "",
    validation: float,
    seed: int,
) -> None:
    """Write `<split>/<class>/*` and their manifest, in place of an older data set there.

    The manifest has the columns of `make_digits`, and bytes and checksum of every image: a replaced image
    changes it, and with it what was made from it.

    Args:
        manifest: parquet file in the folder of the data set.
        kind: digits, planted_digits, pieces, samples, folder, archive, or a key of `ARCHIVES`.
        path: of the user's images, for the kind folder.
        url: of the file, for the kind archive.
        checksum: of the file, for the kind archive; of another file than the published one, for a key of
            `ARCHIVES`.
        mirror: where archives are fetched from instead (`fetch`).
        validation: share of each class that goes into the split `val`, where there is no split yet.
        seed: of that split, of the crops of samples, and of the pieces that are held out.

    Raises:
        InputError: images or archives are missing, damaged or not laid out as they should be.
    """
    folder = manifest.parent
    new = unfinished(folder)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        match kind:
            case "digits":
                images = make_digits(new, validation=validation, seed=seed)
            case "planted_digits":
                images = make_planted_digits(new, validation=validation, seed=seed)
            case "pieces":
                images = make_pieces(new, seed=seed)
            case "samples":
                images = make_samples(new, seed=seed)
            case "folder":
                images = link_folder(new, Path(path), validation=validation, seed=seed)
            case _:
                url, published = ARCHIVES.get(kind, (url, checksum))
                # kept beside the data sets, for a second layout of the same archive
                archive = folder.parent.with_name("downloads") / file_name(url)
                try:
                    fetch(url, archive, checksum=checksum or published, mirror=mirror or None)
                except OtherContentError as error:
                    raise InputError(
                        f"{error}; if this is the archive that you want, set checksum: {error.checksum}, "
                        "or unpack it and take the kind folder"
                    ) from None
                images = (unpack_cifar10 if kind == "cifar10" else unpack_folder)(new, archive)
        images["bytes"] = [(new / name).stat().st_size for name in images["path"]]
        images["checksum"] = image_checksums(new / name for name in images["path"])
        write_table(images, new / manifest.name)
        replace_folder(folder, new)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    counts = ", ".join(f"{n} {split}" for split, n in images["split"].value_counts().items())
    log.info("%d classes, %s", images["label"].nunique(), counts)
