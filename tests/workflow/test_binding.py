"""Every rule of the workflow and its script use the same names."""

import ast
import json
import runpy
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, Wildcards

from tests.support.checkout import REPOSITORY, Run, copy_of_repository
from thinkalike.workflow.jobs import arguments

SCRIPTS = sorted((REPOSITORY / "scripts").glob("*.py"))
EVERY_RULE = {
    "methods": ["gradcam", "integrated_gradients", "kernelshap", "answers"],
    "images": {"shards": 2},
    "similarity": {"group": 2},
    "settings": {"kernelshap": {"tolerance": 0.1}},
}
"""Changes of the tiny study after which it has also those rules that few studies have."""
LONGEST = 25
"""Lines of `main`."""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Rule with a script → the names of its inputs, outputs, params and wildcards."""
    checkout = copy_of_repository(tmp_path_factory.mktemp("names"))
    shutil.copy(Path(__file__).with_name("names.smk"), checkout.root)
    run: Run = checkout.snakemake(
        *("--snakefile", "names.smk", "--list-target-rules"), overlay=checkout.overlay(**EVERY_RULE)
    )
    assert run.status == 0, run.output
    named = json.loads((checkout.root / "names.json").read_text())
    return {name: rule for name, rule in named.items() if rule["script"]}


def job_of(name: str, rule: dict) -> SimpleNamespace:
    """The object that Snakemake would give to the script of a rule, with names for values."""

    def named(container: type, names: list[str]) -> object:
        return container(fromdict={name: name for name in names})

    return SimpleNamespace(
        rule=name,
        input=named(InputFiles, rule["input"]["names"]),
        output=named(OutputFiles, rule["output"]["names"]),
        params=named(Params, rule["params"]["names"]),
        wildcards=named(Wildcards, rule["wildcards"]),
        log=named(Log, rule["log"]["names"]),
        resources={"gpu": 0},
        threads=1,
    )


def test_every_rule_gives_its_script_what_main_asks_for(rules, monkeypatch):
    monkeypatch.setattr("thinkalike.networks.devices.device_for", lambda gpu, threads: "cpu")
    problems = []
    for name, rule in rules.items():
        script = REPOSITORY / "rules" / rule["script"]
        main = runpy.run_path(str(script), run_name="imported")["main"]
        try:
            arguments(main, job_of(name, rule))
        except TypeError as error:
            problems.append(str(error))
    assert problems == [], "\n".join(problems)


def test_every_file_and_parameter_has_a_name(rules):
    unnamed = {
        name: place
        for name, rule in rules.items()
        for place in ("input", "output", "params")
        if rule[place]["unnamed"]
    }
    # it waits for all files of the study and reads its benchmarks
    assert unnamed.pop("collect_benchmarks") == "input"
    assert unnamed == {}


def test_every_script_belongs_to_a_rule(rules):
    used = {Path(rule["script"]).name for rule in rules.values()}
    assert {path.name for path in SCRIPTS} <= used


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_one_short_function_that_is_run_by_name(path):
    tree = ast.parse(path.read_text())
    (main,) = (node for node in tree.body if getattr(node, "name", None) == "main")
    assert main.end_lineno - main.lineno + 1 <= LONGEST
    ending = 'if __name__ == "__main__":\n    run(main, snakemake)'
    assert ending in path.read_text()
