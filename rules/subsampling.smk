"""How many images it takes."""


rule subsample_images:
    """Similarity matrices of random subsets of the images, against that of all."""
    input:
        values=by_wildcards(comparisons.values_file),
    output:
        differences="<results>/subsampling/{method}/{metric}.parquet",
        variances="<results>/subsampling/{method}/{metric}_variances.parquet",
    log:
        "<logs>/subsample_images/{method}/{metric}.log",
    benchmark:
        "<benchmarks>/subsample_images/{method}/{metric}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("subsample_images.py"),
        models=study.models,
        correction=study["similarity"]["correction"],
        sizes=by_wildcards(study.subsampling_sizes),
        repeats=study["subsampling"]["repeats"],
        seed=study["seed"],
    message:
        "Subsampling images: {wildcards.method}, {wildcards.metric}"
    script:
        "../scripts/subsample_images.py"
