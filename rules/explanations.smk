"""Maps of every model by every method."""


rule explain_images:
    """The maps of one model by one method, of all images or of a shard of them."""
    input:
        images="<results>/images.parquet",
        weights=by_wildcards(weights.file),
        predictions="<results>/predictions/{model}.parquet",
        segments=by_wildcards(study.segments_file),
    output:
        # a shard does not stay once it is joined
        explanations=(
            temp("<results>/shards/{method}/{model}/{shard}.nc")
            if study.has_shards
            else "<results>/explanations/{method}/{model}.nc"
        ),
    log:
        f"<logs>/explain_images/{{method}}/{study.shard_stem}.log",
    benchmark:
        f"<benchmarks>/explain_images/{{method}}/{study.shard_stem}.tsv"
    priority: 5
    conda:
        "../envs/gpu.yaml"
    threads: 1
    resources:
        gpu=0,
        mem_mb=2000,
        runtime=240,
    params:
        code=code_of_explaining("explain_images.py"),
        base=lambda wildcards: study.method(wildcards.method).key,
        part=by_wildcards(study.image_range),
        architecture=by_wildcards(study.architecture),
        settings=by_wildcards(study.map_settings),
        explanation=by_wildcards(study.question),
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Explaining {wildcards.model} by {wildcards.method}"
    script:
        "../scripts/explain_images.py"


if study.has_shards:

    rule join_shards:
        """The maps of all images of one model by one method, from those of its shards."""
        input:
            shards=by_wildcards(study.shard_files),
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
            # shards are deleted when they are joined: this job knows what they depended on
            depends_on=lambda wildcards: {
                "code": code_of_explaining("explain_images.py")(wildcards),
                **study.everything_explained(wildcards.method, wildcards.model),
            },
        message:
            "Joining the maps of {wildcards.model} by {wildcards.method}"
        script:
            "../scripts/join_shards.py"


if study["settings"]["kernelshap"]["tolerance"] is not None:

    ruleorder: explain_together > explain_images

    rule explain_together:
        """The KernelSHAP maps of all models, until their similarities are known well enough."""
        input:
            images="<results>/images.parquet",
            weights=[weights.file(model) for model in study.compared],
            predictions=study.files("<results>/predictions/{model}.parquet", model=study.compared),
            segments="<results>/segments.nc",
        output:
            explanations=study.files(
                "<results>/explanations/kernelshap/{model}.nc", model=study.compared
            ),
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
            number=study.image_count("kernelshap"),
            architectures=[study.architecture(model) for model in study.compared],
            settings={
                key: study["settings"]["kernelshap"][key]
                for key in ("evaluations", "tolerance", "most_evaluations")
            },
            comparisons=[
                {"metric": metric, **comparisons.settings("kernelshap", metric)}
                for metric in study["metrics"]
            ],
            explanation=study["explanation"],
            size=study["images"]["size"],
            seed=study["seed"],
        message:
            "Explaining all models by kernelshap"
        script:
            "../scripts/explain_together.py"


rule explain_again:
    """The KernelSHAP maps of the first images by one model again, from other coalitions."""
    input:
        images="<results>/images.parquet",
        weights=by_wildcards(weights.file),
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
        number=study.ceiling_count("kernelshap"),
        architecture=by_wildcards(study.architecture),
        explanation=study["explanation"],
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Explaining {wildcards.model} by kernelshap again, for the noise ceiling"
    script:
        "../scripts/explain_again.py"


if changed.moved_methods:

    rule explain_moved:
        """The maps of the first images of one model by every method, the images moved by some pixels."""
        input:
            images="<results>/images.parquet",
            weights=by_wildcards(weights.file),
            predictions="<results>/predictions/{model}.parquet",
            segments=changed.segments_file(changed.moved_methods),
            explanations=by_wildcards(changed.evaluations_file),
        output:
            moved=[f"<results>/moved/{method}/{{model}}.nc" for method in changed.moved_methods],
        log:
            "<logs>/explain_moved/{model}.log",
        benchmark:
            "<benchmarks>/explain_moved/{model}.tsv"
        conda:
            "../envs/gpu.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=2000,
            runtime=120,
        params:
            code=code_of("explain_moved.py", *changed.moved_modules),
            methods=by_wildcards(changed.moved_settings),
            pixels=study["ceilings"]["pixels"],
            architecture=by_wildcards(changed.architecture),
            explanation=study["explanation"],
            size=study["images"]["size"],
            seed=study["seed"],
        message:
            "Explaining moved images with {wildcards.model}, for the input ceiling"
        script:
            "../scripts/explain_moved.py"


if study.complete_methods:

    rule tabulate_completeness:
        """How many maps miss the sum that they promise, and what biases take, by every model and method."""
        input:
            explanations=[
                path for method in study.complete_methods for path in study.maps_files(method)
            ],
        output:
            table=report(
                "<results>/statistics/completeness.csv",
                caption="../report/completeness.rst",
                category=CATEGORIES["maps"],
                subcategory=CHECKS,
                labels={"figure": "what maps sum to"},
            ),
        log:
            "<logs>/tabulate_completeness.log",
        benchmark:
            "<benchmarks>/tabulate_completeness.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            code=code_of("tabulate_completeness.py"),
            methods=study.complete_methods,
            models=study.models,
        message:
            "Summing maps, and what biases take"
        script:
            "../scripts/tabulate_completeness.py"


rule tabulate_grids:
    """How coarse Grad-CAM maps are, and where on their grids the mass lies."""
    input:
        explanations=study.maps_files("gradcam"),
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
        models=study.models,
        layers={model: study.layer_name(model, "gradcam") for model in study.models},
    message:
        "Grids of Grad-CAM maps"
    script:
        "../scripts/tabulate_grids.py"


rule explain_layers:
    """Where Grad-CAM's mass lies with other target layers of one model."""
    input:
        images="<results>/images.parquet",
        weights=by_wildcards(weights.file),
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
        architecture=lambda wildcards: study.architecture(wildcards.model, "gradcam"),
        layers=lambda wildcards: study["borders"]["layers"][wildcards.model],
        mended=lambda wildcards: study.map_settings("gradcam", wildcards.model)["mended"],
        number=min(study["borders"]["images"], study["images"]["count"]),
        explanation=study.question("gradcam"),
        size=study["images"]["size"],
    message:
        "Grad-CAM of {wildcards.model} at other layers"
    script:
        "../scripts/explain_layers.py"


rule measure_budgets:
    """Error and time of one model's KernelSHAP maps for several numbers of coalitions."""
    input:
        images="<results>/images.parquet",
        weights=by_wildcards(weights.file),
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
        architecture=by_wildcards(study.architecture),
        number=min(study["budgets"]["images"], study["images"]["count"]),
        segments=study["budgets"]["segments"],
        compactness=study["segments"]["compactness"],
        evaluations=study["budgets"]["evaluations"],
        repeats=study["budgets"]["repeats"],
        reference=study["budgets"]["reference"],
        explanation=study["explanation"],
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "KernelSHAP of {wildcards.model} for several budgets"
    script:
        "../scripts/measure_budgets.py"


for panels, drawn in study["figures"]["panels"].items():

    rule:
        name:
            f"plot_panels_{panels}"
        input:
            explanations=[
                path
                for method in drawn["methods"]
                for path in study.maps_files(method, drawn["models"])
            ],
            images="<results>/images.parquet",
            predictions=study.files("<results>/predictions/{model}.parquet", model=drawn["models"]),
            segments=comparisons.drawn_segments(drawn["methods"]),
        output:
            figures=[
                path
                for position, stem in enumerate(study.panel_stems(panels))
                for path in figure(
                    stem, "panel", "maps", f"images: {panels}", figure=f"image {position:03d}"
                )
            ],
        log:
            f"<logs>/plot_panels/{panels}.log",
        benchmark:
            f"<benchmarks>/plot_panels/{panels}.tsv"
        conda:
            "../envs/plot.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=60,
        params:
            code=code_of("plot_panels.py"),
            which=drawn["images"],
            number=min(study.image_count(method) for method in drawn["methods"]),
            models=drawn["models"],
            signs={method: study["settings"][method]["sign"] for method in drawn["methods"]},
            pools={method: study["settings"][method].get("pool") for method in drawn["methods"]},
            names=study.names,
            families=study.families,
        message:
            f"Drawing the maps of images: {panels}"
        script:
            "../scripts/plot_panels.py"


rule plot_borders:
    """Where on its grid Grad-CAM's mass lies."""
    input:
        borders="<results>/gradcam/borders.csv",
        layers=[
            f"<results>/gradcam/layers/{model}.csv"
            for model, layers in study["borders"]["layers"].items()
            if layers
        ],
    output:
        figure=figure(
            "gradcam/borders", "borders", "maps", CHECKS, figure="Grad-CAM at the borders"
        ),
    log:
        "<logs>/plot_borders.log",
    benchmark:
        "<benchmarks>/plot_borders.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_borders.py"),
        models=study.models,
        names=study.names,
        families=study.families,
    message:
        "Drawing where Grad-CAM's mass lies"
    script:
        "../scripts/plot_borders.py"


rule plot_budgets:
    """Error and time of KernelSHAP maps against the number of coalitions."""
    input:
        budgets=[f"<results>/budgets/{model}.csv" for model in study["budgets"]["models"]],
    output:
        figure=figure(
            "budgets/kernelshap",
            "budgets",
            "maps",
            CHECKS,
            figure="what more evaluations of KernelSHAP buy",
        ),
    log:
        "<logs>/plot_budgets.log",
    benchmark:
        "<benchmarks>/plot_budgets.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_budgets.py"),
        models=study["budgets"]["models"],
        names=study.names,
        families=study.families,
    message:
        "Drawing what KernelSHAP maps cost"
    script:
        "../scripts/plot_budgets.py"


for panels in study["figures"]["panels"]:
    QUESTION += svg_files(study.panel_stems(panels))
QUESTION += ["<results>/statistics/completeness.csv"] if study.complete_methods else []
QUESTION += svg_files(["gradcam/borders"] if "gradcam" in study.methods else [])
QUESTION += svg_files(["budgets/kernelshap"] if study["budgets"]["models"] else [])
