"""The table of claims in a browser: filters, sorting, the keyboard, a phone, and no script at all."""

import pytest
from contrast import contrast, from_browser

pytestmark = pytest.mark.browser

SHOWN = "table:has(.verdict) tbody tr:not([hidden])"
COLUMN = "(rows, i) => rows.map(row => row.cells[i].textContent.trim())"
# The colour of each element and that of the plate below it.
COLOURS = """all => all.map(one => {
    let plate = one;
    while (getComputedStyle(plate).backgroundColor === "rgba(0, 0, 0, 0)") plate = plate.parentElement;
    return [getComputedStyle(one).color, getComputedStyle(plate).backgroundColor];
})"""


@pytest.fixture
def address(site) -> str:
    return (site / "book" / "claims.html").as_uri()


@pytest.fixture
def page(opened, address):
    with opened(address) as page:
        yield page


def column(page, number: int) -> list[str]:
    """What a column shows, from top to bottom."""
    return page.eval_on_selector_all(SHOWN, COLUMN, number)


def test_filters_by_verdict_source_and_text(page):
    everything = len(column(page, 0))
    count = page.locator(".claims-count")
    assert everything > 20 and count.text_content() == f"{everything} of {everything} claims"
    page.get_by_role("combobox", name="Verdict").select_option("✗ does not hold")
    fails = len(column(page, 0))
    assert 0 < fails < everything and set(column(page, 5)) == {"✗ does not hold"}
    assert count.text_content() == f"{fails} of {everything} claims"
    page.get_by_role("combobox", name="Source").select_option("Leo")
    assert 0 < len(column(page, 0)) < fails and set(column(page, 0)) == {"Leo"}
    page.get_by_role("combobox", name="Verdict").select_option("all")
    page.get_by_role("searchbox", name="Text").fill("multi-HEAD  model")
    assert ["multi-head" in claim for claim in column(page, 1)] == [True]
    page.get_by_role("searchbox", name="Text").fill("nothing of the kind")
    assert column(page, 0) == [] and count.text_content() == f"0 of {everything} claims"


def test_sorts_with_the_keyboard_up_down_and_back(page):
    before = column(page, 3)
    numbers = sorted(map(int, before))
    assert list(map(int, before)) != numbers
    page.get_by_role("combobox", name="Source").select_option("Paialunga")
    page.get_by_role("combobox", name="Source").select_option("all")
    head = page.locator("th", has=page.get_by_role("button", name="Runs"))
    head.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending" and list(map(int, column(page, 3))) == numbers
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "descending" and list(map(int, column(page, 3))) == numbers[::-1]
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None and column(page, 3) == before
    page.get_by_role("button", name="Claim").click()
    assert page.locator("th[aria-sort]").all_inner_texts() == ["Claim"]


def test_strips_and_verdicts_follow_the_theme(page):
    seen = set()
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        page.add_style_tag(content="* { transition: none !important; }")
        pairs = page.eval_on_selector_all(".verdict", COLOURS)
        assert pairs and all(contrast(*map(from_browser, pair)) >= 4.5 for pair in pairs)
        seen.add(page.eval_on_selector("td svg path", "one => getComputedStyle(one).fill"))
    assert len(seen) == 2
    assert page.eval_on_selector_all("td svg", "all => all.every(one => one.ariaLabel)")


def test_all_of_the_table_is_there_without_scripts(opened, address):
    with opened(address, java_script_enabled=False) as page:
        assert page.locator(".claims-filter").count() == 0
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.locator("table:has(.verdict) tbody tr:visible").count() > 20
            box = page.locator("table:has(.verdict)").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= width


def test_a_phone_filters_cards(opened, address):
    with opened(address, viewport={"width": 390, "height": 844}) as page:
        page.get_by_role("combobox", name="Verdict").select_option("✓ holds")
        assert page.locator("table:has(.verdict) tbody tr:visible").count() == len(column(page, 0)) > 5
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
