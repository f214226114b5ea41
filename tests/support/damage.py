"""Damage to files, and files that carry no checksum."""

from pathlib import Path

from thinkalike.stores.checksums import MARK, beside


def without_checksum(path: Path) -> Path:
    """Make a file one of those that nothing is known of, as another program writes them."""
    path.write_bytes(path.read_bytes().replace(MARK.encode(), b"-" * len(MARK)))
    beside(path).unlink(missing_ok=True)
    return path


def flip(content: bytes, bit: int) -> bytes:
    """Bytes with one bit flipped."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
