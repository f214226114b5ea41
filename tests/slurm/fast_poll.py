"""Snakemake that asks SLURM every second.

The plugin waits ten seconds longer after every question that found no job ended. That is kind to a cluster
that others use, and makes a test of seconds one of minutes. Nothing else is changed.
"""

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

Executor.next_seconds_between_status_checks = property(lambda self: 1, lambda self, seconds: None)

if __name__ == "__main__":
    main()
