"""Captions of figures say what the figures show, whatever the study asks for."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from docutils.core import publish_doctree
from jinja2 import Environment, StrictUndefined

from tests.support.checkout import REPOSITORY
from tests.support.configuration import configuration
from thinkalike.plotting.style import subset_name
from thinkalike.workflow.config.resolve import resolve

CAPTIONS = sorted((REPOSITORY / "report").glob("*.rst"))
SUBSETS = ["all", "matching", "differing", "all_64", "matching_64", "differing_8"]


def caption(name: str, subset: str = "all", method: str = "kernelshap", **changes: Any) -> str:
    """Text of a caption as the report renders it, in one line."""
    unconverged = changes.pop("unconverged", {})
    job = SimpleNamespace(
        config={**resolve(configuration(**changes)), "unconverged": unconverged},
        wildcards=SimpleNamespace(method=method, metric="rbf", subset=subset),
    )
    text = (REPOSITORY / "report" / f"{name}.rst").read_text()
    # Snakemake's, but that a name nobody knows is an error
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    rendered = environment.from_string(text).render(snakemake=job)
    publish_doctree(rendered, settings_overrides={"halt_level": 2})
    return " ".join(rendered.split())


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_every_caption_is_rendered(path):
    text = caption(path.stem)
    assert len(text) > 100
    assert "{" not in text
    assert not re.search(r" [,.;]", text)


@pytest.mark.parametrize("subset", SUBSETS)
@pytest.mark.parametrize("name", ["heat_map", "dendrograms", "communities", "embeddings"])
def test_captions_name_the_images_of_their_subset_as_the_figures_do(name, subset):
    assert f"; {subset_name(subset)})" in caption(name, subset)


def test_captions_count_the_images_that_a_method_explains():
    few = {"settings": {"kernelshap": {"images": 16}}, "subsampling": {"sizes": [8]}}
    assert "all N = 100 images" in caption("subsampling")
    assert "all N = 16 images" in caption("subsampling", **few)
    variant = {"variants": {"few": {"method": "lrp", "images": 30}}}
    assert "all N = 30 images" in caption("subsampling", method="few", **variant)
    assert "over the first 25 images" in caption("noise_ceiling")
    assert "over the first 16 images" in caption("noise_ceiling", **few)
    assert "over the first 10 images" in caption(
        "noise_ceiling", images={"count": 10}, subsampling={"sizes": [5]}
    )


def test_the_caption_of_deletion_counts_images_and_names_the_share():
    assert "Of the first 60 images, the 10 % of the pixels" in " ".join(caption("deletion").split())
    few = {"images": {"count": 20}, "deletion": {"area": 0.125}}
    text = " ".join(caption("deletion", **few).split())
    assert "Of the first 20 images, the 12.5 % of the pixels" in text


def test_captions_say_how_many_evaluations_there_are_where_a_tolerance_decides():
    assert "(128 evaluations an image)" in caption("noise_ceiling")
    settings = {"settings": {"kernelshap": {"tolerance": 0.02}}}
    assert "at first, then more until no mean" in caption("noise_ceiling", **settings)


def test_captions_give_the_weights_of_the_graph_that_was_clustered():
    assert "weights 1 − D/max D. Left" in caption("communities")
    log = {"clustering": {"louvain": {"largest": 1}}}
    assert "weights 1 − D/1, at least 0. Left" in caption("communities", **log)


def test_captions_say_of_ward_what_the_figure_does():
    assert "Ward is left out, with the reason" in caption("dendrograms")
    assert "Ward is drawn also where" in caption("dendrograms", clustering={"ward": "any"})
    assert "Ward" not in caption("dendrograms", clustering={"linkages": ["average"]})


def test_captions_leave_out_what_is_not_drawn():
    assert "dotted line" in caption("accuracy")
    assert "dotted line" not in caption("accuracy", training={"accuracy_at_least": 0})
    assert "Further rows" not in caption("borders")
    assert "Further rows" in caption("borders", borders={"layers": {"resnet": ["layer3"]}})


def test_the_first_page_explains_every_category_of_the_report():
    rules = (REPOSITORY / "rules" / "common.smk").read_text()
    categories = re.findall(r'"(\d [^"]*\?)"', rules)
    assert len(categories) == 9
    grounded = {"groups": {"resnet": "a", "byobnet": "a", "vit": "b"}}
    page = caption("workflow", grounded=grounded)
    for category in ("0 Verdict", *categories):
        assert f"**{category}**" in page
    assert "**9 " not in caption("workflow")
    assert "**7 " not in caption("workflow", neon={"models": []})


def test_the_caption_of_a_heat_map_counts_maps_that_did_not_converge():
    assert "converge" not in caption("heat_map", method="integrated_gradients")
    counted = caption("heat_map", method="lift", unconverged={"lift": "3 of 20"})
    assert "3 of 20 maps of all models did not converge, and count like the others." in counted
