"""Do maps say what matters? Images without the region that a map rates highest."""

if changed.deletion_signs:

    rule delete_regions:
        """What a model loses with the regions that its own maps and those of others rate highest."""
        input:
            images="<results>/images.parquet",
            weights=by_wildcards(weights.file),
            predictions="<results>/predictions/{model}.parquet",
            segments=changed.segments_file(list(changed.deletion_signs)),
            explanations=[
                path for method in changed.deletion_signs for path in study.maps_files(method)
            ],
        output:
            deletion="<results>/deletion/{model}.parquet",
        log:
            "<logs>/delete_regions/{model}.log",
        benchmark:
            "<benchmarks>/delete_regions/{model}.tsv"
        conda:
            "../envs/gpu.yaml"
        threads: 1
        resources:
            gpu=0,
            mem_mb=2000,
            runtime=60,
        params:
            code=code_of("delete_regions.py"),
            models=study.models,
            signs=changed.deletion_signs,
            number=changed.deletion_count,
            area=study["deletion"]["area"],
            architecture=by_wildcards(study.architecture),
            explanation=study["explanation"],
            size=study["images"]["size"],
        message:
            "Deleting the regions that maps rate highest from what {wildcards.model} sees"
        script:
            "../scripts/delete_regions.py"

    rule summarise_deletion:
        """Whether the maps of each method say what matters to each model."""
        input:
            deletions=study.files("<results>/deletion/{model}.parquet"),
        output:
            summary="<results>/statistics/deletion.csv",
        log:
            "<logs>/summarise_deletion.log",
        benchmark:
            "<benchmarks>/summarise_deletion.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            code=code_of("summarise_deletion.py"),
            untrained=study.untrained,
            by_class=comparisons.stratified,
        message:
            "Whether maps say what matters"
        script:
            "../scripts/summarise_deletion.py"

    rule plot_deletion:
        """What models lose with the regions that maps rate highest."""
        input:
            summary="<results>/statistics/deletion.csv",
        output:
            figure=figure(
                "statistics/deletion",
                "deletion",
                "maps",
                CHECKS,
                figure="do maps say what matters (deletion)",
            ),
        log:
            "<logs>/plot_deletion.log",
        benchmark:
            "<benchmarks>/plot_deletion.tsv"
        conda:
            "../envs/plot.yaml"
        threads: 1
        resources:
            mem_mb=1000,
            runtime=30,
        params:
            code=code_of("plot_deletion.py"),
            names=study.names,
            families=study.families,
            area=study["deletion"]["area"],
        message:
            "Drawing what models lose with the regions that maps rate highest"
        script:
            "../scripts/plot_deletion.py"

    QUESTION += svg_files(["statistics/deletion"])
