"""Images of a study in blocks, and the jobs that share them.

A network always gets one block of images after the other, counted from the first image of the study:
which images go through it together then does not depend on how blocks are dealt out to jobs, and
neither does a single bit of the maps.
"""

BLOCK = 128
"""Images: enough for a GPU to be busy, few enough for their maps of pixels to be small."""


def blocks(count: int) -> list[slice]:
    """Slices of at most `BLOCK` images that cover `count`."""
    return [slice(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]


def shard_count(images: int, shards: int) -> int:
    """Number of jobs that share so many images: `shards`, but not more than there are blocks."""
    return max(min(shards, -(-images // BLOCK)), 1)


def shard(images: int, shards: int, number: int) -> slice:
    """Images of job `number`: consecutive whole blocks, dealt out as evenly as possible."""
    whole = -(-images // BLOCK)
    jobs = shard_count(images, shards)
    first, last = (whole * k // jobs * BLOCK for k in (number, number + 1))
    return slice(first, min(last, images))
