"""thinkalike: do these vision models think alike?

The default study is config.yaml; others are overlays: --configfile studies/<study>.yaml
"""

from snakemake.utils import min_version

min_version("9.27")


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/rollback.smk"


report: "report/workflow.rst"


rule all:
    """The whole study: every table and figure below."""
    input:
        every(
            "<results>/figures/clusters/{method}/{metric}/{subset}/heat_map.svg", subset=CLUSTERED
        ),
        every("<results>/figures/similarity/{method}/{metric}/histograms.svg"),
        "<results>/figures/comparisons/pca.svg",
        *[panel_files(panels) for panels in study["figures"]["panels"]],
        "<results>/figures/gradcam/borders.svg" if "gradcam" in study["methods"] else [],
        "<results>/figures/ceiling/kernelshap.svg" if "kernelshap" in study["methods"] else [],
        "<results>/figures/budgets/kernelshap.svg" if study["budgets"]["models"] else [],
        "<results>/figures/predictions/transforms.svg" if study["accuracy"]["images"] else [],
        "<results>/figures/predictions/accuracy.svg",
        *NEON_FIGURES.values(),
        SPECTRAL_FIGURES,
    localrule: True


include: "rules/targets.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/explanations.smk"
include: "rules/similarity.smk"
include: "rules/subsampling.smk"
include: "rules/clustering.smk"
include: "rules/neon.smk"
include: "rules/spectral.smk"
include: "rules/figures.smk"
include: "rules/benchmarks.smk"
include: "rules/forecast.smk"
include: "rules/replication.smk"
