"""The first page of a study's report."""

TITLES = [
    "The verdict",
    "All pairs of models",
    "The explorer",
    "The questions",
    "How to read it",
    "How it was computed",
]
"""Its headings, in order."""
