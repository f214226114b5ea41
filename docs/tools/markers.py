"""The parts of a page of docs that are generated: from `<!-- name: begin -->` to `<!-- name: end -->`."""

from pathlib import Path

from thinkalike.errors import InputError
from thinkalike.stores.atomic import atomic


def with_part(page: Path, name: str, part: str) -> str:
    """Text of a page with another generated part.

    Raises:
        InputError: the page has no markers of this name.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, opened, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (opened and closed):
        raise InputError(f"{page} has no markers {begin} and {end}; put them back")
    return f"{before}{begin}\n{part}\n{end}{after}"


def write_part(page: Path, name: str, part: str) -> None:
    """Write the generated part of a page."""
    text = with_part(page, name, part)
    with atomic(page) as temporary:
        temporary.write_text(text)
