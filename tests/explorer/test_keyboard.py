"""The explorer without a mouse and without sight: keys, names and roles."""

from collections.abc import Callable

from tests.explorer.conftest import VIEWS, Visit
from tests.support.explorer_study import key_of

Start = Callable[..., Visit]

NAMELESS = """
() => {
  const said = (node) => [...(node.labels ?? [])].map((label) => label.textContent.trim()).join("");
  const nameOf = (node) =>
    node.getAttribute("aria-label") || node.getAttribute("title") || node.textContent.trim() ||
    node.alt || said(node) || node.getAttribute("placeholder");
  const hidden = (node) =>
    node.getClientRects().length === 0 ||
    node.closest("[aria-hidden=true], [role=presentation], img[alt='']");
  const acting = "button, a[href], input, select, summary, [role=button], [tabindex='0']";
  const all = [...document.querySelectorAll(`${acting}, canvas, img, [role=img]`)];
  return all.filter((node) => !hidden(node) && !nameOf(node)).map((node) => node.outerHTML.slice(0, 200));
}
"""


def test_everything_that_acts_or_shows_has_a_name(visit: Start) -> None:
    shown = visit()
    page = shown.open()
    for view in VIEWS:
        shown.go(f"view={view}&group={key_of(0)},{key_of(2)}", view)
        assert page.evaluate(NAMELESS) == [], view
        assert page.locator("h2").count() >= 1, view


def test_the_first_key_leads_to_the_content(visit: Start) -> None:
    shown = visit()
    page = shown.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_views_are_reached_by_keys(visit: Start) -> None:
    shown = visit()
    page = shown.open()
    page.focus("#views a:has-text('Matrix')")
    page.keyboard.press("Enter")
    shown.drawn("matrix")


def test_a_cell_of_the_matrix_is_opened_by_keys(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=matrix")
    page.focus("[data-key=matrix-cursor]")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert "ρ" in page.inner_text("#live")
    page.keyboard.press("Enter")
    shown.drawn("pair")
    assert {"a", "b"} <= shown.state.keys()


def test_a_branch_of_the_tree_is_chosen_by_keys(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=models")
    page.focus(".tree [role=button][tabindex='0']")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label.startswith("Branch of ")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=What holds the group together")
    assert page.inner_text("#live").startswith("Group: ")
    again = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(again) == label, "the branch keeps the focus"


def test_models_are_ticked_by_keys(visit: Start) -> None:
    shown = visit()
    page = shown.open("view=models")
    for model in (0, 2):
        page.focus(f"[data-key=tick-{model}]")
        page.keyboard.press("Space")
        page.wait_for_function(f"location.hash.includes('model_{model}')")
        shown.drawn("models")
        assert page.evaluate("document.activeElement.dataset.key") == f"tick-{model}"
    assert "What holds the group together" in shown.text()
