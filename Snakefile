"""thinkalike: do these vision models think alike?

The default study is config.yaml; others are overlays: --configfile studies/<study>.yaml
"""

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

from thinkalike.errors import InputError
from thinkalike.workflow.config.files import check_files

min_version("9.27")

try:
    check_files(["config.yaml", *(workflow.overwrite_configfiles or [])])
except InputError as error:
    raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/rollback.smk"


report: "report/workflow.rst"


include: "rules/targets.smk"
include: "rules/data.smk"
include: "rules/models.smk"
include: "rules/explanations.smk"
include: "rules/deletion.smk"
include: "rules/similarity.smk"
include: "rules/subsampling.smk"
include: "rules/clustering.smk"
include: "rules/statistics.smk"
include: "rules/neon.smk"
include: "rules/spectral.smk"
include: "rules/grounded.smk"
include: "rules/forecast.smk"
include: "replication/replication.smk"


rule all:
    """Do these models think alike? Predictions, maps, similarity, clusters, and the number of images."""
    default_target: True
    input:
        QUESTION,


rule extras:
    """What else can be learned of them? Clusters of features (NEON) and of maps (spectral)."""
    input:
        EXTRAS,


include: "rules/benchmarks.smk"
