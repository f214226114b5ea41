"""The configuration: config.yaml resolves, and everything that can be wrong with one is said."""

import os
import re
from copy import deepcopy

import pytest
import yaml
from jsonschema import Draft202012Validator

from thinkalike.config import (
    DOWNLOADED,
    METHODS,
    NEEDED,
    ROOT,
    SCHEMA,
    all_settings,
    built_in_catalogue,
    complete_entry,
    folder_listing,
    images_of,
    resolve,
    size_of,
)
from thinkalike.errors import InputError

DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())
ABSENT = object()


def study(*changes: tuple[str, object]) -> dict:
    """config.yaml with changes: a dotted path and its value, or ABSENT to take it away."""
    config = deepcopy(DEFAULT)
    for path, value in changes:
        *sections, key = path.split(".")
        section = config
        for name in sections:
            section = section[name]
        if value is ABSENT:
            del section[key]
        else:
            section[key] = value
    return config


def problems(*changes: tuple[str, object]) -> list[str]:
    """The lines of the error that a study with these changes makes."""
    with pytest.raises(InputError) as error:
        resolve(study(*changes))
    return str(error.value).splitlines()


# ---- what is right ------------------------------------------------------------------------------


def test_the_default_study_resolves():
    resolved = resolve(DEFAULT)
    assert list(resolved["catalogue"]) == DEFAULT["models"]
    filled_up = {"catalogue", "settings", "figures"}
    unchanged = {key: value for key, value in resolved.items() if key not in filled_up}
    assert unchanged == {key: value for key, value in DEFAULT.items() if key not in filled_up}
    assert resolved["settings"] == {
        method: {**settings, "method": method} for method, settings in DEFAULT["settings"].items()
    }
    assert resolved["figures"] == {
        "panels": {
            "first": {
                "count": 6,
                "images": "first",
                "models": DEFAULT["models"],
                "methods": DEFAULT["methods"],
            }
        }
    }


@pytest.mark.parametrize("path", sorted((ROOT / "studies").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_studies_that_come_along_resolve(path):
    def merged(one, other):
        both = {key: merged(one[key], other[key]) for key in one.keys() & other.keys()}
        return {**one, **other, **both} if isinstance(other, dict) and other else other

    overlay = yaml.safe_load(path.read_text())
    resolved = resolve(merged(DEFAULT, overlay))
    assert resolved["study"] != DEFAULT["study"]
    assert list(resolved["settings"]) == [*METHODS, *overlay.get("variants", {})]


def test_the_configuration_that_is_given_stays_as_it_is():
    config = study(
        ("catalogue", {"mine": {"like": "vit", "name": "Mine"}}),
        ("models", ["mine", "vit"]),
        ("variants", {"early": {"method": "gradcam", "depth": 50}}),
        ("figures.panels", {"some": {"count": 1, "models": []}}),
    )
    given = deepcopy(config)
    resolve(config)
    assert config == given


def test_the_catalogue_of_a_study_has_its_models_only_each_of_them_complete():
    resolved = resolve(study(("models", ["resnet_untrained", "vit"])))["catalogue"]
    assert list(resolved) == ["resnet_untrained", "vit"]
    for entry in resolved.values():
        assert set(NEEDED) <= set(entry)
        assert "like" not in entry
        assert set(entry["training"]) == set(DEFAULT["training"])


def test_training_is_the_entrys_before_the_studys():
    resolved = resolve(study(("training.epochs", 9), ("training.batch_size", 7)))["catalogue"]
    assert resolved["resnet"]["training"] == {**DEFAULT["training"], "epochs": 9, "batch_size": 7}
    assert resolved["resnet_untrained"]["training"]["epochs"] == 0
    assert resolved["resnet_untrained"]["training"]["batch_size"] == 7


def test_weights_are_the_entrys_before_the_studys():
    catalogue = {
        "mine": {"like": "vit", "name": "Mine", "weights": "random"},
        "yours": {"like": "mine", "name": "Yours"},
        "theirs": {"like": "mine", "name": "Theirs", "weights": "trained"},
    }
    resolved = resolve(
        study(
            ("weights", "pretrained"),
            ("catalogue", catalogue),
            ("models", ["vit", "mine", "yours", "theirs"]),
        )
    )
    assert {key: entry["weights"] for key, entry in resolved["catalogue"].items()} == {
        "vit": "pretrained",
        "mine": "random",
        "yours": "random",
        "theirs": "trained",
    }
    assert resolved["weights"] == "pretrained"


def test_a_chain_of_likes_is_followed_and_the_nearest_word_counts():
    catalogue = {
        "old": {"timm": "t", "name": "Old", "family": "cnn", "layout": "nchw",
                "layers": {"depth_100": "x"}, "training": {"epochs": 1, "shift": 2}},
        "middle": {"like": "old", "name": "Middle", "training": {"epochs": 3}},
        "new": {"like": "middle", "layers": {"depth_50": "y"}},
    }  # fmt: skip
    assert complete_entry("new", catalogue) == {
        "timm": "t",
        "name": "Middle",
        "family": "cnn",
        "layout": "nchw",
        "layers": {"depth_50": "y"},
        "training": {"epochs": 3, "shift": 2},
    }


def test_an_entry_may_be_like_one_of_the_users_or_a_built_in_one():
    catalogue = {"mine": {"like": "yours", "name": "Mine"}, "yours": {"like": "vit"}}
    resolved = resolve(study(("catalogue", catalogue), ("models", ["vit", "mine"])))["catalogue"]
    vit = resolved["vit"]
    assert resolved["mine"] == {**vit, "name": "Mine"}


def test_the_built_in_models_are_complete_and_have_names_of_their_own():
    catalogue = built_in_catalogue()
    names = [complete_entry(key, catalogue)["name"] for key in catalogue]
    assert len(set(names)) == len(names)
    resolve(study(("models", list(catalogue)), ("methods", ["kernelshap"])))


def test_a_depth_that_a_model_does_not_have_is_fine_without_grad_cam():
    resolve(study(("settings.gradcam.depth", 25), ("methods", ["kernelshap"])))


def test_the_fewest_evaluations_are_two_more_than_segments_and_asked_of_kernelshap_only():
    resolve(study(("settings.kernelshap.evaluations", 42), ("segments.count", 40)))
    resolve(
        study(
            ("settings.kernelshap.evaluations", 41),
            ("segments.count", 40),
            ("methods", ["gradcam"]),
        )
    )


def test_a_folder_of_the_users_is_fine(tmp_path):
    resolve(
        study(("dataset.kind", "folder"), ("dataset.path", str(tmp_path)), ("dataset.name", "mine"))
    )


def test_counts_at_their_bounds_are_fine():
    resolve(
        study(
            ("images.count", 10),
            ("subsampling.sizes", [1, 10]),
            ("figures.panels.first.count", 10),
            ("subsets", ["all", "all_9"]),
            ("seed", 0),
            ("images.size", 16),
            ("explanation.baseline", [0, 1, 0.5]),
            ("training.epochs", 0),
        )
    )


def test_no_panels_are_fine():
    assert resolve(study(("figures.panels", {})))["figures"]["panels"] == {}
    resolve(study(("figures.panels.first.count", 0)))


# ---- variants, and how many images --------------------------------------------------------------

VARIANTS = {
    "gradcam_50": {"method": "gradcam", "depth": 50, "images": 20},
    "absolute": {"method": "integrated_gradients", "sign": "absolute"},
    "again": {"method": "kernelshap"},
}


def test_a_variant_has_the_settings_of_its_method_but_those_that_it_names():
    settings = resolve(study(("variants", VARIANTS)))["settings"]
    assert list(settings) == [*METHODS, *VARIANTS]
    gradcam, gradients, kernelshap = (DEFAULT["settings"][method] for method in METHODS)
    assert settings["gradcam_50"] == {**gradcam, "method": "gradcam", "depth": 50, "images": 20}
    assert settings["absolute"] == {
        **gradients,
        "method": "integrated_gradients",
        "sign": "absolute",
    }
    assert settings["again"] == {**kernelshap, "method": "kernelshap"}
    assert settings["gradcam"] == {**gradcam, "method": "gradcam"}


def test_all_settings_are_those_of_the_resolved_study():
    config = study(("variants", VARIANTS))
    assert all_settings(config) == resolve(config)["settings"]


def test_a_variant_may_stand_in_methods_beside_or_instead_of_its_method():
    for methods in (["gradcam", "gradcam_50"], ["gradcam_50"], ["absolute", "again"]):
        resolved = resolve(study(("variants", VARIANTS), ("methods", methods)))
        assert resolved["methods"] == methods
        assert resolved["figures"]["panels"]["first"]["methods"] == methods


def test_a_variant_that_is_neither_compared_nor_drawn_may_ask_for_what_models_do_not_have():
    resolve(study(("variants", {"early": {"method": "gradcam", "depth": 25}})))
    resolve(study(("variants", {"few": {"method": "kernelshap", "evaluations": 5}})))


def test_a_variant_that_is_only_drawn_is_asked_of_the_models_that_are_drawn():
    early = ("variants", {"early": {"method": "gradcam", "depth": 25}})
    drawn = {"count": 1, "models": ["resnet"], "methods": ["early"]}
    resolve(study(early, ("figures.panels", {"depths": drawn})))
    (line,) = problems(
        early, ("figures.panels", {"depths": {**drawn, "models": ["resnet", "vit"]}})
    )
    assert line.startswith("variants.early.depth: vit has no Grad-CAM layer at 25 ")


def test_panels_are_filled_up_and_keep_what_they_say():
    panels = {
        "plain": {"count": 2},
        "empty": {"count": 3, "models": [], "methods": []},
        "full": {
            "count": 1,
            "images": "agreeing",
            "models": ["vit", "resnet"],
            "methods": ["kernelshap", "gradcam_50"],
        },
    }
    resolved = resolve(study(("variants", VARIANTS), ("figures.panels", panels)))
    every = {"images": "first", "models": DEFAULT["models"], "methods": DEFAULT["methods"]}
    assert resolved["figures"]["panels"] == {
        "plain": {**every, "count": 2},
        "empty": {**every, "count": 3},
        "full": panels["full"],
    }


@pytest.mark.parametrize(("asked", "count", "there"), [(None, 9, 9), (5, 9, 5), (20, 9, 9)])
def test_a_method_explains_all_images_or_as_many_as_it_says(asked, count, there):
    assert images_of({"images": asked}, count) == there


@pytest.mark.parametrize(
    ("subset", "size"),
    [("all", None), ("matching", None), ("all_64", 64), ("matching_8", 8), ("differing_100", 100)],
)
def test_the_size_of_a_subset_is_in_its_name(subset, size):
    assert size_of(subset) == size


@pytest.mark.parametrize("condition", ["all", "matching", "differing"])
def test_every_condition_may_have_a_number(condition):
    subsets = [condition, f"{condition}_1", f"{condition}_99"]
    assert resolve(study(("subsets", subsets)))["subsets"] == subsets


# ---- what is wrong ------------------------------------------------------------------------------

NAMING = "must be lower-case letters, digits and underscores, beginning with a letter"

SHAPE = [
    ("study", "My-Study", f"'My-Study' {NAMING}"),
    ("study", "1st", f"'1st' {NAMING}"),
    ("seed", -1, "-1 is less than the minimum of 0"),
    ("seed", "0", "'0' is not of type integer"),
    ("seed", 1.0, "1.0 is not of type integer"),
    ("seed", True, "True is not of type integer"),
    ("images", None, "None is not of type object"),
    ("images.count", 0, "0 is less than the minimum of 1"),
    ("images.count", 50.0, "50.0 is not of type integer"),
    ("images.size", 15, "15 is less than the minimum of 16"),
    ("images.split", "test", "'test' is not one of ['train', 'val']"),
    ("training.schedule", "cosin", "'none']; did you mean 'cosine'?"),
    ("training.learning_rate", 0, "0 is less than or equal to the minimum of 0"),
    ("dataset.validation", 1.0, "1.0 is greater than or equal to the maximum of 1"),
    ("dataset.kind", "digit", "'samples']; did you mean 'digits'?"),
    ("dataset.url", "ftp://example.org/a.zip", "must be an address of a file, http or https"),
    ("dataset.url", "https://example.org/folder/", "must be an address of a file, http or https"),
    ("dataset.checksum", "sha256:" + 63 * "0", "must be sha256: or md5: and as many hexadecimal"),
    ("dataset.checksum", "md5:" + 32 * "G", "must be sha256: or md5: and as many hexadecimal"),
    ("dataset.mirror", "", "should be non-empty"),
    ("images.order", "random", "'random' is not one of ['rounds', 'log']"),
    ("weights", "train", "'random']; did you mean 'trained'?"),
    ("pretrained.folder", "", "should be non-empty"),
    ("pretrained.folder", 3, "3 is not of type ['string', 'null']"),
    ("replication.folder", "", "should be non-empty"),
    ("forecast.teraflops", 0, "0 is less than or equal to the minimum of 0"),
    ("variants.early", {"early": {}}, "method missing; see docs/configuration.md"),
    ("variants.early.method", {"early": {"method": "grad"}}, "did you mean 'gradcam'?"),
    ("variants", {"Early": {"method": "gradcam"}}, f"'Early' {NAMING}"),
    ("finetuning.crop", 0, "0 is less than or equal to the minimum of 0"),
    ("finetuning.crop", 1.5, "1.5 is greater than the maximum of 1"),
    ("finetuning.layer_decay", 1.1, "1.1 is greater than the maximum of 1"),
    ("finetuning.epochs", -1, "-1 is less than the minimum of 0"),
    ("accuracy.images", -1, "-1 is less than the minimum of 0"),
    ("borders.images", 0, "0 is less than the minimum of 1"),
    ("borders.layers.vit", {"vit": []}, "should be non-empty"),
    ("budgets.segments", [], "should be non-empty"),
    ("budgets.segments.0", [1], "1 is less than the minimum of 2"),
    ("budgets.evaluations.1", [50, 3], "3 is less than the minimum of 4"),
    ("budgets.reference", 9000, "9000 is greater than the maximum of 8194"),
    ("budgets.models", ["vit", "vit"], "vit is there twice; remove one"),
    ("clustering.ward", "some", "'some' is not one of ['euclidean', 'any']"),
    ("clustering.louvain.largest", 0, "0 is less than or equal to the minimum of 0"),
    ("figures.panels", 6, "6 is not of type object"),
    ("figures.panels.first", {"first": {"images": "first"}}, "count missing; see docs/"),
    ("figures.panels.first.count", {"first": {"count": -1}}, "-1 is less than the minimum of 0"),
    (
        "figures.panels.first.images",
        {"first": {"count": 1, "images": "frist"}},
        "'frist' is not one of ['first', 'agreeing']; did you mean 'first'?",
    ),
    (
        "figures.panels.first",
        {"first": {"count": 1, "model": ["vit"]}},
        "'model' is not a key here; did you mean 'models'?; keys: count, images, models, methods",
    ),
    ("figures.panels", {"First": {"count": 1}}, f"'First' {NAMING}"),
    ("models", ["resnet"], "at least 2 needed, 1 given"),
    ("models", ["vit", "resnet", "vit"], "vit is there twice; remove one"),
    ("models.1", ["resnet", 3], "3 is not of type string"),
    ("models.1", ["resnet", "ViT"], f"'ViT' {NAMING}"),
    ("methods.0", ["Grad-CAM"], f"'Grad-CAM' {NAMING}"),
    ("metrics", [], "at least 1 needed, 0 given"),
    ("subsets", "all", "'all' is not of type array"),
    ("subsets.0", ["some"], "'some' must be all, matching or differing, with or without a number"),
    ("subsets.1", ["all", "all_0"], "'all_0' must be all, matching or differing, with or without"),
    ("subsets.0", ["all_"], "'all_' must be all, matching or differing, with or without a number"),
    ("settings.gradcam.images", 0, "0 is less than the minimum of 1"),
    ("settings.kernelshap.images", 2.0, "2.0 is not of type ['integer', 'null']"),
    ("settings.gradcam.mended_cells.vit.0", {"vit": [[1]]}, "[1] is too short"),
    ("settings.gradcam.mended_cells.vit.0.1", {"vit": [[1, -1]]}, "-1 is less than the minimum"),
    ("settings.gradcam.depth", 60, "60 is not one of ['25', '50', '75', '100']"),
    ("settings.gradcam.rbf_sigma", 0, "0 is less than or equal to the minimum of 0"),
    ("explanation.baseline", [0, 0], "at least 3 needed, 2 given"),
    ("explanation.baseline", [0, 0, 0, 0], "[0, 0, 0, 0] is too long"),
    ("explanation.baseline.2", [0, 0, 2], "2 is greater than the maximum of 1"),
    ("catalogue", {"My": {"like": "vit"}}, f"'My' {NAMING}"),
    ("catalogue", {1: {"like": "vit"}}, "1 is not of type string"),
]
"""What the schema can say of a value: its place, what stands there, and the end of the line.

A number at the end of a place is that of the list's item that is wrong.
"""


@pytest.mark.parametrize(("place", "value", "words"), SHAPE)
def test_a_value_of_the_wrong_shape_is_named_with_its_place(place, value, words):
    (line,) = problems((re.sub(r"\.\d$", "", place), value))
    assert line.startswith(f"{place}: ")
    assert words in line


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("images.count", "images: count missing; see docs/configuration.md"),
        ("training.epochs", "training: epochs missing; see docs/configuration.md"),
        ("training", "(top level): training missing; see docs/configuration.md"),
    ],
)
def test_a_missing_key_is_named_with_its_section(key, line):
    assert problems((key, ABSENT)) == [line]


def test_an_unknown_key_is_named_with_the_nearest_and_all_known_ones():
    assert problems(("images.counts", 3)) == [
        "images: 'counts' is not a key here; did you mean 'count'?; keys: split, count, size"
    ]
    (line,) = problems(("imges", {}))
    assert line.startswith(
        "(top level): 'imges' is not a key here; did you mean 'images'?; keys: study,"
    )


@pytest.mark.parametrize(
    ("entry", "place", "words"),
    [
        ({"layers": {100: "x"}}, "layers", "100 is not a key here; did you mean 'depth_100'?"),
        ({"layers": {}}, "layers", "should be non-empty"),
        ({"name": "x" * 25}, "name", "is too long"),
        ({"family": "ccn"}, "family", "did you mean 'cnn'?"),
        (
            {"training": {"epoch": 3}},
            "training",
            "'epoch' is not a key here; did you mean 'epochs'?",
        ),
    ],
)
def test_a_model_of_the_wrong_shape_is_named_with_the_place_in_its_entry(entry, place, words):
    (line,) = problems(("catalogue", {"mine": {"like": "vit", **entry}}))
    assert line.startswith(f"catalogue.mine.{place}: ")
    assert words in line


MINE = ("dataset.name", "mine")
FOLDER = ("dataset.kind", "folder")

MEANING = {
    r"models\.1: 'resnt' is not one of .*; did you mean 'resnet'": [("models", ["vit", "resnt"])],
    r"models\.1: 'qqq' is not one of \['byobnet', .*'vit_relpos'\]$": [("models", ["vit", "qqq"])],
    r"settings\.gradcam\.depth: vit has no Grad-CAM layer at 25 \(it has depth_50, depth_75, "
    r"depth_100\); choose another depth or leave": [("settings.gradcam.depth", 25)],
    r"subsampling\.sizes\.1: 96 is more than images.count, 95; .* at most 95": [
        ("images.count", 95),
        ("subsampling.sizes", [5, 96]),
    ],
    r"settings\.kernelshap\.evaluations: 41 is too few for segments.count, 40; give at least 42": [
        ("settings.kernelshap.evaluations", 41),
        ("segments.count", 40),
    ],
    r"figures\.panels: 101 is more than images.count, 100; draw fewer": [("figures.panels", 101)],
    r"dataset\.path: the kind digits has no path; remove it": [("dataset.path", "/")],
    r"dataset\.path: the kind folder needs the path .*; give it": [FOLDER, MINE],
    r"dataset\.path: '/absent' is not a folder; mend": [FOLDER, MINE, ("dataset.path", "/absent")],
    r"dataset\.name: 'digits' is a built-in .*; give your folder": [FOLDER, ("dataset.path", "/")],
    r"catalogue\.vit: a built-in model has this key; choose another": [
        ("catalogue", {"vit": {"like": "resnet"}})
    ],
    r"catalogue\.mine\.like: 'resnt' is not a model; did you mean 'resnet'": [
        ("catalogue", {"mine": {"like": "resnt"}})
    ],
    r"catalogue\.mine\.like: mine → mine goes in a circle; say what one of them is": [
        ("catalogue", {"mine": {"like": "mine"}})
    ],
}
"""What the schema cannot say: the one line → the changes that make it."""


@pytest.mark.parametrize("sentence", MEANING)
def test_what_makes_no_sense_is_named_with_its_mend(sentence):
    (line,) = problems(*MEANING[sentence])
    assert re.match(sentence, line)


def test_a_circle_is_shown_from_every_model_that_leads_into_it():
    entries = {"a": {"like": "b"}, "b": {"like": "c"}, "c": {"like": "b"}}
    assert problems(("catalogue", entries)) == [
        "catalogue.a.like: a → b → c → b goes in a circle; say what one of them is",
        "catalogue.b.like: b → c → b goes in a circle; say what one of them is",
        "catalogue.c.like: c → b → c goes in a circle; say what one of them is",
    ]


def test_everything_that_an_entry_lacks_is_named():
    entry = {"timm": "resnet18", "name": "Mine", "layers": {"depth_100": "layer4"}}
    assert problems(("catalogue", {"mine": entry})) == [
        f"catalogue.mine: {need} is missing; say it, or take it from another model with `like`"
        for need in ("family", "layout")
    ]


def test_every_model_without_the_layer_is_named():
    lines = problems(
        ("settings.gradcam.depth", 25),
        (
            "catalogue",
            {"mine": {"like": "resnet", "name": "Mine", "layers": {"depth_100": "layer4"}}},
        ),
        ("models", ["vit", "resnet", "mine"]),
    )
    assert [line.split(":")[1].split()[0] for line in lines] == ["mine", "vit"]


def test_several_problems_are_said_at_once():
    lines = problems(
        ("seed", -1),
        ("images.count", 5),
        ("models", ["resnt", "vit"]),
        ("figures.panels", 6),
        ("subsampling.sizes", [5, 6]),
        ("dataset.path", "/"),
        ("settings.gradcam.sign", "negative"),
        ("colour", "red"),
    )
    places = [line.split(":")[0] for line in lines]
    assert places == [
        "(top level)",
        "dataset.path",
        "figures.panels",
        "models.0",
        "seed",
        "settings.gradcam.sign",
        "subsampling.sizes.1",
    ]


def test_several_missing_keys_are_one_line_and_stop_no_other_check():
    lines = problems(
        ("seed", ABSENT), ("study", ABSENT), ("catalogue", ABSENT), ("figures.panels", 101)
    )
    assert lines == [
        "(top level): study, seed, catalogue missing; see docs/configuration.md",
        "figures.panels: 101 is more than images.count, 100; draw fewer",
    ]


def test_several_unknown_keys_of_a_section_are_one_line():
    (line,) = problems(("images.counts", 1), ("images.xyz", 2))
    assert line == (
        "images: 'counts' is not a key here; did you mean 'count'?; 'xyz' is not a key here; "
        "keys: split, count, size"
    )


def test_a_section_of_the_wrong_shape_stops_only_the_checks_that_need_it():
    lines = problems(("models", "resnet"), ("figures.panels", 101))
    assert [line.split(":")[0] for line in lines] == ["figures.panels", "models"]


def test_an_empty_configuration_is_one_line():
    with pytest.raises(InputError) as error:
        resolve({})
    (line,) = str(error.value).splitlines()
    assert all(key in line for key in DEFAULT)


# ---- the schema ---------------------------------------------------------------------------------

SCHEMA_TREE = yaml.safe_load(SCHEMA.read_text())


def keys(node: dict, path: str = "") -> dict[str, dict]:
    """Every key of the configuration → its schema, references followed."""
    if "$ref" in node:
        node = {**SCHEMA_TREE["$defs"][node["$ref"].split("/")[-1]], **node}
    found = {}
    for name, child in node.get("properties", {}).items():
        resolved = child
        if "$ref" in child:
            resolved = {**SCHEMA_TREE["$defs"][child["$ref"].split("/")[-1]], **child}
        found[f"{path}{name}"] = resolved
        found |= keys(resolved, f"{path}{name}.")
    if isinstance(node.get("additionalProperties"), dict):
        found |= keys(node["additionalProperties"], f"{path}*.")
    return found


def test_every_key_of_the_schema_has_a_description():
    found = keys(SCHEMA_TREE)
    assert {"settings.gradcam.depth", "training.shift", "catalogue.*.layers.depth_25"} <= set(found)
    assert [path for path, node in found.items() if not node.get("description")] == []


def test_every_section_of_the_schema_is_closed():
    # but for the names of the user's models, and for what is passed on to timm
    open_sections = [
        path
        for path, node in keys(SCHEMA_TREE).items()
        if node.get("type") == "object" and node.get("additionalProperties") is not False
    ]
    assert open_sections == ["catalogue", "catalogue.*.arguments"]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA_TREE)


def test_every_key_of_the_default_study_but_the_users_models_is_asked_for():
    def missing(node, config):
        asked = set(node.get("required", ()))
        return {key for key in config if key not in asked}

    assert missing(SCHEMA_TREE, DEFAULT) == set()
    for section, config in DEFAULT.items():
        if isinstance(config, dict) and section != "catalogue":
            assert missing(keys(SCHEMA_TREE)[section], config) == set(), section


# ---- the listing of a folder --------------------------------------------------------------------


def test_a_listing_of_a_folder_sees_added_renamed_and_replaced_files(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "1.png").write_bytes(b"one")
    seen = [folder_listing(tmp_path)]
    (tmp_path / "cat" / "2.png").write_bytes(b"two")
    seen.append(folder_listing(tmp_path))
    (tmp_path / "cat" / "2.png").write_bytes(b"three")
    seen.append(folder_listing(tmp_path))
    (tmp_path / "cat" / "2.png").rename(tmp_path / "cat" / "3.png")
    seen.append(folder_listing(tmp_path))
    assert len(set(seen)) == 4


def test_a_listing_of_a_folder_does_not_see_time_stamps_or_where_it_lies(tmp_path):
    for name, order in (("a", (0, 1, 2, 3)), ("b", (2, 0, 3, 1))):
        (tmp_path / name / "cat").mkdir(parents=True)
        for number in order:
            (tmp_path / name / "cat" / f"{number}.png").write_bytes(b"same")
    os.utime(tmp_path / "b" / "cat" / "1.png", (0, 0))
    assert folder_listing(tmp_path / "a") == folder_listing(tmp_path / "b")
    assert len(folder_listing(tmp_path / "a")) == 16


def test_two_models_of_one_name_are_refused():
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["catalogue"] = {"other": {"like": "vit"}}
    config["models"] = ["vit", "other"]
    with pytest.raises(InputError, match=r"catalogue\.other\.name: 'ViT' is the name of vit, too"):
        resolve(config)
