"""The views of an image and of clusters: what is drawn, what is chosen, what is decoded and when."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.explorer.conftest import Visit
from tests.support.explorer_study import changed, key_of

Start = Callable[..., Visit]
MAP = ".image-table tbody tr:nth-child(2) .tile.filled canvas"
PIXELS = """
canvas => [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data]
"""


def _pixels(page: Any) -> list[int]:
    pixels: list[int] = page.locator(MAP).first.evaluate(PIXELS)
    return pixels


def test_a_map_goes_from_the_image_to_itself(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=image&method=gradcam")
    looks = []
    for look in ("image", "overlay", "map"):
        page.click(f"[data-key=shown-{look}]")
        assert shown.state["shown"] == look
        looks.append(_pixels(page))
    image, overlay, alone = looks
    assert image != overlay != alone
    # Grad-CAM has one sign: alone on white it is white to orange, and red is the channel that stays
    assert min(alone[::4]) >= 212
    steps = page.evaluate("history.length")
    page.locator("[data-key=opacity]").fill("0")
    assert shown.state["opacity"] == "0"
    assert _pixels(page) == image
    assert page.evaluate("history.length") == steps, "a slider leaves no steps to go back"


def test_one_place_is_shown_in_all_maps_by_keys(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=image")
    page.focus("[data-key=image-picture]")
    page.keyboard.press("ArrowRight")
    values = page.locator(".image-table .tile-value:visible")
    assert values.count() == page.locator(".image-table .tile.filled").count() - 2  # consensus
    assert "from the left" in page.inner_text("#live")


def test_the_next_image_is_the_next_that_passes_the_filter(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=image&class=dog")
    assert "1 of 3" in shown.text()
    page.click("[data-key=image-next]")
    page.wait_for_selector("text=2 of 3")
    assert shown.state["image"] == "dog/4.png"
    assert page.locator(".film[aria-current]").get_attribute("data-image") == "4"


def test_rows_can_begin_with_the_models_that_agree_most(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=image&method=gradcam&rows=consensus")
    shares = page.locator(".image-table tbody tr td:nth-child(2) .image-share").all_inner_texts()
    values = [float(text.split()[-1].replace("−", "-")) for text in shares]
    assert len(values) == 6
    assert values == sorted(values, reverse=True)


def test_a_panel_is_saved_with_its_maps(visit: Start, tmp_path: Path) -> None:
    shown = visit()
    page = shown.open("view=image")
    page.click("#save")
    with page.expect_download() as download:
        page.click("[data-save=svg]")
    svg = Path(download.value.path()).read_text()
    assert svg.count("<image") == 1 + 2 * (
        6 + 1
    )  # the image, and by two methods models and consensus
    page.click("#save")
    with page.expect_download() as download:
        page.click("[data-save=png]")
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_images_are_decoded_when_they_are_near(visit: Start) -> None:
    shown = visit(changed(images=300, models=2, methods=("gradcam",)))
    page = shown.open("view=image")
    assert page.locator(".film").count() == 300
    page.wait_for_selector(".film img")
    assert page.locator(".film img").count() < 60
    shown.go("view=clusters&cluster=0", "clusters")
    page.wait_for_selector(".cluster-gallery .tile.filled")
    assert page.locator(".cluster-gallery .cluster-point").count() == 60
    page.click("button:has-text('more of')")
    assert page.locator(".cluster-gallery .cluster-point").count() > 60


def test_a_rectangle_selects_points_by_pointer_and_by_numbers(visit: Start) -> None:
    shown = visit(changed(images=40))
    page = shown.open("view=clusters")
    box = page.locator(".cluster-chart .chart").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4, steps=3)
    page.wait_for_selector("h3:has-text('In the rectangle')")  # a slow hand is one step, too
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.8, steps=3)
    page.mouse.up()
    page.wait_for_timeout(1000)
    page.wait_for_selector("h3:has-text('In the rectangle')")
    by_pointer = shown.state["box"]
    heading = page.inner_text(".cluster-detail h3")
    page.go_back()
    page.wait_for_selector(".cluster-overview")
    page.locator(".cluster-box summary").click()
    for place, end in enumerate(by_pointer.split(",")):
        page.fill(f"[data-key=box-{place}]", end)
    page.click("[data-key=box-apply]")
    page.wait_for_selector("h3:has-text('In the rectangle')")
    assert page.inner_text(".cluster-detail h3") == heading
    shown.open(f"view=clusters&box={by_pointer}")
    assert page.inner_text(".cluster-detail h3") == heading


def test_a_point_leads_to_its_image(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=clusters&cluster=0&shown=map")
    page.locator(".cluster-gallery a").first.click()
    shown.drawn("image")
    assert shown.state["shown"] == "map"
    assert shown.state["a"] == key_of(0)
    assert page.locator(".image-marked").count() == 1
