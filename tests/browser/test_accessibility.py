"""Every page opens from the disk, with its pictures, and axe-core finds nothing on it, light or dark.

axe-core comes with the package axe-playwright-python, so nothing is fetched when the tests run.
"""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from test_site import PAGES, SITE

pytestmark = pytest.mark.browser

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


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SITE).as_posix())
def test_page_opens_and_axe_finds_nothing(path: Path, site, opened, axe):
    with opened(path.as_uri(), bypass_csp=True) as page:
        for target in LEADS.findall(path.read_text(encoding="utf-8")):  # it only leads there
            page.wait_for_url(f"**/{target}")
        broken = page.evaluate(BROKEN)
        page.add_style_tag(content=AT_ONCE)
        page.evaluate(axe)
        found = page.evaluate(RUN)
    assert not broken
    assert not found, "\n".join(found)
