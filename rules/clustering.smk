"""Which models belong together."""


rule cluster_models:
    """Dendrograms, Louvain communities and embeddings of one dissimilarity matrix."""
    input:
        dissimilarity="<results>/dissimilarity/{method}/{metric}/{subset}.csv",
    output:
        linkages=expand(
            "<results>/clusters/{{method}}/{{metric}}/{{subset}}/linkage_{kind}.csv",
            kind=setting("clustering", "linkages"),
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
        kinds=setting("clustering", "linkages"),
        ward=setting("clustering", "ward"),
        families=families(),
        untrained=untrained(),
        largest=setting("clustering", "louvain", "largest"),
        resolution=setting("clustering", "louvain", "resolution"),
        resolutions=setting("clustering", "louvain", "sweep"),
        seed=setting("seed"),
    message:
        "Clustering models: {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/cluster_models.py"
