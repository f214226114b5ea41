"""What a study will take, before it is run."""


rule forecast:
    """Jobs, forward passes, hours and disk that the study will take: the plan, before anything runs."""
    log:
        text="<logs>/forecast.log",
        # no output and no benchmark: a rule whose files are there would not run again
        table="<results>/forecast.csv",
    localrule: True
    conda:
        "../envs/forecast.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        snakefile=verbatim(workflow.main_snakefile),
        config=verbatim(GIVEN),
    message:
        "Planning the study"
    script:
        "../scripts/forecast.py"
