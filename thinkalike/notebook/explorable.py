"""What can be looked at on the explorer's page."""

from pathlib import Path
from typing import Any


class Explorable:
    """A result or a finished study, with `thinkalike.explore` as its method."""

    def explore(self, path: str | Path = "explorer.html") -> Path:
        """Write a page on which models, images and maps can be looked at, offline.

        Args:
            path: of the HTML file.

        Returns:
            The path.

        Raises:
            InputError: there are no maps, as of a result that was read from a single file; or an image is
                no longer there.
        """
        from thinkalike.notebook.exploring import explore

        shown: Any = self
        return explore(shown, path=path)
