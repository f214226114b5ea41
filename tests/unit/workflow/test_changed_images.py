"""What a study does with moved images and with images without a region, as the rules see it."""

import pytest

from tests.support.configuration import configuration
from thinkalike.workflow.changed_images import ChangedImages
from thinkalike.workflow.study import Study

VARIANTS = {
    "absolute": {"method": "integrated_gradients", "sign": "absolute"},
    "pooled": {"method": "integrated_gradients", "pool": 4},
    "early": {"method": "gradcam", "depth": 50, "images": 10},
}


def changed(**changes) -> ChangedImages:
    return ChangedImages(Study.of(configuration(**changes)))


@pytest.fixture(scope="module")
def varied() -> ChangedImages:
    methods = ["gradcam", "absolute", "integrated_gradients", "pooled", "early"]
    return changed(methods=methods, variants=VARIANTS)


def test_variants_with_maps_of_their_own_are_methods_and_others_are_not(varied):
    assert varied.moved_methods == ["gradcam", "integrated_gradients", "early"]
    assert varied.moved_files("absolute", ["vit"]) == [
        "<results>/moved/integrated_gradients/vit.nc"
    ]
    assert set(varied.moved_modules) == {
        "thinkalike.explain.gradcam",
        "thinkalike.explain.integrated_gradients",
    }


def test_methods_whose_maps_rate_pixels_alike_count_once(varied):
    assert varied.deletion_signs == {
        "gradcam": "positive",
        "absolute": "absolute",
        "integrated_gradients": "signed",
        "early": "positive",
    }


def test_a_network_is_built_with_the_layers_of_all_methods(varied):
    study = varied.study
    layers = study["catalogue"]["vit"]["layers"]
    assert varied.architecture("vit") == {
        **study.architecture("vit", "gradcam"),
        "layers": {"depth_100": layers["depth_100"], "depth_50": layers["depth_50"]},
    }
    without = changed(methods=["lrp"])
    assert without.architecture("vit") == study.architecture("vit")


def test_a_method_moves_no_more_images_than_it_explains(varied):
    settings = varied.moved_settings("vit")
    assert [chosen["number"] for chosen in settings.values()] == [25, 25, 10]
    assert settings["early"]["base"] == "gradcam"
    assert settings["early"]["settings"] == {"depth": 50, "mended": []}
    assert settings["early"]["question"]["baseline"] == []


def test_evaluations_are_read_from_the_maps_only_where_a_tolerance_decides():
    assert changed().evaluations_file("vit") == []
    tolerant = changed(settings={"kernelshap": {"tolerance": 0.1}})
    assert tolerant.evaluations_file("vit") == "<results>/explanations/kernelshap/vit.nc"
    tolerant = changed(settings={"kernelshap": {"tolerance": 0.1}}, methods=["lrp"])
    assert tolerant.evaluations_file("vit") == []


def test_superpixels_are_needed_where_a_method_uses_them():
    assert changed().segments_file(["lrp", "kernelshap"]) == "<results>/segments.nc"
    assert changed().segments_file(["lrp", "gradcam"]) == []


def test_nothing_is_done_where_no_images_are_asked_for():
    none = changed(ceilings={"images": 0}, deletion={"images": 0})
    assert (none.moved_methods, none.deletion_signs) == ([], {})
    assert none.moved_files("lrp") == []
    assert changed(images={"count": 20}).deletion_count == 20
