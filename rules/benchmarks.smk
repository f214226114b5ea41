"""What a study cost."""


rule collect_benchmarks:
    """Time and memory of every job that has run."""
    input:
        rules.all.input,
    output:
        table="<results>/benchmarks.csv",
    log:
        "<logs>/collect_benchmarks.log",
    benchmark:
        "<benchmarks>/collect_benchmarks.tsv"
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=10,
    params:
        code=code_of("collect_benchmarks.py"),
        # <results>/benchmarks, where all rules write theirs
        folder=lambda wildcards, output: str(Path(output.table).with_suffix("")),
    message:
        "Collecting benchmarks"
    script:
        "../scripts/collect_benchmarks.py"
