"""Whether a study is still what was written."""


rule verify:
    """Is every file still what was written? Results, images and weights, checked against their checksums."""
    log:
        # no output and no benchmark: a rule whose files are there would not run again
        "<logs>/verify.log",
    localrule: True
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        results=RESULTS,
        manifest=f"resources/datasets/{study['dataset']['name']}/manifest.parquet",
        weights=weights.files,
    message:
        "Checking the files of {params.results}"
    script:
        "../scripts/verify.py"
