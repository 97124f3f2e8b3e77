"""The built site, as a reader meets it: opened from the disk in a browser, every link followed.

Build it first with ``make book``. Where there is no site or no Chromium, these tests are skipped (see conftest.py).
"""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
PAGES = [page for page in sorted(SITE.rglob("*.html")) if "_static" not in page.parts]
# What a page names without asking for it: the reader has to click.
MERELY_LINKED = {"a", "area"}
# Where TeX may stand for itself.
VERBATIM = ["pre", "code", "script", "style"]
# A picture is there when it is decoded; a broken one never is.
ALL_PICTURES = """async () => {
    await Promise.allSettled([...document.images].map(i => i.decode()));
    await document.fonts.ready;
}"""


def page_id(path: Path) -> str:
    """Name of a page in the test report."""
    return path.relative_to(SITE).as_posix()


@cache
def parsed(path: Path) -> BeautifulSoup:
    """Parse a page, once."""
    return BeautifulSoup(path.read_bytes(), "html.parser")


@cache
def anchors(path: Path) -> set[str]:
    """Every id on a page."""
    return {element["id"] for element in parsed(path).find_all(id=True)}


def test_site_is_built(site):
    """Without pages there would be nothing to parametrise, and nothing to fail."""
    for page in ("index.html", "book/index.html", "book/api.html", "search.html"):
        assert (site / page).is_file()


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_page_opens_offline(path, site, browser):
    """No failed request, no message on the console worse than a warning, and nothing from outside the site."""
    troubles = []
    context = browser.new_context()

    def on_request(request):
        address = urlsplit(request.url)
        outside = address.scheme == "file" and not Path(unquote(address.path)).is_relative_to(site)
        if outside or address.scheme not in {"file", "data", "blob"}:
            troubles.append(f"external request: {request.url}")

    context.on("request", on_request)
    context.on("requestfailed", lambda request: troubles.append(f"failed: {request.url} ({request.failure})"))
    context.on("console", lambda message: message.type == "error" and troubles.append(f"console: {message.text}"))
    context.on("weberror", lambda error: troubles.append(f"uncaught: {error.error}"))
    # Nothing leaves the machine even when a page asks for it.
    context.route(lambda url: urlsplit(url).scheme in {"http", "https"}, lambda route: route.abort())

    page = context.new_page()
    page.goto(path.as_uri(), wait_until="load")
    if path == SITE / "index.html":
        page.wait_for_url("**/book/index.html")  # it only leads there
    page.evaluate(ALL_PICTURES)
    broken = page.eval_on_selector_all("img", "all => all.filter(i => !i.complete || !i.naturalWidth).map(i => i.src)")
    context.close()

    assert not troubles, "\n".join(troubles)
    assert not broken


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_links_resolve(path, site):
    """Every file that a page refers to is there, and every anchor is on the page that it points to."""
    broken = []
    for element in parsed(path).find_all(True):
        for attribute in ("href", "src", "data-src"):
            link = element.get(attribute)
            if not link:
                continue
            address, fragment = urldefrag(link)
            if urlsplit(address).scheme or address.startswith("//"):
                merely_linked = element.name in MERELY_LINKED or "canonical" in element.get("rel", [])
                if not merely_linked and urlsplit(address).scheme != "data":
                    broken.append(f"loads from outside: {link}")
                continue
            target = (path.parent / unquote(urlsplit(address).path)).resolve() if address else path
            if not target.is_file():
                broken.append(f"no such file: {link}")
            elif fragment and target.suffix == ".html" and unquote(fragment) not in anchors(target) | {"top"}:
                broken.append(f"no such anchor: {link}")
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_formulas_are_set(path, site):
    """As MathML, and none of them is empty or left in TeX, as one in a table that a cell wrote in HTML would be."""
    page = parsed(path)
    formulas = page.select(".math")
    assert not [str(formula) for formula in formulas if not formula.find("math") or not formula.get_text(strip=True)]
    texts = [
        text
        for text in page.find_all(string=re.compile(r"\\[(\[]|\$[^$]*[\\^_][^$]*\$"))
        if not text.find_parents(VERBATIM)
    ]
    assert not texts


@pytest.mark.parametrize("path", PAGES, ids=page_id)
def test_pictures_have_alt_text(path, site):
    """A reader who cannot see a picture is told what it shows."""
    pictures = parsed(path).select("article img, main img")
    assert not [picture.get("src") for picture in pictures if not picture.get("alt", "").strip()]


def test_launch_buttons(site):
    """Chapters open in JupyterLab on Binder, at their own path in the repository."""
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        page = site / "book" / f"{path.stem}.html"
        links = [a["href"] for a in parsed(page).select("a[href*='/v2/gh/']")]
        assert any(link.endswith(f"/main?urlpath=lab/tree/book/{path.name}") for link in links), page
