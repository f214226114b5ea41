"""Maps in the bases they were computed in, with the sign that was compared, in 8 bits a number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thinkalike.compare.bases import Cells, Grid, Pixels, Segments
from thinkalike.compare.maps import Maps, with_sign
from thinkalike.compare.pooling import pooled
from thinkalike.explorer.blocks import Blocks, row_codes
from thinkalike.explorer.folder import SegmentsReader
from thinkalike.stores.joining import padded
from thinkalike.stores.maps import open_maps

FINEST = 96
"""Cells a side of maps that were computed on pixels, at most."""
NUMBERS = 20_000_000
"""Numbers of all maps on pixels together, where these are finer than what was compared."""
READ = 64
"""Images whose maps are read at a time."""


@dataclass(frozen=True)
class Source:
    """Maps of a model by a method, in a file.

    Attributes:
        path: of the file.
        sign: of the maps that were compared, as for `compare.maps.with_sign`.
        segments: reads superpixels, where there are any (`StudyFolder.superpixels`).
        rows: of the images among those of the study; None: the first.
    """

    path: Path
    sign: str = "signed"
    segments: SegmentsReader | None = None
    rows: Sequence[int] | None = None

    def parts(self, side: int) -> Iterator[Maps]:
        """Maps as they are shown, some images at a time; those on pixels as `side` × `side` cells."""
        with open_maps(self.path) as file:
            for start in range(0, file.count, READ):
                part = slice(start, min(start + READ, file.count))
                maps, _ = file.maps(
                    self._segments(part) if file.basis == "segments" else None, part
                )
                signed = with_sign(maps, self.sign)
                yield pooled(signed, side) if isinstance(maps.bases[0], Pixels) else signed

    def _segments(self, part: slice) -> list[Segments] | None:
        if self.segments is None:
            return None
        rows = range(part.start, part.stop) if self.rows is None else self.rows[part]
        return self.segments(tuple(rows))


def pixel_side(frame: tuple[int, int], count: int, compared: int) -> int:
    """Cells a side that maps on pixels are shown with.

    As many as the frame has pixels and `FINEST` allows, fewer where `NUMBERS` would not be enough for all
    maps, but no fewer than were compared.

    Args:
        frame: height and width in pixels.
        count: maps on pixels in the page.
        compared: cells a side over which maps were averaged before they were compared; 1 where they were
            not.
    """
    most = min(*frame, FINEST)
    return max(min(most, int((NUMBERS / max(count, 1)) ** 0.5)), min(compared, most))


def add_maps(blocks: Blocks, name: str, source: Source, side: int) -> dict[str, Any]:
    """Add the maps of a model, a row for each image, and return their `Basis` of `page/types.js`.

    Args:
        blocks: of the page.
        name: of the block.
        source: of the maps.
        side: cells a side of maps on pixels.
    """
    parts = list(source.parts(side))
    width = max(part.coefficients.shape[1] for part in parts)
    values = np.concatenate([padded(part.coefficients, [width]) for part in parts])
    blocks.add_numbers(name, *row_codes(values))
    return described_basis(parts[0])


def described_basis(maps: Maps) -> dict[str, Any]:
    """Basis of maps as `Basis` of `page/types.js`."""
    basis = maps.bases[0]
    if isinstance(basis, (Grid, Cells)):
        kind = "grid" if isinstance(basis, Grid) else "cells"
        return {"kind": kind, "rows": basis.rows, "columns": basis.columns}
    return {"kind": "segments", "rows": 0, "columns": 0}
