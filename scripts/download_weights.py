"""Get the pretrained weights of one model, and say in the file what they are (rule download_weights)."""

import os
from collections.abc import Mapping
from typing import Any

# Jobs run with the hub switched off, and its library, which timm imports, reads that once. This job
# is the one that is there to reach it.
os.environ.pop("HF_HUB_OFFLINE", None)

from thinkalike.networks import hub
from thinkalike.networks.pretrained import load_pretrained, pretrained
from thinkalike.networks.weights import save
from thinkalike.progress import log
from thinkalike.workflow.jobs import job_log


def main(weights: str, *, architecture: Mapping[str, Any], folder: str, code: str) -> None:
    wanted = pretrained(architecture)
    if folder:
        files = hub.find(folder, architecture["timm"], wanted.repository)
    else:
        files = hub.fetch(architecture["timm"], wanted.repository)
    log.info("%s: %.1f MB", files.source, files.weights.stat().st_size / 1e6)
    if files.config:
        hub.check_config(files.config, architecture=wanted.architecture, tag=wanted.tag)
    save(
        load_pretrained(architecture, files.weights),
        weights,
        entry=architecture,
        classes=list(wanted.classes),
        class_names=wanted.class_names,
        size=wanted.size,
        attributes={**wanted.transform, "source": files.source, "code": code},
    )


if __name__ == "__main__":
    with job_log(snakemake):
        main(
            snakemake.output.weights,
            architecture=snakemake.params.architecture,
            folder=snakemake.params.folder,
            code=snakemake.params.code,
        )
