"""Which models belong together."""


rule cluster_models:
    """Dendrograms, Louvain communities and embeddings of one dissimilarity matrix."""
    input:
        dissimilarity="<results>/dissimilarity/{method}/{metric}/{subset}.csv",
    output:
        linkages=expand(
            "<results>/clusters/{{method}}/{{metric}}/{{subset}}/linkage_{kind}.csv",
            kind=study["clustering"]["linkages"],
        ),
        summary="<results>/clusters/{method}/{metric}/{subset}/linkages.csv",
        agreement="<results>/clusters/{method}/{metric}/{subset}/linkages_agreement.csv",
        order="<results>/clusters/{method}/{metric}/{subset}/order.csv",
        louvain="<results>/clusters/{method}/{metric}/{subset}/louvain.csv",
        sweep="<results>/clusters/{method}/{metric}/{subset}/louvain_sweep.csv",
        pca="<results>/clusters/{method}/{metric}/{subset}/pca.csv",
        mds="<results>/clusters/{method}/{metric}/{subset}/mds.csv",
        quality="<results>/clusters/{method}/{metric}/{subset}/quality.csv",
    log:
        "<logs>/cluster_models/{method}/{metric}/{subset}.log",
    benchmark:
        "<benchmarks>/cluster_models/{method}/{metric}/{subset}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("cluster_models.py"),
        roles=study.roles,
        settings={
            "linkages": study["clustering"]["linkages"],
            "ward": study["clustering"]["ward"],
            **study["clustering"]["louvain"],
        },
        seed=study["seed"],
    message:
        "Clustering models: {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/cluster_models.py"


rule plot_comparisons:
    """Methods and metrics side by side: embeddings, means and spreads, numbers of images."""
    input:
        pca=study.files("<results>/clusters/{method}/{metric}/all/pca.csv"),
        quality=study.files("<results>/clusters/{method}/{metric}/all/quality.csv"),
        pairs=study.files(
            "<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet",
            subset=study.nested_subsets,
        ),
    output:
        **(
            {
                "nested": figure(
                    "comparisons/nested",
                    "nested",
                    "images",
                    "all methods",
                    figure="the first images against all",
                )
            }
            if study.nested_subsets[1:]
            else {}
        ),
        pca_comparison=figure(
            "comparisons/pca",
            "pca_comparison",
            "clusters",
            "all methods",
            figure="PCA of all methods and metrics",
        ),
        mean_and_spread=figure(
            "comparisons/mean_and_spread",
            "mean_and_spread",
            "spread",
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
        cases=study.files("{method}/{metric}/{subset}", subset=study.nested_subsets),
        untrained=study.untrained,
        names=study.names,
        families=study.families,
    message:
        "Comparing methods and metrics"
    script:
        "../scripts/plot_comparisons.py"


rule plot_clusters:
    """Heat map, dendrograms, Louvain communities and embeddings of one matrix."""
    input:
        dissimilarity="<results>/dissimilarity/{method}/{metric}/{subset}.csv",
        pairs="<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet",
        seeds="<results>/dissimilarity/{method}/{metric}/{subset}_seeds.csv",
        support=lambda wildcards: (
            f"<results>/statistics/{wildcards.method}/{wildcards.metric}/support.csv"
            if wildcards.subset == "all"
            else []
        ),
        tables=expand(
            "<results>/clusters/{{method}}/{{metric}}/{{subset}}/{table}.csv",
            table=[
                *(f"linkage_{kind}" for kind in study["clustering"]["linkages"]),
                *("linkages", "linkages_agreement", "order", "louvain", "louvain_sweep"),
                *("pca", "mds", "quality"),
            ],
        ),
    output:
        heat_map=figure(
            "clusters/{method}/{metric}/{subset}/heat_map",
            "heat_map",
            "clusters",
            by_method,
            figure="matrix with intervals (heat map)",
            images="{subset}",
            metric="{metric}",
        ),
        dendrograms=figure(
            "clusters/{method}/{metric}/{subset}/dendrograms",
            "dendrograms",
            "clusters",
            by_method,
            figure="trees (dendrograms)",
            images="{subset}",
            metric="{metric}",
        ),
        communities=figure(
            "clusters/{method}/{metric}/{subset}/communities",
            "communities",
            "clusters",
            by_method,
            figure="communities (Louvain)",
            images="{subset}",
            metric="{metric}",
        ),
        embeddings=figure(
            "clusters/{method}/{metric}/{subset}/embeddings",
            "embeddings",
            "clusters",
            by_method,
            figure="map of models (PCA, MDS)",
            images="{subset}",
            metric="{metric}",
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
        settings={
            "dissimilarity": study["similarity"]["dissimilarity"],
            "correction": study["similarity"]["correction"],
            "largest": study["clustering"]["louvain"]["largest"],
        },
        roles=study.roles,
        names=study.names,
    message:
        "Drawing clusters: {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/plot_clusters.py"


QUESTION += study.files(
    "<results>/figures/clusters/{method}/{metric}/{subset}/heat_map.svg",
    subset=study.clustered_subsets,
)
QUESTION += svg_files(["comparisons/pca"])
