"""How sure it is: what chance, seeds and numbers of models leave of what was found."""


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
        cases=study.files("{method}/{metric}"),
        families=study.families,
        architectures=study.architectures,
        untrained=study.untrained,
        seed=study["seed"],
    message:
        "Testing families of models and matrices against each other"
    script:
        "../scripts/test_models.py"
