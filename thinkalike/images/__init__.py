"""Images of a study: where they come from, which are selected, how they are loaded and segmented."""

from thinkalike.callables import make_callable

make_callable(__name__)
