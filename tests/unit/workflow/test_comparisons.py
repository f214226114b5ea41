"""Comparisons of maps as the rules see them: settings, tiles, and files of all methods."""

import pytest

from tests.support.configuration import tiny
from thinkalike.workflow.comparisons import Comparisons
from thinkalike.workflow.study import Study

MODELS = ["resnet_untrained", "byobnet_brief", "vit_brief"]
REPLICA = "byobnet_brief_seed1"
MAPS = "<results>/explanations/gradcam"


def comparisons(**changes: object) -> Comparisons:
    """Those of the tiny study with changes: three models and a second seed of one of them."""
    return Comparisons(Study.of(tiny(**changes)))


def test_maps_of_a_method_are_compared_alike_wherever_they_are():
    changes = {"kernelshap": {"sign": "absolute", "rescaling": "none", "rbf_sigma": 0.5}}
    found = comparisons(settings=changes, similarity={"blanks": "zero"})
    alike = {"sign": "absolute", "rescaling": "none", "blanks": "zero", "pool": None}
    assert found.settings("kernelshap", "rbf") == {**alike, "sigma": 0.5}
    assert found.settings("kernelshap", "cosine") == {**alike, "sigma": 1.0}


def test_the_picture_is_taken_off_maps_of_sizes_alone():
    found = comparisons(settings={"kernelshap": {"sign": "absolute"}})
    assert found.picture("kernelshap") == {"size": 64, "baseline": [0.0, 0.0, 0.0]}
    assert found.picture("gradcam") == {}


def test_the_scale_of_a_comparison_is_among_the_scales():
    changes = {"methods": ["lrp", "gradcam"], "settings": {"lrp": {"pool": 12}}}
    found = comparisons(**changes)
    assert found.scales("lrp") == [0, 32, 16, 12, 8, 4, 2, -1]
    assert found.scales("gradcam") == [0, 32, 16, 8, 4, 2, -1]
    assert comparisons(similarity={"scales": [4]}, **changes).scales("lrp") == [0, 12, 4]


def test_maps_are_averaged_over_segments_where_that_is_their_scale():
    changes = {"methods": ["lrp", "kernelshap"], "settings": {"lrp": {"pool": "segments"}}}
    found = comparisons(**changes)
    assert found.settings("lrp", "cosine")["pool"] == "segments"
    assert found.scales("lrp") == [0, 32, 16, 8, 4, 2, -1]
    assert comparisons(similarity={"scales": []}, **changes).scales("lrp") == [0, -1]
    # maps on superpixels are there already
    assert found.scales("kernelshap") == [0, 32, 16, 8, 4, 2]
    assert found.natives == {"lrp": "pixels", "kernelshap": "segments"}
    for method in ("lrp", "kernelshap"):
        assert found.segments_file(method) == "<results>/segments.nc"
        assert found.scaled_segments_file(method) == "<results>/segments.nc"
    assert found.study.segments_file("lrp") == []  # to explain by it takes none


def test_segments_are_read_only_where_they_are_needed():
    found = comparisons(methods=["gradcam", "lrp"], similarity={"scales": [4]})
    for method in ("gradcam", "lrp"):
        assert found.segments_file(method) == found.scaled_segments_file(method) == []
    assert found.drawn_segments(["gradcam", "kernelshap"]) == "<results>/segments.nc"
    # at one of the scales alone
    found = comparisons(methods=["gradcam", "lrp"])
    assert found.segments_file("lrp") == []
    assert found.scaled_segments_file("lrp") == "<results>/segments.nc"
    assert found.natives == {"gradcam": "grid", "lrp": "pixels"}


def test_all_images_are_always_compared():
    found = comparisons(subsets=["matching", "all_4"])
    assert found.subsets_of("gradcam") == ["all", "matching", "all_4"]
    # KernelSHAP explains four images
    assert found.subsets_of("kernelshap") == ["all", "matching"]
    assert found.predictions_files("all_4") == []
    assert found.predictions_files("matching") == [
        f"<results>/predictions/{model}.parquet" for model in MODELS
    ]


@pytest.mark.parametrize(("order", "stratified"), [("rounds", True), ("log", False)])
def test_classes_are_strata_where_images_are_chosen_class_by_class(order, stratified):
    found = comparisons(images={"order": order, "count": 10})
    assert found.stratified is stratified


# ---- tiles --------------------------------------------------------------------------------------


def test_one_job_compares_all_models_where_they_are_one_group():
    found = comparisons()
    assert found.groups == [[*MODELS, REPLICA]]
    assert found.tile_stem == "{metric}"
    assert found.tile_files("gradcam", "rbf") == ["<results>/similarity/gradcam/rbf/0_0.nc"]
    assert found.row_models() == found.study.compared
    assert found.row_maps("gradcam") == found.compared_maps("gradcam")
    assert found.row_maps("gradcam") == [f"{MAPS}/{model}.nc" for model in [*MODELS, REPLICA]]
    assert found.column_models() == found.column_maps("gradcam") == []


def test_tiles_are_of_every_two_groups():
    found = comparisons(similarity={"group": 2})
    assert found.groups == [["resnet_untrained", "byobnet_brief"], ["vit_brief", REPLICA]]
    assert found.tile_stem == "{metric}/{row}_{column}"
    tiles = ("0_0", "0_1", "1_1")
    assert found.tile_files("gradcam", "rbf") == [
        f"<results>/similarity/gradcam/rbf/{tile}.nc" for tile in tiles
    ]
    assert found.chance_tiles("gradcam", "rbf") == [
        f"<results>/chance/gradcam/rbf/{tile}.nc" for tile in tiles
    ]
    assert found.row_models("0") == ["resnet_untrained", "byobnet_brief"]
    assert found.column_models("0", "1") == ["vit_brief", REPLICA]
    # where the rows are the columns, maps are read once
    assert found.column_models("1", "1") == found.column_maps("gradcam", "1", "1") == []
    assert found.row_maps("gradcam_50", "1") == [
        f"<results>/explanations/gradcam_50/{model}.nc" for model in ("vit_brief", REPLICA)
    ]
    assert found.column_maps("gradcam", "0", "1") == found.row_maps("gradcam", "1")
    assert found.row_predictions("1") == [
        f"<results>/predictions/{model}.parquet" for model in ("vit_brief", REPLICA)
    ]
    assert comparisons(similarity={"group": 2}, subsets=["all"]).row_predictions("1") == []


# ---- all methods --------------------------------------------------------------------------------


def test_what_an_image_says_of_a_pair_follows_the_correction():
    assert comparisons().values_file("gradcam", "rbf") == "<results>/chance/gradcam/rbf.nc"
    found = comparisons(similarity={"correction": "none"})
    assert found.values_file("gradcam", "rbf") == "<results>/similarity/gradcam/rbf.nc"


def test_the_verdict_is_about_every_method_by_the_first_of_its_metrics():
    found = comparisons(metrics=["rbf", "cosine"])
    places = ["gradcam/rbf", "kernelshap/rbf", "answers/cosine"]
    assert found.at_first_metric("{method}/{metric}") == places
    assert [case["place"] for case in found.verdict_cases] == places
    assert [case["scaled"] for case in found.verdict_cases] == [True, True, False]
    assert found.scales_files == [
        "<results>/scales/gradcam.parquet",
        "<results>/scales/kernelshap.parquet",
    ]


def test_consensus_is_that_of_trained_models_or_of_all_where_none_is_trained():
    assert comparisons().consensus_maps("gradcam") == [
        f"{MAPS}/{model}.nc" for model in ("byobnet_brief", "vit_brief")
    ]
    controls = {"untrained_too": {"like": "resnet", "name": "Other", "training": {"epochs": 0}}}
    only = comparisons(
        models=["resnet_untrained", "untrained_too"],
        catalogue=controls,
        replicas={"byobnet_brief": 0},
        borders={"layers": {"byobnet_brief": []}},
        budgets={"models": []},
        spectral={"models": []},
        figures={"panels": {"depths": {"models": [], "methods": ["gradcam"]}}},
    )
    assert only.consensus_maps("gradcam") == [
        f"{MAPS}/{model}.nc" for model in ("resnet_untrained", "untrained_too")
    ]
