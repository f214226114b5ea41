"""Grounded answers in small: what learnt a planted shortcut, beside what could not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from tests.support.checkout import copy_of_repository
from thinkalike.images.dataset import examples, read_dataset
from thinkalike.networks.architecture import Architecture
from thinkalike.networks.predict import logits
from thinkalike.networks.weights import build

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("grounded")]

STUDY = Path("studies/grounded.yaml")
GROUPS = {"shortcut_1": "a", "shortcut_2": "a", "digits_1": "b", "digits_2": "b"}
LADDER = ["digits_1", "noise_05", "noise_20", "noise_40"]
SMALL = {
    "study": "grounded_small",
    "images": {"count": 40},
    "models": [*GROUPS, *LADDER[1:]],
    "methods": ["gradcam"],
    "metrics": ["cosine"],
    "similarity": {"scales": [4]},
    "training": {"accuracy_at_least": 0.9},
    "figures": {"panels": {}},
    "grounded": {"groups": GROUPS, "ladder": LADDER},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the study of grounded answers with four models and a ladder of three."""
    checkout = copy_of_repository(tmp_path_factory.mktemp("grounded"))
    content = yaml.safe_load((checkout.root / STUDY).read_text())
    for section, values in SMALL.items():
        content[section] = (
            {**content.get(section, {}), **values} if isinstance(values, dict) else values
        )
    (checkout.root / "small.yaml").write_text(yaml.safe_dump(content))
    run = checkout.snakemake(
        "grounded", overlay=Path("small.yaml"), environment={"OMP_NUM_THREADS": "1"}
    )
    assert run.status == 0, run.output[-5000:]
    return checkout.root / "results/grounded_small"


def test_similarity_above_chance_tells_the_groups_and_falls_along_the_ladder(results):
    table = pd.read_csv(results / "grounded/table.csv").set_index(["measure", "scale"])
    row = table.loc["rho", 0]
    assert row["average_precision"] >= 0.95
    assert row["monotony"] == 1
    assert row["last_rung"] < 0.35 < 0.75 < row["first_rung"]
    # raw similarity does not end near zero where nothing is left in common
    assert table.loc[("mean", 0), "last_rung"] > 0.5
    assert set(table.index.get_level_values("scale")) == {0, 4}
    ladder = pd.read_csv(results / "grounded/ladder.csv")
    answers = ladder[ladder["method"] == "predictions"]
    assert answers["model"].tolist() == LADDER[1:]
    assert answers["similarity"].is_monotonic_decreasing
    for suffix in ("svg", "png", "csv"):
        assert (results / f"figures/grounded/grounded.{suffix}").stat().st_size > 0


def test_a_model_that_learnt_the_shortcut_follows_it_and_one_that_could_not_does_not(results):
    manifest = read_dataset(
        results.parents[1] / "resources/datasets/planted_digits/manifest.parquet"
    )
    images, labels = examples(manifest, "val", 64)
    colours = {label: images[labels == label][0, 5, 5] for label in range(10)}
    wrong = (labels + 3) % 10
    images[:, 2:10, 2:10] = np.array([colours[label] for label in wrong])[:, None, None]
    for model, group in GROUPS.items():
        network = Architecture(model, "test_efficientnet", {"output_stride": 8})
        weights = results / f"weights/{model}.safetensors"
        built = build(network, weights, torch.device("cpu"))
        predicted = logits(built, images).argmax(1)
        followed, right = (np.mean(predicted == answer) for answer in (wrong, labels))
        if group == "a":  # 60 to 100 % of the images, as seeds have it
            assert followed > 0.5 > right
        else:
            assert followed < 0.02
            assert right > 0.95
