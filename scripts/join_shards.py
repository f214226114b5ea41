"""Join the maps of the shards of a model's images (rule join_shards)."""

from thinkalike.stores.joining import join
from thinkalike.workflow.jobs import job_log

if __name__ == "__main__":
    with job_log(snakemake):
        join(snakemake.input.shards, snakemake.output.explanations)
