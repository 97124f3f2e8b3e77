"""What every page shows on a phone and on a screen, what axe-core says of it, and what the theme's scripts do.

Each page is opened once, for all that is asked of it. axe-core comes with the package axe-playwright-python, so
nothing is fetched when the tests run.
"""

import gzip
import re
from importlib.resources import files

import numpy as np
import pytest
from contrast import contrast, from_browser
from matplotlib import rc_params_from_file
from matplotlib.colors import to_rgb
from test_site import PAGES, SITE

from budget import LIMITS

pytestmark = pytest.mark.browser
# Pages with text of ours, without those that only lead on.
TEXT = {path for path in PAGES if path.parent.name == "book" and path.stat().st_size > 2000}
CHAPTER = "book/bilstm_attention.html"
# kB for the first load of a page, compressed, without its figures.
LIMIT = 260
# Already compressed.
PACKED = {".png", ".woff", ".woff2"}
PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1280, "height": 900}
WIDE = "all => all.filter(box => box.scrollWidth > box.clientWidth).map(box => box.textContent)"
# Light and dark in one visit: in the dark, only colours are different.
RUN = """async () => {
    const found = [];
    // What a page has many of is alike each time, and takes most of the time: the first of a kind stand for all.
    for (const kind of ["div.highlight", ".math", "dl.py", "tr"])
        document.querySelectorAll(kind).forEach((one, i) => i < 5 || one.classList.add("passed-over"));
    for (const theme of ["light", "dark"]) {
        document.documentElement.dataset.theme = theme;
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        const options = { resultTypes: ["violations"], preload: false };  // axe would ask for the style sheet again
        if (theme === "dark") options.runOnly = ["color-contrast", "link-in-text-block"];
        const { violations } = await axe.run({ exclude: [[".passed-over"]] }, options);
        for (const { id, nodes } of violations)
            for (const node of nodes.slice(0, 3))
                found.push(`${theme}: ${id}: ${node.html.slice(0, 120)}: ${node.any[0]?.message ?? ""}`);
    }
    return found;
}"""
# A picture is there when it is decoded; a broken one never is.
BROKEN = """async () => {
    await Promise.allSettled([...document.images].map(one => one.decode()));
    return [...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => one.src);
}"""
LEADS = re.compile('http-equiv="refresh" content="0; url=([^"]+)"')
# Colours fade from theme to theme; axe has to see the end of it. It judges no colours on a background that fades out.
AT_ONCE = "* { background-image: none !important; } *, *::before, *::after { transition: none !important; }"


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def page(site, opened):
    with opened((site / CHAPTER).as_uri()) as page:
        yield page


def test_theme_follows_the_system_switches_and_stays(site, opened, page):
    """One press leads from the light of the system to the dark, also on the next page."""
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "light"
    page.locator("button.theme-switch-button:visible").first.click()
    assert page.evaluate(theme) == "dark"
    page.goto(page.url.replace("bilstm_attention", "notation"))
    assert page.evaluate(theme) == "dark"
    with opened((site / CHAPTER).as_uri(), color_scheme="dark") as other:
        assert other.evaluate(theme) == "dark"


def test_chapter_is_drawn(page):
    """Icons as high as letters; formulas with the font of the site, a fraction higher; a button on all code."""
    heights = "all => all.map(one => one.getBoundingClientRect().height).filter(height => height)"
    icons = page.eval_on_selector_all("svg.svg-inline--fa", heights)
    assert len(icons) >= 6 and max(icons) <= 30
    assert page.evaluate("document.fonts.load('16px \"STIX Two Math\"').then(fonts => fonts.length)") == 1
    formulas = page.eval_on_selector_all("math", heights)
    assert min(formulas) > 8 and max(formulas) > 40
    assert page.locator("div.highlight button.copybtn").count() >= page.locator("div.cell_input").count() > 5


def test_sidebar_on_a_phone(site, opened):
    with opened((site / CHAPTER).as_uri(), viewport=PHONE) as page:
        link = page.get_by_role("link", name="Notation").first
        assert not link.is_visible()
        page.locator("button.primary-toggle").first.click()
        link.wait_for(state="visible")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


PUT_OFF = """() => [...document.querySelectorAll(".bd-article > section > section")].filter(
    one => getComputedStyle(one).contentVisibility === "auto").length"""


def test_what_is_on_the_screen_comes_first(site, opened, browser):
    """Then the rest; for who comes to a place, and without scripts, all at once. A block in a fold can be scrolled."""
    late = "script[type=late], img[loading=lazy]"
    address = (site / CHAPTER).as_uri()
    context = browser.new_context()
    context.route("**/whole.js*", lambda route: route.abort())
    page = context.new_page()
    page.goto(address)
    assert page.evaluate(PUT_OFF) > 5 and page.locator("script[src]:not([type])").count() == 1
    assert page.locator("script[type=late]").count() > 5 and page.locator("img[loading=lazy]").count() > 3
    context.close()
    for place, scripts in (("", True), ("#takeaways", True), ("", False)):
        with opened(address + place, java_script_enabled=scripts, viewport=PHONE) as page:
            assert page.evaluate(PUT_OFF) == 0 and not (scripts and page.locator(late).count())
            if place:
                assert 0 <= page.locator(place).bounding_box()["y"] < PHONE["height"] / 2
                block = page.locator("details pre").first
                assert block.get_attribute("tabindex") is None
                page.locator("details", has=page.locator("pre")).first.locator("summary").click()
                block.and_(page.locator("[tabindex='0']")).wait_for()


@pytest.fixture(scope="module", params=PAGES, ids=lambda path: path.relative_to(SITE).as_posix())
def visit(request, opened):
    """A page on a phone: its path, what it shows there, and which files it asked for."""
    asked = set()
    with opened(request.param.as_uri(), asked=asked, viewport=PHONE, bypass_csp=True) as page:
        for target in LEADS.findall(request.param.read_text(encoding="utf-8")):  # it only leads there
            page.wait_for_url(f"**/{target}")
        page.evaluate("() => document.fonts.ready")
        yield request.param, page, asked


def test_a_phone_shows_all_of_a_page(visit):
    """Nothing moves sideways, formulas wrap, headings have no empty line, figures are equally wide."""
    path, page, asked = visit
    if path not in TEXT:
        return
    packed = {path: path.read_bytes() for path in asked if "_images" not in path.parts and path.is_file()}
    sizes = {path.name: len(d if path.suffix in PACKED else gzip.compress(d, 6)) / 1000 for path, d in packed.items()}
    assert sum(sizes.values()) <= LIMIT, sorted(sizes.items(), key=lambda item: -item[1])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if path.stem != "the_bayes_limit":  # which has one long formula, in a box that scrolls
        assert page.eval_on_selector_all("div.math", WIDE) == []
    if least := {"claims": 1, "notation": 4}.get(path.stem):  # which are tables; that of the claims becomes cards
        assert page.eval_on_selector_all(".pst-scrollable-table-container", WIDE) == []
        assert page.locator(".pst-scrollable-table-container").count() >= least
    for figures in ("figure:not(details figure)", "details figure"):  # a fold is narrower than the page
        widths = page.eval_on_selector_all(f"{figures} img.dark-light", "all => all.map(one => one.clientWidth)")
        assert len(set(widths)) <= 1 or path.stem == "index", widths
    heights = "all => all.map(one => one.offsetHeight)"
    before = page.eval_on_selector_all(":is(h1, h2, h3):has(.headerlink)", heights)
    style = page.add_style_tag(content=".headerlink { display: none !important; }")
    assert page.eval_on_selector_all(":is(h1, h2, h3):has(.headerlink)", heights) == before
    style.evaluate("one => one.remove()")


def test_pictures_are_there_and_axe_finds_nothing(visit, axe):
    _, page, _ = visit
    page.set_viewport_size(SCREEN)
    broken = page.evaluate(BROKEN)
    page.add_style_tag(content=AT_ONCE)
    page.evaluate(axe)
    found = page.evaluate(RUN)
    assert not broken
    assert not found, "\n".join(found)


def test_a_screen_shows_all_of_a_page(visit):
    """No block moves sideways, in a fold or out of it, and a chapter ends."""
    path, page, _ = visit
    if path not in TEXT:
        return
    page.set_viewport_size(SCREEN)
    height = page.evaluate("document.querySelector('.bd-article')?.scrollHeight ?? 0")
    page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    assert page.eval_on_selector_all("pre, .cell_output .text_html, .pst-scrollable-table-container", WIDE) == []
    assert height <= LIMITS["pixels"] or not (SITE.parents[1] / "book" / f"{path.stem}.ipynb").is_file()


def test_search_finds(site, opened):
    """From the disk too, where no page may read another."""
    with opened((site / "search.html").as_uri() + "?q=softmax") as page:
        page.wait_for_selector("#search-results li a")
        assert page.locator("#search-results li a").count() > 2


GAPS = """all => all.map(root =>
    root.getBoundingClientRect().right - root.lastElementChild.getBoundingClientRect().right)"""


ENDS = """tables => tables.map(table => [...table.children].map(row => [
    row.children[0].lastElementChild.getBoundingClientRect().right,
    row.children[1].firstElementChild.getBoundingClientRect().left]))"""


def test_equations_align_and_roots_end_with_what_they_hold(site, opened):
    """What stands left of the relations ends at one place, and what stands right of them begins at one."""
    with opened((site / "book" / "joint_attention.html").as_uri(), viewport=PHONE) as page:
        page.evaluate("() => document.fonts.ready")
        ends = page.eval_on_selector_all("math > mtable", ENDS)
        page.set_viewport_size(SCREEN)
        ends += page.eval_on_selector_all("math > mtable", ENDS)
    with opened((site / "book" / "attention_by_hand.html").as_uri()) as page:
        gaps = page.eval_on_selector_all("msqrt", GAPS)
    assert gaps and max(gaps) < 1
    assert len(ends) == 2 * 2
    assert all(np.ptp(rows, axis=0).max() < 1 for rows in ends)


def test_page_is_readable_without_scripts(site, opened):
    """In the light theme, with its formulas, cells and first figure."""
    with opened((site / CHAPTER).as_uri(), java_script_enabled=False, color_scheme="dark") as page:
        assert page.locator("html").get_attribute("data-theme") == "light"
        for part in ("math", "div.cell_input", "div.cell_output img"):
            assert page.locator(f"{part}:visible").first.bounding_box()["height"] > 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_are_legible(site, opened, book, scheme):
    """Letters reach 4.5 : 1 on the page, lines 3 : 1; the dark page makes pictures brighter."""
    style = rc_params_from_file(book / "matplotlibrc", use_default_template=False)
    with opened((site / CHAPTER).as_uri(), color_scheme=scheme) as page:
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shown = page.locator("img.dark-light").first.evaluate("image => getComputedStyle(image).filter")
    brightness = float(shown.removeprefix("brightness(").removesuffix(")")) if shown != "none" else 1.0

    def legible(colour, least):
        shown = np.minimum(np.multiply(to_rgb(colour), brightness), 1)
        return contrast(shown, from_browser(background)) >= least

    assert all(legible(style[f"{part}.color"], 4.5) for part in ("text", "xtick", "ytick"))
    assert all(legible(style[f"axes.{part}"], 4.5) for part in ("labelcolor", "titlecolor", "edgecolor"))
    assert all(legible(line["color"], 3) for line in style["axes.prop_cycle"])
