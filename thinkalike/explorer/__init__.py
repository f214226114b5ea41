"""The explorer: one HTML file that shows a study, offline."""
