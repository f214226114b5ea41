"""What comes from outside stays what it is: no file is run as code, and no name leads anywhere."""

import re
import tokenize
from collections.abc import Iterator
from copy import deepcopy
from importlib.metadata import metadata
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.checkout import REPOSITORY as ROOT
from tests.support.checkout import repository_files
from thinkalike.errors import InputError
from thinkalike.stores.tables import read_square, read_table, write_table
from thinkalike.workflow.config.model_checks import RESERVED
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.config.schema import SCHEMA

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA_TREE = yaml.safe_load(SCHEMA.read_text())

# ---- the sources --------------------------------------------------------------------------------

LOOKED_FOR = {
    "a pickle": r"\b(c|cloud|_)?pickle\s*(\.|import)|\bimport\s+\w*pickle|\b(read|to)_pickle\b"
    r"|\bimport\s+(dill|joblib|shelve|marshal)\b|\b(dill|joblib|shelve|marshal)\s*\.",
    "torch's pickles": r"\btorch\s*\.\s*(load|save)\b|\bfrom\s+torch\s+import\b.*\b(load|save)\b",
    "NumPy's pickles": r"\ballow_pickle\b",
    "YAML that makes objects": r"\byaml\s*\.\s*(unsafe_|full_)?load(_all)?\b(?!.*SafeLoader)",
    "code from a string": r"(?<![.\w])(eval|exec)\s*\(",
    "a shell": r"\bshell\s*=\s*True\b|\bos\s*\.\s*(system|popen)\b|\bgetoutput\b",
    "code from a hub": r"\btrust_remote_code\b|\btorch\s*\.\s*hub\b",
    "an archive unpacked without a look": r"\bextractall\b|\bunpack_archive\b",
    "a certificate that is not checked": r"\bverify\s*=\s*False\b|\b_create_unverified_context\b",
}
EXCEPTIONS = {
    "thinkalike/networks/checkpoints.py": "torch.load with weights_only=True, which runs nothing",
    "tests/unit/networks/test_checkpoints.py": "it writes checkpoints as users have them",
    "tests/unit/networks/test_own.py": "the same",
    "tests/unit/networks/test_lite_weights.py": "it writes a package as the published ones are",
    "tests/workflow/test_own_networks.py": "the same",
    "docs/tools/notebook.py": "it runs the cells of the documentation's own notebooks",
    "tests/repository/test_security.py": "it spells out what is looked for",
}


def sources() -> Iterator[Path]:
    """Every tracked file that Python or Snakemake runs."""
    for name in repository_files():
        if name == "Snakefile" or Path(name).suffix in (".py", ".smk"):
            yield ROOT / name


def code_lines(path: Path) -> list[str]:
    """The lines of a file without comments and docstrings, which may say what is not done."""
    lines = path.read_text().splitlines()
    beginning = True
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            told = token.type == tokenize.COMMENT or (beginning and token.type == tokenize.STRING)
            if told:
                (first, left), (last, right) = token.start, token.end
                kept = lines[last - 1][right:]
                lines[first - 1] = lines[first - 1][:left]
                for number in range(first, last):
                    lines[number] = ""
                lines[last - 1] += kept
            if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
                beginning = True
            elif token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENCODING):
                beginning = False
    return lines


def found(path: Path) -> list[str]:
    """`<line>: <what>` of everything in a file that is looked for."""
    return [
        f"{number}: {what}"
        for number, line in enumerate(code_lines(path), 1)
        for what, pattern in LOOKED_FOR.items()
        if re.search(pattern, line)
    ]


def test_checkpoints_are_read_without_running_them():
    lines = code_lines(ROOT / "thinkalike/networks/checkpoints.py")
    (line,) = [line for line in lines if "torch.load(" in line]
    assert "weights_only=True" in line
    assert not any(re.search(r"pickle\.(load|Unpickler)", line) for line in lines)


def test_no_source_runs_what_it_reads():
    there = {str(path.relative_to(ROOT)): found(path) for path in sources()}
    assert {
        "Snakefile",
        "rules/common.smk",
        "thinkalike/networks/hub.py",
        "benchmarks/lrp.py",
    } <= set(there)
    assert {name: lines for name, lines in there.items() if lines and name not in EXCEPTIONS} == {}
    assert all(there[name] for name in EXCEPTIONS), "an exception that is none any more"


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a pickle", "import pickle"),
        ("a pickle", "from pickle import loads"),
        ("a pickle", "table = pd.read_pickle(path)"),
        ("a pickle", "model = joblib.load(path)"),
        ("torch's pickles", "weights = torch.load(path, weights_only=True)"),
        ("torch's pickles", "from torch import float32, load"),
        ("NumPy's pickles", "np.load(path, allow_pickle=True)"),
        ("YAML that makes objects", "yaml.load(text, Loader=yaml.Loader)"),
        ("YAML that makes objects", "yaml.unsafe_load(text)"),
        ("code from a string", "value = eval(text)"),
        ("code from a string", "    exec (text)"),
        ("a shell", "subprocess.run(command, shell=True)"),
        ("a shell", "os.system(command)"),
        ("code from a hub", "load_dataset(name, trust_remote_code=True)"),
        ("an archive unpacked without a look", "tar.extractall(folder)"),
        ("a certificate that is not checked", "requests.get(url, verify=False)"),
    ],
)
def test_what_is_looked_for_is_found(what, line, tmp_path):
    (tmp_path / "module.py").write_text(
        f'"""Of a module: import pickle."""\n# eval(x)\nif x:\n {line}\n'
    )
    assert found(tmp_path / "module.py") == [f"4: {what}"]


@pytest.mark.parametrize(
    "line",
    [
        "network.eval()",
        "yaml.safe_load(text)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "np.load(path)",
        "safetensors.torch.load_file(path)",
        "value = 1  # not pickle.load",
    ],
)
def test_what_is_harmless_is_not_found(line, tmp_path):
    (tmp_path / "module.py").write_text(f"{line}\n")
    assert found(tmp_path / "module.py") == []


def test_no_rule_has_a_shell():
    rules = [
        path
        for path in sources()
        if (path.suffix == ".smk" or path.name == "Snakefile") and "slurm" not in path.parts
    ]
    directives = [
        (path.name, line)
        for path in rules
        for line in code_lines(path)
        if re.match(r"\s*(shell|run|wrapper|notebook|cwl|template_engine)\s*:", line)
        or re.search(r"\bshell\s*\(", line)
    ]
    assert len(rules) > 10
    assert directives == []


# ---- names --------------------------------------------------------------------------------------


def study(place: str, name: str) -> dict:
    """The default study with a name at a place where the user gives one."""
    config = deepcopy(DEFAULT)
    match place:
        case "study":
            config["study"] = name
        case "data set":
            config["dataset"]["name"] = name
        case "model":
            config["catalogue"][name] = {"like": "vit", "name": "Mine"}
            config["models"].append(name)
        case "variant":
            config["variants"][name] = {"method": "gradcam", "sign": "signed"}
            config["methods"].append(name)
        case "panels":
            config["figures"]["panels"][name] = {"count": 1}
    return config


PLACES = ("study", "data set", "model", "variant", "panels")
HOSTILE = [
    "", "..", "../x", "/etc/passwd", "a/b", "a\\b", "~", "a b", "$(x)", "${x}", "`x`", "a;b", "a&b", "a|b",
    "-rf", "--help", "a\n", "a\nb", "a\0", "{model}", "<results>", "<script>", "a'b", 'a"b', "*", "a.b",
    "A", "1a", "_a", "a_", "rеsnet", "ｒesnet", "ﬁt", "résnet", "e\u0301", "a\u200b", "\u202ea", "a" * 65,
    "a" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name[:12]))
def test_a_name_that_could_be_more_than_a_name_is_refused(place, name):
    with pytest.raises(InputError) as error:
        resolve(study(place, name))
    assert len(str(error.value)) < 500


@given(st.sampled_from(PLACES), st.text() | st.from_regex(r"^[a-z_/.;$\n]+$"))
@example("study", "digits_2")
def test_a_name_that_is_taken_is_a_part_of_a_path_and_nothing_else(place, name):
    try:
        resolve(study(place, name))
    except InputError:
        return
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name, re.ASCII)


@pytest.mark.parametrize("key", RESERVED)
def test_a_model_is_not_called_as_what_stands_beside_it(key):
    with pytest.raises(
        InputError, match=f"catalogue.{key}: a column or a file beside those of the"
    ):
        resolve(study("model", key))


@pytest.mark.parametrize(
    "key", ["joint", "random", "true", "nan", "index", "self", "none", "choices"]
)
def test_a_model_may_be_called_as_what_does_not(key):
    config = study("model", key)
    config["spectral"]["models"] = []
    assert key in resolve(config)["catalogue"]


def test_every_pattern_of_the_schema_is_of_a_whole_string():
    def patterns(node: object) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                yield node["pattern"]
            node = list(node.values())
        if isinstance(node, list):
            for part in node:
                yield from patterns(part)

    there = set(patterns(SCHEMA_TREE))
    assert len(there) == 12
    assert all(
        pattern[0] == "^" and pattern[-1] == "$" and "|^" not in pattern for pattern in there
    )


@pytest.mark.parametrize(
    "models", [["true", "false"], ["inf", "infinity"], ["nan", "null"], ["none", "na"]]
)
def test_keys_of_models_come_back_from_a_table_as_the_text_they_are(models, tmp_path):
    square = pd.DataFrame(0.5, index=pd.Index(models, name="model"), columns=models)
    write_table(square, tmp_path / "square.csv", index=True)
    pd.testing.assert_frame_equal(read_square(tmp_path / "square.csv"), square)
    table = pd.DataFrame({"model": models, "model_a": models, "model_b": models, "x": [1.0, 2.0]})
    write_table(table, tmp_path / "table.csv")
    pd.testing.assert_frame_equal(read_table(tmp_path / "table.csv"), table)


@pytest.mark.parametrize(
    "name", ["a\nb", "a\x1b[2J", "a\0b", "\u202eabc", "a\u200bb", " a", "a ", "a\u00a0b", "\ud800"]
)
def test_a_display_name_with_what_cannot_be_seen_is_refused(name):
    config = study("model", "mine")
    config["catalogue"]["mine"]["name"] = name
    with pytest.raises(InputError, match="has a character that cannot be seen, or a blank at") as e:
        resolve(config)
    assert str(e.value).isascii()


@pytest.mark.parametrize("name", ["ＶiT", "V\u2170T", "Vi\uff34"])
def test_a_display_name_that_looks_like_another_is_refused(name):
    config = study("model", "mine")
    config["catalogue"]["mine"]["name"] = name
    with pytest.raises(InputError, match="is the name of vit, too"):
        resolve(config)


@pytest.mark.parametrize("name", ["$\\frac{a$", "50 % _x_ & {y}", "Ω-Net"])
def test_any_other_display_name_is_taken(name):
    config = study("model", "mine")
    config["catalogue"]["mine"]["name"] = name
    assert resolve(config)["catalogue"]["mine"]["name"] == name


@pytest.mark.parametrize(
    "arguments",
    [
        {"checkpoint_path": "a.pth"},
        {"pretrained": True},
        {"pretrained_cfg_overlay": {"file": "a.pth"}},
    ],
)
def test_the_arguments_of_a_network_name_no_weights(arguments):
    config = study("model", "mine")
    config["catalogue"]["mine"]["arguments"] = arguments
    with pytest.raises(
        InputError, match=r"where weights come from is not an argument; say it in `wei"
    ):
        resolve(config)


# ---- licences -----------------------------------------------------------------------------------


def test_the_licence_of_zennit_is_the_one_that_is_named_and_the_package_is_not_bundled():
    about = metadata("zennit")
    assert any("LGPLv3+" in line for line in about.get_all("Classifier"))
    assert "LGPL-3.0-or-later" in (ROOT / "SECURITY.md").read_text()
    inside = [name for name in repository_files() if "zennit" in name.lower()]
    assert inside == ["thinkalike/neon/zennit.py"]  # ours, which imports it
    assert "import zennit" in (ROOT / inside[0]).read_text().replace("from zennit", "import zennit")


# ---- captions -----------------------------------------------------------------------------------

CAPTIONS = sorted((ROOT / "report").glob("*.rst"))


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_holds_no_text_that_a_user_may_choose_freely(path):
    # captions become HTML; keys of studies, models and methods cannot hold any
    for keys in re.findall(r'snakemake\.config((?:\["\w+"\])+)', path.read_text()):
        node = SCHEMA_TREE
        for key in re.findall(r"\w+", keys):
            node = referred(node)["properties"][key]
        assert closed(node), keys
    rest = re.sub(r'snakemake\.(config(\["\w+"\])+|wildcards\.\w+)', "", path.read_text())
    # sentences with names of models, in which no sign is markup (tests/unit/workflow/test_verdict.py)
    rest = rest.replace('snakemake.config.get("verdict", [])', "")
    # two integers (tests/unit/workflow/test_verdict.py)
    rest = rest.replace('snakemake.config.get("unconverged", {})', "")
    assert "snakemake" not in rest


def referred(node: dict) -> dict:
    """A part of the schema, or what it refers to."""
    while "$ref" in node:
        node = SCHEMA_TREE["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def closed(node: dict) -> bool:
    """Whether a schema leaves no choice but of numbers, keys and options."""
    node = referred(node)
    if "enum" in node or "pattern" in node:
        return True
    kinds = {node["type"]} if isinstance(node["type"], str) else set(node["type"])
    if "array" in kinds:
        return closed(node["items"])
    if "object" in kinds:
        parts = [*node.get("properties", {}).values(), node.get("additionalProperties", {})]
        return all(closed(part) for part in parts if isinstance(part, dict) and part)
    return kinds <= {"integer", "number", "boolean", "null"}


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_has_no_html_of_its_own_and_includes_no_file(path):
    assert not re.search(r"\.\. *(raw|include|csv-table)::|:raw|raw-html", path.read_text())
