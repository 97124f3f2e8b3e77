"""What axe-core finds on the pages, light and dark.

axe-core comes with the package axe-playwright-python, so nothing is fetched when the tests run.
"""

from importlib.resources import files
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
PAGES = [path for path in sorted(SITE.rglob("*.html")) if not {"_static", "_modules"} & set(path.parts)]
# Pages of source code are all alike, and long; their list and the shortest stand for them.
SOURCES = sorted((path for path in (SITE / "_modules").rglob("*.html")), key=lambda path: path.stat().st_size)[:2]

# Light and dark in one visit: in the dark, only colours are different.
RUN = """async () => {
    const found = [];
    // What a page has many of is alike each time, and takes most of the time: the first of a kind stand for all.
    for (const kind of ["div.highlight", ".math", "dl.py", "tr"])
        document.querySelectorAll(kind).forEach((one, i) => i < 5 || one.classList.add("passed-over"));
    for (const theme of ["light", "dark"]) {
        document.documentElement.dataset.theme = theme;
        await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
        const options = { resultTypes: ["violations"] };
        if (theme === "dark") options.runOnly = ["color-contrast", "link-in-text-block"];
        const { violations } = await axe.run({ exclude: [[".passed-over"]] }, options);
        for (const { id, nodes } of violations)
            for (const node of nodes.slice(0, 3))
                found.push(`${theme}: ${id}: ${node.html.slice(0, 120)}: ${node.any[0]?.message ?? ""}`);
    }
    return found;
}"""
# Colours fade from theme to theme; axe has to see the end of it. It judges no colours on a background that fades out.
AT_ONCE = "* { background-image: none !important; } *, *::before, *::after { transition: none !important; }"


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [*PAGES, *SOURCES], ids=lambda path: path.relative_to(SITE).as_posix())
def test_axe_finds_nothing(path: Path, site, browser, axe):
    """No violation of any rule."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(path.as_uri(), wait_until="load")
    if path == SITE / "index.html":
        page.wait_for_url("**/book/index.html")
    page.add_style_tag(content=AT_ONCE)
    page.evaluate(axe)
    found = page.evaluate(RUN)
    context.close()
    assert not found, "\n".join(found)
