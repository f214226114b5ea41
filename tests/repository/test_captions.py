"""Captions of figures say what the figures show, whatever the study asks for."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from jinja2 import Environment, StrictUndefined

from tests.support.checkout import REPOSITORY
from tests.support.configuration import configuration
from tests.support.report_page import TITLES
from thinkalike.plotting.style import subset_name
from thinkalike.workflow.config.resolve import resolve

CAPTIONS = sorted((REPOSITORY / "report").glob("*.rst"))
SUBSETS = ["all", "matching", "differing", "all_64", "matching_64", "differing_8"]


CATEGORIES = re.findall(r'": "(\d [^"]*\?)"', (REPOSITORY / "rules/common.smk").read_text())
FILES = ["explorer.html", "pairs.svg"]
VERDICT = [
    {"place": 0, "rule": "predictions", "topic": "In short", "text": "All predict alike."},
    {"place": 1, "rule": "short_sure", "topic": "In short", "text": "All is sure."},
    {"place": 2, "rule": "parts", "topic": "LRP", "text": "It has three parts."},
    {"place": 3, "rule": "closest", "topic": "LRP", "text": "The closest are A and B."},
    {"place": 4, "rule": "raw", "topic": "What cannot be said", "text": "Why it is so."},
]


@pytest.fixture(scope="module")
def figure_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A figure of a report."""
    path = tmp_path_factory.mktemp("figures") / "pairs.svg"
    # longer than the 10,000 characters that docutils takes in one line
    words = "a_ `b` é-" * 5000
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><text>{words}</text></svg>')
    return path


def source(
    name: str, files: Sequence[Path] = (), questions: Sequence[str] = (), **given: Any
) -> str:
    """reStructuredText of a caption, as the report makes it of a template.

    Args:
        files: the files in the report.
        questions: its categories.
        given: what differs in the configuration; and `subset`, `method`, `verdict`, `unconverged`.
    """
    wildcards = {"metric": "rbf", "subset": given.pop("subset", "all")}
    wildcards["method"] = given.pop("method", "kernelshap")
    told = {"unconverged": given.pop("unconverged", {}), "verdict": given.pop("verdict", [])}
    job = SimpleNamespace(
        config={**resolve(configuration(**given)), **told}, wildcards=SimpleNamespace(**wildcards)
    )
    text = (REPOSITORY / "report" / f"{name}.rst").read_text()
    # Snakemake's, but that a name nobody knows is an error
    environment = Environment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(text).render(
        snakemake=job,
        categories=[SimpleNamespace(name=question) for question in questions],
        files=[SimpleNamespace(target=path.name, path=path) for path in files],
    )


def caption(name: str, subset: str = "all", method: str = "kernelshap", **given: Any) -> str:
    """Text of a caption as the report renders it, in one line."""
    rendered = source(name, subset=subset, method=method, **given)
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


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_every_caption_says_first_what_to_look_for(path):
    if path.stem != "workflow":
        assert re.match(
            r"\*\*Look [^*.]+(?:\.\d[^*.]*)*\.\*\*\n\n", f"{source(path.stem)}\n\n".lstrip()
        )


def first_page(figure: Path, **given: Any) -> list[nodes.section]:
    """Sections of the first page of a report that has everything."""
    files = [Path("results/tiny/explorer.html"), figure]
    text = source("workflow", files=files, questions=CATEGORIES, verdict=VERDICT, **given)
    # Snakemake adds a target for each file and category
    targets = [f".. _{name}: javascript:show" for name in (*FILES, *CATEGORIES)]
    page = publish_doctree(
        "\n".join([text, "", *targets]),
        settings_overrides={"halt_level": 2, "doctitle_xform": True},
    )
    return list(page.findall(nodes.section))


def test_the_first_page_goes_from_the_verdict_to_the_jobs(figure_file):
    titles = [section.next_node(nodes.title).astext() for section in first_page(figure_file)]
    assert titles == TITLES


def test_the_first_page_leads_from_sentences_to_the_explorer(figure_file):
    verdict = first_page(figure_file)[0]
    text = verdict.astext()
    assert "LRP: The closest are A and B." in text
    assert "It has three parts" not in text
    places = [
        re.search(r"sentence=(\d)", link["refuri"])[1] for link in verdict.findall(nodes.reference)
    ]
    assert places == ["0", "1", "3", "4"]


def test_the_first_page_shows_all_pairs_of_models(figure_file):
    (image,) = first_page(figure_file)[1].findall(nodes.image)
    kind, _, data = image["uri"].partition(",")
    assert kind == "data:image/svg+xml"
    assert unquote(data) == figure_file.read_text()


def test_the_first_page_leads_to_every_question_that_the_report_has(figure_file):
    assert len(CATEGORIES) == 10
    links = first_page(figure_file)[3].findall(nodes.reference)
    assert [link.astext() for link in links] == sorted(CATEGORIES)
    assert all(
        not answer.endswith("? ") for answer in first_page(figure_file)[3].astext().split("\n")
    )


def test_a_report_of_a_part_has_a_first_page_without_what_is_not_there():
    page = caption("workflow")
    for words in ("verdict", "All pairs", "explorer", "see <"):
        assert words not in page


def test_the_caption_of_a_heat_map_counts_maps_that_did_not_converge():
    assert "converge" not in caption("heat_map", method="integrated_gradients")
    counted = caption("heat_map", method="lift", unconverged={"lift": "3 of 20"})
    assert "3 of 20 maps of all models did not converge, and count like the others." in counted
