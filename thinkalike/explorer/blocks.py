"""Blocks of numbers and of files as text: the large part of the explorer's page.

`page/types.js` describes their form (`Block`), which `page/study.js` reads.
"""

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

PIECE_BYTES = 2**14
"""Bytes of the rows of a piece, before they are compressed: what is decoded at a time."""
MISSING = {np.dtype(np.int8): -128, np.dtype(np.int16): -32768}
"""Type of numbers with a sign → the code that means missing."""
KINDS = ("int8", "uint8", "int16", "uint16", "float32")


class Blocks:
    """Blocks of a page, as they are added.

    Attributes:
        entries: name → `Block` of `page/types.js`.
    """

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self._texts: dict[str, str] = {}

    def add_numbers(
        self, name: str, codes: np.ndarray, scale: float | np.ndarray | None = None
    ) -> str:
        """Add rows of numbers.

        Args:
            name: of the block.
            codes: (R, C) of one of `KINDS`.
            scale: what a code is multiplied by: one number, or (R,) with one for each row, which get a
                block of their own.

        Returns:
            The name.
        """
        rows, columns = codes.shape
        kind = codes.dtype.name
        if kind not in KINDS:
            raise TypeError(f"{kind} is none of {', '.join(KINDS)}")
        step = max(PIECE_BYTES // max(columns * codes.itemsize, 1), 1)
        little = np.ascontiguousarray(codes, codes.dtype.newbyteorder("<"))
        pieces = [_deflated(little[first : first + step]) for first in range(0, rows, step)]
        entry = {"kind": kind, "shape": [rows, columns], "rowsPerPiece": step}
        if isinstance(scale, np.ndarray):
            entry["scale"] = self.add_numbers(f"{name}/scale", scale.astype(np.float32)[:, None])
        elif scale is not None:
            entry["scale"] = scale
        return self._add(name, entry, pieces)

    def add_files(self, name: str, files: Sequence[bytes], media: str) -> str:
        """Add encoded pictures of one media type, such as image/webp."""
        entry = {"kind": "files", "shape": [len(files), 1], "rowsPerPiece": 1, "media": media}
        return self._add(name, entry, files)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Name and text of every block."""
        yield from self._texts.items()

    def _add(self, name: str, entry: Mapping[str, Any], pieces: Sequence[bytes]) -> str:
        if name in self.entries:
            raise ValueError(f"two blocks are called {name}")
        texts = [base64.b64encode(piece).decode("ascii") for piece in pieces]
        ends = np.cumsum([0, *map(len, texts)]).tolist()
        places = [[start, len(text)] for start, text in zip(ends, texts, strict=False)]
        self.entries[name] = {**entry, "pieces": places}
        self._texts[name] = "".join(texts)
        return name


def _deflated(rows: np.ndarray) -> bytes:
    """Raw deflate stream of the bytes of rows."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(rows.tobytes()) + packer.flush()


def row_codes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers in 8 bits with a scale for each row: code × scale, wrong by half a scale at most.

    Args:
        values: (R, C); NaN is missing.

    Returns:
        Codes (R, C) int8 from −127 to 127, and scales (R,): the largest size of a row over 127.
    """
    present = np.isfinite(values)
    largest = np.where(present, np.abs(values), 0).max(1, initial=0)
    scale = (largest / 127).astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        codes = np.round(values / np.where(scale > 0, scale, 1)[:, None].astype(np.float64))
    missing = MISSING[np.dtype(np.int8)]
    return np.where(present, np.clip(codes, -127, 127), missing).astype(np.int8), scale


def table_codes(values: np.ndarray, step: float) -> np.ndarray:
    """Numbers as whole steps in 16 bits, (R, C) int16; NaN is missing."""
    present = np.isfinite(values)
    codes = np.round(np.where(present, values, 0) / step).clip(-32767, 32767)
    return np.where(present, codes, MISSING[np.dtype(np.int16)]).astype(np.int16)
