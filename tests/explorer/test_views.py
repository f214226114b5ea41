"""The explorer's views: each opens, by a link and by clicks, for ordinary studies and for odd ones."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.explorer.conftest import PHONE, VIEWS, WIDE, Visit
from tests.support.explorer_study import HOSTILE, Recipe, changed, key_of

ODD = {
    "one image": changed(images=1),
    "two models": changed(models=2),
    "one model": changed(models=1),
    "one method": changed(methods=("kernelshap",)),
    "a model without maps of a method": changed(missing=("kernelshap",)),
    "blank maps": changed(blank=True),
}
Start = Callable[..., Visit]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_opens_by_its_link(view: str, visit: Start) -> None:
    shown = visit()
    page = shown.open(f"view={view}&method=kernelshap")
    assert page.get_attribute("html", "data-shown") == view
    assert page.locator("#views a[aria-current=page]").count() == 1
    assert page.inner_text("main h2").strip()
    assert "could not be drawn" not in shown.text()


@pytest.mark.parametrize("odd", ODD)
def test_every_view_opens_for_an_odd_study(odd: str, visit: Start) -> None:
    shown = visit(ODD[odd])
    shown.open()
    for view in VIEWS:
        shown.go(f"view={view}", view)
        assert "could not be drawn" not in shown.text(), view
        assert "NaN" not in shown.text(), view
        assert "undefined" not in shown.text(), view


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["1280", "phone"])
def test_no_view_is_wider_than_the_screen(size: tuple[int, int], visit: Start) -> None:
    shown = visit(size=size)
    shown.open()
    for view in VIEWS:
        shown.go(f"view={view}", view)
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert shown.page.evaluate(overflow) <= 0, view


def test_names_are_text_and_never_markup(visit: Start) -> None:
    shown = visit(changed(prefix=HOSTILE, name=HOSTILE))
    shown.open()
    for view in VIEWS:
        group = ",".join(key_of(model) for model in range(3))
        shown.go(f"view={view}&a={key_of(0)}&b={key_of(1)}&group={group}", view)
        assert shown.page.evaluate("window.hacked") is None
        assert shown.page.locator("img[src=x]").count() == 0, view
        assert "{{vega}}" in shown.text("body"), view


def test_a_state_of_a_stranger_is_harmless(visit: Start) -> None:
    shown = visit()
    for state in (
        "view=pair&a=nobody&b=nobody",
        "view=nothing&method=none&metric=&scale=%FF&image=../../etc",
        "view=models&group=,,nobody&embedding=constructor",
        "view=compare&method2=__proto__&study2=other",
        "view=clusters&clustering=x&result=-1&label=9&box=a,b,c,d",
        "__proto__=1&constructor=2",
        f"view=image&image={HOSTILE}",
    ):
        shown.open(state)
        assert "could not be drawn" not in shown.text(), state
    assert shown.page.evaluate("window.hacked") is None


def test_from_the_verdict_to_an_image_in_three_clicks(visit: Start) -> None:
    shown = visit()
    page = shown.open()
    page.locator("main a[href*='view=pair']").first.click()
    shown.drawn("pair")
    assert {"a", "b"} <= shown.state.keys()
    assert "ρ" in shown.text()
    page.locator("main a[href*='view=image']").first.click()
    shown.drawn("image")
    assert page.locator("main canvas").count() >= 2


def test_the_back_button_goes_back(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=matrix")
    page.click("#views a:has-text('Map of models')")
    shown.drawn("models")
    page.click("text=Model 1 and Model 3")
    page.wait_for_selector("text=What holds the group together")
    assert shown.state["group"] == f"{key_of(1)},{key_of(3)}"
    page.go_back()
    page.wait_for_selector("text=Groups to look at")
    assert "group" not in shown.state
    page.go_back()
    shown.drawn("matrix")
    page.go_forward()
    shown.drawn("models")


def test_the_state_of_a_view_can_be_linked(visit: Start) -> None:
    shown = visit()
    group = f"{key_of(0)},{key_of(2)}"
    shown.open(f"view=models&method=kernelshap&group={group}&embedding=mds&sort=least")
    assert "Images on which the group agrees least" in shown.text()
    assert shown.page.locator("button[aria-pressed=true]:has-text('MDS')").count() == 1
    assert shown.page.locator("button[aria-pressed=true]:has-text('KernelSHAP')").count() == 1
    assert shown.page.locator("main input:checked").count() == 2


def test_a_group_is_chosen_by_a_rectangle_and_by_a_click(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=models")
    box = page.locator("main .chart").first.bounding_box()
    page.mouse.move(box["x"] + 45, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] - 30)
    page.mouse.up()
    page.wait_for_selector("text=What holds the group together")
    assert len(shown.state["group"].split(",")) == 6
    page.locator(
        "main .chart path[aria-roledescription*=symbol], main .mark-symbol.role-mark path"
    ).first.click()
    page.wait_for_function("location.hash.split('group=')[1].split('&')[0].split(',').length === 5")


def test_a_filter_leaves_images_out(visit: Start) -> None:
    shown = visit()
    page = shown.open(f"view=models&group={key_of(0)},{key_of(2)}&class=ship")
    assert "3 images" in shown.text()
    assert page.locator(".models-images > *").count() == 3


def test_light_and_dark(visit: Start) -> None:
    shown = visit(theme="dark")
    page = shown.open("view=models")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    assert page.get_attribute("html", "data-theme") == "dark"
    page.click("#theme")
    page.wait_for_selector("html[data-theme=light]")
    shown.drawn()
    assert page.evaluate(ground) != dark


def test_a_second_study_is_chosen_as_a_file(visit: Start, page_of: Callable[..., Path]) -> None:
    shown = visit()
    page = shown.open("view=compare")
    page.set_input_files("#second-study", page_of(changed(name="second", seed=1, images=7)))
    page.wait_for_selector("text=second: Grad-CAM")
    assert "rank the pairs of 5 models" in shown.text()
    assert page.locator("main canvas").count() > 0
    page.click("text=Without it")
    page.wait_for_selector("text=Second study: choose its explorer.html")


def test_a_file_that_is_no_explorer_is_refused_in_words(visit: Start, tmp_path: Path) -> None:
    other = tmp_path / "other.html"
    other.write_text("<script>window.hacked = 1</script><p>nothing</p>")
    shown = visit()
    page = shown.open("view=compare")
    page.set_input_files("#second-study", other)
    page.wait_for_selector("text=no explorer page")
    assert page.evaluate("window.hacked") is None


def test_two_studies_in_one_page(visit: Start) -> None:
    shown = visit(Recipe(), changed(name="second", seed=1))
    shown.open("view=compare&study2=other&method2=kernelshap&metric2=cosine")
    assert "small: Grad-CAM and second: KernelSHAP" in shown.text()
    assert "intervals are of differences image by image" in shown.text()
