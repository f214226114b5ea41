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
        weights=by_wildcards(study.weights_file),
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
        code=code_of("explain_clusters.py", f"thinkalike.explain.{study['neon']['method']}"),
        architecture=lambda wildcards: study.architecture(wildcards.model, study["neon"]["method"]),
        number=study["neon"]["clusters"],
        restarts=study["neon"]["restarts"],
        beta=study["neon"]["beta"],
        shown=study["neon"]["shown"],
        method=study["neon"]["method"],
        settings=lambda wildcards: study.map_settings(study["neon"]["method"], wildcards.model),
        baseline=study["explanation"]["baseline"],
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Explaining clusters of the features of {wildcards.model}"
    script:
        "../scripts/explain_clusters.py"


rule evaluate_neon:
    """Feature flipping, what beta does, conservation, planted features."""
    input:
        clusters=study.files("<results>/neon/clusters/{model}.nc", model=study["neon"]["models"]),
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
        models=study["neon"]["models"],
        seed=study["seed"],
    message:
        "Evaluating NEON on {params.models}"
    script:
        "../scripts/evaluate_neon.py"


rule plot_tables:
    """The explained clusters of iris and wine, beside what was published."""
    input:
        iris="<results>/neon/tables/iris.csv",
        wine="<results>/neon/tables/wine.csv",
    output:
        iris=figure("neon/iris", "neon_iris", "6 NEON", "published examples", figure="iris"),
        wine=figure("neon/wine", "neon_wine", "6 NEON", "published examples", figure="wine"),
    log:
        "<logs>/plot_tables.log",
    benchmark:
        "<benchmarks>/plot_tables.tsv"
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


rule plot_galleries:
    """Clusters of every model's features: their images, and what makes them these clusters."""
    input:
        images="<results>/images.parquet",
        clusters=study.files("<results>/neon/clusters/{model}.nc", model=study["neon"]["models"]),
        maps=study.files("<results>/neon/maps/{model}.nc", model=study["neon"]["models"]),
        segments="<results>/segments.nc" if study["neon"]["method"] == "kernelshap" else [],
    output:
        quality=figure("neon/quality", "cluster_quality", "6 NEON", "galleries", figure="quality"),
        galleries=[
            path
            for model in study["neon"]["models"]
            for path in figure(
                f"neon/galleries/{model}", "gallery", "6 NEON", "galleries", model=model
            )
        ],
    log:
        "<logs>/plot_galleries.log",
    benchmark:
        "<benchmarks>/plot_galleries.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("plot_galleries.py"),
        models=study["neon"]["models"],
        method=study["neon"]["method"],
        size=study["images"]["size"],
        names=study.names,
        families=study.families,
    message:
        "Drawing the clusters of {params.models}"
    script:
        "../scripts/plot_galleries.py"


rule plot_evaluation:
    """Feature flipping, what beta does, conservation, planted features."""
    input:
        flipping="<results>/neon/evaluation/flipping.csv",
        areas="<results>/neon/evaluation/areas.csv",
        betas="<results>/neon/evaluation/betas.csv",
        conservation="<results>/neon/evaluation/conservation.csv",
        planted="<results>/neon/evaluation/planted.csv",
    output:
        flipping=figure(
            "neon/flipping", "neon_flipping", "6 NEON", "evaluation", figure="feature flipping"
        ),
        areas=figure("neon/areas", "neon_areas", "6 NEON", "evaluation", figure="areas"),
        betas=figure("neon/betas", "neon_betas", "6 NEON", "evaluation", figure="beta"),
        planted=figure(
            "neon/planted", "neon_planted", "6 NEON", "evaluation", figure="planted features"
        ),
    log:
        "<logs>/plot_evaluation.log",
    benchmark:
        "<benchmarks>/plot_evaluation.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_evaluation.py"),
        names={model: study.names[model] for model in study["neon"]["models"]},
        families=study.families,
    message:
        "Drawing the evaluation of NEON"
    script:
        "../scripts/plot_evaluation.py"


EXTRAS += svg_files(["neon/iris", "neon/wine"]) + study.neon_figures
