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
        class_name=verbatim(study["spectral"]["class"]),
        split=study["spectral"]["split"],
        most=study["spectral"]["images"],
        exclude=study["images"]["exclude"],
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Selecting images of class {params.class_name}"
    script:
        "../scripts/select_class_images.py"


rule explain_class_images:
    """Predictions and maps of these images by one model."""
    input:
        depends_on=by_wildcards(weights.checks),
        images="<results>/spectral/images.parquet",
        weights=by_wildcards(weights.file),
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
        code=code_of("explain_class_images.py", study.method(study["spectral"]["method"]).module),
        method=study.method(study["spectral"]["method"]).key,
        architecture=lambda wildcards: study.architecture(
            wildcards.model, study["spectral"]["method"]
        ),
        settings=lambda wildcards: study.map_settings(study["spectral"]["method"], wildcards.model),
        explanation=study.question(study["spectral"]["method"]),
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Explaining images of one class: {wildcards.model}"
    script:
        "../scripts/explain_class_images.py"


rule cluster_maps:
    """Clusters of the maps of one model, or of all together: four graphs, three Laplacians."""
    input:
        images="<results>/spectral/images.parquet",
        explanations=lambda wildcards: study.files(
            "<results>/spectral/explanations/{model}.nc",
            model=study.spectral_models(wildcards.case),
        ),
        predictions=lambda wildcards: study.files(
            "<results>/spectral/predictions/{model}.parquet",
            model=study.spectral_models(wildcards.case),
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
    threads: 2 if study["spectral"]["images"] > 1000 else 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("cluster_maps.py"),
        models=lambda wildcards: study.spectral_models(wildcards.case),
        comparison=study.map_clustering_settings,
        settings={
            key: study["spectral"][key]
            for key in "clusters neighbours sigma epsilon shift bootstraps nulls".split()
        },
        seed=study["seed"],
    message:
        "Clustering maps: {wildcards.case}"
    script:
        "../scripts/cluster_maps.py"


rule plot_spectra:
    """Twelve clusterings of the same maps: points, spectra, and their agreement."""
    input:
        points="<results>/spectral/clusters/{case}/points.parquet",
        results="<results>/spectral/clusters/{case}/results.csv",
        eigenvalues="<results>/spectral/clusters/{case}/eigenvalues.csv",
        agreement="<results>/spectral/clusters/{case}/agreement.csv",
        known="<results>/spectral/clusters/{case}/known.csv",
    output:
        embeddings_figure=case_figure(
            "embeddings", "spectral_embeddings", "maps as points, in clusters"
        ),
        spectra_figure=case_figure("spectra", "spectral_spectra", "eigenvalues"),
        agreement_figure=case_figure("agreement", "spectral_agreement", "agreement and stability"),
    log:
        "<logs>/plot_spectra/{case}.log",
    benchmark:
        "<benchmarks>/plot_spectra/{case}.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_spectra.py"),
        name=lambda wildcards: study.spectral_name(wildcards.case),
        method=study["spectral"]["method"],
        class_name=verbatim(study["spectral"]["class"]),
    message:
        "Drawing twelve clusterings of maps: {wildcards.case}"
    script:
        "../scripts/plot_spectra.py"


rule plot_map_clusters:
    """Mean maps and nearest images of the clusters that exceed single clouds most."""
    input:
        points="<results>/spectral/clusters/{case}/points.parquet",
        results="<results>/spectral/clusters/{case}/results.csv",
        explanations=lambda wildcards: study.files(
            "<results>/spectral/explanations/{model}.nc",
            model=study.spectral_models(wildcards.case),
        ),
    output:
        clusters=case_figure("clusters", "map_clusters", "what is in the clusters"),
    log:
        "<logs>/plot_map_clusters/{case}.log",
    benchmark:
        "<benchmarks>/plot_map_clusters/{case}.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("plot_map_clusters.py"),
        name=lambda wildcards: study.spectral_name(wildcards.case),
        method=study["spectral"]["method"],
        class_name=verbatim(study["spectral"]["class"]),
        comparison=study.map_clustering_settings,
        size=study["images"]["size"],
        names=lambda wildcards: {
            model: study.names[model] for model in study.spectral_models(wildcards.case)
        },
    message:
        "Drawing clusters of maps: {wildcards.case}"
    script:
        "../scripts/plot_map_clusters.py"


rule plot_choices:
    """Which choice matters: the graph, the Laplacian, the number of clusters."""
    input:
        choices=[f"<results>/spectral/clusters/{case}/choices.csv" for case in study.spectral_cases],
        results=[f"<results>/spectral/clusters/{case}/results.csv" for case in study.spectral_cases],
    output:
        choices_figure=figure(
            "spectral/choices",
            "spectral_choices",
            "spectral",
            "all cases",
            figure="which choice matters",
        ),
    log:
        "<logs>/plot_choices.log",
    benchmark:
        "<benchmarks>/plot_choices.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_choices.py"),
        names={case: study.spectral_name(case) for case in study.spectral_cases},
    message:
        "Drawing which choice of spectral clustering matters"
    script:
        "../scripts/plot_choices.py"


EXTRAS += study.spectral_figures
