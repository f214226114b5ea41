"""Maps of every model by every method."""


rule explain_images:
    """The maps of one model by one method."""
    input:
        images="<results>/images.parquet",
        weights="<results>/weights/{model}.safetensors",
        predictions="<results>/predictions/{model}.parquet",
        segments=segments_of,
    output:
        explanations="<results>/explanations/{method}/{model}.nc",
    log:
        "<logs>/explain_images/{method}/{model}.log",
    benchmark:
        "<benchmarks>/explain_images/{method}/{model}.tsv"
    priority: 5
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        code=lambda wildcards: fingerprint(
            "explain_images.py", f"thinkalike.explain.{wildcards.method}"
        ),
        architecture=explained_architecture,
        settings=asked,
        target=setting("explanation", "target"),
        output=setting("explanation", "output"),
        baseline=baseline_of,
        seed=setting("seed"),
    message:
        "Explaining {wildcards.model} by {wildcards.method}"
    script:
        "../scripts/explain_images.py"
