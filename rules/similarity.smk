"""From maps to similarities of models."""


rule compare_models:
    """Similarity of the maps of all pairs of models, or of those of two groups, for every image."""
    input:
        explanations=by_wildcards(comparisons.row_maps),
        others=by_wildcards(comparisons.column_maps),
        segments=by_wildcards(comparisons.segments_file),
    output:
        similarity=f"<results>/similarity/{{method}}/{comparisons.tile_stem}.nc",
    log:
        f"<logs>/compare_models/{{method}}/{comparisons.tile_stem}.log",
    benchmark:
        f"<benchmarks>/compare_models/{{method}}/{comparisons.tile_stem}.tsv"
    wildcard_constraints:
        method="(?!answers/)[a-z][a-z0-9_]*",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("compare_models.py"),
        models=by_wildcards(comparisons.row_models),
        other_models=by_wildcards(comparisons.column_models),
        number=by_wildcards(study.image_count),
        comparison=by_wildcards(comparisons.settings),
    message:
        "Comparing {wildcards.method} maps by {wildcards.metric}"
    script:
        "../scripts/compare_models.py"


rule compare_answers:
    """Functional agreement of all pairs of models, or of those of two groups, for every image."""
    input:
        explanations=by_wildcards(partial(comparisons.row_maps, "answers")),
        others=by_wildcards(partial(comparisons.column_maps, "answers")),
    output:
        similarity=f"<results>/similarity/answers/{comparisons.tile_stem}.nc",
    log:
        f"<logs>/compare_answers/{comparisons.tile_stem}.log",
    benchmark:
        f"<benchmarks>/compare_answers/{comparisons.tile_stem}.tsv"
    wildcard_constraints:
        metric="cosine",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("compare_answers.py"),
        models=by_wildcards(comparisons.row_models),
        other_models=by_wildcards(comparisons.column_models),
        number=study.image_count("answers"),
    message:
        "Comparing answers to coalitions"
    script:
        "../scripts/compare_answers.py"


rule measure_chance:
    """Similarity of the maps of all pairs of models above that of maps of different images."""
    input:
        explanations=by_wildcards(comparisons.row_maps),
        others=by_wildcards(comparisons.column_maps),
        segments=by_wildcards(comparisons.segments_file),
        images="<results>/images.parquet",
        predictions=by_wildcards(comparisons.row_predictions),
        other_predictions=by_wildcards(comparisons.column_predictions),
    output:
        chance=f"<results>/chance/{{method}}/{comparisons.tile_stem}.nc",
    log:
        f"<logs>/measure_chance/{{method}}/{comparisons.tile_stem}.log",
    benchmark:
        f"<benchmarks>/measure_chance/{{method}}/{comparisons.tile_stem}.tsv"
    wildcard_constraints:
        method="(?!answers/)[a-z][a-z0-9_]*",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=120,
    params:
        code=code_of("measure_chance.py"),
        models=by_wildcards(comparisons.row_models),
        other_models=by_wildcards(comparisons.column_models),
        number=by_wildcards(study.image_count),
        subsets=by_wildcards(comparisons.subsets_of),
        comparison=by_wildcards(comparisons.settings),
        picture=by_wildcards(comparisons.picture),
    message:
        "Chance of {wildcards.method} maps by {wildcards.metric}"
    script:
        "../scripts/measure_chance.py"


rule measure_answers:
    """Mean functional agreement of all pairs of models, and the influence of every image on it."""
    input:
        similarity=f"<results>/similarity/answers/{comparisons.tile_stem}.nc",
        images="<results>/images.parquet",
        predictions=by_wildcards(comparisons.row_predictions),
        other_predictions=by_wildcards(comparisons.column_predictions),
    output:
        chance=f"<results>/chance/answers/{comparisons.tile_stem}.nc",
    log:
        f"<logs>/measure_answers/{comparisons.tile_stem}.log",
    benchmark:
        f"<benchmarks>/measure_answers/{comparisons.tile_stem}.tsv"
    wildcard_constraints:
        metric="cosine",
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("measure_answers.py"),
        subsets=comparisons.subsets_of("answers"),
    message:
        "Functional agreement over subsets of the images"
    script:
        "../scripts/measure_answers.py"


if comparisons.groups[1:]:

    rule join_similarities:
        """Similarity of all pairs of models, from those of the groups."""
        input:
            tiles=by_wildcards(comparisons.tile_files),
        output:
            similarity="<results>/similarity/{method}/{metric}.nc",
        log:
            "<logs>/join_similarities/{method}/{metric}.log",
        benchmark:
            "<benchmarks>/join_similarities/{method}/{metric}.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=120,
        params:
            code=code_of("join_similarities.py"),
            models=study.compared,
        message:
            "Joining similarities of {wildcards.method} maps by {wildcards.metric}"
        script:
            "../scripts/join_similarities.py"

    rule join_chances:
        """Similarity above chance of all pairs of models, from that of the groups."""
        input:
            tiles=by_wildcards(comparisons.chance_tiles),
        output:
            chance="<results>/chance/{method}/{metric}.nc",
        log:
            "<logs>/join_chances/{method}/{metric}.log",
        benchmark:
            "<benchmarks>/join_chances/{method}/{metric}.tsv"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        resources:
            mem_mb=2000,
            runtime=120,
        params:
            code=code_of("join_chances.py"),
            models=study.compared,
        message:
            "Joining chances of {wildcards.method} maps by {wildcards.metric}"
        script:
            "../scripts/join_chances.py"


rule summarise_similarity:
    """Dissimilarity of all pairs of models over a subset of the images."""
    input:
        similarity="<results>/similarity/{method}/{metric}.nc",
        chance="<results>/chance/{method}/{metric}.nc",
        predictions=by_wildcards(comparisons.predictions_files),
        explanations=by_wildcards(comparisons.complete_maps),
    output:
        dissimilarity="<results>/dissimilarity/{method}/{metric}/{subset}.csv",
        means="<results>/dissimilarity/{method}/{metric}/{subset}_similarity.csv",
        rho="<results>/dissimilarity/{method}/{metric}/{subset}_rho.csv",
        seeds="<results>/dissimilarity/{method}/{metric}/{subset}_seeds.csv",
        pairs="<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet",
        geometry="<results>/dissimilarity/{method}/{metric}/{subset}_geometry.csv",
    log:
        "<logs>/summarise_similarity/{method}/{metric}/{subset}.log",
    benchmark:
        "<benchmarks>/summarise_similarity/{method}/{metric}/{subset}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("summarise_similarity.py"),
        models=study.models,
        architectures=study.architectures,
        settings={key: study["similarity"][key] for key in ("correction", "dissimilarity")},
        stratified=comparisons.stratified,
    message:
        "Dissimilarity by {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/summarise_similarity.py"


rule collect_pairs:
    """All pairs of models by every method, metric and subset, in one tidy table; and what models are."""
    input:
        pairs=study.files("<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet"),
    output:
        table="<results>/pairs.csv",
        models="<results>/models.csv",
    log:
        "<logs>/collect_pairs.log",
    benchmark:
        "<benchmarks>/collect_pairs.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("collect_pairs.py"),
        cases=study.files("{method}/{metric}/{subset}"),
        names=study.names,
        architectures=study.architectures,
        families=study.families,
        untrained=study.untrained,
        replicas=study.replicas,
    message:
        "Collecting all pairs of models"
    script:
        "../scripts/collect_pairs.py"


rule measure_noise_ceiling:
    """How similar the KernelSHAP maps of every model are to its own from other coalitions."""
    input:
        explanations=study.maps_files("kernelshap"),
        again=study.files("<results>/again/kernelshap/{model}.nc"),
        segments="<results>/segments.nc",
    output:
        ceiling="<results>/ceiling/kernelshap/{metric}.csv",
        pairs="<results>/ceiling/kernelshap/{metric}_pairs.csv",
    log:
        "<logs>/measure_noise_ceiling/{metric}.log",
    benchmark:
        "<benchmarks>/measure_noise_ceiling/{metric}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("measure_noise_ceiling.py"),
        models=study.models,
        number=study.ceiling_count("kernelshap"),
        comparison=lambda wildcards: comparisons.settings("kernelshap", wildcards.metric),
    message:
        "Noise ceiling by {wildcards.metric}"
    script:
        "../scripts/measure_noise_ceiling.py"


rule correlate_agreement:
    """Do models that predict alike also explain alike? Correlations over pairs of models."""
    input:
        agreement="<results>/predictions/agreement_pairs.parquet",
        dissimilarities=study.files(
            "<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet",
            subset=study.whole_subsets,
        ),
        similarities=study.files(
            "<results>/dissimilarity/{method}/{metric}/{subset}_similarity.csv",
            subset=study.whole_subsets,
        ),
    output:
        correlations="<results>/predictions/agreement_correlations.csv",
    log:
        "<logs>/correlate_agreement.log",
    benchmark:
        "<benchmarks>/correlate_agreement.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("correlate_agreement.py"),
        cases=study.files("{method}/{metric}/{subset}", subset=study.whole_subsets),
        untrained=study.untrained,
    message:
        "Correlating agreement of predictions with dissimilarity of maps"
    script:
        "../scripts/correlate_agreement.py"


rule plot_similarities:
    """Histograms of similarities per image, and the subsampling boxplots."""
    input:
        similarity="<results>/similarity/{method}/{metric}.nc",
        differences="<results>/subsampling/{method}/{metric}.parquet",
        variances="<results>/subsampling/{method}/{metric}_variances.parquet",
        pairs="<results>/dissimilarity/{method}/{metric}/all_pairs.parquet",
    output:
        histograms=figure(
            "similarity/{method}/{metric}/histograms",
            "histograms",
            "spread",
            by_method,
            figure="similarity of each image (histograms)",
            metric="{metric}",
        ),
        subsampling=figure(
            "subsampling/{method}/{metric}",
            "subsampling",
            "images",
            by_method,
            figure="how sure with fewer images",
            metric="{metric}",
        ),
    log:
        "<logs>/plot_similarities/{method}/{metric}.log",
    benchmark:
        "<benchmarks>/plot_similarities/{method}/{metric}.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_similarities.py"),
        models=study.models,
        names=study.names,
        families=study.families,
    message:
        "Drawing similarities per image: {wildcards.method}, {wildcards.metric}"
    script:
        "../scripts/plot_similarities.py"


rule plot_noise_ceiling:
    """What noise in KernelSHAP maps leaves of a similarity."""
    input:
        ceilings=study.files("<results>/ceiling/kernelshap/{metric}.csv"),
        pairs=study.files("<results>/dissimilarity/kernelshap/{metric}/all_pairs.parquet"),
    output:
        figure=figure(
            "ceiling/kernelshap",
            "noise_ceiling",
            "spread",
            method_name("kernelshap"),
            figure="how much noise leaves (ceiling)",
            metric="all",
        ),
    log:
        "<logs>/plot_noise_ceiling.log",
    benchmark:
        "<benchmarks>/plot_noise_ceiling.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("plot_noise_ceiling.py"),
        metrics=study["metrics"],
        names=study.names,
        families=study.families,
    message:
        "Drawing the noise ceiling"
    script:
        "../scripts/plot_noise_ceiling.py"


QUESTION += study.files("<results>/figures/similarity/{method}/{metric}/histograms.svg")
QUESTION += svg_files(["ceiling/kernelshap"] if "kernelshap" in study.methods else [])
QUESTION += ["<results>/pairs.csv"]
