"""The study as the rules see it: paths and settings of jobs."""

import re

import pytest
from snakemake.iocontainers import Wildcards

from tests.support.configuration import configuration, tiny
from thinkalike.errors import InputError
from thinkalike.images.blocks import BLOCK
from thinkalike.workflow.study import Study, by_wildcards
from thinkalike.workflow.weights import Weights

RANDOM = {"like": "byobnet", "name": "Random", "weights": "random"}
TUNED = {"like": "byobnet", "name": "Tuned", "weights": "finetuned"}
DOWNLOADED = {"like": "byobnet", "name": "Downloaded", "weights": "pretrained"}
IMAGENETTE = {"kind": "imagenette"}  # of classes that published weights know


@pytest.fixture(scope="module")
def study() -> Study:
    """The tiny study: three models; Grad-CAM of six images, KernelSHAP of four."""
    return Study.of(tiny())


def of_models(*models: str, **catalogue: dict) -> Study:
    """A study of these models, some of which have entries of their own in the catalogue."""
    changes = {"models": list(models), "catalogue": catalogue, "dataset": IMAGENETTE}
    changes["replicas"] = None
    return Study.of(configuration(**changes))


# ---- wildcards ----------------------------------------------------------------------------------


def test_a_function_gets_the_wildcards_that_it_names():
    wildcards = Wildcards(fromdict={"model": "vit_brief", "method": "gradcam", "metric": "rbf"})
    assert by_wildcards(lambda method, model: (method, model))(wildcards) == (
        "gradcam",
        "vit_brief",
    )
    assert by_wildcards(lambda: "nothing")(wildcards) == "nothing"


def test_a_wildcard_that_the_job_lacks_is_left_to_the_default():
    shard = by_wildcards(lambda method, shard="0": (method, shard))
    assert shard(Wildcards(fromdict={"method": "lrp"})) == ("lrp", "0")
    assert shard(Wildcards(fromdict={"method": "lrp", "shard": "3"})) == ("lrp", "3")
    with pytest.raises(TypeError, match="method"):
        shard(Wildcards(fromdict={"shard": "3"}))


def test_a_method_of_the_study_is_called_with_itself(study):
    wildcards = Wildcards(fromdict={"model": "vit_brief", "metric": "rbf"})
    assert by_wildcards(Weights(study).file)(wildcards) == "<results>/weights/vit_brief.safetensors"


# ---- the configuration --------------------------------------------------------------------------


def test_a_configuration_with_a_problem_is_no_study():
    with pytest.raises(InputError, match="did you mean 'vit'"):
        Study.of(tiny(models=["byobnet", "vitt"]))


def test_sections_are_those_of_the_resolved_configuration(study):
    assert study["images"]["count"] == 6
    assert study["settings"]["gradcam_50"]["method"] == "gradcam"
    assert study.models == ["resnet_untrained", "byobnet_brief", "vit_brief"]
    assert study.methods == ["gradcam", "kernelshap", "answers"]
    assert study.compared == [*study.models, "byobnet_brief_seed1"]


# ---- models -------------------------------------------------------------------------------------


def test_names_and_families_are_those_of_the_catalogue(study):
    assert study.names == {
        "resnet_untrained": "ResNet (untrained)",
        "byobnet_brief": "ByobNet (two epochs)",
        "vit_brief": "ViT (four epochs)",
        "byobnet_brief_seed1": "ByobNet (two epochs) (seed 1)",
    }
    assert study.families == {
        "resnet_untrained": "cnn",
        "byobnet_brief": "cnn",
        "vit_brief": "transformer",
        "byobnet_brief_seed1": "cnn",
    }


def test_models_without_training_are_untrained_wherever_their_weights_come_from():
    study = of_models(
        *("resnet", "resnet_untrained", "random", "tuned", "downloaded"),
        random=RANDOM,
        tuned={**TUNED, "training": {"epochs": 0}},
        downloaded={**DOWNLOADED, "training": {"epochs": 0}},
    )
    assert study.untrained == ["resnet_untrained", "random"]


@pytest.mark.parametrize(
    ("weights", "goal"),
    [("trained", 0.95), ("finetuned", 0.9), ("pretrained", 0), ("random", 0)],
)
def test_the_accuracy_goal_is_that_of_the_study_s_own_training(weights, goal):
    assert Study.of(configuration(weights=weights, dataset=IMAGENETTE)).accuracy_goal == goal


def test_weights_do_not_depend_on_the_bar_and_each_model_has_its_own():
    """So that a lower bar trains nothing again; a control that learns nothing has none."""
    control = {"like": "resnet", "name": "Control", "training": {"epochs": 0}}
    lenient = {"like": "vit", "name": "Lenient", "training": {"accuracy_at_least": 0.5}}
    names = ("resnet", "tuned", "control", "lenient")
    study = of_models(*names, tuned=TUNED, control=control, lenient=lenient)
    assert [study.accuracy_bar(name) for name in names] == [0.95, 0.9, 0, 0.5]
    assert all("accuracy_at_least" not in study.training_settings(name) for name in names)
    assert Weights(study).checks() == [f"<results>/weights/{name}_accuracy.csv" for name in names]
    assert Weights(study).checks("tuned") == ["<results>/weights/tuned_accuracy.csv"]


def test_an_architecture_is_what_builds_the_network(study):
    expected = {
        "name": "byobnet_brief",
        "timm": "test_byobnet",
        "arguments": {"output_stride": 8},
    }
    assert study.architecture("byobnet_brief") == expected
    assert study.architecture("byobnet_brief", "kernelshap") == expected
    # a network without arguments of its own
    assert study.architecture("vit_brief")["arguments"] == {}


def test_the_architecture_for_grad_cam_has_the_layer_of_its_maps_alone(study):
    last = study.architecture("byobnet_brief", "gradcam")
    assert last["layers"] == {"depth_100": "final_conv"}
    assert (last["layout"], last["prefix"]) == ("nchw", 0)
    # of a variant it is the layer of the variant
    middle = study.architecture("vit_brief", "gradcam_50")
    assert middle["layers"] == {"depth_50": "blocks.2"}
    assert (middle["layout"], middle["prefix"]) == ("tokens", 1)


def test_weights_are_files_of_the_study_but_for_downloaded_ones():
    study = of_models(
        *("resnet", "random", "tuned", "downloaded"),
        random=RANDOM,
        tuned=TUNED,
        downloaded=DOWNLOADED,
    )
    assert Weights(study).files == [
        "<results>/weights/resnet.safetensors",
        "<results>/weights/random/random.safetensors",
        "<results>/weights/tuned.safetensors",
        "resources/weights/downloaded.safetensors",
    ]


@pytest.mark.parametrize(
    ("weights", "folder"),
    [("random", "<results>/weights/random"), ("trained", "resources/weights")],
)
def test_fine_tuning_begins_with_random_weights_in_a_study_of_such(weights, folder):
    study = Study.of(configuration(weights=weights, dataset=IMAGENETTE))
    assert Weights(study).initial("vit") == f"{folder}/vit.safetensors"


def test_models_are_told_apart_by_where_their_weights_come_from():
    study = of_models("resnet", "vit", "random", random=RANDOM)
    assert Weights(study).models_with("trained") == "resnet|vit"
    assert Weights(study).models_with("random") == "random"
    assert Weights(study).models_with("pretrained") == "nothing"


def test_models_that_have_seen_imagenet_are_those_with_published_weights_from_it():
    names = {
        "published": {"weights": "pretrained"},
        "tuned": {"weights": "finetuned"},
        "headed": {"weights": "pretrained", "head": "probe"},
        "noisy": {"noise": {"model": "published", "scale": 0.1}},
        "scratch": {"weights": "trained"},
        "control": {"weights": "random"},
        "clip": {"timm": "resnet50_clip.openai", "weights": "pretrained", "head": "probe"},
        "dino": {"timm": "vit_small_patch16_224.dino", "weights": "pretrained", "head": "probe"},
    }
    catalogue = {
        key: {**({} if "timm" in entry else {"like": "resnet18"}), "name": key, **entry}
        for key, entry in names.items()
    }
    known = of_models(*names, **catalogue)
    assert Weights(known).of_imagenet == ["published", "tuned", "headed", "noisy", "dino"]
    # in a study of random weights these are what others begin with
    assert Weights(Study({**known.settings, "weights": "random"})).of_imagenet == [
        "published",
        "noisy",
    ]


def trained(study: Study, code: str = "c0de", listing: str = "") -> str:
    return Weights(study).trained("vit", code, listing)


def test_studies_share_weights_whatever_they_do_with_them():
    one = trained(Study.of(configuration()))
    assert re.fullmatch(r"resources/weights/trained/[0-9a-f]{16}/vit\.safetensors", one)
    others = {
        "study": "other",
        "models": ["vit", "resnet"],
        "methods": ["lrp"],
        "images": {"count": 5},
        "explanation": {"target": "label"},
        "similarity": {"blanks": "zero"},
    }
    assert trained(Study.of(configuration(**others))) == one


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1},
        {"images": {"size": 32}},
        {"training": {"learning_rate": 0.02}},
        {"dataset": {"validation": 0.3}},
        {"dataset": {"name": "others"}},
        {"weights": "finetuned"},
    ],
)
def test_weights_that_are_trained_in_another_way_are_other_files(changes):
    assert trained(Study.of(configuration(**changes))) != trained(Study.of(configuration()))


def test_weights_of_other_code_or_images_of_the_user_are_other_files():
    study = Study.of(configuration())
    files = {trained(study), trained(study, "other"), trained(study, listing="3 files")}
    assert len(files) == 3


@pytest.mark.parametrize(("weights", "files"), [("random", 2), ("trained", 1)])
def test_weights_fine_tuned_from_random_ones_are_of_one_study(weights, files):
    settings = of_models("tuned", "vit", tuned=TUNED).settings | {"weights": weights}
    studies = [Study(settings | {"study": name}) for name in ("one", "two")]
    assert len({Weights(study).trained("tuned", "", "") for study in studies}) == files


# ---- methods ------------------------------------------------------------------------------------


def test_a_variant_is_explained_by_the_method_that_it_varies(study):
    assert study.method("gradcam_50").module == "thinkalike.explain.gradcam"
    assert study.method("kernelshap").module == "thinkalike.explain.kernelshap"


def test_answers_are_those_beside_the_maps_of_kernelshap():
    study = Study.of(tiny(methods=["answers", "gradcam"], metrics=["rbf", "cosine"]))
    assert study.explained_as("answers") == "kernelshap"
    assert study.maps_files("answers", ["vit_brief"]) == [
        "<results>/explanations/kernelshap/vit_brief.nc"
    ]
    assert study.files("{method}/{metric}") == ["answers/cosine", "gradcam/rbf", "gradcam/cosine"]
    few = Study.of(tiny(methods=["answers"], settings={"answers": {"images": 3}}))
    assert few.image_count("answers") == 3


def test_seeds_of_one_network_are_one_architecture():
    untrained = {"like": "resnet", "name": "Random", "training": {"epochs": 0}}
    longer = {"like": "resnet", "name": "Longer", "training": {"epochs": 9}}
    models = ("vit", "resnet", "resnet_twin", "resnet_untrained", "other", "longer")
    catalogue = {"other": untrained, "longer": longer}
    study = Study.of(
        configuration(models=list(models), catalogue=catalogue, replicas={"resnet": 2})
    )
    assert study.compared == [*models, "resnet_seed1", "resnet_seed2", "vit_seed1"]
    alone = {model: model for model in ("resnet_untrained", "other", "longer")}
    seeds = dict.fromkeys(("resnet", "resnet_twin", "resnet_seed1", "resnet_seed2"), "resnet")
    assert study.architectures == {"vit": "vit", "vit_seed1": "vit", **seeds, **alone}


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("gradcam", {"depth": 100, "mended": [[0, 1]]}),
        (
            "integrated_gradients",
            {"tolerance": 0.02, "map_tolerance": 0.075, "most_steps": 162},
        ),
        ("kernelshap", {"evaluations": 40}),
        ("lrp", {"composite": "gamma"}),
    ],
)
def test_settings_of_maps_are_those_that_change_the_maps_of_a_model(method, settings):
    changed = {
        "gradcam": {"mended_cells": {"vit_brief": [[0, 1]]}},
        "lrp": {"composites": {"transformer": "gamma"}},
    }
    assert Study.of(tiny(settings=changed)).map_settings(method, "vit_brief") == settings


def test_the_baseline_is_part_of_the_question_only_where_one_is_used(study):
    common = {"target": "prediction", "output": "logit", "precision": "float32"}
    assert study.question("gradcam") == {**common, "baseline": []}
    assert study.question("gradcam_50") == {**common, "baseline": []}
    for method in ("integrated_gradients", "kernelshap", "lrp"):
        assert study.question(method) == {**common, "baseline": [0.0, 0.0, 0.0]}


def test_methods_explain_the_images_of_the_study_or_fewer(study):
    assert {m: study.image_count(m) for m in study["settings"]} == {
        "gradcam": 6,
        "integrated_gradients": 6,
        "lrp": 6,
        "captum": 6,
        "file": 6,
        "kernelshap": 4,
        "answers": 4,  # to what kernelshap asks
        "gradcam_50": 2,
    }
    assert study.ceiling_count("kernelshap") == 3
    few = Study.of(tiny(settings={"kernelshap": {"images": 2}}))
    assert few.ceiling_count("kernelshap") == 2


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        ({"sign": "signed"}, True),
        ({"rescaling": "max_abs", "rbf_sigma": 1.0}, True),
        ({"images": 2}, True),
        ({"depth": 50}, False),
        ({"depth": 50, "sign": "signed"}, False),
    ],
)
def test_a_variant_shares_maps_unless_it_changes_them(changes, shared):
    study = Study.of(tiny(variants={"other": {"method": "gradcam", **changes}}))
    assert study.explained_as("other") == ("gradcam" if shared else "other")
    assert study.explained_as("gradcam") == "gradcam"


def test_a_variant_of_more_images_than_its_method_has_maps_of_its_own():
    variant = {"method": "kernelshap", "images": 5, "sign": "positive"}
    assert Study.of(tiny(variants={"more": variant})).explained_as("more") == "more"


def test_methods_on_superpixels_have_a_file_of_segments(study):
    assert study.segments_file("kernelshap") == "<results>/segments.nc"
    assert study.segments_file("gradcam") == []


# ---- files for all models, methods, metrics and subsets -----------------------------------------


def test_a_pattern_is_filled_in_for_everything_that_it_names(study):
    assert study.files("<results>/predictions/{model}.parquet") == [
        f"<results>/predictions/{model}.parquet" for model in study.models
    ]
    assert study.files("{method}/{metric}") == [
        *("gradcam/cosine", "gradcam/rbf", "kernelshap/cosine", "kernelshap/rbf"),
        "answers/cosine",  # they are no maps, and have no RBF kernel
    ]
    assert study.files("<results>/segments.nc") == ["<results>/segments.nc"]


def test_values_of_wildcards_may_be_given(study):
    assert study.files("{model}/{metric}", model="vit_brief", metric=["rbf"]) == ["vit_brief/rbf"]
    assert study.files("{case}/{metric}", case=["a", "b"], metric="rbf") == ["a/rbf", "b/rbf"]
    assert study.files("{model}", model=[]) == []


def test_a_method_of_few_images_has_no_subset_of_as_many(study):
    # KernelSHAP explains four images: the first four are all of them, and of the answers, too
    subsets = {
        method: study.files("{subset}", method=method)
        for method in ("gradcam", "kernelshap", "gradcam_50", "answers")
    }
    assert subsets == {
        "gradcam": ["all", "matching", "differing", "all_4"],
        "kernelshap": ["all", "matching", "differing"],
        "gradcam_50": ["all", "matching", "differing"],
        "answers": ["all", "matching", "differing"],
    }
    assert len(study.files("{method}/{subset}")) == 10


def test_maps_of_variants_are_in_the_files_that_they_share():
    variants = {
        "signed": {"method": "gradcam", "sign": "signed"},
        "middle": {"method": "gradcam", "depth": 50},
    }
    study = Study.of(tiny(variants=variants))
    for method, folder in (("gradcam", "gradcam"), ("signed", "gradcam"), ("middle", "middle")):
        assert study.maps_files(method) == [
            f"<results>/explanations/{folder}/{model}.nc" for model in study.models
        ]
    assert study.maps_files("signed", ["vit_brief"]) == [
        "<results>/explanations/gradcam/vit_brief.nc"
    ]


def test_subsets_are_nested_clustered_or_whole(study):
    assert study.nested_subsets == ["all", "all_4"]
    assert study.clustered_subsets == ["all", "matching", "all_4"]
    assert study.whole_subsets == ["all", "matching", "differing"]
    few = Study.of(tiny(subsets=["matching", "matching_3"]))
    assert few.nested_subsets == ["all"]
    assert few.clustered_subsets == ["matching", "matching_3"]
    assert few.whole_subsets == ["matching"]


# ---- shards -------------------------------------------------------------------------------------


def test_one_job_explains_the_images_of_a_model_unless_shards_share_them(study):
    assert not study.has_shards
    assert study.shard_stem == "{model}"
    assert study.shard_files("gradcam", "vit_brief") == ["<results>/shards/gradcam/vit_brief/0.nc"]
    assert study.image_range("gradcam") == [0, 6]
    assert study.image_range("kernelshap") == [0, 4]


def test_shards_share_the_images_of_a_method_in_whole_blocks():
    images = {"count": 3 * BLOCK + 5, "shards": 2}
    study = Study.of(tiny(images=images, settings={"kernelshap": {"images": BLOCK + 1}}))
    assert study.has_shards
    assert study.shard_stem == "{model}/{shard}"
    assert study.shard_files("gradcam", "vit_brief") == [
        f"<results>/shards/gradcam/vit_brief/{number}.nc" for number in (0, 1)
    ]
    assert [study.image_range("gradcam", shard) for shard in "01"] == [
        [0, 2 * BLOCK],
        [2 * BLOCK, 3 * BLOCK + 5],
    ]
    assert [study.image_range("kernelshap", shard) for shard in "01"] == [
        [0, BLOCK],
        [BLOCK, BLOCK + 1],
    ]
    # two images are one block, which one job explains
    assert study.shard_files("gradcam_50", "vit_brief") == [
        "<results>/shards/gradcam_50/vit_brief/0.nc"
    ]


def test_everything_that_maps_depend_on_is_known_to_the_job_that_joins_them(study):
    assert study.everything_explained("gradcam_50", "vit_brief") == {
        "number": 2,
        "architecture": study.architecture("vit_brief", "gradcam_50"),
        "settings": {"depth": 50, "mended": []},
        "explanation": study.question("gradcam_50"),
        "size": 64,
        "seed": 0,
    }


# ---- figures, NEON and the spectral study -------------------------------------------------------


def test_panels_are_numbered():
    panels = {"first": {"count": 2}, "agreeing": {"count": 0}}
    study = Study.of(tiny(figures={"panels": panels}))
    assert study.panel_stems("first") == ["panels/first/000", "panels/first/001"]
    assert study.panel_stems("agreeing") == []


def test_every_clustered_model_has_a_gallery(study):
    assert study.neon_figures[:4] == [
        f"<results>/figures/neon/{stem}.svg"
        for stem in ("quality", *(f"galleries/{model}" for model in study.models))
    ]
    assert Study.of(tiny(neon={"models": []})).neon_figures == []


def test_several_models_are_also_clustered_together(study):
    assert study.spectral_cases == ["resnet_untrained", "byobnet_brief", "joint"]
    assert study.spectral_models("joint") == ["resnet_untrained", "byobnet_brief"]
    assert study.spectral_models("byobnet_brief") == ["byobnet_brief"]
    assert study.spectral_name("joint") == "All together"
    assert study.spectral_name("byobnet_brief") == "ByobNet (two epochs)"
    assert len(study.spectral_figures) == 4 * 3 + 1


@pytest.mark.parametrize(
    ("spectral", "cases"),
    [
        ({"models": ["vit_brief"]}, ["vit_brief"]),
        ({"joint": False}, ["resnet_untrained", "byobnet_brief"]),
        # the control last
        ({"models": None}, ["byobnet_brief", "vit_brief", "resnet_untrained", "joint"]),
        ({"models": []}, []),
    ],
)
def test_one_model_is_not_clustered_with_itself(spectral, cases):
    study = Study.of(tiny(spectral=spectral))
    assert study.spectral_cases == cases
    assert bool(study.spectral_figures) == bool(cases)
