"""The overlays in the documentation do what the documentation says."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.configuration import configuration
from thinkalike.images.sources import make_digits
from thinkalike.workflow.config.resolve import resolve

pytestmark = pytest.mark.slow


def blocks(checkout, page: str) -> list[dict]:
    text = (checkout.root / "docs" / page).read_text()
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def test_your_own_images(checkout, tmp_path):
    (overlay,) = blocks(checkout, "guides/your-own-images.md")
    (checkout.root / "studies/my_images.yaml").write_text(yaml.safe_dump(overlay))
    images = make_digits(tmp_path / "digits", validation=0.5, seed=0)
    for name, part in images.groupby("class_name"):
        if name in "012":
            folder = checkout.root / "my_images" / name
            folder.mkdir(parents=True)
            for path in part["path"].head(16):
                (folder / Path(path).name).write_bytes((tmp_path / "digits" / path).read_bytes())
    overlay = Path("studies/my_images.yaml")
    jobs = checkout.plan(overlay=overlay)
    # six models, and two ResNets, an EfficientNet and a ViT from further seeds
    assert jobs["train_model"] == 6 + 4
    run = checkout.snakemake("data", overlay=overlay)
    assert run.status == 0, run.output
    assert (checkout.root / "results/my_images/images.parquet").is_file()
    # a new image is noticed
    first = next((checkout.root / "my_images/1").iterdir())
    first.with_name("new.png").write_bytes(first.read_bytes())
    assert checkout.plan("data", overlay=overlay)["download_dataset"] == 1


@pytest.mark.parametrize("page", ["guides/your-own-model.md"])
def test_overlays_for_models_plan(checkout, page):
    found = blocks(checkout, page)
    assert len(found) >= 2
    for index, changes in enumerate(found):
        if "models" not in changes:
            changes["models"] = ["coatnet", *changes.get("catalogue", ["vit_relpos"])]
        changes.setdefault("study", f"walkthrough_{index}")
        overlay = Path(f"studies/walkthrough_{index}.yaml")
        (checkout.root / overlay).write_text(yaml.safe_dump(changes))
        jobs = checkout.plan(overlay=overlay)
        replicas = resolve(configuration(**changes))["replicas"]
        assert jobs["train_model"] == len(changes["models"]) + len(replicas)
