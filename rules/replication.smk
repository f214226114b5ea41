"""The published numbers of the experiment log, against our own code."""

from replication.published import TABLES

PUBLISHED = [f"resources/published/{table.key}" for table in TABLES]


rule replication:
    """Do the log's published numbers come out again? Every one of them, or the reason why not."""
    input:
        "results/replication/table.csv",


rule fetch_published:
    """The published tables of the log; copies of yours instead with replication.folder."""
    output:
        tables=PUBLISHED,
    log:
        "<logs>/fetch_published.log",
    benchmark:
        "<benchmarks>/fetch_published.tsv"
    pathvars:
        logs="results/replication/logs",
        benchmarks="results/replication/benchmarks",
    localrule: True
    conda:
        "../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=30,
    params:
        code=code_of("fetch_published.py"),
        folder=verbatim(study["replication"]["folder"]),
        listing=branch(
            study["replication"]["folder"] is not None,
            then=lambda wildcards: folder_listing(study["replication"]["folder"]),
            otherwise="",
        ),
    message:
        "Fetching the published tables"
    script:
        "../scripts/fetch_published.py"


rule replicate:
    """Every published quantity from the published tables."""
    input:
        tables=PUBLISHED,
    output:
        table="results/replication/table.csv",
    log:
        "<logs>/replicate.log",
    benchmark:
        "<benchmarks>/replicate.tsv"
    pathvars:
        logs="results/replication/logs",
        benchmarks="results/replication/benchmarks",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("replicate.py"),
    message:
        "Replicating the experiment log"
    script:
        "../scripts/replicate.py"
