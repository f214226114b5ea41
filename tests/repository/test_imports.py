"""Who imports whom: the arrows between the parts of the library point one way."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.checkout import REPOSITORY as ROOT

# Imported by everyone. `images.blocks` counts images and imports nothing.
GROUND = (
    "errors",
    "progress",
    "randomness",
    "settings",
    "attributions",
    "methods",
    "user_code",
    "callables",
    "images.blocks",
)

# Part → the parts that it may import, besides the ground and itself; each stands above it, so that there
# is no circle. What compares or clusters whole studies reads files, so it stands below `stores`.
ARROWS = {
    "compare": "",
    "stores": "compare",
    "images": "compare stores",
    "compare.streams": "compare stores",
    "compare.map_sources": "compare compare.streams stores",
    "compare.chance_streams": "compare compare.streams compare.map_sources stores",
    "compare.answer_streams": "compare compare.streams stores",
    "statistics": (
        "compare compare.streams compare.map_sources compare.chance_streams images stores"
    ),
    "clustering": "compare stores",
    "networks": "images stores",
    "explain": "compare images networks stores",
    "neon": "clustering explain images networks stores",
    "plotting": "clustering compare images neon statistics stores",
    "explorer": (
        "clustering compare compare.map_sources compare.streams images neon plotting statistics stores"
    ),
    "defaults": "",
    "notebook": (
        "clustering compare compare.answer_streams compare.chance_streams compare.map_sources "
        "compare.streams defaults explain explorer images networks plotting statistics stores"
    ),
    "api": "compare images networks notebook stores",
    "workflow": "compare explain explorer images networks stores",
}

# Packages that compute with networks, and what is in them without importing torch at its top.
WITH_TORCH = (
    *("networks", "explain", "neon"),
    *(f"notebook.{name}" for name in ("deletion", "explaining", "heads", "models")),
)
WITHOUT_TORCH = (
    "networks.architecture",
    "networks.catalogue",
    "networks.config_files",
    "networks.devices",
    "networks.hub",
    "networks.timm_table",
    "explain.explanation",
    "explain.shapley",
    "neon.blocks",
    "neon.estimator",
    "neon.evaluation",
    "neon.explanation",
    "neon.features",
    "neon.flipping",
    "neon.planted",
)
TORCH = {"torch", "torchvision", "timm", "captum", "zennit"}

# Modules of Python's library that Windows, or Windows and macOS, do not have.
UNIX_ONLY = ("fcntl", "grp", "pty", "pwd", "resource", "spwd", "syslog", "termios", "tty")


@cache
def modules() -> dict[str, ast.Module]:
    """Dotted name within `thinkalike` → syntax tree; a package by its own name."""
    trees = {}
    for path in sorted((ROOT / "thinkalike").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "thinkalike").with_suffix("").parts)
        name = name.removesuffix("__init__").rstrip(".")
        trees[name] = ast.parse(path.read_text())
    return trees


def imports(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that is imported: `package.name` for `from package import name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, parts: tuple[str, ...]) -> str | None:
    """The longest of the parts that a dotted name is, or is in."""
    ahead = [part for part in parts if name == part or name.startswith(f"{part}.")]
    return max(ahead, key=len, default=None)


def part_of(name: str) -> str:
    part = within(name, (*GROUND, *ARROWS))
    assert part, f"thinkalike/{name.replace('.', '/')} is in none of the parts of the table"
    return part


def of_the_library(names: Iterator[str]) -> Iterator[str]:
    """Modules of the library among imported names, by their names within it."""
    for name in names:
        package, _, inner = name.partition(".")
        if package == "thinkalike":
            yield inner if inner in modules() else inner.rpartition(".")[0]


def test_a_part_imports_only_parts_above_it_in_the_table():
    above = set(GROUND)
    for part, allowed in ARROWS.items():
        assert set(allowed.split()) <= above, part
        above.add(part)


@pytest.mark.parametrize("part", ARROWS)
def test_a_part_imports_what_the_table_says(part):
    allowed = {part, *GROUND, *ARROWS[part].split()}
    wrong = [
        f"{name} imports {target}"
        for name, tree in modules().items()
        if name and part_of(name) == part
        for target in of_the_library(imports(tree))
        if part_of(target) not in allowed
    ]
    assert wrong == []


def test_what_everyone_imports_imports_nothing_but_errors_and_the_rows_of_captum():
    wrong = [
        f"{name} imports {target}"
        for name, tree in modules().items()
        if name and part_of(name) in GROUND
        for target in of_the_library(imports(tree))
        if part_of(target) not in ("errors", "attributions")
    ]
    assert wrong == []


def test_the_library_imports_nothing_else_of_the_repository():
    others = {path.name for path in ROOT.iterdir() if any(path.glob("*.py"))} - {"thinkalike"}
    assert {"replication", "scripts"} <= others
    for name, tree in modules().items():
        assert {target.split(".")[0] for target in imports(tree)}.isdisjoint(others), name


def test_the_replication_needs_no_workflow():
    for path in (ROOT / "replication").rglob("*.py"):
        names = of_the_library(imports(ast.parse(path.read_text())))
        assert not any(within(name, ("workflow",)) for name in names), path


# ---- torch --------------------------------------------------------------------------------------


class AtTheTop(ast.NodeTransformer):
    """Leaves out what runs only when a function is called, or never."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        return None

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef  # noqa: N815

    def visit_If(self, node: ast.If) -> ast.If | None:
        return None if ast.unparse(node.test) == "TYPE_CHECKING" else node


@cache
def imported_at_the_top(name: str) -> tuple[str, ...]:
    tree = AtTheTop().visit(ast.parse(ast.unparse(modules()[name])))
    return tuple(imports(tree))


def path_to_torch(name: str) -> list[str]:
    """How importing a module imports torch: from the module to the package; empty if it does not."""
    paths, seen = [[name]], {name}
    while paths:
        path = paths.pop(0)
        names = imported_at_the_top(path[-1])
        if heavy := sorted(TORCH.intersection(target.split(".")[0] for target in names)):
            return [*path, heavy[0]]
        for target in of_the_library(iter(names)):
            if target not in seen:
                seen.add(target)
                paths.append([*path, target])
    return []


def test_what_needs_no_network_does_not_import_torch():
    light = [n for n in modules() if within(n, WITHOUT_TORCH) or not within(n, WITH_TORCH)]
    assert [" → ".join(path) for name in light if (path := path_to_torch(name))] == []
    assert path_to_torch("networks.model")[-1] in TORCH


def test_planning_and_drawing_import_no_torch_when_they_run():
    code = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
assert not {"torch", "timm"} & set(sys.modules)
"""
    light = [n for n in modules() if within(n, ("plotting", "workflow", "stores", "compare"))]
    names = [f"thinkalike.{name}" for name in light]
    subprocess.run([sys.executable, "-c", code, *names], cwd=ROOT, check=True)


# ---- other systems ------------------------------------------------------------------------------


def test_every_module_can_be_imported_where_unix_modules_are_missing():
    code = """
import importlib, sys
hidden, *names = sys.argv[1:]
for name in hidden.split():
    sys.modules[name] = None
for name in names:
    importlib.import_module(name)
"""
    names = [f"thinkalike.{name}".rstrip(".") for name in modules()]
    done = subprocess.run(
        [sys.executable, "-c", code, " ".join(UNIX_ONLY), *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_modules_of_unix_are_imported_under_a_guard():
    for path in [*Path(ROOT, "thinkalike").rglob("*.py"), *Path(ROOT, "scripts").glob("*.py")]:
        tree = ast.parse(path.read_text())
        guarded = {id(n) for t in ast.walk(tree) if isinstance(t, ast.Try) for n in ast.walk(t)}
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)) and id(node) not in guarded:
                assert {n.split(".")[0] for n in imports(node)}.isdisjoint(UNIX_ONLY), path
