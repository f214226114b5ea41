"""A run that fails leaves the older files: see thinkalike/workflow/rollback.py. No rules."""

from thinkalike.workflow.snakemake_records import Rollback

rollback = Rollback(workflow, logger)
rollback.settle_broken_off()


onstart:
    rollback.begin()


onsuccess:
    rollback.end()


onerror:
    rollback.end()
