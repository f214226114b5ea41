"""Published numbers, computed again by our own code: the experiment log's, and those of NEON's examples."""
