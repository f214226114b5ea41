"""Images in blocks and shards, and files of shards joined to the file of all images."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkalike.compare.answers import Answers
from thinkalike.compare.bases import Grid, Pixels, Segments
from thinkalike.compare.maps import Maps
from thinkalike.errors import ImageError, InputError, naming
from thinkalike.explain.common import Explanation, joined
from thinkalike.images.blocks import BLOCK, blocks, shard, shard_count
from thinkalike.stores.arrays import open_arrays, read_attributes
from thinkalike.stores.joining import join, summary
from thinkalike.stores.maps import read_maps, write_maps


@given(st.integers(0, 5000), st.integers(1, 60))
def test_shards_are_whole_blocks_that_cover_the_images_in_order(images, shards):
    number = shard_count(images, shards)
    parts = [shard(images, shards, k) for k in range(number)]
    assert [i for part in parts for i in range(part.start, part.stop)] == list(range(images))
    assert all(part.start % BLOCK == 0 for part in parts)
    # so that networks see the same images together
    of_shards = [
        (part.start + block.start, part.start + block.stop)
        for part in parts
        for block in blocks(part.stop - part.start)
    ]
    assert of_shards == [(block.start, block.stop) for block in blocks(images)]
    lengths = [-(-(part.stop - part.start) // BLOCK) for part in parts]
    assert max(lengths) - min(lengths) <= 1


def test_there_are_no_more_shards_than_blocks():
    assert shard_count(BLOCK, 7) == 1
    assert shard_count(BLOCK + 1, 7) == 2
    assert shard_count(7 * BLOCK, 3) == 3


# ---- files --------------------------------------------------------------------------------------

COUNT = 300
SHARDS = [slice(0, 128), slice(128, 256), slice(256, 300)]
NAMES = [f"val/{i}.png" for i in range(COUNT)]
RANDOM = np.random.default_rng(0)


def grid() -> dict:
    return {"maps": Maps(RANDOM.normal(size=(COUNT, 16)), (Grid(4, 4, 32, 32),))}


def pixels() -> dict:
    maps = Maps(RANDOM.normal(size=(COUNT, 64 * 64)), (Pixels(64, 64),))
    accounts = {name: RANDOM.normal(size=COUNT) for name in ("pixels", "bias", "the baseline")}
    return {"maps": maps, "accounts": accounts}


def superpixels() -> dict:
    labels = [np.arange(36).reshape(6, 6) * (2 + i % 7) // 36 for i in range(COUNT)]
    bases = tuple(Segments(each.astype(np.int16)) for each in labels)
    filled = np.arange(8) < np.array([basis.size for basis in bases])[:, None]
    values, errors = (np.where(filled, RANDOM.normal(size=(COUNT, 8)), np.nan) for _ in range(2))
    draws = np.where(filled[:, None], RANDOM.normal(size=(COUNT, 3, 8)), np.nan)
    asked = np.arange(12) < 2 * filled.sum(1)[:, None]
    answers = Answers(*(np.where(asked, RANDOM.normal(size=(COUNT, 12)), np.nan) for _ in range(3)))
    return {
        "maps": Maps(values, bases),
        "standard_errors": errors,
        "draws": draws,
        "answers": answers,
    }


def of_part(answers, part):
    """Answers about a part of the images, as a job of it has them: no longer than its longest row."""
    rows = [each[part] for each in vars(answers).values()]
    most = int(np.isfinite(rows[0]).sum(1).max(initial=0))
    return Answers(*(row[:, :most] for row in rows))


def write(
    path, part, *, maps, accounts=None, standard_errors=None, draws=None, answers=None, **measures
):
    bases = maps.bases if maps.shared else maps.bases[part]
    own = {name: values[part] for name, values in (accounts or {}).items()}
    told = {"ledger_gap": np.abs(maps.coefficients[part]).max(1), "target": np.arange(COUNT)[part]}
    most = max(basis.size for basis in bases)
    write_maps(
        path,
        Maps(maps.coefficients[part][:, :most], bases),
        image_ids=NAMES[part],
        measures=told | measures,
        attributes={
            "model": "Some",
            **summary(int((maps.coefficients[part] <= 0).all(1).sum()), told, own),
            "baseline": [0.0, 0.5, 1.0],
            "mended": [[3, 0]],
            "few": [7],
            "none": [],
            "tolerance": 0.02,
            "steps": 5,
        },
        standard_errors=None if standard_errors is None else standard_errors[part, :most],
        draws=None if draws is None else draws[part, :, :most],
        accounts=own,
        answers=None if answers is None else of_part(answers, part),
    )


@pytest.mark.parametrize("kind", [grid, pixels, superpixels])
def test_joined_shards_are_the_file_of_all_images_to_the_byte(kind, tmp_path):
    content = kind()
    write(tmp_path / "all.nc", slice(None), **content)
    paths = [tmp_path / f"{k}.nc" for k in range(3)]
    for path, part in zip(paths, SHARDS, strict=True):
        write(path, part, **content)
    join(paths, tmp_path / "joined.nc")
    assert (tmp_path / "joined.nc").read_bytes() == (tmp_path / "all.nc").read_bytes()


def test_an_account_that_a_shard_does_not_have_is_0_there(tmp_path):
    content = pixels()
    few = {**content, "accounts": dict(list(content["accounts"].items())[:2])}
    write(tmp_path / "0.nc", SHARDS[0], **few)
    write(tmp_path / "1.nc", SHARDS[1], **content)
    join([tmp_path / "0.nc", tmp_path / "1.nc"], tmp_path / "joined.nc")
    with open_arrays(tmp_path / "joined.nc") as dataset:
        assert dataset["account"].to_numpy().tolist() == ["pixels", "bias", "the baseline"]
        late = dataset["accounts"].sel(account="the baseline").to_numpy()
    assert not late[:128].any()
    np.testing.assert_array_equal(late[128:], content["accounts"]["the baseline"][128:256])
    assert '"the baseline": ' in read_attributes(tmp_path / "joined.nc")["ledger"]


def test_shards_of_another_kind_are_refused(tmp_path):
    write(tmp_path / "0.nc", SHARDS[0], **grid())
    write(tmp_path / "1.nc", SHARDS[1], **grid(), steps=np.ones(128))
    with pytest.raises(InputError, match=r"1\.nc has other variables than .*0\.nc; delete it"):
        join([tmp_path / "0.nc", tmp_path / "1.nc"], tmp_path / "joined.nc")
    assert not (tmp_path / "joined.nc").exists()


def test_a_damaged_shard_is_named(tmp_path):
    for number, part in enumerate(SHARDS[:2]):
        write(tmp_path / f"{number}.nc", part, **grid())
    whole = (tmp_path / "1.nc").read_bytes()
    (tmp_path / "1.nc").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"1\.nc is not a readable NetCDF file"):
        join([tmp_path / "0.nc", tmp_path / "1.nc"], tmp_path / "joined.nc")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 299), max_size=4, unique=True))
def test_answers_about_blocks_are_the_answer_about_all(cuts):
    content = superpixels()
    edges = [0, *sorted(cuts), COUNT]
    targets, score = np.arange(COUNT), RANDOM.normal(size=COUNT)
    account = RANDOM.normal(size=COUNT)
    parts = []
    for part in (slice(a, b) for a, b in pairwise(edges)):
        bases = content["maps"].bases[part]
        most = max(basis.size for basis in bases)
        values = content["maps"].coefficients[part, :most]
        accounts = {"bias": account[part]} if part.start else {}
        parts.append(
            Explanation(
                Maps(values, bases),
                targets[part],
                {"score": score[part]},
                content["draws"][part, :, :most],
                content["standard_errors"][part, :most],
                accounts,
                of_part(content["answers"], part),
            )
        )
    found = joined(parts)
    for name, values in vars(content["answers"]).items():
        np.testing.assert_array_equal(getattr(found.answers, name), values)
    np.testing.assert_array_equal(found.maps.coefficients, content["maps"].coefficients)
    assert found.maps.bases == content["maps"].bases
    np.testing.assert_array_equal(found.draws, content["draws"])
    np.testing.assert_array_equal(found.standard_errors, content["standard_errors"])
    np.testing.assert_array_equal(found.targets, targets)
    np.testing.assert_array_equal(found.measures["score"], score)
    if cuts:
        expected = np.where(np.arange(COUNT) < edges[1], 0, account)
        np.testing.assert_array_equal(found.accounts["bias"], expected)


def test_shards_are_read_as_one(tmp_path):
    content = superpixels()
    for number, part in enumerate(SHARDS):
        write(tmp_path / f"{number}.nc", part, **content)
    join([tmp_path / f"{k}.nc" for k in range(3)], tmp_path / "joined.nc")
    maps, names = read_maps(tmp_path / "joined.nc", content["maps"].bases)
    assert names == NAMES
    np.testing.assert_array_equal(
        maps.coefficients, content["maps"].coefficients.astype(np.float32)
    )
    others = [Segments(basis.labels[::-1].copy()) for basis in content["maps"].bases]
    with pytest.raises(InputError, match=r"joined\.nc was computed on other superpixels"):
        read_maps(tmp_path / "joined.nc", others)


# ---- images by name -----------------------------------------------------------------------------


def test_an_image_of_a_block_is_named():
    with (
        pytest.raises(InputError, match=r"^Net {x} gives nothing for val/257\.png; mend it$"),
        naming(NAMES[256:]),
    ):
        raise ImageError(1, "Net {x} gives nothing for {image}; mend it")
    with pytest.raises(InputError, match=r"^nothing for image number 1$"):
        raise ImageError(1, "nothing for {image}")
