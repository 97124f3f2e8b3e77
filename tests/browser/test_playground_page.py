"""The page "Playground" in a browser: pointer, touch, keyboard, themes, and no script at all."""

import re
from urllib.parse import parse_qsl

import pytest

pytestmark = pytest.mark.browser

STATE = "() => playground.state"
SHOWN = """() => ({
    attention: document.querySelector("#pg-plot .pg-outline").getAttribute("d"),
    line: document.querySelector("#pg-plot .pg-line").getAttribute("d"),
    probability: playground.computed.probability,
    verdict: document.querySelector("#pg-verdict").textContent,
})"""
# The panel that learns. How well it learns, tests/playground/test_learn.py says; here it is enough that it does.
UPDATES = "() => playground.learning.training.losses.length"
DRAWN = """() => Object.fromEntries(["loss", "accuracy", "before"].map(
    (name) => [name, document.querySelector(`#pg-curves .pg-${name}`).getAttribute("d")]))"""
OUTLINE = "() => document.querySelector('#pg-learn-plot .pg-outline').getAttribute('d')"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
REST = 800  # ms, after which a wave that stands still would have been counted


@pytest.fixture
def address(site) -> str:
    return (site / "book" / "playground.html").as_uri()


@pytest.fixture
def page(opened, address):
    with opened(address) as page:
        settle(page)
        yield page


def settle(page) -> None:
    """Wait until what was changed has been drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def place(page, step: float, plot: str = "#pg-plot") -> tuple[float, float]:
    """Where a time step lies on the screen, half-way up the plot."""
    box = page.locator(plot).bounding_box()
    return box["x"] + 52 + step / 499 * (box["width"] - 52 - 42), box["y"] + box["height"] / 2


def wait_for_count(page, count: int) -> None:
    """Wait until so many finds are counted."""
    page.wait_for_function("count => document.querySelector('#pg-count').textContent === count", arg=str(count))


def wait_for_updates(page, count: int) -> None:
    page.wait_for_function("n => playground.learning.training.losses.length >= n", arg=count)


def drag(page, start: float, end: float, plot: str = "#pg-plot") -> None:
    """Drag on a plot from one time step to another."""
    page.locator(plot).scroll_into_view_if_needed()
    page.mouse.move(*place(page, start, plot))
    page.mouse.down()
    page.mouse.move(*place(page, end, plot), steps=5)
    settle(page)
    page.mouse.up()


def test_the_page_opens(page):
    """No message on the console, no failed request; the wave is drawn and judged."""
    assert page.locator("#pg-verdict").text_content() == "✓ Right: the model says flat stretch."
    assert re.fullmatch(r"right on \d+ of \d+ test waves", page.locator("#pg-record-published").text_content())
    assert not page.locator(".pg-static").first.is_visible() and not page.locator(".pg-static").last.is_visible()


@pytest.mark.parametrize("width", [412, 1280])
def test_nothing_jumps_while_the_page_loads(opened, address, width):
    """The page keeps room for what its script fills in; the metric is that of Core Web Vitals, good below 0.1."""
    with opened(address, viewport={"width": width, "height": 823}) as page:
        shift = page.evaluate("""() => new Promise(done => {
            let shift = 0;
            const add = entries => { for (const entry of entries) shift += entry.value; };
            const observer = new PerformanceObserver(list => add(list.getEntries()));
            observer.observe({type: "layout-shift", buffered: true});
            setTimeout(() => { add(observer.takeRecords()); done(shift); }, 500);
        })""")
    assert shift < 0.02


def test_dragging(page):
    """The stretch, its edges, beyond the ranges, and beside it, where nothing happens."""
    before = page.evaluate(SHOWN)
    drag(page, 250, 150)
    after, state = page.evaluate(SHOWN), page.evaluate(STATE)
    assert abs(state["start"] - 100) <= 5 and state["length"] == 100
    assert all(after[key] != before[key] for key in ("attention", "line", "probability"))
    assert page.locator("#pg-start").input_value() == str(state["start"])
    drag(page, 200, 250)
    longer = page.evaluate(STATE)
    assert longer["start"] == state["start"] and abs(longer["length"] - 150) <= 6
    drag(page, longer["start"], 140)
    moved = page.evaluate(STATE)
    assert abs(moved["start"] - 140) <= 5
    assert moved["start"] + moved["length"] == longer["start"] + longer["length"]
    drag(page, 50, 20)
    assert page.evaluate(STATE) == moved
    drag(page, 200, 499)
    assert page.evaluate(STATE)["start"] + moved["length"] / 2 == 495  # its middle stays on the plot
    drag(page, 480, 0)
    assert page.evaluate(STATE)["start"] == 0


def test_a_finger_drags_too(opened, address):
    with opened(address, **PHONE) as page:
        settle(page)
        page.locator("#pg-plot").scroll_into_view_if_needed()
        devtools = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            touches = [{"x": x, "y": y} for x, y in points]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

        touch("touchStart", place(page, 250))
        for step in (230, 200, 170, 150):
            touch("touchMove", place(page, step))
        touch("touchEnd")
        settle(page)
        state = page.evaluate(STATE)
        assert abs(state["start"] - 100) <= 10 and state["length"] == 100


def test_where_motion_is_not_wanted(opened, address):
    """Nothing scrolls smoothly, and curves are drawn when the training rests."""
    with opened(address, reduced_motion="reduce", **PHONE) as page:  # a tap behind a drag may only end its fling
        settle(page)
        page.evaluate("() => { Element.prototype.scrollIntoView = function (how) { window.how = how.behavior; }; }")
        page.get_by_role("button", name="Crest").click()
        assert page.evaluate("() => how") == "auto"
        page.locator("#pg-train").tap()
        wait_for_updates(page, 2)
        assert page.evaluate(DRAWN)["loss"] == ""
        page.locator("#pg-train").tap()
        assert page.evaluate(DRAWN)["loss"].count("L") == page.evaluate(UPDATES) - 1
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_moves_a_slider_and_the_verdict_changes(page):
    page.get_by_role("button", name="Slowest").click()
    settle(page)
    assert page.locator("#pg-verdict").text_content() == "✗ Wrong: the model says flat stretch."
    page.get_by_role("slider", name="frequency").focus()
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.locator("#pg-frequency-value").text_content() == "1.01"
    assert page.locator("#pg-verdict").text_content() == "✓ Right: the model says plain wave."


def test_everything_can_be_reached_and_the_focus_is_seen(page):
    page.get_by_role("radio", name="BiLSTM, as published").focus()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => {
                const element = document.activeElement, style = getComputedStyle(element);
                return [element.id || element.dataset.set || "", style.outlineStyle, parseFloat(style.outlineWidth)];
            }"""
        )
        if focus[0].startswith("pg-") or "=" in focus[0]:
            assert focus[1] != "none" and focus[2] >= 2, focus
            reached.add(focus[0])
    sliders = ("start", "length", "frequency", "amplitude", "noise", "flat", "draw", "asking", "squash")
    sliders += ("train", "step", "reset", "seed", "pooling", "rate", "training-noise", "slope")
    assert {f"pg-{name}" for name in sliders} <= reached
    assert sum("=" in name for name in reached) == page.locator("button[data-set]").count()


def test_every_button_sets_up_its_experiment(page):
    for number in range(page.locator("button[data-set]").count()):
        button = page.locator("button[data-set]").nth(number)
        button.click()
        state = page.evaluate(STATE)
        for name, value in parse_qsl(button.get_attribute("data-set")):
            assert state[name] == (value if name == "model" else float(value)), (number, name)
    before = page.evaluate(SHOWN)["line"]
    page.locator("#pg-noise").fill("0.5")
    page.locator("#pg-draw").click()
    settle(page)
    assert page.evaluate(SHOWN)["line"] != before


def test_finds_are_counted_kept_and_come_back(page):
    page.get_by_role("button", name="Crest").click()
    wait_for_count(page, 1)
    page.locator("#pg-start").focus()
    page.keyboard.press("ArrowRight")  # still wrong: the same find
    page.wait_for_timeout(REST)
    assert page.locator("#pg-count").text_content() == "1"
    page.locator("#pg-length").fill("200")  # right
    settle(page)
    page.get_by_role("button", name="Slowest").click()
    wait_for_count(page, 2)
    finds = page.locator("#pg-finds button").all_text_contents()
    assert "false alarm on a plain wave" in finds[0] and "missed stretch, steps 75 to 124" in finds[1]
    page.locator("#pg-finds button").nth(1).click()
    page.wait_for_timeout(REST)
    state = page.evaluate(STATE)
    assert (state["start"], state["length"], state["frequency"], state["flat"]) == (75, 50, 1.5, True)
    assert page.locator("#pg-count").text_content() == "2"
    for number in range(2, 6):  # only the last five are kept
        page.evaluate("() => playground.set({model: 'published', flat: true, frequency: 2, start: 200, length: 100})")
        settle(page)
        page.get_by_role("button", name="Crest").click()
        wait_for_count(page, number + 1)
    assert page.locator("#pg-finds button").count() == 5


def test_the_verdict_is_read_out_once_it_rests(page):
    """Eight quick changes, one announcement."""
    page.wait_for_function("() => document.querySelector('#pg-live').textContent")
    said = page.evaluate(
        """() => new Promise((done) => {
            const live = document.querySelector("#pg-live"), slider = document.querySelector("#pg-frequency");
            const said = [];
            new MutationObserver(() => said.push(live.textContent)).observe(live, {childList: true});
            let left = 8;
            const timer = setInterval(() => {
                slider.stepUp();
                slider.dispatchEvent(new Event("input"));
                if (--left) return;
                clearInterval(timer);
                setTimeout(() => done(said), 1500);
            }, 50);
        })"""
    )
    assert len(said) == 1 and said[0].startswith("✓ Right: the model says flat stretch. Probability")


def test_self_attention_follows_pointer_slider_and_switch(page):
    page.locator("#pg-row-plot").scroll_into_view_if_needed()
    box = page.locator("#pg-row-plot").bounding_box()
    page.mouse.move(box["x"] + 52 + 0.5 * (box["width"] - 94), box["y"] + 100)
    settle(page)
    assert page.evaluate(STATE)["asking"] in (24, 25)
    asking = page.evaluate(STATE)["asking"]
    page.mouse.move(5, 5)
    page.locator("#pg-asking").focus()
    page.keyboard.press("ArrowLeft")
    settle(page)
    assert page.evaluate(STATE)["asking"] == asking - 1
    assert max(page.evaluate("() => playground.computed.row.weights")) > 0.06
    assert page.locator("#pg-row-plot .pg-bound[hidden]").count() == 2 and not page.locator("#pg-bounds").is_visible()
    page.locator("#pg-squash").check()
    settle(page)
    weights = page.evaluate("() => playground.computed.row.weights")
    assert max(weights) < 0.0526 and min(weights) > 0.0074
    assert page.locator("#pg-row-plot .pg-bound[hidden]").count() == 0 and page.locator("#pg-bounds").is_visible()


def test_it_trains_pauses_steps_and_begins_anew(page):
    """By keyboard; the curves grow, the weights over the wave change, and at rest nothing does."""
    before = page.evaluate(OUTLINE)
    page.locator("#pg-train").press("Enter")
    assert page.locator("#pg-train").text_content() == "Pause"
    wait_for_updates(page, 11)  # the accuracy is counted between the tenth and the next
    page.locator("#pg-train").press("Enter")
    assert page.locator("#pg-train").text_content() == "Train" and not page.evaluate("playground.learning.running")
    done, drawn = page.evaluate(UPDATES), page.evaluate(DRAWN)
    assert drawn["loss"].count("L") == done - 1 and drawn["accuracy"] and page.evaluate(OUTLINE) != before
    says = page.locator("#pg-learn-says").text_content()
    assert re.match(rf"Seed 1, {done} updates\. Loss \d\.\d\d, held-out accuracy \d\.\d{{3}}", says)
    assert page.locator("#pg-learn-live").text_content() == says
    page.locator("#pg-step").press("Enter")
    assert page.evaluate(UPDATES) == done + 1
    page.wait_for_timeout(100)
    assert page.evaluate(UPDATES) == done + 1
    page.locator("#pg-reset").press("Enter")
    assert page.evaluate(UPDATES) == 0 and page.evaluate(OUTLINE) == before
    assert page.evaluate(DRAWN) == {"loss": "", "accuracy": "", "before": drawn["accuracy"]}
    page.locator("#pg-seed").press("Enter")
    assert page.locator("#pg-learn-says").text_content().startswith("Seed 2, 0 updates")
    assert page.evaluate(OUTLINE) != before


def test_every_choice_of_the_training_counts(page):
    """All but the learning rate begin anew; the mean gives even weights, and the slope is said to tell."""
    weights = "() => [...playground.learning.training.says(playground.computed.x).alpha]"
    page.locator("#pg-step").click()
    page.locator("#pg-rate").select_option("0.1")
    assert page.evaluate("() => playground.learning.training.rate") == 0.1 and page.evaluate(UPDATES) == 1
    page.locator("#pg-pooling").select_option("mean")
    assert page.evaluate(UPDATES) == 0 and set(page.evaluate(weights)) == {1 / 25}
    page.locator("#pg-pooling").select_option("max")
    shares = page.evaluate(weights)
    assert sum(shares) == pytest.approx(1) and all(16 * share % 1 == 0 for share in shares)
    page.locator("#pg-training-noise").select_option("0.3")
    assert page.evaluate("() => playground.learning.training.noise") == 0.3
    assert not page.locator("#pg-slope-says").is_visible()
    page.locator("#pg-slope").check()
    assert page.evaluate("() => playground.learning.training.weights.V.columns") == 40
    assert "hands over the answer" in page.locator("#pg-slope-says").inner_text()
    page.locator("#pg-step").click()
    assert page.evaluate(UPDATES) == 1


def test_the_wave_is_dragged_in_the_panel_that_learns(page):
    plot = page.locator("#pg-learn-plot")
    plot.scroll_into_view_if_needed()
    drag(page, 250, 150, "#pg-learn-plot")
    assert abs(page.evaluate(STATE)["start"] - 100) <= 5
    assert "weight on the stretch" in page.locator("#pg-learn-wave").text_content()
    page.locator("#pg-flat").uncheck()
    settle(page)
    assert "weight on the stretch" not in page.locator("#pg-learn-wave").text_content()


def test_training_stops_when_the_page_is_hidden_and_by_itself(page):
    page.locator("#pg-train").click()
    wait_for_updates(page, 2)
    page.evaluate("""() => {
        Object.defineProperty(document, "hidden", {value: true, configurable: true});
        document.dispatchEvent(new Event("visibilitychange"));
        delete document.hidden;
        document.dispatchEvent(new Event("visibilitychange"));
    }""")
    done = page.evaluate(UPDATES)
    page.wait_for_timeout(200)
    assert page.evaluate(UPDATES) == done and page.locator("#pg-train").text_content() == "Train"
    assert page.locator("#pg-learn-live").text_content().startswith("Paused while the page was hidden.")
    page.evaluate("n => { playground.learning.training.losses.push(...Array(599 - n).fill(1)); }", done)
    page.locator("#pg-train").click()
    page.wait_for_function("() => !playground.learning.running")
    assert page.evaluate(UPDATES) == 600


def test_axes_and_curves_keep_together_while_the_width_changes(page):
    ends = page.evaluate("""() => new Promise(done => {
        const element = document.querySelector("#pg-plot");
        const right = (name) => Math.max(...document.querySelector(`#pg-plot ${name}`).getAttribute("d")
            .match(/[0-9.]+/g).map(Number).filter((_, i) => i % 2 === 0));
        const before = right(".pg-line");
        // This observer is told after that of the page, before anything is painted.
        new ResizeObserver(() => {
            const frame = document.querySelector("#pg-plot .pg-axes path").getAttribute("d").match(/H([0-9.]+)/)[1];
            if (right(".pg-line") !== before) done([right(".pg-line"), Number(frame)]);
        }).observe(element);
        requestAnimationFrame(() => { document.querySelector("#pg-panel").style.width = "400px"; });
        setTimeout(() => done([before, 0]), 3000);
    })""")
    assert ends[0] == pytest.approx(ends[1], abs=0.1)


def test_dark_mode_changes_the_colours(page):
    colours = """() => [".pg-line", ".pg-outline", ".pg-axes path"].map(
        (name) => getComputedStyle(document.querySelector(`#pg-plot ${name}`)).stroke)"""
    seen = []
    for theme in ("light", "dark"):
        while page.evaluate("() => document.documentElement.dataset.theme") != theme:
            page.locator(".theme-switch-button").first.click()
        seen.append(page.evaluate(colours))
    assert all(one != other for one, other in zip(*seen, strict=True))


def test_without_scripts_or_weights_there_is_a_figure_and_a_sentence(opened, address, browser):
    with opened(address, preloads=True, java_script_enabled=False) as page:
        assert "This page needs JavaScript" in page.locator(".pg-static").first.inner_text()
        assert "With scripts, a small classifier learns here" in page.locator(".pg-static").last.inner_text()
        assert not page.locator("button[data-set]").first.is_visible()
        context = browser.new_context()
        context.route("**/weights.js", lambda route: route.abort())
        for one in (page, context.new_page()):
            one.goto(address, wait_until="load")
            for number, panel in enumerate(("#pg-panel", "#pg-learn")):
                one.locator(".pg-static img").nth(number).wait_for()
                assert not one.locator(panel).is_visible()
        context.close()
