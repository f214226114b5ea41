"""Networks and checkpoints of the user's in a configuration: what is accepted, and what is not."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.configuration import tiny
from tests.support.own_networks import write_network
from thinkalike.errors import InputError
from thinkalike.user_code import content_of
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.study import Study
from thinkalike.workflow.weights import Weights, file_hash

DIGITS = [str(digit) for digit in range(10)]
HALVES = [0.5, 0.5, 0.5]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch) -> Path:
    """A working directory with a network, checkpoints, and a list of classes."""
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path)
    for epoch in (10, 20):
        (tmp_path / f"epoch_{epoch}.pt").write_bytes(b"weights")
    (tmp_path / "classes.txt").write_text("\n".join(DIGITS) + "\n")
    return tmp_path


def mine(**changes: Any) -> dict[str, Any]:
    entry = {"file": "mine.py", "build": "make_network", "name": "Mine", "family": "cnn"}
    normalised = {"mean": HALVES, "std": HALVES}
    return {key: v for key, v in {**entry, **normalised, **changes}.items() if v is not None}


def study(entries: dict[str, Any], models: list[str] | None = None) -> dict[str, Any]:
    config = tiny(models=["byobnet_brief", *(models or entries)], spectral={"models": []})
    config["catalogue"] |= entries
    for section in ("budgets", "neon", "borders"):
        config[section] |= {"models": []} if section != "borders" else {"layers": {}}
    config["figures"] = {"panels": {}}
    return config


def lines(**entries: Any) -> list[str]:
    with pytest.raises(InputError) as error:
        resolve(study(entries))
    return str(error.value).splitlines()


def test_a_network_of_a_file_is_one_of_the_study():
    entries = resolve(study({"mine": mine()}))["catalogue"]
    assert entries["mine"]["content"] == content_of("mine.py")
    found = Study.of(study({"mine": mine()})).architecture("mine", "gradcam")
    assert found == {
        "name": "mine",
        "timm": "",
        "arguments": {},
        "file": "mine.py",
        "build": "make_network",
        "content": content_of("mine.py"),
        "mean": HALVES,
        "std": HALVES,
        "layout": "nchw",
        "prefix": 0,
        "layers": {"depth_100": ""},
    }


def test_another_content_of_the_file_is_another_network(files):
    before = Weights(Study.of(study({"mine": mine()}))).trained("mine", "c", "")
    (files / "mine.py").write_text((files / "mine.py").read_text() + "\nA = 1\n")
    assert Weights(Study.of(study({"mine": mine()}))).trained("mine", "c", "") != before


def test_random_weights_of_an_own_network_are_those_of_no_epoch():
    found = Study.of(study({"mine": mine(weights="random")}))
    assert found.untrained[-1] == "mine"
    assert Weights(found).file("mine") == "<results>/weights/mine.safetensors"


def test_weights_of_a_file_are_imported():
    entry = mine(weights="epoch_10.pt", classes="classes.txt", mean=None, std=None)
    found = Study.of(study({"mine": entry}))
    assert Weights(found).file("mine") == "<results>/weights/imported/mine.safetensors"
    assert Weights(found).checkpoint("mine") == "epoch_10.pt"
    assert Weights(found).import_settings("mine") == {"classes": DIGITS, "body": False}
    assert Weights(found).imported == "mine"
    assert found.architectures["mine"] == "mine"
    assert "mine" not in found.untrained


def test_another_content_of_the_checkpoint_counts_and_its_time_does_not(files):
    config = study({"mine": mine(weights="epoch_10.pt")})
    before = Weights(Study.of(config)).checkpoint_content("mine")
    (files / "epoch_10.pt").touch()
    assert Weights(Study.of(config)).checkpoint_content("mine") == before
    assert (
        Weights(Study.of(study({"mine": mine(weights="epoch_20.pt")}))).checkpoint_content("mine")
        == before
    )


def test_a_config_beside_weights_counts_for_who_reads_them(files):
    """It may say how images are normalised: a changed one is as good as changed weights."""
    copied = {"timm": "test_resnet.r160_in1k", "like": "resnet", "name": "Copied"}
    config = study(
        {"mine": mine(weights="epoch_10.pt"), "copied": {**copied, "weights": "finetuned"}}
    )
    config["pretrained"] = {"folder": str(files / "copies")}
    folder = files / "copies" / copied["timm"]
    folder.mkdir(parents=True)

    def known() -> tuple[str, str, str, str]:
        file_hash.cache_clear()
        found = Weights(Study.of(config))
        trained = [found.trained(model, "c", "") for model in ("copied", "byobnet_brief")]
        return (found.checkpoint_content("mine"), found.copied_config("copied"), *trained)

    seen = [known()]
    for text in ("{}", "[]"):
        for place in (files, folder):
            (place / "config.json").write_text(text)
        seen.append(known())
    assert seen[0][1] == ""
    assert [len(set(values)) for values in zip(*seen, strict=True)] == [3, 3, 3, 1]


def test_fine_tuning_from_a_checkpoint():
    entry = mine(weights="finetuned", checkpoint="epoch_10.pt", classes=["a", "b"])
    found = Study.of(study({"mine": entry}))
    assert Weights(found).initial("mine") == "<results>/weights/imported/mine.safetensors"
    assert Weights(found).import_settings("mine") == {"classes": [], "body": True}
    assert Weights(found).imported == "mine"


def test_several_checkpoints_of_one_training_run():
    entries = {
        "mine": mine(),
        "run": {"like": "mine", "weights": "epoch_{10, 20}.pt", "classes": DIGITS},
    }
    config = study(entries, ["run"])
    config["spectral"]["models"] = ["run"]
    found = resolve(config)
    assert found["models"] == ["byobnet_brief", "run_10", "run_20"]
    assert found["spectral"]["models"] == ["run_10", "run_20"]
    assert [found["catalogue"][key]["name"] for key in ("run_10", "run_20")] == [
        "Mine 10",
        "Mine 20",
    ]
    assert found["catalogue"]["run_20"]["checkpoint"] == "epoch_20.pt"
    one = resolve(study(entries, ["mine", "run_20"]))
    assert one["models"] == ["byobnet_brief", "mine", "run_20"]


def test_a_network_of_timm_with_a_checkpoint():
    entry = {"like": "resnet", "name": "R", "weights": "epoch_10.pt", "classes": "classes.txt"}
    found = Study.of(study({"mine": entry}))
    assert found.architecture("mine", "gradcam")["layers"] == {"depth_100": "layer4"}
    assert Weights(found).import_settings("mine")["classes"] == DIGITS


def test_an_own_network_takes_nothing_about_the_network_of_one_of_timm():
    entry = {"like": "vit", "file": "mine.py", "build": "make_network", "name": "Mine"}
    found = resolve(study({"mine": {**entry, "mean": HALVES, "std": HALVES}}))["catalogue"]["mine"]
    assert found["family"] == "transformer"
    assert not found.keys() & {"timm", "layers", "layout", "prefix", "size"}


def test_paths_may_begin_with_the_home(files, monkeypatch):
    monkeypatch.setenv("HOME", str(files))
    entry = mine(file="~/mine.py", weights="~/epoch_10.pt", classes="~/classes.txt")
    found = resolve(study({"mine": entry}))["catalogue"]["mine"]
    assert found["file"] == f"{files}/mine.py"
    assert found["checkpoint"] == f"{files}/epoch_10.pt"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"file": "none.py"}, "catalogue.mine.file: none.py cannot be read"),
        ({"build": "other"}, "catalogue.mine.file: mine.py does not define 'other'"),
        ({"build": None}, "catalogue.mine: build is missing; say it"),
        ({"file": None}, "catalogue.mine.build: there is no file that it is a function of"),
        ({"timm": "resnet18"}, "catalogue.mine.file: the network is one of timm, too"),
        ({"std": None}, "catalogue.mine.std: missing beside mean; give both, or none"),
        (
            {"layers": {"depth_100": "2"}},
            "catalogue.mine.layout: missing beside layers; give both, or none",
        ),
        (
            {"mean": None, "std": None},
            "catalogue.mine.mean: missing; give mean and std of the norm",
        ),
        ({"weights": "pretrained"}, "catalogue.mine.weights: a network of your own has none that"),
        (
            {"weights": "finetuned"},
            "catalogue.mine.checkpoint: missing; give the file of the weights",
        ),
        (
            {"checkpoint": "epoch_10.pt"},
            "catalogue.mine.checkpoint: is for weights: finetuned; write",
        ),
        (
            {"weights": "none.pt"},
            "catalogue.mine.weights: 'none.pt' is not a file; correct the path",
        ),
        (
            {"weights": "run.pkl"},
            "catalogue.mine.weights: 'run.pkl' must be trained, pretrained, fine",
        ),
        ({"weights": "traind"}, "did you mean 'trained'?"),
        (
            {"weights": "epoch_10.pt", "classes": ["0", "1"]},
            "catalogue.mine.classes: no output is called 2, 3, 4, …, as the images' classes are",
        ),
        (
            {"weights": "epoch_10.pt", "classes": "no.txt"},
            "catalogue.mine.classes: no.txt cannot be",
        ),
        ({"weights": "epoch_10.pt", "classes": ["0"]}, "catalogue.mine.classes: at least 2 needed"),
        (
            {"outputs": {"kind": "multilabel"}},
            "catalogue.mine.outputs.kind: trained weights are made",
        ),
        ({"outputs": {"kinds": "binary"}}, "catalogue.mine.outputs: 'kinds' is not a key here"),
        (
            {"weights": "epoch_10.pt", "outputs": {"kind": "binary"}, "classes": DIGITS},
            "catalogue.mine.classes: a single logit is for two classes; name two, and not 10",
        ),
        ({"std": [1, 0, 1]}, "catalogue.mine.std.1: 0 is less than or equal to the minimum of 0"),
        ({"mean": [1, 0]}, "catalogue.mine.mean: at least 3 needed, 2 given"),
    ],
    ids=range(22),
)
def test_what_does_not_fit_is_said_with_its_place(changes, words):
    found = lines(mine=mine(**changes))
    assert any(words in line for line in found), found
    assert len(found) == 1 or changes.keys() & {"build", "file", "timm", "classes"}, found


def test_all_problems_are_said_at_once():
    found = lines(one=mine(weights="none.pt"), two=mine(name="Two", weights="pretrained"))
    assert [line.split(":")[0] for line in found] == [
        "catalogue.one.weights",
        "catalogue.two.weights",
    ]


def test_names_of_classes_that_stand_twice_in_their_file(files):
    (files / "classes.txt").write_text("0\n1\n1\n")
    (line,) = lines(mine=mine(weights="epoch_10.pt", classes="classes.txt"))
    assert "classes.txt has 3 names, 2 of them different" in line
