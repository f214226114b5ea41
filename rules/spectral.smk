"""Spectral clustering of the maps of one class: which images are explained the same way."""


rule select_class_images:
    """The images whose maps are clustered, checked to be readable."""
    input:
        manifest="<dataset>/manifest.parquet",
    output:
        images="<results>/spectral/images.parquet",
    log:
        "<logs>/select_class_images.log",
    benchmark:
        "<benchmarks>/select_class_images.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("select_class_images.py"),
        class_name=verbatim(setting("spectral", "class")),
        split=setting("spectral", "split"),
        number=setting("spectral", "images"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Selecting images of class {params.class_name}"
    script:
        "../scripts/select_class_images.py"


rule explain_class_images:
    """Predictions and maps of these images by one model."""
    input:
        images="<results>/spectral/images.parquet",
        weights=weights_of,
    output:
        predictions="<results>/spectral/predictions/{model}.parquet",
        explanations="<results>/spectral/explanations/{model}.nc",
    log:
        "<logs>/explain_class_images/{model}.log",
    benchmark:
        "<benchmarks>/explain_class_images/{model}.tsv"
    priority: 5
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of(
            "explain_class_images.py",
            f"thinkalike.explain.{setting('settings', setting('spectral', 'method'), 'method')}",
        ),
        method=setting("settings", setting("spectral", "method"), "method"),
        architecture=lambda wildcards: architecture_explained_by(
            setting("spectral", "method"), wildcards.model
        ),
        settings=lambda wildcards: asked_of(setting("spectral", "method"), wildcards.model),
        explanation=explanation_by(setting("spectral", "method")),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Explaining images of one class: {wildcards.model}"
    script:
        "../scripts/explain_class_images.py"


rule cluster_maps:
    """Clusters of the maps of one model, or of all together: four graphs, three Laplacians."""
    input:
        images="<results>/spectral/images.parquet",
        explanations=lambda wildcards: every(
            "<results>/spectral/explanations/{model}.nc", model=models_in(wildcards.case)
        ),
        predictions=lambda wildcards: every(
            "<results>/spectral/predictions/{model}.parquet", model=models_in(wildcards.case)
        ),
    output:
        results="<results>/spectral/clusters/{case}/results.csv",
        eigenvalues="<results>/spectral/clusters/{case}/eigenvalues.csv",
        agreement="<results>/spectral/clusters/{case}/agreement.csv",
        known="<results>/spectral/clusters/{case}/known.csv",
        choices="<results>/spectral/clusters/{case}/choices.csv",
        points="<results>/spectral/clusters/{case}/points.parquet",
    log:
        "<logs>/cluster_maps/{case}.log",
    benchmark:
        "<benchmarks>/cluster_maps/{case}.tsv"
    conda:
        "../envs/analysis.yaml"
    # samples of few maps take little else than Python, which threads do not share
    threads: 2 if setting("spectral", "images") > 1000 else 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("cluster_maps.py"),
        models=lambda wildcards: models_in(wildcards.case),
        sign=setting("settings", setting("spectral", "method"), "sign"),
        rescaling=setting("settings", setting("spectral", "method"), "rescaling"),
        number=setting("spectral", "clusters"),
        neighbours=setting("spectral", "neighbours"),
        sigma=setting("spectral", "sigma"),
        epsilon=setting("spectral", "epsilon"),
        bootstraps=setting("spectral", "bootstraps"),
        seed=setting("seed"),
    message:
        "Clustering maps: {wildcards.case}"
    script:
        "../scripts/cluster_maps.py"
