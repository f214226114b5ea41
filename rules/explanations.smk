"""Maps of every model by every method."""


rule explain_images:
    """The maps of one model by one method, of all images or of a shard of them."""
    input:
        images="<results>/images.parquet",
        weights=weights_of,
        predictions="<results>/predictions/{model}.parquet",
        segments=segments_of,
    output:
        explanations=maps_file(),
    log:
        f"<logs>/explain_images/{{method}}/{SHARD}.log",
    benchmark:
        f"<benchmarks>/explain_images/{{method}}/{SHARD}.tsv"
    priority: 5
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        code=code_of_explaining,
        method=method_setting("method"),
        part=part_of,
        architecture=explained_architecture,
        settings=asked,
        explanation=explanation_of,
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Explaining {wildcards.model} by {wildcards.method}"
    script:
        "../scripts/explain_images.py"


if SHARDED:

    rule join_shards:
        """The maps of all images of one model by one method, from those of its shards."""
        input:
            shards=shards_of,
        output:
            explanations="<results>/explanations/{method}/{model}.nc",
        log:
            "<logs>/join_shards/{method}/{model}.log",
        benchmark:
            "<benchmarks>/join_shards/{method}/{model}.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=code_of("join_shards.py"),
            # shards are deleted when they are joined: what they were asked is known by this job
            asked=asked_in_full,
        message:
            "Joining the maps of {wildcards.model} by {wildcards.method}"
        script:
            "../scripts/join_shards.py"


if setting("settings", "kernelshap", "tolerance") is not None:

    ruleorder: explain_together > explain_images

    rule explain_together:
        """The KernelSHAP maps of all models, until their similarities are known well enough."""
        input:
            images="<results>/images.parquet",
            weights=[weights_file(model) for model in study["models"]],
            predictions=every("<results>/predictions/{model}.parquet"),
            segments="<results>/segments.nc",
        output:
            every("<results>/explanations/kernelshap/{model}.nc"),
        log:
            "<logs>/explain_together.log",
        benchmark:
            "<benchmarks>/explain_together.tsv"
        priority: 5
        conda:
            "../envs/gpu.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=4000,
            runtime=1440,
        params:
            code=code_of("explain_together.py"),
            number=images_of("kernelshap"),
            architectures=[architecture_of(model) for model in study["models"]],
            settings={
                key: setting("settings", "kernelshap", key)
                for key in ("evaluations", "tolerance", "most_evaluations")
            },
            explanation=setting("explanation"),
            size=setting("images", "size"),
            seed=setting("seed"),
        message:
            "Explaining all models by kernelshap"
        script:
            "../scripts/explain_together.py"


rule explain_again:
    """The KernelSHAP maps of the first images by one model again, from other coalitions."""
    input:
        images="<results>/images.parquet",
        weights=weights_of,
        predictions="<results>/predictions/{model}.parquet",
        segments="<results>/segments.nc",
        explanations="<results>/explanations/kernelshap/{model}.nc",
    output:
        again="<results>/again/kernelshap/{model}.nc",
    log:
        "<logs>/explain_again/{model}.log",
    benchmark:
        "<benchmarks>/explain_again/{model}.tsv"
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("explain_again.py"),
        number=min(setting("settings", "kernelshap", "ceiling_images"), images_of("kernelshap")),
        architecture=architecture,
        explanation=setting("explanation"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Explaining {wildcards.model} by kernelshap again, for the noise ceiling"
    script:
        "../scripts/explain_again.py"


rule tabulate_grids:
    """How coarse Grad-CAM maps are, and where on their grids the mass lies."""
    input:
        explanations=maps_of("gradcam"),
    output:
        resolutions="<results>/gradcam/resolutions.csv",
        borders="<results>/gradcam/borders.csv",
    log:
        "<logs>/tabulate_grids.log",
    benchmark:
        "<benchmarks>/tabulate_grids.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("tabulate_grids.py"),
        models=study["models"],
        layers={
            model: setting("catalogue", model, "layers").get(
                f"depth_{setting('settings', 'gradcam', 'depth')}", ""
            )
            for model in study["models"]
        },
    message:
        "Grids of Grad-CAM maps"
    script:
        "../scripts/tabulate_grids.py"


rule explain_layers:
    """Where Grad-CAM's mass lies with other target layers of one model."""
    input:
        images="<results>/images.parquet",
        weights=weights_of,
        predictions="<results>/predictions/{model}.parquet",
    output:
        table="<results>/gradcam/layers/{model}.csv",
    log:
        "<logs>/explain_layers/{model}.log",
    benchmark:
        "<benchmarks>/explain_layers/{model}.tsv"
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("explain_layers.py"),
        architecture=lambda wildcards: gradcam_architecture(
            wildcards.model, setting("settings", "gradcam", "depth")
        ),
        layers=lambda wildcards: setting("borders", "layers", wildcards.model),
        mended=mended,
        number=min(setting("borders", "images"), setting("images", "count")),
        explanation={**setting("explanation"), "baseline": []},
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "Grad-CAM of {wildcards.model} at other layers"
    script:
        "../scripts/explain_layers.py"


rule measure_budgets:
    """Error and time of one model's KernelSHAP maps for several numbers of coalitions."""
    input:
        images="<results>/images.parquet",
        weights=weights_of,
        predictions="<results>/predictions/{model}.parquet",
    output:
        table="<results>/budgets/{model}.csv",
    log:
        "<logs>/measure_budgets/{model}.log",
    benchmark:
        "<benchmarks>/measure_budgets/{model}.tsv"
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        code=code_of("measure_budgets.py"),
        architecture=architecture,
        number=min(setting("budgets", "images"), setting("images", "count")),
        segments=setting("budgets", "segments"),
        compactness=setting("segments", "compactness"),
        evaluations=setting("budgets", "evaluations"),
        repeats=setting("budgets", "repeats"),
        reference=setting("budgets", "reference"),
        explanation=setting("explanation"),
        size=setting("images", "size"),
        seed=setting("seed"),
    message:
        "KernelSHAP of {wildcards.model} for several budgets"
    script:
        "../scripts/measure_budgets.py"
