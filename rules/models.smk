"""Weights and predictions of every model."""


rule train_model:
    """One model trained from scratch (or, with no epochs, left untrained)."""
    input:
        manifest="<dataset>/manifest.parquet",
    output:
        weights="<results>/weights/{model}.safetensors",
    log:
        "<logs>/train_model/{model}.log",
    benchmark:
        "<benchmarks>/train_model/{model}.tsv"
    # the longest jobs first, so that the last of them does not run alone
    priority: 10
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        code=fingerprint("train_model.py"),
        architecture=architecture,
        settings=lambda wildcards: setting("catalogue", wildcards.model, "training"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Training {wildcards.model}"
    script:
        "../scripts/train_model.py"


rule predict_images:
    """What one model predicts for the images."""
    input:
        images="<results>/images.parquet",
        weights="<results>/weights/{model}.safetensors",
    output:
        predictions="<results>/predictions/{model}.parquet",
    log:
        "<logs>/predict_images/{model}.log",
    benchmark:
        "<benchmarks>/predict_images/{model}.tsv"
    priority: 10
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=60,
    params:
        code=fingerprint("predict_images.py"),
        architecture=architecture,
    message:
        "Predictions of {wildcards.model}"
    script:
        "../scripts/predict_images.py"


rule compare_predictions:
    """On how many images each pair of models agrees, and how accurate each is."""
    input:
        predictions=every("<results>/predictions/{model}.parquet"),
        weights=every("<results>/weights/{model}.safetensors"),
    output:
        agreement="<results>/predictions/agreement.csv",
        pairs="<results>/predictions/agreement_pairs.parquet",
        accuracy="<results>/predictions/accuracy.csv",
    log:
        "<logs>/compare_predictions.log",
    benchmark:
        "<benchmarks>/compare_predictions.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=fingerprint("compare_predictions.py"),
        models=study["models"],
    message:
        "Comparing the predictions of {params.models}"
    script:
        "../scripts/compare_predictions.py"
