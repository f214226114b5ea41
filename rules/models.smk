"""Weights and predictions of every model."""


rule download_weights:
    """Pretrained weights of one model, with the configuration they were trained with."""
    output:
        weights="resources/weights/{model}.safetensors",
    log:
        "<logs>/download_weights/{model}.log",
    benchmark:
        "<benchmarks>/download_weights/{model}.tsv"
    localrule: True
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("download_weights.py"),
        architecture=architecture,
        folder=verbatim(setting("pretrained", "folder") or ""),
    message:
        "Weights of {wildcards.model}"
    script:
        "../scripts/download_weights.py"


rule initialise_weights:
    """Random weights of one model, in the place of pretrained ones."""
    output:
        weights="<results>/weights/random/{model}.safetensors",
    log:
        "<logs>/initialise_weights/{model}.log",
    benchmark:
        "<benchmarks>/initialise_weights/{model}.tsv"
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_of("initialise_weights.py"),
        architecture=architecture,
        seed=setting("seed"),
    message:
        "Random weights of {wildcards.model}"
    script:
        "../scripts/initialise_weights.py"


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
    wildcard_constraints:
        model=made_by("trained"),
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
        code=code_of("train_model.py"),
        architecture=architecture,
        settings=lambda wildcards: setting("catalogue", wildcards.model, "training"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Training {wildcards.model}"
    script:
        "../scripts/train_model.py"


rule finetune_model:
    """One pretrained model adapted to the data set: its new head first, then all of it."""
    input:
        manifest="<dataset>/manifest.parquet",
        weights=first_weights,
    output:
        weights="<results>/weights/{model}.safetensors",
    log:
        "<logs>/finetune_model/{model}.log",
    benchmark:
        "<benchmarks>/finetune_model/{model}.tsv"
    wildcard_constraints:
        model=made_by("finetuned"),
    priority: 10
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=8000,
        runtime=240,
    params:
        code=code_of("finetune_model.py"),
        architecture=architecture,
        settings=setting("finetuning"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Fine-tuning {wildcards.model}"
    script:
        "../scripts/finetune_model.py"


rule predict_images:
    """What one model predicts for the images."""
    input:
        images="<results>/images.parquet",
        weights=weights_of,
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
        code=code_of("predict_images.py"),
        architecture=architecture,
        size=setting("images", "size"),
    message:
        "Predictions of {wildcards.model}"
    script:
        "../scripts/predict_images.py"


rule compare_predictions:
    """On how many images each pair of models agrees, and how accurate each is."""
    input:
        predictions=every("<results>/predictions/{model}.parquet"),
        weights=[weights_file(model) for model in study["models"]],
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
        code=code_of("compare_predictions.py"),
        models=study["models"],
    message:
        "Comparing the predictions of {params.models}"
    script:
        "../scripts/compare_predictions.py"


rule measure_accuracy:
    """Accuracy of one model after its own preprocessing and after a common one."""
    input:
        manifest="<dataset>/manifest.parquet",
        weights=weights_of,
    output:
        accuracy="<results>/accuracy/{model}.csv",
    log:
        "<logs>/measure_accuracy/{model}.log",
    benchmark:
        "<benchmarks>/measure_accuracy/{model}.tsv"
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=4000,
        runtime=60,
    params:
        code=code_of("measure_accuracy.py"),
        architecture=architecture,
        number=setting("accuracy", "images"),
        order=setting("images", "order"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Accuracy of {wildcards.model} after three preprocessings"
    script:
        "../scripts/measure_accuracy.py"
