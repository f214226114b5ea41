"""Figures: SVG in the report, PNG, and the CSV behind each."""


rule plot_predictions:
    """Accuracy per model, agreement of predictions, and what it has to do with dissimilarity."""
    input:
        accuracy="<results>/predictions/accuracy.csv",
        agreement="<results>/predictions/agreement.csv",
        pairs="<results>/predictions/agreement_pairs.parquet",
        correlations="<results>/predictions/agreement_correlations.csv",
        dissimilarities=every("<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet"),
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
        code=fingerprint("plot_predictions.py"),
        cases=every("{method}/{metric}/{subset}"),
        bar=setting("training", "accuracy_at_least"),
        untrained=untrained(),
        names=names(),
        families=families(),
    message:
        "Drawing accuracy and agreement"
    script:
        "../scripts/plot_predictions.py"


rule plot_panels:
    """The first images with the maps of every model by every method."""
    input:
        **{
            method: every("<results>/explanations/{method}/{model}.nc", method=method)
            for method in study["methods"]
        },
        images="<results>/images.parquet",
        predictions=every("<results>/predictions/{model}.parquet"),
        segments=branch(
            "kernelshap" in study["methods"], then="<results>/segments.nc", otherwise=[]
        ),
    output:
        *[
            path
            for position in every("{position}")
            for path in figure(
                f"panels/{position}", "panel", "2 Explanations", figure=f"image {position}"
            )
        ],
    log:
        "<logs>/plot_panels.log",
    benchmark:
        "<benchmarks>/plot_panels.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=fingerprint("plot_panels.py"),
        models=study["models"],
        signs={method: setting("settings", method, "sign") for method in study["methods"]},
        names=names(),
        families=families(),
    message:
        "Drawing the maps of the first images"
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
        code=fingerprint("plot_similarities.py"),
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
        code=fingerprint("plot_noise_ceiling.py"),
        metrics=study["metrics"],
        names=names(),
        families=families(),
    message:
        "Drawing the noise ceiling"
    script:
        "../scripts/plot_noise_ceiling.py"


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
        code=fingerprint("plot_clusters.py"),
        kinds=setting("clustering", "linkages"),
        dissimilarity=setting("similarity", "dissimilarity"),
        names=names(),
        families=families(),
    message:
        "Drawing clusters: {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/plot_clusters.py"
