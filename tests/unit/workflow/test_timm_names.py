"""Models that a study names by timm's names."""

from copy import deepcopy

import pytest
import yaml

from tests.support.checkout import REPOSITORY
from thinkalike.errors import InputError
from thinkalike.networks.timm_table import timm_table
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.config.timm_names import display_names, with_timm_models
from thinkalike.workflow.study import Study

DEFAULT = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
PLAIN = next(name for name, row in timm_table().items() if not row["only"] and row["tags"])
TAGGED = f"{PLAIN}.{timm_table()[PLAIN]['tags'].split()[0]}"
KEY = TAGGED.replace(".", "_").lower()


def study(models: list, **sections) -> dict:
    config = deepcopy(DEFAULT)
    config["models"] = models
    config["replicas"] = None
    config["images"]["size"] = 224
    for section, values in sections.items():
        if isinstance(config[section], dict):
            config[section] |= values
        else:
            config[section] = values
    return config


def test_an_architecture_of_timm_is_named_without_an_entry():
    resolved = Study.of(study([TAGGED, "vit"]))
    assert resolved.models == [KEY, "vit"]
    entry, row = resolved["catalogue"][KEY], timm_table()[PLAIN]
    assert (entry["timm"], entry["family"]) == (TAGGED, row["family"])
    module, layout, prefix = row["layer_100"].split()
    assert resolved.architecture(KEY, "gradcam") == {
        "name": KEY,
        "timm": TAGGED,
        "arguments": {},
        "layout": layout,
        "prefix": int(prefix),
        "layers": {"depth_100": module},
    }
    assert resolved.layer_name(KEY, "gradcam") == module
    assert len(resolved.names[KEY]) <= 24


def test_the_catalogue_comes_first():
    assert resolve(study(["resnet50", "vit"]))["catalogue"]["resnet50"]["name"] == "ResNet50"
    own = {PLAIN: {"like": "vit", "name": "Mine"}}
    entries = resolve(study([PLAIN, "vit"], catalogue=own))["catalogue"]
    assert entries[PLAIN]["timm"] == "test_vit"


def test_a_name_stands_for_its_key_everywhere():
    resolved = resolve(
        study(
            [TAGGED, "vit", "resnet", "noisy"],
            catalogue={
                "noisy": {"like": TAGGED, "name": "N", "noise": {"model": TAGGED, "scale": 1}}
            },
            borders={"layers": {TAGGED: ["blocks"]}},
            grounded={"ladder": [TAGGED, "vit", "resnet"], "groups": {}},
            neon={"models": [TAGGED]},
        )
    )
    assert resolved["catalogue"]["noisy"]["timm"] == TAGGED
    assert resolved["catalogue"]["noisy"]["noise"]["model"] == KEY
    assert list(resolved["borders"]["layers"]) == [KEY]
    assert resolved["grounded"]["ladder"][0] == KEY
    assert resolved["neon"]["models"] == [KEY]


def test_a_wrong_name_is_told_with_the_nearest():
    wrong = f"{PLAIN}x"
    with pytest.raises(InputError) as error:
        resolve(study([wrong, "vit"]))
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"models.0: {wrong!r} is not one of the catalogue's models or timm's")
    assert line.endswith(f"did you mean {PLAIN!r}?")


def test_an_entry_of_an_unknown_architecture_is_told_the_nearest():
    with pytest.raises(InputError, match=f"family is missing; .*did you mean {PLAIN!r}"):
        resolve(study(["mine", "vit"], catalogue={"mine": {"timm": f"{PLAIN}x", "name": "M"}}))


@pytest.mark.parametrize(
    ("models", "catalogue", "line"),
    [
        (
            ["resnet50d.ra2_in2k", "vit"],
            {},
            "models: timm has no weights 'ra2_in2k' of resnet50d; did you mean 'ra2_in1k'?",
        ),
        (
            ["vit", "mine"],
            {"mine": {"timm": "resnet50.zzz", "name": "M"}},
            "catalogue.mine.timm: timm has no weights 'zzz' of resnet50; there are a1_in1k, a1h_in1k, ",
        ),
        (
            ["vit", "mine"],
            {"mine": {"like": "resnet50d.zzz", "name": "M"}},
            "catalogue.resnet50d_zzz.timm: timm has no weights 'zzz' of resnet50d; there are ",
        ),
        (
            ["vit", "resnet50_mlp.untrained"],
            {},
            "models: timm has no published weights of resnet50_mlp; write it without 'untrained'",
        ),
    ],
)
def test_a_wrong_tag_is_told_with_the_nearest(models, catalogue, line):
    with pytest.raises(InputError) as error:
        resolve(study(models, catalogue=catalogue))
    (found,) = str(error.value).splitlines()
    assert found.startswith(line)


def test_a_key_that_is_taken_is_left_alone():
    own = {KEY: {"like": "vit", "name": "Mine"}}
    assert resolve(study([TAGGED, KEY], catalogue=own))["models"] == [f"{KEY}_timm", KEY]


def test_names_in_figures_are_short_and_differ():
    names = ["a" * 20, "b" * 20 + "." + "t" * 20, *(f"{'c' * 20}.{'u' * 20}{i}" for i in range(3))]
    display = display_names(names)
    assert display["a" * 20] == "a" * 20
    assert display[names[1]] == "b" * 20
    assert len(set(display.values())) == len(names)
    assert max(map(len, display.values())) <= 24


@pytest.mark.parametrize("models", [None, 3, [None, 4, {}], {"a": 1}])
def test_what_is_no_list_of_names_is_left_to_the_schema(models):
    assert with_timm_models({"models": models, "catalogue": {}})["models"] == models


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ({"only": 128}, "set 128, or leave these models out"),
        ({"only": 100}, "no size suits all; leave some out"),
    ],
)
def test_a_fixed_size_is_proposed(size, words):
    own = {"mine": {"like": "vit", "name": "Mine", "size": size}}
    with pytest.raises(InputError, match=words):
        resolve(study(["vit", "mine"], catalogue=own))


def test_a_layer_has_a_layout_of_its_own():
    layers = {"depth_100": {"module": "norm", "layout": "nhwc"}, "depth_50": "blocks.2"}
    own = {"mine": {"like": "vit", "name": "Mine", "layers": layers}}
    config = study(["vit", "mine"], catalogue=own)
    config["variants"] = {"middle": {"method": "gradcam", "depth": 50}}
    config["methods"] = ["gradcam", "middle"]
    resolved = Study.of(config)
    last, middle = (resolved.architecture("mine", m) for m in ("gradcam", "middle"))
    assert (last["layout"], last["layers"]) == ("nhwc", {"depth_100": "norm"})
    assert (middle["layout"], middle["prefix"]) == ("tokens", 1)
