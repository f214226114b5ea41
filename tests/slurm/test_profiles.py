"""What the profiles ask for. Nothing is submitted, and no SLURM is needed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_args

from tests.slurm.conftest import fitted

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ["default", "gpu", "slurm", "slurm-accounting"]
WHOLE = ["default", "gpu", "slurm"]
"""Profiles that are enough by themselves."""
NETWORKS = {
    "delete_regions": (1, 8000, 120),
    "explain_moved": (1, 8000, 240),
    "explain_again": (1, 8000, 240),
    "explain_class_images": (1, 8000, 120),
    "explain_clusters": (1, 8000, 120),
    "explain_images": (1, 8000, 240),
    "explain_layers": (1, 8000, 60),
    "measure_accuracy": (1, 8000, 60),
    "measure_budgets": (1, 8000, 240),
    "predict_images": (1, 8000, 60),
}
"""Rule of the Imagenette study that runs networks → gpu, mem_mb, runtime."""
LOCAL = {"extras", "all", "download_dataset", "download_weights", "place_weights"}
"""Rules that run where Snakemake does."""


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / "profiles" / name / "profile.yaml").read_text())


def taken(monkeypatch, *arguments: str):
    """What Snakemake makes of its command line and profiles."""
    monkeypatch.chdir(ROOT)
    return parse_args(["-n", *arguments])[1]


@pytest.mark.parametrize("name", WHOLE)
def test_a_profile_repeats_what_it_takes_the_place_of(name):
    profile = read(name)
    assert {key: profile[key] for key in read("default") if key != "resources"} == {
        key: value for key, value in read("default").items() if key != "resources"
    }


@pytest.mark.parametrize("name", PROFILES)
def test_nothing_beside_a_profile_can_be_taken_for_one_of_its_values(name):
    assert [path.name for path in (ROOT / "profiles" / name).iterdir()] == ["profile.yaml"]


def test_the_profile_for_slurm_submits_asks_squeue_and_tries_twice(monkeypatch):
    options = taken(monkeypatch, "--workflow-profile", "profiles/slurm")
    assert options.executor == "slurm"
    assert options.slurm_status_command == "squeue"
    assert options.retries == 1
    assert options.resources["gpu"].value == 4


def test_arrays_are_not_asked_for_beside_a_cap_under_which_they_never_fill():
    profile = read("slurm")
    assert profile["resources"] == ["gpu=4"]
    assert "slurm-array-jobs" not in profile


def test_accounting_is_a_profile_on_top_of_the_one_for_slurm(monkeypatch):
    options = taken(
        monkeypatch,
        "--profile",
        "profiles/slurm",
        "--workflow-profile",
        "profiles/slurm-accounting",
    )
    alone = taken(monkeypatch, "--workflow-profile", "profiles/slurm")
    assert options.slurm_status_command == "sacct"
    for key in ("executor", "jobs", "retries", "keep_going", "rerun_triggers", "groups"):
        assert getattr(options, key) == getattr(alone, key), key
    assert list(options.set_resources) == list(alone.set_resources)


@pytest.mark.parametrize("rule", sorted(read("slurm")["set-resources"]))
def test_a_second_try_may_use_twice_the_memory_and_time(rule):
    asked = read("slurm")["set-resources"][rule]
    for resource in ("mem_mb", "runtime"):
        assert re.fullmatch(r"[1-9]\d* \* attempt", asked[resource]), (resource, asked)


@pytest.mark.parametrize("name", ["gpu", "slurm"])
def test_every_rule_that_can_use_a_gpu_gets_one(name):
    text = "\n".join(file.read_text() for file in sorted((ROOT / "rules").glob("*.smk")))
    rules = re.split(r"(?m)^ *rule (\w+):", text)
    able = {rule for rule, body in zip(rules[1::2], rules[2::2], strict=True) if "gpu=0" in body}
    asked = read(name)["set-resources"]
    assert able == {rule for rule, what in asked.items() if what.get("gpu") == 1}


def test_rules_that_run_networks_are_no_part_of_a_group():
    profile = read("slurm")
    networks = {rule for rule, asked in profile["set-resources"].items() if asked.get("gpu")}
    assert networks == set(profile["set-threads"])
    assert networks.isdisjoint(profile["groups"])
    assert set(profile["groups"]) <= set(profile["set-resources"])


def test_the_imagenette_study_asks_for_gpus_memory_time_and_partitions_by_rule(checkout):
    fitted(checkout.root / "profiles/slurm/profile.yaml")
    # a dry run tells the resources of those jobs only that have no message
    for file in (checkout.root / "rules").glob("*.smk"):
        text = re.sub(r"(?m)^( +)message:\n(?:\1    .*\n)+", "", file.read_text())
        file.write_text(text)
    run = checkout.snakemake(
        *("all", "extras", "-n", "--workflow-profile", "profiles/slurm"),
        overlay=Path("studies/imagenette.yaml"),
    )
    assert run.status == 0, run.output[-3000:]
    asked = requests(run.output)

    networks = {rule: what for rule, what in asked.items() if int(what.get("gpu", 0))}
    assert {
        rule: tuple(int(what[key]) for key in ("gpu", "mem_mb", "runtime"))
        for rule, what in networks.items()
    } == NETWORKS
    assert {what["slurm_partition"] for what in networks.values()} == {"gpu"}
    submitted = {rule: what for rule, what in asked.items() if rule not in LOCAL}
    others = {rule: what for rule, what in submitted.items() if rule not in networks}
    assert {what["slurm_partition"] for what in others.values()} == {"cpu"}
    # one page holds the maps and pictures of a whole study
    large = {rule: int(what["mem_mb"]) for rule, what in others.items() if rule == "build_explorer"}
    assert large == {"build_explorer": 4000}
    assert max(int(what["mem_mb"]) for rule, what in others.items() if rule not in large) == 2000

    # all but panels, whose names are the study's, are listed in the profile
    listed = set(read("slurm")["set-resources"])
    assert {rule for rule in submitted if not rule.startswith("plot_panels_")} <= listed


def requests(plan: str) -> dict[str, dict[str, str]]:
    """Rule → resources of its jobs, from the output of a dry run."""
    found = re.findall(r"^rule (\w+):\n(?:    .*\n)*?    resources: (.*)$", plan, re.MULTILINE)
    return {
        rule: dict(part.split("=", 1) for part in resources.split(", "))
        for rule, resources in found
    }


def test_the_profile_for_accounting_is_refused_by_itself():
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm-accounting"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode != 0
    assert "--cores" in done.stderr
