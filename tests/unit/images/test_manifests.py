"""Images are what they were when their data set was laid out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xxhash
from PIL import Image

from tests.support.damage import flip
from thinkalike.errors import DamagedError, InputError
from thinkalike.images import manifests
from thinkalike.images.layout import lay_out
from thinkalike.images.loading import load_images
from thinkalike.images.manifests import known_checksum, listed_checksums


@pytest.fixture
def manifest(tmp_path) -> Path:
    """A data set of the user's images."""
    for name in "ab":
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(3):
            pixels = np.random.default_rng(number).integers(0, 256, (9, 9, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "mine" / name / f"{number}.bmp")
    lay(tmp_path)
    return tmp_path / "datasets/mine/manifest.parquet"


def lay(folder: Path) -> None:
    manifest = folder / "datasets/mine/manifest.parquet"
    lay_out(manifest, kind="folder", path=str(folder / "mine"), validation=0.4, seed=0)


def test_a_manifest_has_the_checksum_of_every_image(manifest):
    table = pd.read_parquet(manifest)
    assert len(table) == 6
    for path, found in zip(table["path"], table["checksum"], strict=True):
        assert found == xxhash.xxh3_64((manifest.parent / path).read_bytes()).hexdigest()
        assert known_checksum(manifest.parent / path) == found
    assert listed_checksums(manifest) == {
        manifest.parent / path: found
        for path, found in zip(table["path"], table["checksum"], strict=True)
    }


def test_an_image_with_a_flipped_bit_is_named_and_no_other(manifest):
    paths = sorted(map(str, manifest.parent.glob("*/*/*")))
    load_images(paths, 8)
    file = Path(paths[2]).resolve()
    file.write_bytes(flip(file.read_bytes(), 8 * 100))  # a pixel: Pillow sees nothing
    with pytest.raises(InputError) as caught:
        load_images(paths, 8)
    assert str(caught.value) == (
        f"the image {paths[2]} is not what it was when the data set was laid out (by its checksum); put it "
        "back, or remake the data set (snakemake -R download_dataset)"
    )


def test_an_image_that_was_replaced_is_read_when_the_data_set_is_laid_out_again(manifest, tmp_path):
    path = sorted(manifest.parent.glob("*/a/*"))[0]
    Image.new("RGB", (9, 9), "red").save(path.resolve())
    lay(tmp_path)
    assert (load_images([str(path)], 4)[0] == [255, 0, 0]).all()


def test_images_of_no_data_set_or_of_an_older_one_are_read(manifest, tmp_path):
    image = next(tmp_path.glob("mine/a/*"))
    assert known_checksum(image) is None
    assert known_checksum(Path("a.png")) is None
    path = next(manifest.parent.glob("*/a/*"))
    pd.read_parquet(manifest).drop(columns="checksum").to_parquet(manifest)
    assert known_checksum(path) is None
    manifest.unlink()
    assert known_checksum(path) is None
    assert listed_checksums(manifest) == {}


def test_a_manifest_is_read_once(manifest, monkeypatch):
    reads = []
    read = manifests.read_table
    monkeypatch.setattr(manifests, "read_table", lambda path: reads.append(path) or read(path))
    load_images(sorted(map(str, manifest.parent.glob("*/*/*"))), 8)
    assert reads in ([manifest], [])


def test_a_damaged_manifest_is_named(manifest):
    manifest.write_bytes(flip(manifest.read_bytes(), 800))
    with pytest.raises(DamagedError, match=r"manifest\.parquet is not a readable table"):
        listed_checksums(manifest)
