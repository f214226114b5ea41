"""NEON: clusters of features explained, and whether it names the features that matter."""


rule explain_clusters:
    """Clusters of one model's features, explained to the features and, by a method, to the pixels."""
    input:
        depends_on=by_wildcards(weights.checks),
        images="<results>/images.parquet",
        weights=by_wildcards(weights.file),
        segments=study.segments_file(study["neon"]["method"]),
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
        code=code_of("explain_clusters.py", study.method(study["neon"]["method"]).module),
        architecture=lambda wildcards: study.architecture(wildcards.model, study["neon"]["method"]),
        clustering={key: study["neon"][key] for key in ("clusters", "restarts", "beta", "shown")},
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
    """Feature flipping, what beta does, conservation."""
    input:
        clusters=study.files("<results>/neon/clusters/{model}.nc", model=study["neon"]["models"]),
    output:
        flipping="<results>/neon/evaluation/flipping.csv",
        areas="<results>/neon/evaluation/areas.csv",
        betas="<results>/neon/evaluation/betas.csv",
        conservation="<results>/neon/evaluation/conservation.csv",
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


rule plot_galleries:
    """Clusters of every model's features: their images, and what makes them these clusters."""
    input:
        images="<results>/images.parquet",
        clusters=study.files("<results>/neon/clusters/{model}.nc", model=study["neon"]["models"]),
        maps=study.files("<results>/neon/maps/{model}.nc", model=study["neon"]["models"]),
        segments=study.segments_file(study["neon"]["method"]),
    output:
        quality=figure(
            "neon/quality",
            "cluster_quality",
            "neon",
            "clusters of each model",
            figure="how good clusters are",
        ),
        galleries=[
            path
            for model in study["neon"]["models"]
            for path in figure(
                f"neon/galleries/{model}",
                "gallery",
                "neon",
                "clusters of each model",
                figure=f"clusters of {model}",
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
    """Feature flipping, what beta does, conservation."""
    input:
        flipping="<results>/neon/evaluation/flipping.csv",
        areas="<results>/neon/evaluation/areas.csv",
        betas="<results>/neon/evaluation/betas.csv",
        conservation="<results>/neon/evaluation/conservation.csv",
    output:
        **evaluation_figures("how good the explanations are"),
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


EXTRAS += study.neon_figures
