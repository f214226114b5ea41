"""The experiment log's numbers and claims that its tables decide, by the months of its entries.

Where the log prints no number, `published` is what an independent recomputation of its tables, by
other code than ours, gave; the reason says so.
"""

RECOMPUTED = "The log prints no such number: published is an independent recomputation."

FROM_FIGURE = "Published is read off the log's figure."
