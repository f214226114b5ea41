"""thinkalike: do these vision models think alike?

The default study is config.yaml; others are overlays: --configfile studies/<study>.yaml
"""

import os
from copy import deepcopy

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version, update_config

from thinkalike.defaults import default_study
from thinkalike.errors import InputError
from thinkalike.workflow.config.files import check_files, check_values
from thinkalike.workflow.full_disk import say_when_full

min_version("9.27")
say_when_full()

# beside this file, wherever Snakemake is called
DEFAULTS = os.path.relpath(
    workflow.current_basedir.join("config.yaml").get_path_or_uri(secret_free=True)
)

try:
    check_files([DEFAULTS, *(workflow.overwrite_configfiles or [])])
    check_values(config)
except InputError as error:
    raise WorkflowError(f"The configuration cannot be used:\n{error}") from None


configfile: DEFAULTS


# A workflow that takes this one in by `module` gives what differs, as an overlay does.
complete = deepcopy(dict(default_study()))
if complete.keys() - config.keys():
    update_config(complete, config)
    config.update(complete)


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
include: "rules/explorer.smk"
include: "rules/forecast.smk"
include: "rules/verify.smk"
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
