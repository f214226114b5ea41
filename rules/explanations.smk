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
        explanation=explanation_of,
        seed=setting("seed"),
    message:
        "Explaining {wildcards.model} by {wildcards.method}"
    script:
        "../scripts/explain_images.py"


if setting("settings", "kernelshap", "tolerance") is not None:

    ruleorder: explain_together > explain_images

    rule explain_together:
        """The KernelSHAP maps of all models, until their similarities are known well enough."""
        input:
            images="<results>/images.parquet",
            weights=every("<results>/weights/{model}.safetensors"),
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
            code=fingerprint("explain_together.py"),
            architectures=[architecture_of(model) for model in study["models"]],
            settings={
                key: setting("settings", "kernelshap", key)
                for key in ("evaluations", "tolerance", "most_evaluations")
            },
            explanation=setting("explanation"),
            seed=setting("seed"),
        message:
            "Explaining all models by kernelshap"
        script:
            "../scripts/explain_together.py"


rule explain_again:
    """The KernelSHAP maps of the first images by one model again, from other coalitions."""
    input:
        images="<results>/images.parquet",
        weights="<results>/weights/{model}.safetensors",
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
        code=fingerprint("explain_again.py"),
        number=setting("settings", "kernelshap", "ceiling_images"),
        architecture=architecture,
        explanation=setting("explanation"),
        seed=setting("seed"),
    message:
        "Explaining {wildcards.model} by kernelshap again, for the noise ceiling"
    script:
        "../scripts/explain_again.py"
