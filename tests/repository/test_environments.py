"""Conda environments, lock and code agree about third-party packages."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from thinkalike.methods import METHODS
from thinkalike.workflow import fingerprint
from thinkalike.workflow.fingerprint import reached

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAMES = {
    "torch": "pytorch",
    "huggingface-hub": "huggingface_hub",
    "snakemake": "snakemake-minimal",
    "xxhash": "python-xxhash",
}
IMPORT_NAMES = {
    "pil": "pillow",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "lazy_loader": "lazy-loader",
    "snakemake_interface_logger_plugins": "snakemake-interface-logger-plugins",
    "yaml": "pyyaml",
    "vl_convert": "vl-convert-python",
}
DEVICE = ("thinkalike.networks.devices", "device_for")
# what a package imports only when it is used so
PLUGINS = {"xarray": ["h5netcdf", "h5py"], "pandas": ["pyarrow"], "captum": ["scikit-learn"]}


def locked() -> dict[str, str]:
    pins: dict[str, str] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if found := re.match(r"([A-Za-z0-9_.-]+)==([^ ;]+)", line):
            pins.setdefault(found[1].lower(), found[2])
    return pins


def environment(name: str) -> dict[str, str]:
    content = yaml.safe_load((ROOT / "envs" / name).read_text())
    return dict(entry.split("=", 1) for entry in content["dependencies"])


def rule_texts(text: str) -> dict[str, str]:
    """Rule → its text. Rules may be indented: on a condition, or without a name of its own in a loop.

    The latter are called as their `name:` begins: `plot_panels` for f"plot_panels_{panels}".
    """
    starts = list(re.finditer(r"^( *)rule( \w+)?:\n", text, flags=re.MULTILINE))
    found = {}
    for start in starts:
        body = []
        for line in text[start.end() :].splitlines():
            if line.strip() and not line.startswith(f"{start[1]}    "):
                break
            body.append(line.removeprefix(start[1]))
        part = "\n".join(body)
        generated = re.search(r'^    name:\n        f"(\w+)_\{', part, flags=re.MULTILINE)
        name = start[2].strip() if start[2] else generated and generated[1]
        assert name, f"a rule without a name: {part[:200]}"
        assert name not in found, f"two rules {name}"
        found[name] = part
    return found


def all_rules() -> dict[str, str]:
    """Rule → its text, of all files."""
    paths = sorted([*ROOT.glob("rules/*.smk"), *ROOT.glob("replication/*.smk")])
    files = [rule_texts(path.read_text()) for path in paths]
    found = {name: part for texts in files for name, part in texts.items()}
    assert len(found) == sum(map(len, files)), "two rules of one name"
    return found


def script_of(part: str) -> str | None:
    found = re.search(r'^    script:\n        "\.\./scripts/(\w+)\.py"', part, flags=re.MULTILINE)
    return found and found[1]


def rules() -> list[tuple[str, str, str]]:
    """Rule, its environment and its script, from the text of the rules."""
    found = []
    for name, part in all_rules().items():
        if script := script_of(part):
            conda = re.search(r'"\.\./envs/(\w+\.yaml)"', part)
            assert conda, f"rule {name} has no conda environment"
            found.append((name, conda[1], f"{script}.py"))
    return found


def files_of(module: str) -> list[Path]:
    """Files that importing a module runs: its own, and the `__init__.py` of every package above it."""
    file = ROOT.joinpath(*module.split("."))
    folders = [folder for folder in (file, *file.parents) if ROOT in folder.parents]
    files = [file.with_suffix(".py"), *(folder / "__init__.py" for folder in folders)]
    return [path for path in files if path.is_file()]


def parameters_of_main(path: Path) -> set[str]:
    """Parameters of the `main` of a script."""
    mains = [n for n in ast.parse(path.read_text()).body if getattr(n, "name", "") == "main"]
    return {node.arg for main in mains for node in ast.walk(main) if isinstance(node, ast.arg)}


def third_party(script: str) -> set[str]:
    """Distribution names that a script imports, itself and through the library."""
    path = ROOT / "scripts" / script
    explaining = [method.module for method in METHODS.values() if method.has_maps]
    chosen = explaining if script == "explain_images.py" else []
    targets = reached(path, tuple(chosen))
    if "device" not in parameters_of_main(path):  # `run` makes one only for those that name it
        targets.pop(DEVICE, None)
    files = {path, *(file for module, _ in targets for file in files_of(module))}
    # what is imported at the top of every module, and inside the functions that are reached
    statements = [s for f in files for s in ast.parse(f.read_text()).body]
    looked_at: list[ast.AST] = [
        s for s in statements if isinstance(s, (ast.Import, ast.ImportFrom))
    ]
    looked_at += [
        s
        for name, part in targets
        for s in fingerprint._statements(fingerprint._module(path, name), part)
    ]
    names: set[str] = set()
    for node in (node for statement in looked_at for node in ast.walk(statement)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    names -= {*sys.stdlib_module_names, *fingerprint.PACKAGES}
    names = {name.lower() for name in names}
    names |= {plugin for name in names for plugin in PLUGINS.get(name, [])}
    return {IMPORT_NAMES.get(name, name) for name in names}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "envs").glob("*.yaml")))
def test_versions_are_those_of_the_lock(name):
    pins = locked()
    back = {conda: pip for pip, conda in CONDA_NAMES.items()}
    for package, version in environment(name).items():
        if package == "python":
            assert version == "3.11.*"
        else:
            assert pins[back.get(package, package)] == version, package


@pytest.mark.parametrize(("rule", "conda", "script"), rules())
def test_every_import_of_a_script_is_in_its_environment(rule, conda, script):
    needed = {CONDA_NAMES.get(name, name) for name in third_party(script)}
    assert needed - set(environment(conda)) == set(), rule


def directive(part: str, name: str) -> str | None:
    """What stands under a directive of a rule."""
    found = re.search(rf"^    {name}:(.*\n(?:(?:        .*)?\n)*)", f"{part}\n", re.MULTILINE)
    return found and found[1]


@pytest.mark.parametrize(("rule", "part"), all_rules().items(), ids=list(all_rules()))
def test_rule_script_log_and_benchmark_have_one_stem(rule, part):
    script = script_of(part)
    if script is None:
        # a target, that does no work
        assert directive(part, "input")
        assert not any(directive(part, name) for name in ("output", "run", "shell", "log"))
        return
    assert script == rule
    log = directive(part, "log")
    assert log
    assert re.search(rf'"<logs>/{rule}[/.]', log)
    benchmark = directive(part, "benchmark")
    if directive(part, "output"):
        assert benchmark
        assert re.search(rf'"<benchmarks>/{rule}[/.]', benchmark)
    else:
        # it runs whenever it is asked for, and a file of its own would stop that
        assert benchmark is None
    for name in ("threads", "resources", "message", "conda"):
        assert directive(part, name), name


def test_all_scripts_have_a_rule_and_all_rules_their_script():
    scripts = {path.name for path in (ROOT / "scripts").glob("*.py")}
    assert {script for _, _, script in rules()} == scripts


def test_rules_in_loops_and_on_conditions_are_found():
    text = dedent(
        """
        rule first:
            input:
                "a",

        for panels in study:

            rule:
                name:
                    f"plot_{panels}"
                output:
                    "b",
                log:
                    f"<logs>/plot/{panels}.log",
                script:
                    "../scripts/plot.py"


        if study:

            ruleorder: third > first

            rule third:
                threads: 1
                script:
                    "../scripts/third.py"


        rule fourth:
            input:
                "c",
        """
    )
    found = rule_texts(text)
    assert list(found) == ["first", "plot", "third", "fourth"]
    assert [script_of(part) for part in found.values()] == [None, "plot", "third", None]
    assert directive(found["plot"], "log").strip() == 'f"<logs>/plot/{panels}.log",'
    assert directive(found["third"], "threads").strip() == "1"
    assert directive(found["third"], "input") is None
    assert directive(found["first"], "script") is None


@pytest.mark.parametrize("lock", ["requirements.lock", ".ci/audit.lock"])
def test_a_lock_names_versions_and_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"--(extra-)?index-url", text)
    for block in re.split(r"\n(?=[A-Za-z0-9])", text.strip()):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_audit_s_tool_and_all_that_it_needs_are_locked_and_taken_by_hash():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert re.search(
        rf"^{groups['audit'][0]}==", (ROOT / ".ci/audit.lock").read_text(), re.MULTILINE
    )
    recipe = re.search(r"^audit:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[
        1
    ]
    assert "--require-hashes --python $(AUDIT)/bin/python .ci/audit.lock" in recipe
    assert "uv tool" not in recipe
