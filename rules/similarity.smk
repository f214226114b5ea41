"""From maps to similarities of models."""


rule compare_models:
    """Similarity of the maps of all pairs of models, or of those of two groups, for every image."""
    input:
        explanations=lambda wildcards: maps_of(wildcards.method, group_of(wildcards, "row")),
        others=maps_of_others,
        segments=segments_of,
    output:
        similarity=f"<results>/similarity/{{method}}/{TILE}.nc",
    log:
        f"<logs>/compare_models/{{method}}/{TILE}.log",
    benchmark:
        f"<benchmarks>/compare_models/{{method}}/{TILE}.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code_of("compare_models.py"),
        models=lambda wildcards: group_of(wildcards, "row"),
        others=others_of,
        number=lambda wildcards: images_of(wildcards.method),
        sign=method_setting("sign"),
        rescaling=method_setting("rescaling"),
        sigma=branch(
            lambda wildcards: wildcards.metric == "rbf",
            then=method_setting("rbf_sigma"),
            otherwise=1.0,
        ),
        blanks=setting("similarity", "blanks"),
    message:
        "Comparing {wildcards.method} maps by {wildcards.metric}"
    script:
        "../scripts/compare_models.py"


if GROUPS[1:]:

    rule join_similarities:
        """Similarity of all pairs of models, from those of the groups."""
        input:
            tiles=tiles_of,
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
            models=study["models"],
        message:
            "Joining similarities of {wildcards.method} maps by {wildcards.metric}"
        script:
            "../scripts/join_similarities.py"


rule summarise_similarity:
    """Dissimilarity of all pairs of models over a subset of the images."""
    input:
        similarity="<results>/similarity/{method}/{metric}.nc",
        predictions=predictions_of,
    output:
        dissimilarity="<results>/dissimilarity/{method}/{metric}/{subset}.csv",
        means="<results>/dissimilarity/{method}/{metric}/{subset}_similarity.csv",
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
        dissimilarity=setting("similarity", "dissimilarity"),
    message:
        "Dissimilarity by {wildcards.method}, {wildcards.metric}, {wildcards.subset} images"
    script:
        "../scripts/summarise_similarity.py"


rule measure_noise_ceiling:
    """How similar the KernelSHAP maps of every model are to its own from other coalitions."""
    input:
        explanations=maps_of("kernelshap"),
        again=every("<results>/again/kernelshap/{model}.nc"),
        segments="<results>/segments.nc",
    output:
        ceiling="<results>/ceiling/kernelshap/{metric}.csv",
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
        models=study["models"],
        number=min(setting("settings", "kernelshap", "ceiling_images"), images_of("kernelshap")),
        sign=setting("settings", "kernelshap", "sign"),
        rescaling=setting("settings", "kernelshap", "rescaling"),
        sigma=branch(
            lambda wildcards: wildcards.metric == "rbf",
            then=setting("settings", "kernelshap", "rbf_sigma"),
            otherwise=1.0,
        ),
    message:
        "Noise ceiling by {wildcards.metric}"
    script:
        "../scripts/measure_noise_ceiling.py"


rule correlate_agreement:
    """Do models that predict alike also explain alike? Correlations over pairs of models."""
    input:
        agreement="<results>/predictions/agreement_pairs.parquet",
        dissimilarities=every(
            "<results>/dissimilarity/{method}/{metric}/{subset}_pairs.parquet", subset=WHOLE
        ),
        similarities=every(
            "<results>/dissimilarity/{method}/{metric}/{subset}_similarity.csv", subset=WHOLE
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
        cases=every("{method}/{metric}/{subset}", subset=WHOLE),
        untrained=untrained(),
    message:
        "Correlating agreement of predictions with dissimilarity of maps"
    script:
        "../scripts/correlate_agreement.py"
