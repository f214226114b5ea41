"""Scales at which maps are compared: as they were computed, over cells, or over the image's segments."""

Pool = int | str | None
"""Setting of a method: cells a side over which maps are averaged; `SEGMENTS`; None: as computed."""

SEGMENTS = "segments"
"""Maps are averaged over the segments of each image."""

NATIVE, SEGMENTED = 0, -1
"""Scale of maps as they were computed, and over segments; the others are numbers of cells a side."""


def scale_of(pool: Pool) -> int:
    """Scale in tables, an integer, of a setting."""
    if pool is None:
        return NATIVE
    return SEGMENTED if isinstance(pool, str) else pool


def pool_of(scale: int) -> Pool:
    """Setting of a scale in tables."""
    return {NATIVE: None, SEGMENTED: SEGMENTS}.get(scale, scale)


def scale_name(scale: int) -> str:
    """Scale in words, for titles."""
    names = {NATIVE: "as computed", SEGMENTED: "segments"}
    return names.get(scale, f"{scale} × {scale} cells")
