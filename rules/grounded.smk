"""Is the measure valid? Similarities held against models whose likeness is known."""

# the methods that have scales, and the scale of each
POOLS = {
    method: study["settings"][method]["pool"]
    for method in study.methods
    if "pool" in study["settings"][method]
}


rule evaluate_grounded:
    """How well every measure of likeness tells the likeness that is known."""
    input:
        chances=study.files("<results>/chance/{method}/{metric}.nc"),
        scales=study.files("<results>/scales/{method}.parquet", method=list(POOLS)),
        agreement="<results>/predictions/agreement_pairs.parquet",
    output:
        table="<results>/grounded/table.csv",
        ladder_values="<results>/grounded/ladder.csv",
    log:
        "<logs>/evaluate_grounded.log",
    benchmark:
        "<benchmarks>/evaluate_grounded.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("evaluate_grounded.py"),
        cases=study.files("{method}/{metric}"),
        pools=POOLS,
        groups=study["grounded"]["groups"],
        ladder=study["grounded"]["ladder"],
    message:
        "Holding similarities against models whose likeness is known"
    script:
        "../scripts/evaluate_grounded.py"


rule plot_grounded:
    """Average precision of every measure of likeness, and the similarities along the ladder."""
    input:
        table="<results>/grounded/table.csv",
        ladder_values="<results>/grounded/ladder.csv",
    output:
        figure=figure(
            "grounded/grounded",
            "grounded",
            "grounded",
            "all methods",
            figure="which measures find likeness that is known",
        ),
    log:
        "<logs>/plot_grounded.log",
    benchmark:
        "<benchmarks>/plot_grounded.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_grounded.py"),
        names=study.names,
    message:
        "Drawing how well known likeness is told"
    script:
        "../scripts/plot_grounded.py"


QUESTION += svg_files(["grounded/grounded"] if any(study["grounded"].values()) else [])
