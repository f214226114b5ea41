"""From a data set to the images of the study, and their superpixels."""


rule download_dataset:
    """The data set as an ImageFolder with a manifest."""
    output:
        manifest="<dataset>/manifest.parquet",
    log:
        "<logs>/download_dataset.log",
    benchmark:
        "<benchmarks>/download_dataset.tsv"
    localrule: True
    conda:
        "../envs/download.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("download_dataset.py"),
        kind=study["dataset"]["kind"],
        path=verbatim(study["dataset"].get("path", "")),
        url=verbatim(study["dataset"].get("url", "")),
        checksum=verbatim(study["dataset"].get("checksum", "")),
        mirror=verbatim(study["dataset"].get("mirror", "")),
        depends_on=lambda wildcards: dataset_listing(),
        validation=study["dataset"]["validation"],
        seed=study["dataset"]["split_seed"],
    message:
        "Laying out the data set in {output.manifest}"
    script:
        "../scripts/download_dataset.py"


rule select_images:
    """The images of the study, checked to be readable."""
    input:
        manifest="<dataset>/manifest.parquet",
    output:
        images="<results>/images.parquet",
    log:
        "<logs>/select_images.log",
    benchmark:
        "<benchmarks>/select_images.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        code=code_of("select_images.py"),
        split=study["images"]["split"],
        number=study["images"]["count"],
        order=study["images"]["order"],
        exclude=study["images"]["exclude"],
        size=study["images"]["size"],
        seed=study["seed"],
    message:
        "Selecting {params.number} images"
    script:
        "../scripts/select_images.py"


rule segment_images:
    """Superpixels, cells or masks of every image, shared by all models."""
    input:
        images="<results>/images.parquet",
    output:
        segments="<results>/segments.nc",
    log:
        "<logs>/segment_images.log",
    benchmark:
        "<benchmarks>/segment_images.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code_of("segment_images.py"),
        size=study["images"]["size"],
        kind=study["segments"]["kind"],
        options=lambda wildcards: study.segment_options,
        depends_on=lambda wildcards: masks_listing(),
    message:
        "Cutting the images into segments"
    script:
        "../scripts/segment_images.py"
