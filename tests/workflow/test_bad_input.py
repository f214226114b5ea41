"""What users get wrong: one clear sentence, a non-zero exit, nothing half-written."""

import hashlib
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thinkalike.images.sources import make_digits


def sentence_in(run, text: str) -> None:
    """The run failed, the terminal shows the sentence, and no traceback."""
    assert run.status != 0
    assert text in " ".join(run.output.split()), run.output[-3000:]
    assert "Traceback" not in run.output


def test_all_problems_of_a_configuration_at_once(checkout):
    overlay = checkout.overlay(
        models=["byobnet", "vitt"],
        methods=["grad-cam"],
        metrics=["cosin"],
        imges={},
        subsampling={"sizes": [99]},
        dataset={"kind": "folder", "name": "mine", "path": "nowhere"},
    )
    run = checkout.snakemake("--dry-run", overlay=overlay)
    for sentence in (
        "(top level): 'imges' is not a key here; did you mean 'images'?",
        "models.1: 'vitt' is not one of",
        "did you mean 'gradcam'?",
        "metrics.0: 'cosin' is not one of ['cosine', 'rbf']; did you mean 'cosine'?",
        "subsampling.sizes.0: 99 is more than",
        "dataset.path: 'nowhere' is not a folder; fix the path",
    ):
        sentence_in(run, sentence)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An ImageFolder of three classes with twelve images each."""
    images = make_digits(tmp_path / "digits", validation=0.5, seed=0)
    for name in ("1", "4", "7"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for path in images[images["class_name"] == name]["path"].head(12):
            source = tmp_path / "digits" / path
            (tmp_path / "mine" / name / source.name).write_bytes(source.read_bytes())
    return tmp_path / "mine"


def of_folder(checkout, folder: Path, **images: object) -> Path:
    return checkout.overlay(
        dataset={"kind": "folder", "name": "mine", "path": str(folder), "validation": 0.5},
        images=images,
    )


def test_an_image_folder_of_one_s_own(checkout, folder):
    run = checkout.snakemake("data", overlay=of_folder(checkout, folder))
    assert run.status == 0, run.output
    assert (checkout.root / "resources/datasets/mine/val/4").is_dir()


def test_a_folder_that_cannot_be_laid_out_is_refused_when_the_study_is_planned(checkout, folder):
    (folder / "empty").mkdir()
    run = checkout.snakemake("--dry-run", "data", overlay=of_folder(checkout, folder))
    sentence_in(run, "no image in class empty; add images")
    (folder / "empty").rmdir()
    run = checkout.snakemake("--dry-run", "data", overlay=of_folder(checkout, folder, count=19))
    sentence_in(run, "images.count: 19 is more than the 18 images of val; give at most 18")


def test_a_file_behind_a_linked_class_that_changes_lays_the_folder_out_anew(checkout, folder):
    (folder / "4").rename(folder.parent / "four")
    (folder / "4").symlink_to(folder.parent / "four")
    (folder / "4" / "photo.heic").write_bytes(b"")
    overlay = of_folder(checkout, folder)
    run = checkout.snakemake("data", overlay=overlay)
    assert run.status == 0, run.output
    assert "download_dataset: 1 left out: 4/photo.heic" in run.output
    # notes of the system are nothing to lay out anew
    (folder / ".DS_Store").write_bytes(b"Bud1")
    run = checkout.snakemake("--dry-run", "data", overlay=overlay)
    assert "Nothing to be done" in run.output
    image = sorted((folder.parent / "four").glob("*.png"))[0]
    Image.new("RGB", (9, 9)).save(image)
    run = checkout.snakemake("--dry-run", "data", overlay=overlay)
    assert "download_dataset" in run.output
    (folder / "4" / "self.png").symlink_to("self.png")
    (folder / os.fsdecode(b"caf\xe9")).mkdir()
    run = checkout.snakemake("--dry-run", "data", overlay=overlay)
    sentence_in(run, "links that lead nowhere: 4/self.png; put back what they stand for, or remove")
    sentence_in(run, r"names that are not UTF-8: caf\xe9; rename them")


def archive(folder: Path) -> dict[str, str]:
    """The data set of an archive of a folder, which lies in the folder above it."""
    path = folder.with_suffix(".tar")
    with tarfile.open(path, "w") as file:
        file.add(folder, "mine")
    checksum = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    address = {"url": f"https://example.org/{path.name}", "mirror": str(folder.parent)}
    return {"kind": "archive", "name": "mine", "checksum": checksum, **address}


def test_an_archive_that_cannot_be_laid_out_leaves_nothing_behind(checkout, folder):
    run = checkout.snakemake("data", overlay=checkout.overlay(dataset=archive(folder)))
    sentence_in(run, "has no folder with train/ and val/ in it; pack one")
    assert not (checkout.root / "resources/datasets/mine/manifest.parquet").exists()
    assert not list((checkout.root / "resources/datasets").glob(".*"))


def test_more_images_than_an_archive_has(checkout, folder):
    for split in ("train", "val"):
        shutil.copytree(folder, folder.parent / "split" / split)
    overlay = checkout.overlay(dataset=archive(folder.parent / "split"), images={"count": 37})
    run = checkout.snakemake("data", overlay=overlay)
    sentence_in(run, "37 images are more than the 36 of the split val; choose at most 36")


def test_unreadable_images_are_named_all_at_once(checkout, folder):
    split = folder.with_name("split")
    for name in ("1", "4", "7"):
        for index, file in enumerate(sorted((folder / name).iterdir())):
            target = split / ("train" if index % 2 else "val") / name / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            file.rename(target)
    broken = [sorted((split / "val" / name).iterdir())[0] for name in ("1", "4")]
    for file in broken:
        file.write_bytes(b"no image")
    run = checkout.snakemake("data", overlay=of_folder(checkout, split, count=18))
    sentence_in(run, "cannot be read")
    for file in broken:
        assert file.name in run.output
    assert "ERROR" in (checkout.root / "results/tiny/logs/select_images.log").read_text()
    assert not (checkout.root / "results/tiny/images.parquet").exists()


def test_images_of_every_kind_are_read_as_colours(checkout, folder):
    printed, grey, clear = (sorted((folder / name).iterdir())[0] for name in ("1", "4", "7"))
    with Image.open(printed) as image:
        image.convert("RGB").convert("CMYK").save(printed.with_suffix(".jpg"))
    printed.unlink()
    with Image.open(grey) as image:
        image.convert("L").save(grey)
    with Image.open(clear) as image:
        picture = image.convert("RGBA")
    picture.putalpha(128)
    picture.save(clear)
    # all images are in one of two selections
    for split in ("val", "train"):
        overlay = of_folder(checkout, folder, count=18, split=split)
        run = checkout.snakemake("data", "results/tiny/segments.nc", overlay=overlay)
        assert run.status == 0, run.output
        assert "cannot be read" not in run.output


def test_a_truncated_image(checkout, folder):
    for name in ("1", "4", "7"):
        for file in (folder / name).iterdir():
            content = file.read_bytes()
            file.write_bytes(content[: len(content) // 2])
    run = checkout.snakemake("data", overlay=of_folder(checkout, folder))
    sentence_in(run, "cannot be read")
    sentence_in(run, "replace it or take it out of the data set")
    assert not (checkout.root / "results/tiny/images.parquet").exists()


def test_a_missing_image(study):
    table = study.root / "resources/datasets/digits/val"
    for file in table.rglob("*.png"):
        file.unlink()
    run = study.snakemake("--forcerun", "segment_images", "--until", "segment_images")
    sentence_in(run, "is missing; put it back, or remake the data set")


def test_a_corrupt_weights_file_stops_its_model_and_no_other(study):
    results = study.root / "results/tiny"
    weights = results / "weights/vit_brief.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    (results / "explanations/gradcam/byobnet_brief.nc").unlink()
    run = study.snakemake("explanations")
    sentence_in(run, "vit_brief.safetensors is not a readable safetensors file")
    sentence_in(
        run, "it is now vit_brief.safetensors.damaged, and the next run that needs it makes it anew"
    )
    assert (results / "explanations/gradcam/byobnet_brief.nc").exists()
    assert not list(results.rglob(".*.nc"))
    assert (
        "not a readable safetensors file"
        in (results / "logs/check_accuracy/vit_brief.log").read_text()
    )
    # the next run makes it anew
    assert study.snakemake("explanations").status == 0


def test_weights_of_another_model(study):
    results = study.root / "results/tiny"
    other = (results / "weights/vit_brief.safetensors").read_bytes()
    (results / "weights/byobnet_brief.safetensors").write_bytes(other)
    run = study.snakemake("results/tiny/predictions/byobnet_brief.parquet")
    sentence_in(run, "are of test_vit, not test_byobnet; put the right file there")


def test_a_model_that_has_not_learned(checkout):
    """It is not explained, but its weights are kept: a lower bar trains nothing again."""
    target = "results/tiny/predictions/byobnet_brief.parquet"
    bar = {
        share: checkout.overlay(f"bar_{share}.yaml", training={"accuracy_at_least": share})
        for share in (0.999, 0.01)
    }
    untrained = "results/tiny/weights/resnet_untrained_accuracy.csv"
    run = checkout.snakemake(untrained, overlay=bar[0.999])
    assert run.status == 0, "an untrained control is not asked to be accurate"
    run = checkout.snakemake(target, overlay=bar[0.999])
    sentence_in(run, "under accuracy_at_least, 0.999; its weights are kept: lower the bar")
    plan = checkout.plan(target, overlay=bar[0.01])
    assert plan["predict_images"] == 1
    assert "train_model" not in plan
    assert checkout.snakemake(target, overlay=bar[0.01]).status == 0


def test_an_image_of_one_colour_goes_through_with_a_warning(checkout, folder):
    for name in ("1", "4", "7"):
        for file in (folder / name).iterdir():
            Image.fromarray(np.full((8, 8), 200, np.uint8)).save(file)
    run = checkout.snakemake(
        "data", "results/tiny/segments.nc", overlay=of_folder(checkout, folder)
    )
    assert run.status == 0, run.output
    assert "an image of one colour" in run.output


def test_a_gpu_that_is_promised_and_not_there(study):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    (study.root / "results/tiny/predictions/vit_brief.parquet").unlink()
    run = study.snakemake(
        "results/tiny/predictions/vit_brief.parquet", "--set-resources", "predict_images:gpu=1"
    )
    sentence_in(run, "resources.gpu: gpus is 1 but CUDA finds no device")
    sentence_in(run, "(--set-resources predict_images:gpu=0)")
