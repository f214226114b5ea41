"""Studies that train a model in the same way share its weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

MAPS = Path("tests/workflow/maps.yaml")


def overlay(study, name: str, **changes: object) -> Path:
    """The study of maps under another name, with other sections."""
    content = yaml.safe_load((study.root / MAPS).read_text()) | {"study": name} | changes
    (study.root / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return Path(f"{name}.yaml")


FORECAST = """
import json, sys
from collections import Counter
from pathlib import Path
from thinkalike.workflow.forecast.plan import planned_jobs, read_config
jobs = planned_jobs("Snakefile", read_config([Path("config.yaml"), Path(sys.argv[1])]))
print(json.dumps(Counter(job.rule for job in jobs)))
"""


def forecast_jobs(study, overlay: Path) -> dict[str, int]:
    """Rule → number of jobs that a forecast counts, with the library of the checkout."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", FORECAST, str(overlay)],
        cwd=study.root,
        env=environment,
        text=True,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def weights(study, name: str) -> dict[str, bytes]:
    folder = study.root / "results" / name / "weights"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_second_study_trains_nothing_and_has_the_same_weights(maps_study):
    second = overlay(maps_study, "second", images={"count": 3})
    # a forecast counts the jobs of a dry run, those behind the weights that are there included
    counts = forecast_jobs(maps_study, second)
    assert counts == maps_study.plan("all", overlay=second)
    assert "train_model" not in counts
    assert counts["explain_images"] == 2
    plan = maps_study.plan("weights", overlay=second)
    assert plan == {"place_weights": 2, "check_accuracy": 2, "weights": 1}
    run = maps_study.snakemake("weights", overlay=second)
    assert run.status == 0, run.output
    assert weights(maps_study, "second") == weights(maps_study, "maps")
    # and neither is in the way of the other
    assert maps_study.plan("weights", overlay=second) == {}
    assert maps_study.plan("weights", overlay=MAPS) == {}
    # weights of other settings stand beside them, and the older ones are there to come back to
    assert maps_study.plan("weights", overlay=overlay(maps_study, "third", seed=1)) == {
        "train_model": 2,
        "place_weights": 2,
        "check_accuracy": 2,
        "weights": 1,
    }


def test_weights_of_other_settings_are_taken_over_and_predict_anew_even_if_they_are_old(maps_study):
    other = overlay(maps_study, "maps", seed=1)
    assert maps_study.snakemake("weights", overlay=other).status == 0
    # interrupted here, the predictions are those of the older weights
    plan = maps_study.plan("results/maps/predictions/resnet_untrained.parquet", overlay=other)
    assert plan["predict_images"] == 1
    assert maps_study.snakemake("weights", overlay=MAPS).status == 0
    (folder,) = {path.parent for path in maps_study.root.glob("resources/weights/trained/*/r*")} - {
        path.parent
        for path in maps_study.root.glob("resources/weights/trained/*/r*")
        if path.read_bytes() != weights(maps_study, "maps")["resnet_untrained.safetensors"]
    }
    shared = folder / "resnet_untrained.safetensors"
    copy = maps_study.root / "results/maps/weights/resnet_untrained.safetensors"
    assert shared.stat().st_mtime_ns < copy.stat().st_mtime_ns


def test_damaged_weights_that_are_shared_are_moved_aside_and_trained_again(maps_study):
    (shared,) = maps_study.root.glob("resources/weights/trained/*/resnet_untrained.safetensors")
    expected = shared.read_bytes()
    shared.write_bytes(expected[:1000])
    second = overlay(maps_study, "second")
    run = maps_study.snakemake("weights", overlay=second)
    assert run.status != 0
    assert "resnet_untrained.safetensors.damaged" in run.output
    run = maps_study.snakemake("weights", overlay=second)
    assert run.status == 0, run.output
    assert weights(maps_study, "second")["resnet_untrained.safetensors"] == expected
