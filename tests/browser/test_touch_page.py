"""What can be touched in four chapters: pointer, touch, keyboard, themes, a phone, and no script at all.

``tests/playground/test_touch.py`` holds what is computed; axe-core goes over the panels with their pages.
"""

import re

import numpy as np
import pandas as pd
import pytest
from contrast import contrast, from_browser

from touch_rows import ROWS

pytestmark = pytest.mark.browser

CHAPTERS = {
    "attention_by_hand": "Drag the scores",
    "timestep_attention": "Seed by seed",
    "joint_attention": "Choose two cells",
    "self_attention_no_effect": "One row of weights, from 0 to 1",
}
HEIGHTS = "all => all.map(one => Number(one.getAttribute('height')))"
CELLS = "all => all.map(one => [Number(one.getAttribute('x')), 5 - Number(one.getAttribute('y'))]).sort()"
# Where the focus stands, and whether one sees it.
FOCUS = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    const name = one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.textContent;
    return one.closest(".touch-panel") && name && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


@pytest.fixture
def chapter(site, opened):
    """A function that opens a chapter."""
    return lambda name, **options: opened((site / "book" / f"{name}.html").as_uri(), **options)


def words(page) -> str:
    """What the panel says."""
    return page.locator(".touch-words").text_content()


def press(page, name: str, *keys: str) -> None:
    """Press keys on the control of that name."""
    control = page.get_by_label(name, exact=True)
    control.focus()
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("name", CHAPTERS)
def test_without_scripts_there_is_a_sentence(chapter, name):
    with chapter(name, java_script_enabled=False) as page:
        sentence = page.locator("[data-touch]").inner_text()
        assert re.fullmatch(r"On the HTML page, with JavaScript, you can [^.]+\.", sentence)


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_panel_fits_a_phone_and_every_control_has_a_name_and_a_focus(chapter, name):
    """Turned, it fits too; where motion is not wanted, nothing moves."""
    with chapter(name, viewport={"width": 390, "height": 844}, reduced_motion="reduce") as page:
        panel = page.get_by_role("group", name=CHAPTERS[name])
        for width in (390, 844):
            page.set_viewport_size({"width": width, "height": 1234 - width})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert panel.evaluate("one => one.scrollWidth <= one.clientWidth")
        controls = panel.locator("input:not([type=radio]), input:checked[type=radio], select, button")
        controls.first.focus()
        for _ in range(controls.count()):
            assert page.evaluate(FOCUS)
            page.keyboard.press("Tab")
        assert not page.evaluate(FOCUS)
        moving = "() => document.getAnimations().filter(one => one.effect.target.closest('.touch-panel')).length"
        assert page.evaluate(moving) == 0


def test_colours_follow_the_theme(chapter):
    """What is drawn stands out from the page in both."""
    seen = set()
    with chapter("timestep_attention") as page:
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            plate = from_browser(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            style = "(one, name) => getComputedStyle(one).getPropertyValue(name)"
            drawn = [page.locator(".touch-panel").evaluate(style, f"--touch-{one}") for one in ("weight", "truth")]
            assert all(contrast(colour, plate) >= 3 for colour in drawn)
            seen.add(tuple(drawn))
    assert len(seen) == 2


def test_scores_by_hand(chapter):
    with chapter("attention_by_hand") as page:
        said = words(page)
        assert said.startswith("Attended change 0.493, below 1: the gauge was stuck.")
        assert page.locator(".touch-live").text_content() == ""
        press(page, "score of step 1", "End")
        assert "not below 1" in words(page) and page.locator(".touch-live").text_content() == words(page)
        press(page, "temperature, divides all scores", "End")
        weights = list(map(float, page.locator(".touch-hand > :nth-child(7n)").all_inner_texts()[1:]))
        assert 0.1 < weights[0] < weights[4] < weights[1] < 0.3
        page.get_by_label("step 1 is real").uncheck()
        assert page.locator(".touch-hand > :nth-child(7n)").nth(2).inner_text() == "0.000"
        page.get_by_role("button", name="score = minus the change").click()
        assert words(page) == said
        for step in range(7):
            page.get_by_label(f"step {step} is real").uncheck()
        assert page.get_by_label("step 7 is real").is_disabled()  # a softmax needs one step
        page.get_by_label("gauge").select_option("working")
        assert "not below 1" in words(page) and "Plain averages: change 1.875, level 4.375." in words(page)
        score = page.get_by_label("score of step 3")
        score.drag_to(score, source_position={"x": 40, "y": 12}, target_position={"x": 150, "y": 12})
        assert float(score.input_value()) > 1  # it was at -2


def test_five_trainings_seed_by_seed(chapter):
    """The bars are those of the rows, one training a row, and the average below them."""
    rows = pd.read_csv(ROWS).query("settings == '{}'").filter(regex=r"^weight_\d\d$").to_numpy()
    with chapter("timestep_attention") as page:
        assert "Seed 0: 0.059 on step 5 and 0.650 on step 15. Average: 0.339" in words(page)
        page.get_by_label("encoder").select_option("LSTM")
        page.get_by_label("planted step").select_option("10")
        heights = np.array(page.eval_on_selector_all(".touch-bar", HEIGHTS)).reshape(6, 20)
        assert np.abs(heights - [*rows, rows.mean(axis=0)]).max() < 1e-6
        press(page, "Seed 0", "ArrowDown", "ArrowDown")
        assert words(page).startswith("Seed 2: 0.321 on step 10, and more on step 11: 0.595. Average: ")
        chosen = "all => all.findIndex(one => one.classList.contains('touch-chosen'))"
        assert page.eval_on_selector_all(".touch-runs .touch-bars", chosen) == 2


def test_two_cells_and_their_ghosts(chapter):
    with chapter("joint_attention", has_touch=True) as page:
        assert page.eval_on_selector_all(".touch-ghost", CELLS) == [[2, 4], [7, 1]]
        assert words(page).endswith("predicted accuracy 0.750.")
        press(page, "second cell, dimension", "ArrowLeft", "ArrowLeft", "ArrowLeft")
        assert page.locator(".touch-ghost").count() == 0 and "no ghosts; predicted accuracy 1.000" in words(page)
        product = page.locator(".touch-map").nth(1)
        box = product.bounding_box()
        for step, row in ((0, 5), (9, 0)):  # one tap a cell, each in turn
            at = {"x": (step + 0.6) / 10.2 * box["width"], "y": (row + 0.6) / 6.2 * box["height"]}
            product.tap(position=at)
        assert page.eval_on_selector_all(".touch-ghost", CELLS) == [[0, 5], [9, 0]]
        press(page, "product: share of the first step and dimension", "End")
        assert "Product: 1.00 and 0.00 on the cells" in words(page)


def test_the_bound_of_a_sigmoid(chapter):
    with chapter("self_attention_no_effect") as page:
        press(page, "score z of one step, −z of the others", "End")
        assert "1.000 without a sigmoid, 0.106 behind one" in words(page) and "= 0.106. Even: 1 / 24" in words(page)
        press(page, "time steps T", "End")
        weights = page.eval_on_selector_all(".touch-bar", HEIGHTS)
        assert len(weights) == 2 * 64 and np.allclose([sum(weights[:64]), sum(weights[64:])], 1)
        assert max(weights[64:]) < np.e / (np.e + 63) and max(weights[:64]) > 0.999
