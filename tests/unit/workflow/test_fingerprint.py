"""What changes the fingerprint of a script, and what does not, on a small library of its own."""

import os
import subprocess
import sys
from itertools import count
from textwrap import dedent

import pytest

from thinkalike.errors import InputError
from thinkalike.workflow import fingerprint as module
from thinkalike.workflow.fingerprint import fingerprint

REPOSITORY = module.ROOT

FILES = {
    "scripts/work.py": """
        from pathlib import Path

        from thinkalike import tables
        from thinkalike.maths import twice


        def main(output):
            Path(output).write_text(str(twice(tables.first([1, 2]))))


        if __name__ == "__main__":
            main(snakemake.output[0])
        """,
    "thinkalike/__init__.py": "",
    "thinkalike/maths.py": """
        import math

        FACTOR = 2
        UNUSED = 5


        def twice(x):
            return FACTOR * _number(x)


        def _number(x):
            return math.floor(x)


        def unused(x):
            return UNUSED * x
        """,
    "thinkalike/tables.py": """
        from thinkalike.errors import Refusal


        def first(items):
            if not items:
                raise Refusal
            return items[0]


        def last(items):
            return items[-1]
        """,
    "thinkalike/errors.py": """
        class Refusal(ValueError):
            pass


        class Unused(ValueError):
            pass
        """,
}


class Library:
    """A library and a script on disk; every write gets a time stamp of its own."""

    def __init__(self, root):
        self.root = root
        self.clock = count(1)
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dedent(text))
        self.touch(path)

    def touch(self, path):
        now = 1_700_000_000 + next(self.clock)
        os.utime(self.root / path, (now, now))

    def change(self, path, old, new):
        text = (self.root / path).read_text()
        assert text.count(old) == 1, (path, old)
        self.write(path, text.replace(old, new))


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return Library(tmp_path)


def changed_by(library, *change, script="work.py", modules=()):
    """Whether a change of a file changes the fingerprint."""
    before = fingerprint(script, *modules)
    library.change(*change)
    return fingerprint(script, *modules) != before


# ---- what changes nothing -----------------------------------------------------------------------


def test_a_fingerprint_has_16_hexadecimal_digits_and_is_the_same_again(library):
    first = fingerprint("work.py")
    assert len(first) == 16
    assert int(first, 16) >= 0
    assert fingerprint("work.py") == first


def test_a_fresh_clone_has_the_same_fingerprint(library, tmp_path, monkeypatch):
    before = fingerprint("work.py")
    Library(tmp_path / "clone")
    monkeypatch.setattr(module, "ROOT", tmp_path / "clone")
    assert fingerprint("work.py") == before


def test_the_fingerprint_is_the_same_in_every_process(library):
    ask = f"""
from pathlib import Path
from thinkalike.workflow import fingerprint
fingerprint.ROOT = Path({str(library.root)!r})
print(fingerprint.fingerprint("work.py"))
"""
    for seed in ("1", "2"):  # of the order of sets
        found = subprocess.run(
            [sys.executable, "-c", ask],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout.strip() == fingerprint("work.py")


def test_an_absolute_path_is_the_same_script(library):
    assert fingerprint(library.root / "scripts" / "work.py") == fingerprint("work.py")


def test_touching_files_changes_nothing(library):
    before = fingerprint("work.py")
    for path in FILES:
        library.touch(path)
    assert fingerprint("work.py") == before


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("thinkalike/maths.py", "FACTOR = 2", "FACTOR = 2  # twice"),
        ("thinkalike/maths.py", "def _number(x):\n", "# whole\ndef _number(x):\n    # down\n"),
        ("thinkalike/maths.py", "def twice(x):\n", 'def twice(x):\n    """Two times x."""\n'),
        ("thinkalike/maths.py", "import math\n", '"""Numbers."""\nimport math\n'),
        ("thinkalike/errors.py", "class Refusal(ValueError):\n    pass",
         'class Refusal(ValueError):\n    """No."""\n\n    pass'),
        ("scripts/work.py", "def main(output):\n", 'def main(output):\n    """Work."""\n\n\n'),
        ("thinkalike/maths.py", "FACTOR * _number(x)", "(FACTOR\n            * _number(x,))"),
        ("thinkalike/tables.py", "items[0]", "items[ 0x0 ]"),
        ("scripts/work.py", '"__main__"', "'__main__'"),
        ("scripts/work.py", "from pathlib import Path\n", "import pathlib\nfrom pathlib import Path\n"),
    ],
)  # fmt: skip
def test_comments_docstrings_formatting_and_unused_imports_change_nothing(library, path, old, new):
    assert not changed_by(library, path, old, new)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("thinkalike/maths.py", "return UNUSED * x", "return UNUSED + x"),
        ("thinkalike/maths.py", "UNUSED = 5", "UNUSED = 6"),
        ("thinkalike/tables.py", "items[-1]", "items[-2]"),
        ("thinkalike/errors.py", "class Unused(ValueError)", "class Unused(TypeError)"),
    ],
)
def test_a_changed_definition_that_is_not_used_changes_nothing(library, path, old, new):
    assert not changed_by(library, path, old, new)


def test_a_new_function_and_another_order_of_functions_change_nothing(library):
    before = fingerprint("work.py")
    text = dedent(FILES["thinkalike/maths.py"])
    library.write("thinkalike/maths.py", text + "\n\ndef new(x):\n    return x\n")
    assert fingerprint("work.py") == before
    head, twice, number, unused = text.split("def ")
    library.write("thinkalike/maths.py", f"{head}def {unused}def {number}def {twice}")
    assert fingerprint("work.py") == before


def test_imports_in_another_order_change_nothing(library):
    library.write("scripts/work.py", "import sys\nimport os\n\nprint(os.name, sys.path)\n")
    assert not changed_by(
        library, "scripts/work.py", "import sys\nimport os", "import os\nimport sys"
    )


# ---- what changes it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("scripts/work.py", "str(twice", "repr(twice"),
        ("scripts/work.py", "main(snakemake.output[0])", "main(snakemake.output[1])"),
        ("thinkalike/maths.py", "FACTOR * _number", "FACTOR + _number"),
        ("thinkalike/maths.py", "FACTOR = 2", "FACTOR = 3"),
        ("thinkalike/maths.py", "math.floor", "math.ceil"),
        ("thinkalike/tables.py", "items[0]", "items[1]"),
        ("thinkalike/errors.py", "class Refusal(ValueError)", "class Refusal(TypeError)"),
    ],
)
def test_a_changed_definition_that_is_used_at_any_remove_changes_it(library, path, old, new):
    assert changed_by(library, path, old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import math\n", "import cmath as math\n"),
        ("import math\n", "from numpy import emath as math\n"),
        ("import math\n", "from thinkalike import tables as math\n"),
    ],
)
def test_another_package_under_the_same_name_changes_it(library, old, new):
    assert changed_by(library, "thinkalike/maths.py", old, new)


def test_a_function_of_the_same_name_from_another_package_changes_it(library):
    library.write("scripts/work.py", "from math import floor\n\nprint(floor(1.5))\n")
    assert changed_by(library, "scripts/work.py", "from math", "from numpy")


def test_another_function_of_a_package_under_the_same_name_changes_it(library):
    library.write("scripts/work.py", "from math import floor as whole\n\nprint(whole(1.5))\n")
    assert changed_by(library, "scripts/work.py", "floor", "ceil")


def test_the_same_function_of_another_module_changes_it(library):
    library.write("thinkalike/other.py", FILES["thinkalike/maths.py"])
    assert changed_by(library, "scripts/work.py", "thinkalike.maths", "thinkalike.other")


def test_a_function_that_is_redefined_counts_with_both_definitions(library):
    library.write(
        "thinkalike/maths.py",
        "from functools import cache\n\ndef twice(x):\n    return x + x\n\ntwice = cache(twice)\n",
    )
    assert changed_by(library, "thinkalike/maths.py", "x + x", "2 * x")
    assert changed_by(library, "thinkalike/maths.py", "twice = cache(twice)", "twice = cache(abs)")


def test_a_decorator_and_a_default_count(library):
    library.write(
        "thinkalike/maths.py",
        """
        START = 1

        def loud(function):
            return function

        @loud
        def twice(x, start=START):
            return start + 2 * x
        """,
    )
    assert changed_by(library, "thinkalike/maths.py", "return function", "return None")
    assert changed_by(library, "thinkalike/maths.py", "START = 1", "START = 2")


# ---- ways to import -----------------------------------------------------------------------------

IMPORTS = {
    "name": "from thinkalike.maths import twice\n\nprint(twice(1))\n",
    "alias": "from thinkalike.maths import twice as double\n\nprint(double(1))\n",
    "module": "from thinkalike import maths\n\nprint(maths.twice(1))\n",
    "module alias": "import thinkalike.maths as m\n\nprint(m.twice(1))\n",
    "dotted": "import thinkalike.maths\n\nprint(thinkalike.maths.twice(1))\n",
    "dotted, of two": (
        "import thinkalike.maths\nimport thinkalike.tables\n\nprint(thinkalike.maths.twice(1))\n"
    ),
    "in a function": (
        "def main():\n    from thinkalike.maths import twice\n\n    return twice(1)\n\nmain()\n"
    ),
    "module in a function": (
        "def main():\n    import thinkalike.maths as m\n\n    return m.twice(1)\n\nmain()\n"
    ),
    "on a condition": "if True:\n    from thinkalike.maths import twice\n\nprint(twice(1))\n",
    "if there": (
        "try:\n    from thinkalike.maths import twice\nexcept ImportError:\n    twice = None\n"
    ),
    "getattr": "from thinkalike import maths\n\nprint(getattr(maths, 'twice')(1))\n",
    "argument": "from thinkalike.maths import twice\n\nprint(list(map(twice, [1])))\n",
}


@pytest.mark.parametrize("way", IMPORTS)
def test_a_function_is_followed_whatever_way_it_is_imported(library, way):
    library.write("scripts/work.py", IMPORTS[way])
    assert changed_by(library, "thinkalike/maths.py", "FACTOR * _number", "FACTOR + _number")
    assert changed_by(library, "thinkalike/maths.py", "math.floor", "math.ceil")


@pytest.mark.parametrize(
    "way", ["name", "alias", "module", "module alias", "in a function", "argument"]
)
def test_a_function_beside_the_one_that_is_imported_is_not_followed(library, way):
    library.write("scripts/work.py", IMPORTS[way])
    assert not changed_by(library, "thinkalike/maths.py", "UNUSED * x", "UNUSED + x")


@pytest.mark.parametrize(
    "line",
    [
        "import thinkalike.maths",
        "from thinkalike import maths",
        "from thinkalike.maths import twice",
    ],
)
def test_an_import_that_is_not_used_is_not_followed(library, line):
    library.write("scripts/work.py", f"{line}\n\nprint(1)\n")
    assert not changed_by(library, "thinkalike/maths.py", "FACTOR * _number", "FACTOR + _number")


def test_a_module_counts_as_a_whole_where_a_name_in_it_has_no_definition_to_be_seen(library):
    library.write(
        "scripts/work.py", "from thinkalike import maths\n\nprint(maths.made_at_run_time)\n"
    )
    assert changed_by(library, "thinkalike/maths.py", "UNUSED * x", "UNUSED + x")


def test_a_function_that_another_module_passes_on_is_followed(library):
    library.write("thinkalike/front/__init__.py", "from thinkalike.maths import twice, unused\n")
    library.write("scripts/work.py", "from thinkalike.front import twice\n\nprint(twice(1))\n")
    assert changed_by(library, "thinkalike/maths.py", "math.floor", "math.ceil")
    assert not changed_by(library, "thinkalike/maths.py", "UNUSED * x", "UNUSED + x")


def test_code_of_the_replication_is_followed_as_that_of_the_library(library):
    library.write("replication/tables.py", "def first():\n    return 1\n")
    library.write("scripts/work.py", "from replication.tables import first\n\nprint(first())\n")
    assert changed_by(library, "replication/tables.py", "return 1", "return 2")


@pytest.mark.parametrize(
    ("text", "alone"),
    [
        ("from thinkalike.front import knock\n\nprint(knock())\n", True),
        ("from thinkalike import front\n\nprint(front.knock())\n", True),
        ("import thinkalike.front\n\nprint(thinkalike.front.knock())\n", False),
    ],
)
def test_a_name_that_a_package_loads_lazily_is_followed(library, text, alone):
    lazily = "import lazy_loader\n\n_, _, _ = lazy_loader.attach_stub(__name__, __file__)\n"
    library.write("thinkalike/front/__init__.py", lazily)
    stub = "from . import door as door\nfrom .door import knock as knock\nfrom .door import ring\n"
    library.write("thinkalike/front/__init__.pyi", stub)
    library.write(
        "thinkalike/front/door.py", "def knock():\n    return 1\n\ndef ring():\n    return 2\n"
    )
    library.write("scripts/work.py", text)
    assert changed_by(library, "thinkalike/front/door.py", "return 1", "return 3")
    assert changed_by(library, "thinkalike/front/door.py", "return 2", "return 4") is not alone


def test_a_module_of_a_folder_is_followed(library):
    library.write("thinkalike/front/__init__.py", "")
    library.write(
        "thinkalike/front/door.py", "def knock():\n    return 1\n\ndef ring():\n    return 2\n"
    )
    library.write("scripts/work.py", "from thinkalike.front import door\n\nprint(door.knock())\n")
    assert changed_by(library, "thinkalike/front/door.py", "return 1", "return 3")
    assert not changed_by(library, "thinkalike/front/door.py", "return 2", "return 4")


def test_a_circle_of_imports_comes_to_an_end(library):
    library.write("thinkalike/a.py", "from thinkalike import b\n\ndef f():\n    return b.g()\n")
    library.write("thinkalike/b.py", "from thinkalike import a\n\ndef g():\n    return a.f or 1\n")
    library.write("scripts/work.py", "from thinkalike.a import f\n\nprint(f())\n")
    assert changed_by(library, "thinkalike/b.py", "or 1", "or 2")


# ---- modules that are chosen at run time --------------------------------------------------------


def test_a_module_that_is_named_counts_as_a_whole(library):
    library.write("scripts/work.py", "from importlib import import_module\n\nimport_module('x')\n")
    assert not changed_by(library, "thinkalike/maths.py", "UNUSED * x", "UNUSED - x")
    named = ("thinkalike.maths",)
    assert changed_by(library, "thinkalike/maths.py", "UNUSED - x", "UNUSED + x", modules=named)
    assert changed_by(library, "thinkalike/maths.py", "math.floor", "math.ceil", modules=named)


def test_naming_a_module_changes_the_fingerprint(library):
    library.write("scripts/work.py", "print(1)\n")
    found = {
        fingerprint("work.py"),
        fingerprint("work.py", "thinkalike.maths"),
        fingerprint("work.py", "thinkalike.tables"),
    }
    assert len(found) == 3


# ---- side effects -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("print('loaded')", "print('here')"),
        ("TABLE['a'] = 1", "TABLE['a'] = 2"),
        ("math.tau = 6", "math.tau = 7"),
        ("FACTOR += 1", "FACTOR += 2"),
        ("TABLE[number] = 0", "TABLE[number] = 1"),
    ],
)
def test_a_statement_that_defines_no_name_always_counts(library, old, new):
    effects = """
        print('loaded')
        TABLE = {}
        TABLE['a'] = 1
        math.tau = 6
        FACTOR += 1
        for number in range(3):
            TABLE[number] = 0
        """
    library.write("thinkalike/maths.py", dedent(FILES["thinkalike/maths.py"]) + dedent(effects))
    assert changed_by(library, "thinkalike/maths.py", old, new)


def test_what_a_side_effect_calls_counts(library):
    library.write(
        "thinkalike/maths.py", dedent(FILES["thinkalike/maths.py"]) + "\nprint(unused(1))\n"
    )
    assert changed_by(library, "thinkalike/maths.py", "UNUSED = 5", "UNUSED = 6")


# ---- mistakes -----------------------------------------------------------------------------------


def test_a_syntax_error_is_named_with_file_and_line(library):
    library.change("thinkalike/maths.py", "return FACTOR", "return return")
    with pytest.raises(InputError, match=r"maths\.py, line 9: invalid syntax; fix the syntax"):
        fingerprint("work.py")


def test_a_missing_script_is_named(library):
    with pytest.raises(InputError, match=r"scripts/absent\.py does not exist"):
        fingerprint("absent.py")


def test_a_missing_module_is_named_with_the_script(library):
    library.write("scripts/work.py", "from thinkalike.absent import f\n\nprint(f())\n")
    with pytest.raises(
        InputError, match=r"thinkalike\.absent is not a module .* imports of work\.py"
    ):
        fingerprint("work.py")


# ---- the library itself -------------------------------------------------------------------------


def test_scripts_of_this_repository_reach_the_modules_that_they_use():
    def modules(script):
        return {name for name, _ in module.reached(module.ROOT / "scripts" / script)}

    assert "thinkalike.images.segments" in modules("segment_images.py")
    assert {"thinkalike.compare.maps", "thinkalike.compare.similarity"} <= modules(
        "compare_models.py"
    )
    assert "thinkalike.clustering.louvain" in modules("cluster_models.py")
    for script in ("segment_images.py", "compare_models.py", "cluster_models.py"):
        assert modules(script).isdisjoint(
            {"thinkalike.networks.model", "thinkalike.networks.training"}
        )


def test_a_fingerprint_is_the_same_whichever_others_were_asked_for_before():
    scripts = ["plot_clusters.py", "cluster_models.py", "explain_images.py", "select_images.py"]
    asked = {}
    for order in (scripts, scripts[::-1]):
        module._parse_at.cache_clear()
        for script in order:
            asked.setdefault(script, []).append(fingerprint(script))
    for script in scripts:
        module._parse_at.cache_clear()
        assert asked[script] == [fingerprint(script)] * 2


def test_the_replication_is_followed_as_the_library_is():
    script = module.ROOT / "scripts/replicate.py"
    modules = {name for name, _ in module.reached(script)}
    assert {"replication.entries.april", "replication.analyses.clusters"} <= modules
    assert "thinkalike.statistics.separation" in modules
