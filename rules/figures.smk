"""Figures: SVG in the report, PNG, and the CSV behind each."""


rule plot_predictions:
    """Accuracy per model, agreement of predictions, and what it has to do with dissimilarity."""
    input:
        accuracy="<results>/predictions/accuracy.csv",
        agreement="<results>/predictions/agreement.csv",
        pairs="<results>/predictions/agreement_pairs.parquet",
        correlations="<results>/predictions/agreement_correlations.csv",
        dissimilarities=every(
            "<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet", subset=WHOLE
        ),
    output:
        accuracy=figure(
            "predictions/accuracy", "accuracy", "1 Predictions", figure="accuracy per model"
        ),
        agreement=figure(
            "predictions/agreement", "agreement", "1 Predictions", figure="agreement of models"
        ),
        scatter=figure(
            "predictions/agreement_scatter",
            "agreement_scatter",
            "1 Predictions",
            figure="agreement against dissimilarity",
        ),
    log:
        "<logs>/plot_predictions.log",
    benchmark:
        "<benchmarks>/plot_predictions.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_predictions.py"),
        cases=every("{method}/{metric}/{subset}", subset=WHOLE),
        bar=accuracy_asked(),
        untrained=untrained(),
        names=names(),
        families=families(),
    message:
        "Drawing accuracy and agreement"
    script:
        "../scripts/plot_predictions.py"


for panels, drawn in study["figures"]["panels"].items():

    rule:
        name:
            f"plot_panels_{panels}"
        input:
            **{f"maps_{method}": maps_of(method, drawn["models"]) for method in drawn["methods"]},
            images="<results>/images.parquet",
            predictions=every("<results>/predictions/{model}.parquet", model=drawn["models"]),
            segments=(
                "<results>/segments.nc"
                if "kernelshap" in {setting("settings", m, "method") for m in drawn["methods"]}
                else []
            ),
        output:
            *panel_figures(panels),
        log:
            f"<logs>/plot_panels/{panels}.log",
        benchmark:
            f"<benchmarks>/plot_panels/{panels}.tsv"
        conda:
            "../envs/plot.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=code_of("plot_panels.py"),
            which=drawn["images"],
            number=min(images_of(method) for method in drawn["methods"]),
            models=drawn["models"],
            signs={method: setting("settings", method, "sign") for method in drawn["methods"]},
            names=names(),
            families=families(),
        message:
            f"Drawing the maps of images: {panels}"
        script:
            "../scripts/plot_panels.py"


rule plot_similarities:
    """Histograms of similarities per image, and the subsampling boxplots."""
    input:
        similarity="<results>/similarity/{method}/{metric}.nc",
        differences="<results>/subsampling/{method}/{metric}.parquet",
        variances="<results>/subsampling/{method}/{metric}_variances.parquet",
    output:
        histograms=figure(
            "similarity/{method}/{metric}/histograms",
            "histograms",
            "3 Similarity per image",
            "{method}",
            metric="{metric}",
            figure="histograms",
        ),
        subsampling=figure(
            "subsampling/{method}/{metric}",
            "subsampling",
            "5 Number of images",
            "{method}",
            metric="{metric}",
            figure="subsampling",
        ),
    log:
        "<logs>/plot_similarities/{method}/{metric}.log",
    benchmark:
        "<benchmarks>/plot_similarities/{method}/{metric}.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_similarities.py"),
        names=names(),
        families=families(),
    message:
        "Drawing similarities per image: {wildcards.method}, {wildcards.metric}"
    script:
        "../scripts/plot_similarities.py"


rule plot_noise_ceiling:
    """What noise in KernelSHAP maps leaves of a similarity."""
    input:
        ceilings=every("<results>/ceiling/kernelshap/{metric}.csv"),
        pairs=every("<results>/dissimilarity/kernelshap/{metric}/all_pairs.parquet"),
    output:
        figure=figure(
            "ceiling/kernelshap",
            "noise_ceiling",
            "3 Similarity per image",
            "kernelshap",
            figure="noise ceiling",
        ),
    log:
        "<logs>/plot_noise_ceiling.log",
    benchmark:
        "<benchmarks>/plot_noise_ceiling.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_noise_ceiling.py"),
        metrics=study["metrics"],
        names=names(),
        families=families(),
    message:
        "Drawing the noise ceiling"
    script:
        "../scripts/plot_noise_ceiling.py"


rule plot_comparisons:
    """Methods and metrics side by side: embeddings, means and spreads, numbers of images."""
    input:
        pca=every("<results>/clusters/{method}/{metric}/all/pca.csv"),
        quality=every("<results>/clusters/{method}/{metric}/all/quality.csv"),
        pairs=every(
            "<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet", subset=NESTED
        ),
    output:
        **(
            {
                "nested": figure(
                    "comparisons/nested",
                    "nested",
                    "5 Number of images",
                    "all methods",
                    figure="the first images against all",
                )
            }
            if NESTED[1:]
            else {}
        ),
        pca_comparison=figure(
            "comparisons/pca",
            "pca_comparison",
            "4 Dissimilarity and clusters",
            "all methods",
            figure="PCA of all methods and metrics",
        ),
        mean_and_spread=figure(
            "comparisons/mean_and_spread",
            "mean_and_spread",
            "3 Similarity per image",
            "all methods",
            figure="mean and spread",
        ),
    log:
        "<logs>/plot_comparisons.log",
    benchmark:
        "<benchmarks>/plot_comparisons.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_comparisons.py"),
        cases=every("{method}/{metric}/{subset}", subset=NESTED),
        names=names(),
        families=families(),
    message:
        "Comparing methods and metrics"
    script:
        "../scripts/plot_comparisons.py"


rule plot_borders:
    """Where on its grid Grad-CAM's mass lies."""
    input:
        borders="<results>/gradcam/borders.csv",
        layers=[
            f"<results>/gradcam/layers/{model}.csv"
            for model, layers in setting("borders", "layers").items()
            if layers
        ],
    output:
        figure=figure("gradcam/borders", "borders", "2 Explanations", "gradcam", figure="borders"),
    log:
        "<logs>/plot_borders.log",
    benchmark:
        "<benchmarks>/plot_borders.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_borders.py"),
        models=study["models"],
        names=names(),
        families=families(),
    message:
        "Drawing where Grad-CAM's mass lies"
    script:
        "../scripts/plot_borders.py"


rule plot_budgets:
    """Error and time of KernelSHAP maps against the number of coalitions."""
    input:
        budgets=[f"<results>/budgets/{model}.csv" for model in setting("budgets", "models")],
    output:
        figure=figure(
            "budgets/kernelshap", "budgets", "2 Explanations", "kernelshap", figure="budgets"
        ),
    log:
        "<logs>/plot_budgets.log",
    benchmark:
        "<benchmarks>/plot_budgets.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_budgets.py"),
        models=setting("budgets", "models"),
        names=names(),
        families=families(),
    message:
        "Drawing what KernelSHAP maps cost"
    script:
        "../scripts/plot_budgets.py"


rule plot_accuracy:
    """Accuracy after each model's own preprocessing and after a common one."""
    input:
        accuracy=every("<results>/accuracy/{model}.csv"),
    output:
        figure=figure(
            "predictions/transforms", "transforms", "1 Predictions", figure="preprocessing"
        ),
    log:
        "<logs>/plot_accuracy.log",
    benchmark:
        "<benchmarks>/plot_accuracy.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_accuracy.py"),
        names=names(),
        families=families(),
    message:
        "Drawing accuracy after three preprocessings"
    script:
        "../scripts/plot_accuracy.py"


rule plot_clusters:
    """Heat map, dendrograms, Louvain communities and embeddings of one matrix."""
    input:
        dissimilarity="<results>/dissimilarity/{method}/{metric}/{subset}.csv",
        linkages=expand(
            "<results>/clusters/{{method}}/{{metric}}/{{subset}}/linkage_{kind}.csv",
            kind=setting("clustering", "linkages"),
        ),
        summary="<results>/clusters/{method}/{metric}/{subset}/linkages.csv",
        order="<results>/clusters/{method}/{metric}/{subset}/order.csv",
        louvain="<results>/clusters/{method}/{metric}/{subset}/louvain.csv",
        sweep="<results>/clusters/{method}/{metric}/{subset}/louvain_sweep.csv",
        pca="<results>/clusters/{method}/{metric}/{subset}/pca.csv",
        mds="<results>/clusters/{method}/{metric}/{subset}/mds.csv",
        quality="<results>/clusters/{method}/{metric}/{subset}/quality.csv",
    output:
        heat_map=figure(
            "clusters/{method}/{metric}/{subset}/heat_map",
            "heat_map",
            "4 Dissimilarity and clusters",
            "{method}",
            metric="{metric}",
            images="{subset}",
            figure="heat map",
        ),
        dendrograms=figure(
            "clusters/{method}/{metric}/{subset}/dendrograms",
            "dendrograms",
            "4 Dissimilarity and clusters",
            "{method}",
            metric="{metric}",
            images="{subset}",
            figure="dendrograms",
        ),
        communities=figure(
            "clusters/{method}/{metric}/{subset}/communities",
            "communities",
            "4 Dissimilarity and clusters",
            "{method}",
            metric="{metric}",
            images="{subset}",
            figure="Louvain communities",
        ),
        embeddings=figure(
            "clusters/{method}/{metric}/{subset}/embeddings",
            "embeddings",
            "4 Dissimilarity and clusters",
            "{method}",
            metric="{metric}",
            images="{subset}",
            figure="PCA and MDS",
        ),
    log:
        "<logs>/plot_clusters/{method}/{metric}/{subset}.log",
    benchmark:
        "<benchmarks>/plot_clusters/{method}/{metric}/{subset}.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_clusters.py"),
        kinds=setting("clustering", "linkages"),
        dissimilarity=setting("similarity", "dissimilarity"),
        names=names(),
        families=families(),
    message:
        "Drawing clusters: {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/plot_clusters.py"


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
        clusters=clusters_of("<results>/neon/clusters/{model}.nc"),
        maps=clusters_of("<results>/neon/maps/{model}.nc"),
        segments="<results>/segments.nc" if study["neon"]["method"] == "kernelshap" else [],
    output:
        quality=figure("neon/quality", "cluster_quality", "6 NEON", "galleries", figure="quality"),
        galleries=gallery_figures(),
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
        models=setting("neon", "models"),
        method=setting("neon", "method"),
        size=setting("images", "size"),
        names=names(),
        families=families(),
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
        names={model: names()[model] for model in setting("neon", "models")},
        families=families(),
    message:
        "Drawing the evaluation of NEON"
    script:
        "../scripts/plot_evaluation.py"


rule plot_spectra:
    """Twelve clusterings of the same maps: points, spectra, and how far they agree."""
    input:
        points="<results>/spectral/clusters/{case}/points.parquet",
        results="<results>/spectral/clusters/{case}/results.csv",
        eigenvalues="<results>/spectral/clusters/{case}/eigenvalues.csv",
        agreement="<results>/spectral/clusters/{case}/agreement.csv",
        known="<results>/spectral/clusters/{case}/known.csv",
    output:
        embeddings=figure(
            "spectral/{case}/embeddings",
            "spectral_embeddings",
            "7 Spectral clustering",
            "{case}",
            figure="points",
        ),
        spectra=figure(
            "spectral/{case}/spectra",
            "spectral_spectra",
            "7 Spectral clustering",
            "{case}",
            figure="eigenvalues",
        ),
        agreement=figure(
            "spectral/{case}/agreement",
            "spectral_agreement",
            "7 Spectral clustering",
            "{case}",
            figure="agreement and stability",
        ),
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
        name=lambda wildcards: name_of_case(wildcards.case),
        method=setting("spectral", "method"),
        class_name=verbatim(setting("spectral", "class")),
    message:
        "Drawing twelve clusterings of maps: {wildcards.case}"
    script:
        "../scripts/plot_spectra.py"


rule plot_map_clusters:
    """Mean maps and nearest images of the clusters by the most stable result."""
    input:
        points="<results>/spectral/clusters/{case}/points.parquet",
        results="<results>/spectral/clusters/{case}/results.csv",
        explanations=lambda wildcards: every(
            "<results>/spectral/explanations/{model}.nc", model=models_in(wildcards.case)
        ),
    output:
        clusters=figure(
            "spectral/{case}/clusters",
            "map_clusters",
            "7 Spectral clustering",
            "{case}",
            figure="clusters",
        ),
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
        name=lambda wildcards: name_of_case(wildcards.case),
        method=setting("spectral", "method"),
        class_name=verbatim(setting("spectral", "class")),
        models=lambda wildcards: models_in(wildcards.case),
        sign=setting("settings", setting("spectral", "method"), "sign"),
        rescaling=setting("settings", setting("spectral", "method"), "rescaling"),
        size=setting("images", "size"),
        names=lambda wildcards: {model: names()[model] for model in models_in(wildcards.case)},
    message:
        "Drawing clusters of maps: {wildcards.case}"
    script:
        "../scripts/plot_map_clusters.py"


rule plot_choices:
    """Which choice matters: the graph, the Laplacian, the number of clusters."""
    input:
        choices=[f"<results>/spectral/clusters/{case}/choices.csv" for case in SPECTRAL_CASES],
        results=[f"<results>/spectral/clusters/{case}/results.csv" for case in SPECTRAL_CASES],
    output:
        choices=figure(
            "spectral/choices",
            "spectral_choices",
            "7 Spectral clustering",
            "all",
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
        cases=SPECTRAL_CASES,
        names={case: name_of_case(case) for case in SPECTRAL_CASES},
    message:
        "Drawing which choice of spectral clustering matters"
    script:
        "../scripts/plot_choices.py"
