"""A study of networks of the user's own: a file, checkpoints of its training, and what runs again."""

import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from tests.support.checkout import Checkout
from tests.support.own_networks import BLOCKS, write_network
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.own import constructed
from thinkalike.stores.weights import read_header

pytestmark = pytest.mark.slow

TARGET = "results/own/dissimilarity/gradcam/cosine/all.csv"
DIGITS = [str(digit) for digit in range(10)]
MINE = {
    "file": "mine/mine.py",
    "build": "make_network",
    "name": "Mine",
    "family": "my_group",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
}


@pytest.fixture
def own(checkout: Checkout) -> tuple[Checkout, Path]:
    """A checkout with a network, two checkpoints as Lightning writes them, and an overlay."""
    folder = checkout.root / "mine"
    folder.mkdir()
    architecture = Architecture("Mine", file=str(write_network(folder)), build="make_network")
    for epoch in (1, 2):
        torch.manual_seed(epoch)
        state = constructed(architecture, 10).state_dict()
        content = {"state_dict": {f"model.{key}": value for key, value in state.items()}}
        torch.save(
            {**content, "hyper_parameters": {"classes": DIGITS}}, folder / f"epoch_{epoch}.ckpt"
        )
    overlay = checkout.overlay(
        study="own",
        images={"count": 4},
        models=["untrained", "run"],
        replicas={"byobnet_brief": 0},
        methods=["gradcam"],
        settings={
            "gradcam": {"sign": "signed"}
        },  # random networks have maps that are nowhere positive
        subsets=["all"],
        catalogue={
            "untrained": {**MINE, "weights": "random"},
            "run": {"like": "untrained", "name": "Run", "weights": "mine/epoch_{1,2}.ckpt"},
        },
        borders={"layers": {"byobnet_brief": []}},
        budgets={"models": []},
        neon={"models": []},
        spectral={"models": [], "method": None},
        figures={"panels": {"depths": {"models": []}}},
    )
    return checkout, overlay


def test_own_networks_are_compared_and_only_what_changed_runs_again(own):
    checkout, overlay = own
    run = checkout.snakemake(TARGET, overlay=overlay, environment={"OMP_NUM_THREADS": "1"})
    assert run.status == 0, run.output[-5000:]
    table = pd.read_csv(checkout.root / TARGET, index_col=0)
    assert list(table.index) == ["untrained", "run_1", "run_2"]
    assert table.notna().all(axis=None)
    header = read_header(checkout.root / "results/own/weights/imported/run_1.safetensors")
    assert header["classes"] == DIGITS
    assert header["layers"]["depth_100"]["module"]

    checkpoint = checkout.root / "mine/epoch_2.ckpt"
    checkpoint.touch()
    assert checkout.plan(TARGET, overlay=overlay) == {}
    content = torch.load(checkpoint, weights_only=True)
    content["state_dict"]["model.5.bias"] += 1
    torch.save(content, checkpoint)
    jobs = checkout.plan(TARGET, overlay=overlay)
    assert jobs["import_weights"] == jobs["explain_images"] == 1
    assert "train_model" not in jobs

    (checkout.root / "mine/blocks.py").write_text(BLOCKS.replace("ReLU", "GELU"))
    jobs = checkout.plan(TARGET, overlay=overlay)
    assert (jobs["import_weights"], jobs["train_model"], jobs["explain_images"]) == (2, 1, 3)
    assert "blocks" not in sys.modules
