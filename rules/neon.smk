"""NEON: clusters of features explained, the published examples, and whether it is right."""


rule explain_tables:
    """The clusters of iris and wine explained, beside what was published of them."""
    output:
        iris="<results>/neon/tables/iris.csv",
        wine="<results>/neon/tables/wine.csv",
        published="<results>/neon/tables/published.csv",
    log:
        "<logs>/explain_tables.log",
    benchmark:
        "<benchmarks>/explain_tables.tsv"
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


rule explain_clusters:
    """Clusters of one model's features, explained to the features and, by a method, to the pixels."""
    input:
        images="<results>/images.parquet",
        weights=weights_of,
        segments="<results>/segments.nc" if study["neon"]["method"] == "kernelshap" else [],
    output:
        clusters="<results>/neon/clusters/{model}.nc",
        maps="<results>/neon/maps/{model}.nc",
    log:
        "<logs>/explain_clusters/{model}.log",
    benchmark:
        "<benchmarks>/explain_clusters/{model}.tsv"
    priority: 5
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("explain_clusters.py", f"thinkalike.explain.{setting('neon', 'method')}"),
        architecture=lambda wildcards: architecture_explained_by(
            setting("neon", "method"), wildcards.model
        ),
        number=setting("neon", "clusters"),
        restarts=setting("neon", "restarts"),
        beta=setting("neon", "beta"),
        shown=setting("neon", "shown"),
        method=setting("neon", "method"),
        settings=lambda wildcards: asked_of(setting("neon", "method"), wildcards.model),
        baseline=setting("explanation", "baseline"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Explaining clusters of the features of {wildcards.model}"
    script:
        "../scripts/explain_clusters.py"


rule evaluate_neon:
    """Feature flipping, what beta does, conservation, planted features."""
    input:
        clusters=clusters_of("<results>/neon/clusters/{model}.nc"),
    output:
        flipping="<results>/neon/evaluation/flipping.csv",
        areas="<results>/neon/evaluation/areas.csv",
        betas="<results>/neon/evaluation/betas.csv",
        conservation="<results>/neon/evaluation/conservation.csv",
        planted="<results>/neon/evaluation/planted.csv",
    log:
        "<logs>/evaluate_neon.log",
    benchmark:
        "<benchmarks>/evaluate_neon.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("evaluate_neon.py"),
        models=setting("neon", "models"),
        seed=setting("seed"),
    message:
        "Evaluating NEON on {params.models}"
    script:
        "../scripts/evaluate_neon.py"
