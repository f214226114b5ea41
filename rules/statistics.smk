"""How sure it is: what chance, seeds and numbers of models leave of what was found."""


rule measure_scales:
    """Similarity above chance at several scales, beside that of seeds and of moved images."""
    input:
        explanations=by_wildcards(comparisons.compared_maps),
        moved=by_wildcards(changed.moved_files),
        segments=by_wildcards(comparisons.scaled_segments_file),
        images="<results>/images.parquet",
    output:
        table="<results>/scales/{method}.parquet",
    log:
        "<logs>/measure_scales/{method}.log",
    benchmark:
        "<benchmarks>/measure_scales/{method}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("measure_scales.py"),
        compared=study.compared,
        models=study.models,
        architectures=study.architectures,
        number=by_wildcards(study.image_count),
        scales=by_wildcards(comparisons.scales),
        comparison=lambda wildcards: comparisons.settings(wildcards.method, "cosine"),
        picture=by_wildcards(comparisons.picture),
        stratified=comparisons.stratified,
        pixels=study["ceilings"]["pixels"],
    message:
        "Similarity of {wildcards.method} maps at several scales"
    script:
        "../scripts/measure_scales.py"


rule compare_features:
    """How alike the penultimate features of every two models are, whatever they are explained by."""
    input:
        features=study.files("<results>/features/{model}.nc"),
    output:
        cka="<results>/statistics/features.csv",
    log:
        "<logs>/compare_features.log",
    benchmark:
        "<benchmarks>/compare_features.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_of("compare_features.py"),
        models=study.models,
    message:
        "Comparing the features of {params.models}"
    script:
        "../scripts/compare_features.py"


rule test_models:
    """Do families differ, do methods agree beyond them, and what can each method tell apart?"""
    input:
        pairs=study.files("<results>/dissimilarity/{method}/{metric}/all_pairs.parquet"),
        seeds=study.files("<results>/dissimilarity/{method}/{metric}/all_seeds.csv"),
        agreement="<results>/predictions/agreement_pairs.parquet",
        accuracy="<results>/predictions/accuracy.csv",
        cka="<results>/statistics/features.csv",
    output:
        family_tests="<results>/statistics/families.csv",
        matrix_tests="<results>/statistics/matrices.csv",
        resolution="<results>/statistics/resolution.csv",
    log:
        "<logs>/test_models.log",
    benchmark:
        "<benchmarks>/test_models.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("test_models.py"),
        roles=study.roles,
        cases=study.files("{method}/{metric}"),
        seed=study["seed"],
    message:
        "Testing families of models and matrices against each other"
    script:
        "../scripts/test_models.py"


rule resample_images:
    """What resampled images leave of trees and of the order of pairs, and which images matter."""
    input:
        values=by_wildcards(comparisons.values_file),
        images="<results>/images.parquet",
    output:
        image_count="<results>/statistics/{method}/{metric}/image_count.csv",
        support="<results>/statistics/{method}/{metric}/support.csv",
        one_factor="<results>/statistics/{method}/{metric}/one_factor.csv",
        influential="<results>/statistics/{method}/{metric}/influential.csv",
    log:
        "<logs>/resample_images/{method}/{metric}.log",
    benchmark:
        "<benchmarks>/resample_images/{method}/{metric}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("resample_images.py"),
        models=study.models,
        correction=study["similarity"]["correction"],
        settings={
            "trained": study.trained,
            "independent": study.independent,
            "architectures": {model: study.architectures[model] for model in study.models},
            "linkages": study["clustering"]["linkages"],
            **study["statistics"],
        },
        stratified=comparisons.stratified,
        seed=study["seed"],
    message:
        "Resampling images: {wildcards.method}, {wildcards.metric}"
    script:
        "../scripts/resample_images.py"


rule measure_consensus:
    """What the maps of all models have in common for each image, against maps of different images."""
    input:
        explanations=by_wildcards(comparisons.consensus_maps),
        values=by_wildcards(comparisons.values_file),
        images="<results>/images.parquet",
        segments=by_wildcards(comparisons.segments_file),
    output:
        consensus="<results>/statistics/{method}/{metric}/images.csv",
    log:
        "<logs>/measure_consensus/{method}/{metric}.log",
    benchmark:
        "<benchmarks>/measure_consensus/{method}/{metric}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("measure_consensus.py"),
        models=study.trained or study.models,
        number=by_wildcards(study.image_count),
        comparison=by_wildcards(comparisons.settings),
        correction=study["similarity"]["correction"],
        seed=study["seed"],
    message:
        "Consensus about images: {wildcards.method}, {wildcards.metric}"
    script:
        "../scripts/measure_consensus.py"


rule plot_influences:
    """Images that hold pairs of models together or drive them apart, and consensus about images."""
    input:
        pairs=f"<results>/dissimilarity/{{method}}/{study['metrics'][0]}/all_pairs.parquet",
        influential=f"<results>/statistics/{{method}}/{study['metrics'][0]}/influential.csv",
        consensus=f"<results>/statistics/{{method}}/{study['metrics'][0]}/images.csv",
        images="<results>/images.parquet",
        explanations=by_wildcards(comparisons.consensus_maps),
        segments=by_wildcards(comparisons.segments_file),
    output:
        gallery_figure=figure(
            "statistics/{method}/images",
            "influential_images",
            "alike",
            by_method,
            figure="images that matter",
        ),
        share_figure=figure(
            "statistics/{method}/consensus",
            "consensus",
            "alike",
            by_method,
            figure="consensus about images",
        ),
    log:
        "<logs>/plot_influences/{method}.log",
    benchmark:
        "<benchmarks>/plot_influences/{method}.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_influences.py"),
        metric=study["metrics"][0],
        models=study.trained or study.models,
        comparison=lambda wildcards: comparisons.settings(wildcards.method, study["metrics"][0]),
        architectures={model: study.architectures[model] for model in study.models},
        names={model: study.names[model] for model in study.models},
        families={model: study.families[model] for model in study.models},
    message:
        "Drawing the images that matter: {wildcards.method}"
    script:
        "../scripts/plot_influences.py"


rule plot_pairs:
    """All pairs of models beside chance and seeds."""
    input:
        pairs=comparisons.at_first_metric(
            "<results>/dissimilarity/{method}/{metric}/all_pairs.parquet"
        ),
        seeds=comparisons.at_first_metric("<results>/dissimilarity/{method}/{metric}/all_seeds.csv"),
        scales=comparisons.scales_files,
    output:
        pairs_figure=figure(
            "statistics/pairs", "pairs", "alike", "all methods", figure="all pairs of models"
        ),
    log:
        "<logs>/plot_pairs.log",
    benchmark:
        "<benchmarks>/plot_pairs.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_pairs.py"),
        roles=study.roles,
        metric=study["metrics"][0],
        pools={
            method: study["settings"][method].get("pool")
            for method in comparisons.at_first_metric("{method}")
        },
        mapped=study.with_maps,
        names=study.names,
    message:
        "Drawing all pairs of models"
    script:
        "../scripts/plot_pairs.py"


rule plot_scales:
    """Similarity, and similarity above chance, by the scale at which maps are compared."""
    input:
        scales=comparisons.scales_files,
    output:
        figure=figure(
            "statistics/scales", "scales", "alike", "all methods", figure="at which scale"
        ),
    log:
        "<logs>/plot_scales.log",
    benchmark:
        "<benchmarks>/plot_scales.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_scales.py"),
        roles=study.roles,
        pools={method: study["settings"][method]["pool"] for method in study.with_maps},
        natives=comparisons.natives,
    message:
        "Drawing similarity by scale"
    script:
        "../scripts/plot_scales.py"


rule write_verdict:
    """What the study has found and what it cannot tell, in words made from its numbers."""
    input:
        pairs=comparisons.at_first_metric(
            "<results>/dissimilarity/{method}/{metric}/all_pairs.parquet"
        ),
        seeds=comparisons.at_first_metric("<results>/dissimilarity/{method}/{metric}/all_seeds.csv"),
        image_count=comparisons.at_first_metric(
            "<results>/statistics/{method}/{metric}/image_count.csv"
        ),
        support=comparisons.at_first_metric("<results>/statistics/{method}/{metric}/support.csv"),
        scales=comparisons.scales_files,
        family_tests="<results>/statistics/families.csv",
        resolution="<results>/statistics/resolution.csv",
        deletion="<results>/statistics/deletion.csv" if changed.deletion_signs else [],
        completeness="<results>/statistics/completeness.csv" if study.complete_methods else [],
        agreement="<results>/predictions/agreement_pairs.parquet",
        images="<results>/images.parquet",
    output:
        page=report(
            "<results>/verdict.md",
            caption="../report/verdict.rst",
            category=CATEGORIES["answer"],
            labels={"what": "every sentence of the verdict"},
        ),
        numbers="<results>/verdict.json",
    log:
        "<logs>/write_verdict.log",
    benchmark:
        "<benchmarks>/write_verdict.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("write_verdict.py"),
        cases=comparisons.verdict_cases,
        facts={
            "study": study["study"],
            "models": study.models,
            "names": study.names,
            "moved_pixels": study["ceilings"]["pixels"],
            "corrected": study["similarity"]["correction"] == "chance",
            "of_imagenet": weights.of_imagenet,
        },
        roles=study.roles,
    message:
        "The verdict"
    script:
        "../scripts/write_verdict.py"


QUESTION += study.files("<results>/statistics/{method}/{metric}/support.csv")
QUESTION += study.files("<results>/figures/statistics/{method}/images.svg", method=study.with_maps)
QUESTION += svg_files(["statistics/pairs", "statistics/scales"])
QUESTION += ["<results>/verdict.md"]
