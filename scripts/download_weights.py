"""Get the pretrained weights of one model, and say in the file what they are (rule download_weights)."""

import os
from collections.abc import Mapping
from typing import Any

# Jobs run with the hub switched off, and its library, which timm imports, reads that once. This job
# is the one that is there to reach it.
os.environ.pop("HF_HUB_OFFLINE", None)

from thinkalike.networks import hub
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.config_files import checked_preprocessing
from thinkalike.networks.pretrained import load_pretrained, pretrained
from thinkalike.networks.weights import save
from thinkalike.progress import log
from thinkalike.workflow.jobs import run


def main(weights: str, architecture: Mapping[str, Any], folder: str, code: str) -> None:
    network = Architecture.of(architecture)
    published = pretrained(network)
    if folder:
        files = hub.find(folder, network.timm, published.repository)
    else:
        files = hub.fetch(network.timm, published.repository)
    log.info("%s: %.1f MB", files.source, files.weights.stat().st_size / 1e6)
    stated = checked_preprocessing(
        files.config, architecture=published.architecture, tag=published.tag
    )
    model = load_pretrained(network, files.weights, stated)
    transform = pretrained(network, stated).transform
    save(model, weights, {**transform, "source": files.source, "code": code})


if __name__ == "__main__":
    run(main, snakemake)
