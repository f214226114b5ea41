"""Published numbers against our own code: the experiment log's, and those of NEON's examples.

They belong to no study: their files are in results/published/, whatever the configuration.
"""

from replication.published import TABLES

PUBLISHED_TABLES = [f"resources/published/{table.key}" for table in TABLES]
PUBLISHED_PATHS = {
    "results": "results/published",
    "logs": "results/published/logs",
    "benchmarks": "results/published/benchmarks",
}


rule replication:
    """Do the log's published numbers come out again? Every one of them, or the reason why not."""
    input:
        "results/published/replication/table.csv",


rule published:
    """Do published examples of NEON come out again, and are they right? Iris, wine, planted features."""
    input:
        "results/published/neon/published.csv",
        [
            f"results/published/figures/neon/{name}.svg"
            for name in ("iris", "wine", "flipping", "areas", "betas", "planted")
        ],


rule fetch_published:
    """The published tables of the log; copies of yours instead with replication.folder."""
    output:
        tables=PUBLISHED_TABLES,
    log:
        "<logs>/fetch_published.log",
    benchmark:
        "<benchmarks>/fetch_published.tsv"
    pathvars:
        **PUBLISHED_PATHS,
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
        depends_on=branch(
            study["replication"]["folder"] is not None,
            then=lambda wildcards: folder_listing(study["replication"]["folder"]),
            otherwise="",
        ),
    message:
        "Fetching the published tables"
    script:
        "../scripts/fetch_published.py"


rule replicate:
    """Every published quantity of the log from its published tables."""
    input:
        tables=PUBLISHED_TABLES,
    output:
        table="<results>/replication/table.csv",
    log:
        "<logs>/replicate.log",
    benchmark:
        "<benchmarks>/replicate.tsv"
    pathvars:
        **PUBLISHED_PATHS,
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


rule explain_tables:
    """The clusters of iris and wine explained, beside what was published of them."""
    output:
        iris="<results>/neon/iris.csv",
        wine="<results>/neon/wine.csv",
        published="<results>/neon/published.csv",
    log:
        "<logs>/explain_tables.log",
    benchmark:
        "<benchmarks>/explain_tables.tsv"
    pathvars:
        **PUBLISHED_PATHS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("explain_tables.py"),
    message:
        "Explaining the clusters of iris and wine"
    script:
        "../scripts/explain_tables.py"


rule evaluate_tables:
    """Feature flipping, what beta does and conservation on iris and wine; planted features."""
    output:
        flipping="<results>/neon/flipping.csv",
        areas="<results>/neon/areas.csv",
        betas="<results>/neon/betas.csv",
        conservation="<results>/neon/conservation.csv",
        planted="<results>/neon/planted.csv",
    log:
        "<logs>/evaluate_tables.log",
    benchmark:
        "<benchmarks>/evaluate_tables.tsv"
    pathvars:
        **PUBLISHED_PATHS,
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("evaluate_tables.py"),
    message:
        "Evaluating NEON on iris, wine and planted features"
    script:
        "../scripts/evaluate_tables.py"


rule plot_tables:
    """The explained clusters of iris and wine, beside what was published."""
    input:
        iris="<results>/neon/iris.csv",
        wine="<results>/neon/wine.csv",
    output:
        iris_figure=figure("neon/iris", "neon_iris", "neon", "published examples", figure="iris"),
        wine_figure=figure("neon/wine", "neon_wine", "neon", "published examples", figure="wine"),
    log:
        "<logs>/plot_tables.log",
    benchmark:
        "<benchmarks>/plot_tables.tsv"
    pathvars:
        **PUBLISHED_PATHS,
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_tables.py"),
    message:
        "Drawing the clusters of iris and wine"
    script:
        "../scripts/plot_tables.py"


use rule plot_evaluation as plot_tables_evaluation with:
    input:
        flipping="<results>/neon/flipping.csv",
        areas="<results>/neon/areas.csv",
        betas="<results>/neon/betas.csv",
        conservation="<results>/neon/conservation.csv",
    output:
        **evaluation_figures("published examples"),
    log:
        "<logs>/plot_tables_evaluation.log",
    benchmark:
        "<benchmarks>/plot_tables_evaluation.tsv"
    pathvars:
        **PUBLISHED_PATHS,
    params:
        code=code_of("plot_evaluation.py"),
        names={"iris": "Iris", "wine": "Wine"},
        families={},
    message:
        "Drawing the evaluation of NEON on iris and wine"


rule plot_planted:
    """How often NEON ranks a planted feature above noise."""
    input:
        planted="<results>/neon/planted.csv",
    output:
        planted_figure=figure(
            "neon/planted",
            "neon_planted",
            "neon",
            "published examples",
            figure="planted features",
        ),
    log:
        "<logs>/plot_planted.log",
    benchmark:
        "<benchmarks>/plot_planted.tsv"
    pathvars:
        **PUBLISHED_PATHS,
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_planted.py"),
    message:
        "Drawing how NEON finds planted features"
    script:
        "../scripts/plot_planted.py"
