"""Blocks of the explorer's page hold what was put into them."""

import base64
import zlib

import numpy as np
import pytest

from thinkalike.explorer.blocks import PIECE_BYTES, Blocks, row_codes, table_codes


def decoded(blocks: Blocks, name: str) -> np.ndarray:
    entry, text = blocks.entries[name], dict(blocks.texts())[name]
    raw = b"".join(
        zlib.decompress(base64.b64decode(text[start : start + length]), -15)
        for start, length in entry["pieces"]
    )
    return np.frombuffer(raw, np.dtype(entry["kind"]).newbyteorder("<")).reshape(entry["shape"])


@pytest.mark.parametrize("kind", ["int8", "uint8", "int16", "uint16", "float32"])
@pytest.mark.parametrize("rows", [1, 3, 700])
def test_numbers_come_back_piece_by_piece(kind, rows):
    codes = np.arange(rows * 50).reshape(rows, 50).astype(kind)
    blocks = Blocks()
    assert blocks.add_numbers("some", codes) == "some"
    np.testing.assert_array_equal(decoded(blocks, "some"), codes)
    entry = blocks.entries["some"]
    assert len(entry["pieces"]) == -(-rows // entry["rowsPerPiece"])
    assert entry["rowsPerPiece"] * 50 * codes.itemsize <= PIECE_BYTES


def test_a_row_longer_than_a_piece_is_a_piece():
    blocks = Blocks()
    blocks.add_numbers("long", np.zeros((2, 3 * PIECE_BYTES), np.uint8))
    assert blocks.entries["long"]["rowsPerPiece"] == 1


def test_eight_bits_are_wrong_by_half_a_step_at_most():
    values = np.random.default_rng(0).normal(size=(20, 30)) * np.logspace(-6, 6, 20)[:, None]
    values[3, 4:] = np.nan  # fewer superpixels
    values[5] = 0  # a blank map
    codes, scale = row_codes(values)
    restored = codes * scale[:, None].astype(float)
    filled = np.isfinite(values)
    assert (codes[~filled] == -128).all()
    error = np.abs(restored - values)[filled]
    bound = np.broadcast_to(
        np.abs(np.where(filled, values, 0)).max(1)[:, None] / 127 / 2, values.shape
    )
    assert (error <= bound[filled] * (1 + 1e-5)).all()
    assert (codes[5] == 0).all()


def test_steps_in_sixteen_bits():
    values = np.array([[0.5, -0.25, np.nan, 1e9]])
    assert table_codes(values, 0.001).tolist() == [[500, -250, -32768, 32767]]


def test_two_blocks_of_one_name_are_refused():
    blocks = Blocks()
    blocks.add_files("same", [b"1"], "image/webp")
    with pytest.raises(ValueError, match="same"):
        blocks.add_files("same", [b"2"], "image/webp")
