"""The configuration: config.yaml resolves, and everything that can be wrong with one is said."""

import os
import re
from copy import deepcopy

import pytest
import yaml
from jsonschema import Draft202012Validator
from snakemake.utils import update_config

from tests.support.checkout import REPOSITORY as ROOT
from thinkalike.errors import InputError
from thinkalike.images.listing import folder_listing
from thinkalike.networks.catalogue import built_in_catalogue, complete_entry
from thinkalike.workflow.config.checks import DOWNLOADED, NEEDED
from thinkalike.workflow.config.resolve import resolve
from thinkalike.workflow.config.schema import SCHEMA
from thinkalike.workflow.config.settings import COMPARED, METHODS, all_settings, images_of, size_of

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
    filled_up = {"catalogue", "settings", "neon", "spectral", "figures"}
    unchanged = {key: value for key, value in resolved.items() if key not in filled_up}
    assert unchanged == {key: value for key, value in DEFAULT.items() if key not in filled_up}
    assert resolved["settings"] == {
        method: {**settings, "method": method} for method, settings in DEFAULT["settings"].items()
    }
    assert resolved["neon"] == {**DEFAULT["neon"], "models": DEFAULT["models"]}
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


STUDIES = {
    path.stem: [ROOT / name for name in re.findall(r"studies/\w+\.yaml", line)] or [path]
    for path in sorted((ROOT / "studies").glob("*.yaml"))
    for line in [re.search(r"--configfile (.*)|$", path.read_text())[0]]
}
"""Study that comes along → the overlays to call it with, as it says itself."""


@pytest.mark.parametrize("name", STUDIES)
def test_the_studies_that_come_along_resolve(name):
    assert STUDIES[name][-1] == ROOT / "studies" / f"{name}.yaml"
    config = deepcopy(DEFAULT)
    for path in STUDIES[name]:
        update_config(config, yaml.safe_load(path.read_text()))
    resolved = resolve(config)
    assert resolved["study"] == name
    assert list(resolved["catalogue"]) == config["models"]
    assert list(resolved["settings"]) == [*METHODS, *config["variants"]]


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
            ("neon.method", "gradcam"),
        )
    )


def test_clusters_are_of_all_models_of_some_or_of_none():
    for models in (None, ["vit"], []):
        resolved = resolve(study(("neon.models", models)))
        assert resolved["neon"]["models"] == (DEFAULT["models"] if models is None else models)
    resolve(study(("images.count", 90), ("neon.clusters", 90)))
    few = (("neon.clusters", 101), ("neon.models", []))
    resolve(study(*few))
    assert problems(few[0]) == [
        "neon.clusters: 101 is more than images.count, 100; give fewer, or more images"
    ]
    assert problems(("neon.models", ["vitt"])) == [
        "neon.models: 'vitt' is not in `models`; did you mean 'vit'?"
    ]


def test_the_method_that_explains_clusters_is_checked_although_it_is_none_of_the_methods():
    asked = (("methods", ["integrated_gradients"]), ("settings.kernelshap.evaluations", 20))
    assert problems(*asked) == [
        "settings.kernelshap.evaluations: 20 is too few for segments.count, 30; give at least 32"
    ]
    resolve(study(*asked, ("neon.models", [])))
    depth = (*asked, ("neon.method", "gradcam"), ("settings.gradcam.depth", 25))
    resolve(study(*depth, ("neon.models", ["resnet"])))
    (line,) = problems(*depth, ("neon.models", ["resnet", "vit"]))
    assert line.startswith("settings.gradcam.depth: vit has no Grad-CAM layer at 25")


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
    gradcam, gradients, kernelshap, _ = (DEFAULT["settings"][method] for method in METHODS)
    assert settings["gradcam_50"] == {**gradcam, "method": "gradcam", "depth": 50, "images": 20}
    assert settings["absolute"] == {
        **gradients,
        "method": "integrated_gradients",
        "sign": "absolute",
    }
    assert settings["again"] == {**kernelshap, "method": "kernelshap"}
    assert settings["gradcam"] == {**gradcam, "method": "gradcam"}


def test_cells_are_mended_at_the_depth_that_they_are_given_for():
    resolved = resolve(
        study(
            ("settings.gradcam.mended_cells", {"vit": [[0, 6]]}),
            (
                "variants",
                {"early": {"method": "gradcam", "depth": 50}, "wide": {"method": "gradcam"}},
            ),
        )
    )
    cells = {name: of["mended_cells"] for name, of in resolved["settings"].items() if "depth" in of}
    assert cells == {"gradcam": {"vit": [[0, 6]]}, "early": {}, "wide": {"vit": [[0, 6]]}}


def test_an_overlay_takes_a_model_out_of_the_borders():
    resolve(study(("borders.layers", {"deit_s": []})))


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


def test_settings_that_do_not_change_maps_are_those_of_the_comparison():
    # what is left is what rules/common.smk asks for, and what the KernelSHAP jobs stop at
    left = {
        method: set(settings) - set(COMPARED) for method, settings in DEFAULT["settings"].items()
    }
    assert left == {
        "gradcam": {"depth", "mended_cells"},
        "integrated_gradients": {"tolerance", "most_steps"},
        "kernelshap": {"evaluations", "tolerance", "most_evaluations"},
        "lrp": {"composites"},
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

NAMING = (
    "must be lower-case letters, digits and underscores, beginning with a letter and not ending with "
    "an underscore"
)

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
    ("variants/early", {"early": {}}, "method missing; see docs/configuration.md"),
    ("variants/early/method", {"early": {"method": "grad"}}, "did you mean 'gradcam'?"),
    ("variants", {"Early": {"method": "gradcam"}}, f"'Early' {NAMING}"),
    ("finetuning.crop", 0, "0 is less than or equal to the minimum of 0"),
    ("finetuning.crop", 1.5, "1.5 is greater than the maximum of 1"),
    ("finetuning.layer_decay", 1.1, "1.1 is greater than the maximum of 1"),
    ("finetuning.epochs", -1, "-1 is less than the minimum of 0"),
    ("accuracy.images", -1, "-1 is less than the minimum of 0"),
    ("borders.images", 0, "0 is less than the minimum of 1"),
    ("budgets.segments", [], "at least 1 needed, 0 given"),
    ("budgets.segments/0", [1], "1 is less than the minimum of 2"),
    ("budgets.evaluations/1", [50, 3], "3 is less than the minimum of 4"),
    ("budgets.reference", 9000, "9000 is greater than the maximum of 8194"),
    ("budgets.models", ["vit", "vit"], "vit is there twice; remove one"),
    ("neon.models", ["vit", "vit"], "vit is there twice; remove one"),
    ("neon.models", "vit", "'vit' is not of type ['array', 'null']"),
    ("neon.clusters", 1, "1 is less than the minimum of 2"),
    ("neon.beta", -0.1, "-0.1 is less than the minimum of 0"),
    ("neon.restarts", 0, "0 is less than the minimum of 1"),
    ("neon.shown", 0, "0 is less than the minimum of 1"),
    ("neon.method", "kernelshapp", "did you mean 'kernelshap'?"),
    ("clustering.ward", "some", "'some' is not one of ['euclidean', 'any']"),
    ("clustering.louvain.largest", 0, "0 is less than or equal to the minimum of 0"),
    ("figures.panels", 6, "6 is not of type object"),
    ("figures.panels/first", {"first": {"images": "first"}}, "count missing; see docs/"),
    ("figures.panels/first/count", {"first": {"count": -1}}, "-1 is less than the minimum of 0"),
    (
        "figures.panels/first/images",
        {"first": {"count": 1, "images": "frist"}},
        "'frist' is not one of ['first', 'agreeing']; did you mean 'first'?",
    ),
    (
        "figures.panels/first",
        {"first": {"count": 1, "model": ["vit"]}},
        "'model' is not a key here; did you mean 'models'?; keys: count, images, models, methods",
    ),
    ("figures.panels", {"First": {"count": 1}}, f"'First' {NAMING}"),
    ("models", ["resnet"], "at least 2 needed, 1 given"),
    ("models", ["vit", "resnet", "vit"], "vit is there twice; remove one"),
    ("models/1", ["resnet", 3], "3 is not of type string"),
    ("models/1", ["resnet", "ViT"], f"'ViT' {NAMING}"),
    ("methods/0", ["Grad-CAM"], f"'Grad-CAM' {NAMING}"),
    ("metrics", [], "at least 1 needed, 0 given"),
    ("subsets", "all", "'all' is not of type array"),
    ("subsets/0", ["some"], "'some' must be all, matching or differing, with or without a number"),
    ("subsets/1", ["all", "all_0"], "'all_0' must be all, matching or differing, with or without"),
    ("subsets/0", ["all_"], "'all_' must be all, matching or differing, with or without a number"),
    ("settings.gradcam.images", 0, "0 is less than the minimum of 1"),
    ("settings.kernelshap.images", 2.0, "2.0 is not of type ['integer', 'null']"),
    ("settings.gradcam.mended_cells/vit/0", {"vit": [[1]]}, "at least 2 needed, 1 given"),
    ("settings.gradcam.mended_cells/vit/0/1", {"vit": [[1, -1]]}, "-1 is less than the minimum"),
    ("settings.gradcam.depth", 60, "60 is not one of ['25', '50', '75', '100']"),
    ("settings.gradcam.rbf_sigma", 0, "0 is less than or equal to the minimum of 0"),
    ("explanation.baseline", [0, 0], "at least 3 needed, 2 given"),
    ("explanation.baseline", [0, 0, 0, 0], "[0, 0, 0, 0] is too long"),
    ("explanation.baseline/2", [0, 0, 2], "2 is greater than the maximum of 1"),
    ("catalogue", {"My": {"like": "vit"}}, f"'My' {NAMING}"),
    ("catalogue", {1: {"like": "vit"}}, "1 is not of type string"),
]
"""What the schema can say of a value: its place, what stands there, and the end of the line.

What follows a slash of a place is inside of the value: an item of a list, a key of a mapping.
"""


@pytest.mark.parametrize(("place", "value", "words"), SHAPE)
def test_a_value_of_the_wrong_shape_is_named_with_its_place(place, value, words):
    (line,) = problems((place.partition("/")[0], value))
    assert line.startswith(f"{place.replace('/', '.')}: ")
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
        "images: 'counts' is not a key here; did you mean 'count'?; keys: split, count, order, size, shards"
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
        ({"name": "x" * 25}, "name", "is 25 characters long; give at most 24"),
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
ARCHIVE = ("dataset.kind", "archive")
URL = ("dataset.url", "https://example.org/images.zip")
CHECKSUM = ("dataset.checksum", "md5:" + 32 * "0")
MIRROR = ("dataset.mirror", "/copies")


def panels(**content: object) -> tuple[str, object]:
    """One set of panels, of one image unless it is said."""
    return ("figures.panels", {"some": {"count": 1, **content}})


def variant(**content: object) -> tuple[str, object]:
    """A variant of Grad-CAM, unless it is said."""
    return ("variants", {"mine": {"method": "gradcam", **content}})


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
    r"settings\.kernelshap\.most_evaluations: 100 is less than evaluations, 128; with a tolerance "
    r"they only grow: give more$": [
        ("settings.kernelshap.tolerance", 0.01),
        ("settings.kernelshap.most_evaluations", 100),
    ],
    r"subsets\.2: all_100 is not fewer than images\.count, 100; leave it out$": [
        ("subsets", ["all", "all_99", "all_100"])
    ],
    r"subsets\.0: differing_101 is not fewer than images\.count, 100; leave it out$": [
        ("subsets", ["differing_101", "all"])
    ],
    r"figures\.panels\.first\.count: 101 is more than the 100 images that gradcam explains; draw "
    r"fewer, or explain more$": [
        ("figures.panels.first.count", 101),
        ("methods", ["gradcam"]),
    ],
    r"figures\.panels\.first\.count: 6 is more than the 5 images that kernelshap explains; draw": [
        ("settings.kernelshap.images", 5)
    ],
    r"figures\.panels\.some\.count: 4 is more than the 3 images that mine explains; draw fewer": [
        variant(images=3),
        panels(count=4, methods=["mine"]),
    ],
    r"figures\.panels\.some\.models: 'vti' is not in `models`; did you mean 'vit'\?$": [
        panels(models=["resnet", "vti"])
    ],
    r"figures\.panels\.some\.models: 'deit_s' is not in `models`": [panels(models=["deit_s"])],
    r"budgets\.models: 'resnt' is not in `models`; did you mean 'resnet'\?$": [
        ("budgets.models", ["resnt"])
    ],
    r"budgets\.models: 'coatnet' is not in `models`": [
        ("models", ["resnet", "vit"]),
        ("budgets.models", ["vit", "coatnet"]),
    ],
    r"borders\.layers: 'covnext' is not in `models`; did you mean 'convnext'\?$": [
        ("borders.layers", {"covnext": ["stages.2"]})
    ],
    r"methods\.1: 'grad_cam' is not one of \['gradcam', 'integrated_gradients', 'kernelshap', 'lrp'\]; "
    r"did you mean 'gradcam'\?$": [("methods", ["kernelshap", "grad_cam"])],
    r"methods\.0: 'mien' is not one of \[.*'lrp', 'mine'\]; did you mean 'mine'\?$": [
        variant(),
        ("methods", ["mien"]),
    ],
    r"methods\.0: 'xyz' is not one of \['gradcam', .*'lrp'\]$": [("methods", ["xyz"])],
    r"figures\.panels\.some\.methods\.1: 'mien' is not one of \[.*\]; did you mean 'mine'\?$": [
        variant(),
        panels(methods=["gradcam", "mien"]),
    ],
    r"variants\.kernelshap: this is a method itself; give the variant another key$": [
        ("variants", {"kernelshap": {"method": "gradcam"}})
    ],
    r"variants\.mine: 'depht' is not a key here; did you mean 'depth'\?; keys: images, depth, "
    r"mended_cells, sign, rescaling, rbf_sigma$": [variant(depht=50)],
    r"variants\.mine: 'evaluations' is not a key here; .*keys: images, depth": [
        variant(evaluations=50)
    ],
    r"variants\.mine: 'depth' is not a key here": [variant(method="kernelshap", depth=50)],
    r"variants\.mine\.depth: vit has no Grad-CAM layer at 25 \(it has depth_50, depth_75, "
    r"depth_100\); choose another depth or leave": [
        variant(depth=25),
        ("methods", ["gradcam", "mine"]),
    ],
    r"variants\.mine\.evaluations: 31 is too few for segments\.count, 30; give at least 32$": [
        variant(method="kernelshap", evaluations=31),
        ("methods", ["mine"]),
    ],
    r"variants\.mine\.tolerance: only settings\.kernelshap can have one; set null here$": [
        variant(method="kernelshap", tolerance=0.01),
        ("methods", ["kernelshap", "mine"]),
    ],
    r"variants\.mine\.tolerance: only settings\.kernelshap can have": [
        ("settings.kernelshap.tolerance", 0.01),
        variant(method="kernelshap", images=50),
        ("methods", ["kernelshap", "mine"]),
    ],
    r"dataset\.path: the kind digits has no path; remove it": [("dataset.path", "/")],
    r"dataset\.path: the kind archive has no path; remove it": [
        ARCHIVE,
        URL,
        CHECKSUM,
        ("dataset.path", "/"),
    ],
    r"dataset\.url: the kind imagenette has no url; remove it": [
        ("dataset.kind", "imagenette"),
        URL,
    ],
    r"dataset\.checksum: the kind cifar10 has no checksum; remove it": [
        ("dataset.kind", "cifar10"),
        CHECKSUM,
    ],
    r"dataset\.mirror: the kind digits has no mirror; remove it": [MIRROR],
    r"dataset\.mirror: the kind samples has no mirror; remove it": [
        ("dataset.kind", "samples"),
        MIRROR,
    ],
    r"dataset\.mirror: the kind folder has no mirror; remove it": [
        FOLDER,
        MINE,
        ("dataset.path", "/"),
        MIRROR,
    ],
    r"dataset\.url: the kind archive needs it; give it": [ARCHIVE, CHECKSUM],
    r"dataset\.checksum: the kind archive needs it; give it": [ARCHIVE, URL],
    r"dataset\.path: the kind folder needs the path .*; give it": [FOLDER, MINE],
    r"dataset\.path: '/absent' is not a folder; mend": [FOLDER, MINE, ("dataset.path", "/absent")],
    r"dataset\.name: 'digits' is a built-in .*; give your folder": [FOLDER, ("dataset.path", "/")],
    r"study: results/published/ is not a study's; give the study another name": [
        ("study", "published")
    ],
    r"catalogue\.mine\.arguments\.checkpoint_path: where weights come from is not an argument; say it "
    r"in `weights` \(and pretrained\.folder\)": [
        ("catalogue", {"mine": {"like": "vit", "arguments": {"checkpoint_path": "a.pth"}}})
    ],
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


VARIED = [
    ("gradcam", "depth", 60),
    ("gradcam", "images", 0),
    ("gradcam", "sign", "negative"),
    ("gradcam", "rescaling", "minmax"),
    ("gradcam", "mended_cells", {"vit": [[1]]}),
    ("integrated_gradients", "most_steps", 5),
    ("integrated_gradients", "tolerance", -0.1),
    ("kernelshap", "evaluations", 3),
    ("kernelshap", "tolerance", 0),
    ("kernelshap", "rbf_sigma", "wide"),
    ("kernelshap", "images", 1.0),
]
"""Method, one of its settings, and a value that it cannot have."""


@pytest.mark.parametrize(("method", "key", "value"), VARIED)
def test_a_wrong_setting_of_a_variant_is_said_in_the_words_of_the_methods_own(method, key, value):
    settings = problems((f"settings.{method}.{key}", value))
    variants = problems(("variants", {"mine": {"method": method, key: value}}))
    assert len(settings) == 1
    assert variants == [settings[0].replace(f"settings.{method}", "variants.mine", 1)]


def test_every_wrong_setting_of_every_variant_is_named_wherever_it_is_used():
    lines = problems(
        ("variants", {"one": {"method": "gradcam", "depth": 60, "sigma": 1},
                      "two": {"method": "kernelshap", "images": 0}}),
    )  # fmt: skip
    assert [line.split(": ")[0] for line in lines] == [
        "variants.one.depth",
        "variants.one",
        "variants.two.images",
    ]


def test_panels_of_more_images_than_any_method_explains_name_every_method():
    lines = problems(("figures.panels.first.count", 101), ("settings.gradcam.images", 7))
    assert lines == [
        f"figures.panels.first.count: 101 is more than the {there} images that {method} explains; "
        "draw fewer, or explain more"
        for there, method in [*((100, method) for method in METHODS[1:]), (7, METHODS[0])]
    ]


def test_layer_wise_relevance_is_of_logits_in_full_precision():
    output, precision = ("explanation.output", "probability"), ("explanation.precision", "bfloat16")
    assert problems(output, precision) == [
        "explanation.output: lrp explains logits alone; set logit, or leave lrp out of methods",
        "explanation.precision: lrp explains in float32 alone; set float32, or leave lrp out of "
        "methods",
    ]
    without = (("methods", ["gradcam"]), ("spectral.method", "gradcam"))
    resolve(study(output, precision, *without))
    assert len(problems(output, without[0])) == 1  # its maps are clustered


def test_rules_are_given_for_families():
    composites = {"cnn": "gamma", "transformer": "epsilon", "hybrid": "plus"}
    resolved = resolve(study(("settings.lrp.composites", composites)))
    assert resolved["settings"]["lrp"]["composites"] == composites
    (line,) = problems(("settings.lrp.composites", {**composites, "cnn": "gama"}))
    assert line.endswith("did you mean 'gamma'?")


def test_panels_are_asked_of_their_own_methods_only():
    resolve(study(("settings.kernelshap.images", 3), panels(count=4, methods=["gradcam"])))


def test_a_tolerance_of_the_method_is_no_matter_to_a_variant_that_sets_null():
    quick = {"method": "kernelshap", "images": 50, "tolerance": None}
    resolve(
        study(
            ("settings.kernelshap.tolerance", 0.01),
            ("variants", {"quick": quick}),
            ("methods", ["kernelshap", "quick"]),
        )
    )


def test_models_that_are_named_outside_of_models_are_all_named():
    lines = problems(
        ("budgets.models", ["vit", "aaa"]),
        ("borders.layers", {"bbb": ["x"], "vit": ["blocks.2"]}),
        ("figures.panels", {"one": {"count": 1, "models": ["ccc", "ddd"]}}),
    )
    assert lines == [
        "borders.layers: 'bbb' is not in `models`",
        "budgets.models: 'aaa' is not in `models`",
        "figures.panels.one.models: 'ccc' is not in `models`",
        "figures.panels.one.models: 'ddd' is not in `models`",
    ]


@pytest.mark.parametrize("kind", DOWNLOADED)
def test_every_data_set_that_is_downloaded_may_have_a_mirror(kind):
    address = [URL, CHECKSUM] if kind == "archive" else []
    resolve(study(("dataset.kind", kind), MIRROR, *address))


def test_everything_that_an_archive_lacks_is_named():
    assert problems(ARCHIVE) == [
        "dataset.checksum: the kind archive needs it; give it",
        "dataset.url: the kind archive needs it; give it",
    ]


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
        ("figures.panels.first.count", 6),
        ("subsampling.sizes", [5, 6]),
        ("dataset.path", "/"),
        ("variants", {"gradcam": {"method": "gradcam"}}),
        ("methods", ["gradcm"]),
        ("borders.layers", {"deit_s": ["norm"]}),
        ("explanation.target", "negative"),
        ("colour", "red"),
    )
    places = [line.split(":")[0] for line in lines]
    assert places == [
        "(top level)",
        "borders.layers",
        "dataset.path",
        "explanation.target",
        "methods.0",
        "models.0",
        "seed",
        "subsampling.sizes.1",
        "variants.gradcam",
    ]


def test_several_missing_keys_are_one_line_and_stop_no_other_check():
    lines = problems(
        ("seed", ABSENT),
        ("study", ABSENT),
        ("catalogue", ABSENT),
        ("subsets", ["all_100"]),
        ("budgets.models", ["coat"]),
    )
    assert lines == [
        "(top level): study, seed, catalogue missing; see docs/configuration.md",
        "budgets.models: 'coat' is not in `models`; did you mean 'coatnet'?",
        "subsets.0: all_100 is not fewer than images.count, 100; leave it out",
    ]


def test_several_unknown_keys_of_a_section_are_one_line():
    (line,) = problems(("images.counts", 1), ("images.xyz", 2))
    assert line == (
        "images: 'counts' is not a key here; did you mean 'count'?; 'xyz' is not a key here; "
        "keys: split, count, order, size, shards"
    )


def test_a_section_of_the_wrong_shape_stops_only_the_checks_that_need_it():
    lines = problems(("models", "resnet"), ("subsets", ["all_100"]), ("dataset.path", "/"))
    assert [line.split(":")[0] for line in lines] == ["dataset.path", "models", "subsets.0"]
    lines = problems(("dataset.kind", "x"), ("dataset.path", "/"), ("subsets", ["all_100"]))
    assert [line.split(":")[0] for line in lines] == ["dataset.kind", "subsets.0"]
    lines = problems(("figures.panels", 101), ("subsets", ["all_100"]), ("methods", ["x"]))
    assert [line.split(":")[0] for line in lines] == ["figures.panels"]


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
        # under names that the user gives
        child = node["additionalProperties"]
        if "$ref" in child:
            child = {**SCHEMA_TREE["$defs"][child["$ref"].split("/")[-1]], **child}
        found[f"{path}*"] = child
        found |= keys(child, f"{path}*.")
    return found


def test_every_key_of_the_schema_has_a_description():
    found = keys(SCHEMA_TREE)
    assert {
        "settings.gradcam.depth",
        "settings.gradcam.images",
        "training.shift",
        "finetuning.crop",
        "catalogue.*.layers.depth_25",
        "catalogue.*.weights",
        "variants.*.method",
        "figures.panels.*.count",
        "clustering.louvain.largest",
    } <= set(found)
    named = {path: node for path, node in found.items() if not path.endswith("*")}
    assert [path for path, node in named.items() if not node.get("description")] == []


def test_every_section_of_the_schema_is_closed():
    # but for the names of models, variants and panels, for what is passed on to timm, and for the
    # settings of a variant, which are checked against its method's
    open_sections = [
        path
        for path, node in keys(SCHEMA_TREE).items()
        if node.get("type") == "object" and node.get("additionalProperties") is not False
    ]
    assert open_sections == [
        "catalogue",
        "catalogue.*.arguments",
        "settings.gradcam.mended_cells",
        "variants",
        "variants.*",
        "borders.layers",
        "figures.panels",
    ]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA_TREE)


def test_every_key_of_the_default_study_but_names_of_the_users_is_asked_for():
    known = keys(SCHEMA_TREE)
    sections = {"": (SCHEMA_TREE, DEFAULT)}
    for path, node in known.items():
        config = DEFAULT
        for name in path.split("."):
            config = config.get(name) if isinstance(config, dict) else None
        if isinstance(config, dict) and node.get("additionalProperties") is False:
            sections[path] = (node, config)
    assert {"settings.gradcam", "clustering.louvain", "finetuning", "budgets"} <= set(sections)
    asked = {path: set(node["required"]) for path, (node, _) in sections.items()}
    assert asked == {path: set(config) for path, (_, config) in sections.items()}


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


# ---- spectral clustering ------------------------------------------------------------------------


def test_maps_of_the_first_three_models_are_clustered_unless_others_are_named():
    assert resolve(study())["spectral"]["models"] == DEFAULT["models"][:3]
    assert resolve(study(("models", ["vit", "resnet"])))["spectral"]["models"] == ["vit", "resnet"]
    for models in ([], ["vit"]):
        assert resolve(study(("spectral.models", models)))["spectral"]["models"] == models


def test_clustered_maps_are_of_models_and_by_a_method_of_the_study():
    assert problems(("spectral.models", ["vitt"])) == [
        "spectral.models: 'vitt' is not in `models`; did you mean 'vit'?"
    ]
    (line,) = problems(("spectral.method", "gradcamm"))
    assert line.startswith("spectral.method: 'gradcamm' is not one of [")
    assert line.endswith("did you mean 'gradcam'?")
    early = {"early": {"method": "gradcam", "depth": 25}}
    resolve(study(("variants", early), ("spectral.method", "early")))


@pytest.mark.parametrize("method", ["kernelshap", "few"])
def test_maps_on_superpixels_are_not_clustered(method):
    few = {"few": {"method": "kernelshap", "images": 10}}
    assert problems(("variants", few), ("spectral.method", method)) == [
        f"spectral.method: {method!r} has maps on superpixels, which differ from image to image; "
        "choose another method"
    ]


def test_a_depth_that_a_clustered_model_lacks_is_named():
    changes = (
        ("variants", {"early": {"method": "gradcam", "depth": 50}}),
        (
            "catalogue",
            {"late": {"like": "vit", "name": "Late", "layers": {"depth_100": "blocks.1"}}},
        ),
        ("models", ["late", "vit"]),
        ("spectral.method", "early"),
    )
    assert problems(*changes) == [
        "variants.early.depth: late has no Grad-CAM layer at 50 (it has depth_100); choose another "
        "depth or leave the model out"
    ]
    resolve(study(*changes, ("spectral.models", ["vit"])))


def test_more_clusters_than_images_are_refused():
    assert problems(("spectral.clusters", 40), ("spectral.images", 30)) == [
        "spectral.clusters: 40 is more than spectral.images, 30; give fewer, or more images"
    ]


def test_no_clustered_model_is_called_as_all_of_them_are():
    changes = (("catalogue", {"joint": {"like": "vit", "name": "J"}}), ("models", ["joint", "vit"]))
    (line,) = problems(*changes)
    assert line.startswith("catalogue.joint: all models together are called so")
    resolve(study(*changes, ("spectral.joint", False)))
    resolve(study(*changes, ("spectral.models", ["vit"])))
