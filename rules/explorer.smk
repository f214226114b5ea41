"""The study to be looked at: one page with all of it."""


rule build_explorer:
    """One HTML file: pairs, images, maps and clusters, linked, without a network."""
    input:
        images="<results>/images.parquet",
        maps=explored.maps,
        tables=explored.tables,
        kernels=explored.kernels,
        clusterings=explored.clusterings,
    output:
        explorer=report(
            "<results>/explorer.html",
            caption="../report/explorer.rst",
            category=CATEGORIES["answer"],
            labels={"what": "everything, to be looked at"},
        ),
    log:
        "<logs>/build_explorer.log",
    benchmark:
        "<benchmarks>/build_explorer.tsv"
    conda:
        "../envs/plot.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=120,
    params:
        code=code_of("build_explorer.py"),
        depends_on=page_content(),
        methods=explored.methods,
        cases=study.files("{method}/{metric}/{subset}"),
        spectral=explored.spectral,
        neon=explored.neon,
        clustered=study.map_clustering_settings,
        settings={key: study["similarity"][key] for key in ("dissimilarity", "correction")},
    message:
        "The explorer"
    script:
        "../scripts/build_explorer.py"


QUESTION += ["<results>/explorer.html"]
