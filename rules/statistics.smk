"""How sure is it: chance, scale and seeds beside every pair of models."""


rule plot_pairs:
    """All pairs of models beside chance and seeds, and similarity above chance by scale."""
    input:
        pairs=study.files(
            "<results>/dissimilarity/{method}/{metric}/all_pairs.parquet",
            metric=study["metrics"][0],
        ),
        seeds=study.files(
            "<results>/dissimilarity/{method}/{metric}/all_seeds.csv", metric=study["metrics"][0]
        ),
        scales=study.files("<results>/scales/{method}.parquet"),
    output:
        pairs_figure=figure(
            "statistics/pairs", "pairs", "1 How alike, and how sure?", figure="all pairs of models"
        ),
        scales_figure=figure(
            "statistics/scales", "scales", "1 How alike, and how sure?", figure="at which scale"
        ),
    log:
        "<logs>/plot_pairs.log",
    benchmark:
        "<benchmarks>/plot_pairs.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_pairs.py"),
        metric=study["metrics"][0],
        pools={method: study["settings"][method]["pool"] for method in study.methods},
        names=study.names,
        architectures=study.architectures,
        families=study.families,
        untrained=study.untrained,
    message:
        "Drawing all pairs of models"
    script:
        "../scripts/plot_pairs.py"

