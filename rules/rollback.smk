"""A run that fails leaves the older files: see thinkalike/workflow/rollback.py. No rules."""

from thinkalike.workflow.full_disk import say_when_full
from thinkalike.workflow.snakemake_records import Rollback

say_when_full()
rollback = Rollback(workflow, logger)
rollback.settle_broken_off()


onstart:
    rollback.begin()


onsuccess:
    rollback.end()


onerror:
    rollback.end()
