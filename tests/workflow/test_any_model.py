"""A study of models and methods that nobody prepared, from its configuration to its report."""

import json
from pathlib import Path

import pandas as pd
import pytest
import timm
import torch
from safetensors.torch import save
from torch import nn

from tests.support import hub_server
from tests.support.checkout import Checkout
from tests.support.own_networks import write_network
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.own import constructed
from thinkalike.stores.weights import read_header

pytestmark = pytest.mark.slow

BY_NAME = [
    "resnet10t",
    "mobilenetv3_small_050",
    "lcnet_035",
    "tinynet_e",
    "semnasnet_075",
    "convnext_atto",
    "vit_tiny_patch16_224",
    "pit_ti_224",
    "mixer_s32_224",
    "edgenext_xx_small",
]
"""Architectures of timm that are in no catalogue; convolutional, transformers, hybrid, other."""

BACKBONE = "vit_small_patch16_224.dino"

METHOD = '''"""Brightness where the image is brighter than its mean: a method that asks no network."""


def explain(model, images, targets, question, power=1):
    brightness = images.mean(3) / 255
    return (brightness - brightness.mean((1, 2), keepdims=True)) ** power
'''


def hub_of_the_backbone() -> hub_server.Hub:
    """A hub with random weights of a network without a head."""
    torch.manual_seed(0)
    network: nn.Module = timm.create_model(BACKBONE)
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    architecture, _, tag = BACKBONE.partition(".")
    config = {"architecture": architecture, "num_classes": 0, "pretrained_cfg": {"tag": tag}}
    repository = f"timm/{BACKBONE}"
    return hub_server.Hub(
        {
            f"{repository}/config.json": json.dumps(config).encode(),
            f"{repository}/model.safetensors": save(weights),
        }
    )


def overlay_of(checkout: Checkout) -> Path:
    """Files of a user's, and the overlay that names them."""
    folder = checkout.root / "mine"
    folder.mkdir()
    network = write_network(folder)
    torch.manual_seed(1)
    state = constructed(
        Architecture("Mine", file=str(network), build="make_network"), 10
    ).state_dict()
    prefixed = {f"module.{name}": value.contiguous() for name, value in state.items()}
    (folder / "mine.safetensors").write_bytes(save(prefixed))
    (folder / "method.py").write_text(METHOD)
    return checkout.overlay(
        study="anything",
        images={"count": 4},
        models=[*BY_NAME, "mine", "dino"],
        replicas={"byobnet_brief": 0},
        methods=["gradcam", "kernelshap", "saliency", "mine"],
        subsets=["all"],
        training={"epochs": 1, "warmup_epochs": 0, "split": "train"},
        settings={"kernelshap": {"ceiling_images": 2}},
        variants={
            "saliency": {"method": "captum", "attribution": "Saliency"},
            "mine": {"method": "file", "file": "mine/method.py", "arguments": {"power": 2}},
        },
        catalogue={
            "mine": {
                "file": "mine/mine.py",
                "build": "make_network",
                "name": "Mine",
                "weights": "mine/mine.safetensors",
                "classes": [str(digit) for digit in range(10)],
                "mean": [0.5, 0.5, 0.5],
                "std": [0.5, 0.5, 0.5],
                "family": "my_group",
            },
            "dino": {"timm": BACKBONE, "name": "DINO", "weights": "pretrained", "head": "probe"},
        },
        borders={"layers": {"byobnet_brief": []}},
        budgets={"models": []},
        neon={"models": []},
        spectral={"models": [], "method": None},
        accuracy={"images": 0},
        figures={
            "panels": {
                "first": {"count": 1},
                "agreeing": {"count": 1},
                "depths": {"models": [], "methods": []},
            }
        },
    )


def test_models_and_methods_that_nobody_prepared_go_from_config_to_report(checkout, tmp_path):
    overlay = overlay_of(checkout)
    with hub_server.serving(hub_of_the_backbone()) as hub:
        environment = {
            "HF_ENDPOINT": hub.address,
            "HF_HOME": str(tmp_path / "home"),
            "OMP_NUM_THREADS": "1",
        }
        run = checkout.snakemake("all", overlay=overlay, environment=environment, minutes=30)
    assert run.status == 0, run.output[-6000:]
    results = checkout.root / "results/anything"
    models = [*BY_NAME, "mine", "dino"]
    for method in ("gradcam", "kernelshap", "saliency", "mine"):
        table = pd.read_csv(results / f"dissimilarity/{method}/cosine/all.csv", index_col=0)
        assert list(table.index) == models
    header = read_header(results / "weights/dino.safetensors")
    assert header["head"] == "probe"
    # ten digits in features of random weights: better than chance
    assert header["accuracy"] > 0.2
    # a method that asks no network says the same of all of them
    same = pd.read_parquet(results / "dissimilarity/mine/cosine/all_pairs.parquet")
    assert same["mean"].min() == pytest.approx(1)
    report = ["--report", "report.zip"]
    assert checkout.snakemake("all", *report, overlay=overlay).status == 0
    assert (checkout.root / "report.zip").stat().st_size > 100_000
