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
        architecture=by_wildcards(study.architecture),
        folder=verbatim(study["pretrained"]["folder"] or ""),
        depends_on=by_wildcards(weights.copied_config),
    message:
        "Weights of {wildcards.model}"
    script:
        "../scripts/download_weights.py"


rule import_weights:
    """Weights of one model from a file of the user's."""
    input:
        # its content is a parameter; its time stamp says nothing
        checkpoint=lambda wildcards: ancient(weights.checkpoint(wildcards.model)),
    output:
        weights="<results>/weights/imported/{model}.safetensors",
    log:
        "<logs>/import_weights/{model}.log",
    benchmark:
        "<benchmarks>/import_weights/{model}.tsv"
    wildcard_constraints:
        model=weights.imported,
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code_of("import_weights.py"),
        depends_on=by_wildcards(weights.checkpoint_content),
        architecture=by_wildcards(study.architecture),
        settings=by_wildcards(weights.import_settings),
        size=study["images"]["size"],
    message:
        "Weights of {wildcards.model} from {input.checkpoint}"
    script:
        "../scripts/import_weights.py"


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
        architecture=by_wildcards(study.architecture),
        seed=study["seed"],
    message:
        "Random weights of {wildcards.model}"
    script:
        "../scripts/initialise_weights.py"


rule train_model:
    """One model trained from scratch (or, with no epochs, left untrained), for all studies."""
    input:
        manifest="<dataset>/manifest.parquet",
    output:
        weights="resources/weights/trained/{key}/{model}.safetensors",
    log:
        "<logs>/train_model/{model}/{key}.log",
    benchmark:
        "<benchmarks>/train_model/{model}/{key}.tsv"
    wildcard_constraints:
        model=weights.models_with("trained"),
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
        architecture=by_wildcards(study.architecture),
        settings=by_wildcards(study.training_settings),
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Training {wildcards.model}"
    script:
        "../scripts/train_model.py"


rule finetune_model:
    """One pretrained model adapted to the data set, head first, then all of it, for all studies."""
    input:
        manifest="<dataset>/manifest.parquet",
        initial=by_wildcards(weights.initial),
    output:
        weights="resources/weights/trained/{key}/{model}.safetensors",
    log:
        "<logs>/finetune_model/{model}/{key}.log",
    benchmark:
        "<benchmarks>/finetune_model/{model}/{key}.tsv"
    wildcard_constraints:
        model=weights.models_with("finetuned"),
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
        architecture=by_wildcards(study.architecture),
        settings=by_wildcards(study.training_settings),
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Fine-tuning {wildcards.model}"
    script:
        "../scripts/finetune_model.py"


rule place_weights:
    """The weights of one model that were trained for all studies, in this one."""
    input:
        # what has this key in its path never changes; its time stamp says nothing
        trained=lambda wildcards: ancient(trained_weights(wildcards)),
    output:
        weights="<results>/weights/{model}.safetensors",
    log:
        "<logs>/place_weights/{model}.log",
    benchmark:
        "<benchmarks>/place_weights/{model}.tsv"
    wildcard_constraints:
        model=weights.models_with("trained", "finetuned"),
    priority: 10
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("place_weights.py"),
    message:
        "Taking over the weights of {wildcards.model}"
    script:
        "../scripts/place_weights.py"


rule check_accuracy:
    """Whether one model that was trained here has learned enough to be explained."""
    input:
        weights="<results>/weights/{model}.safetensors",
    output:
        accuracy="<results>/weights/{model}_accuracy.csv",
    log:
        "<logs>/check_accuracy/{model}.log",
    benchmark:
        "<benchmarks>/check_accuracy/{model}.tsv"
    wildcard_constraints:
        model=weights.models_with("trained", "finetuned"),
    priority: 10
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("check_accuracy.py"),
        accuracy_at_least=by_wildcards(study.accuracy_bar),
    message:
        "Whether {wildcards.model} has learned enough"
    script:
        "../scripts/check_accuracy.py"


rule fit_head:
    """A head for the classes of the data set, fitted to the frozen features of one model."""
    input:
        manifest="<dataset>/manifest.parquet",
        initial=by_wildcards(weights.initial),
    output:
        weights="<results>/weights/{model}.safetensors",
    log:
        "<logs>/fit_head/{model}.log",
    benchmark:
        "<benchmarks>/fit_head/{model}.tsv"
    wildcard_constraints:
        model=weights.models_with("fitted"),
    priority: 10
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=4000,
        runtime=120,
    params:
        code=code_of("fit_head.py"),
        architecture=by_wildcards(study.architecture),
        size=study["images"]["size"],
    message:
        "Fitting a head to the features of {wildcards.model}"
    script:
        "../scripts/fit_head.py"


rule disturb_weights:
    """The weights of one model with Gaussian noise, as those of another."""
    input:
        source=lambda wildcards: weights.file(study["catalogue"][wildcards.model]["noise"]["model"]),
    output:
        weights="<results>/weights/{model}.safetensors",
    log:
        "<logs>/disturb_weights/{model}.log",
    benchmark:
        "<benchmarks>/disturb_weights/{model}.tsv"
    wildcard_constraints:
        model=weights.models_with("disturbed"),
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_of("disturb_weights.py"),
        architecture=by_wildcards(study.architecture),
        scale=lambda wildcards: study["catalogue"][wildcards.model]["noise"]["scale"],
        seed=study["seed"],
    message:
        "Adding noise to {input.source}, for {wildcards.model}"
    script:
        "../scripts/disturb_weights.py"


rule predict_images:
    """What one model predicts for the images, and its features of them, from the same passes."""
    input:
        depends_on=by_wildcards(weights.checks),
        images="<results>/images.parquet",
        weights=by_wildcards(weights.file),
    output:
        predictions="<results>/predictions/{model}.parquet",
        features="<results>/features/{model}.nc",
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
        architecture=by_wildcards(study.architecture),
        size=study["images"]["size"],
    message:
        "Predictions of {wildcards.model}"
    script:
        "../scripts/predict_images.py"


rule compare_predictions:
    """On how many images each pair of models agrees, and how accurate each is."""
    input:
        predictions=study.files("<results>/predictions/{model}.parquet"),
        weights=weights.files,
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
        models=study.models,
    message:
        "Comparing the predictions of {params.models}"
    script:
        "../scripts/compare_predictions.py"


rule measure_accuracy:
    """Accuracy of one model after its own preprocessing and after a common one."""
    input:
        manifest="<dataset>/manifest.parquet",
        weights=by_wildcards(weights.file),
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
        architecture=by_wildcards(study.architecture),
        number=study["accuracy"]["images"],
        order=study["images"]["order"],
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Accuracy of {wildcards.model} after three preprocessings"
    script:
        "../scripts/measure_accuracy.py"


rule plot_predictions:
    """Accuracy per model, agreement of predictions, and what it has to do with dissimilarity."""
    input:
        accuracy="<results>/predictions/accuracy.csv",
        agreement="<results>/predictions/agreement.csv",
        pairs="<results>/predictions/agreement_pairs.parquet",
        correlations="<results>/predictions/agreement_correlations.csv",
        dissimilarities=study.files(
            "<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet",
            subset=study.whole_subsets,
        ),
    output:
        accuracy_figure=figure(
            "predictions/accuracy",
            "accuracy",
            "predictions",
            "all models",
            figure="accuracy per model",
        ),
        agreement_figure=figure(
            "predictions/agreement",
            "agreement",
            "predictions",
            "all models",
            figure="agreement of models",
        ),
        scatter=figure(
            "predictions/agreement_scatter",
            "agreement_scatter",
            "predictions",
            "all models",
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
        cases=study.files("{method}/{metric}/{subset}", subset=study.whole_subsets),
        bar=study.accuracy_goal,
        untrained=study.untrained,
        names=study.names,
        families=study.families,
    message:
        "Drawing accuracy and agreement"
    script:
        "../scripts/plot_predictions.py"


rule plot_accuracy:
    """Accuracy after each model's own preprocessing and after a common one."""
    input:
        accuracy=study.files("<results>/accuracy/{model}.csv"),
    output:
        figure=figure(
            "predictions/transforms",
            "transforms",
            "predictions",
            "all models",
            figure="what preprocessing does to accuracy",
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
        names=study.names,
        families=study.families,
    message:
        "Drawing accuracy after three preprocessings"
    script:
        "../scripts/plot_accuracy.py"


QUESTION += svg_files(["predictions/accuracy"])
QUESTION += svg_files(["predictions/transforms"] if study["accuracy"]["images"] else [])
