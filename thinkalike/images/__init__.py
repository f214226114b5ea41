"""Images of a study: where they come from, which are selected, how they are loaded and segmented."""
