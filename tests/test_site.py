"""The built site, as a reader meets it: opened from the disk in a browser, every link followed.

Build it first with ``make book``. Where there is no site or no Chromium, these tests are skipped (see conftest.py).
"""

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
# Equations that MathJax did not find, did not understand, or set in red for an unknown command.
UNSET_EQUATIONS = """all => all
    .filter(e => !e.querySelector("mjx-container") || e.querySelector("mjx-merror, mjx-mtext[style*='red']"))
    .map(e => e.textContent)"""


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
    page.wait_for_load_state("networkidle")
    # MathJax sets the page after it has loaded, and only then asks for its fonts.
    page.evaluate("() => window.MathJax?.startup?.promise")
    page.evaluate("() => document.fonts.ready")
    broken = page.eval_on_selector_all("img", "all => all.filter(i => !i.complete || !i.naturalWidth).map(i => i.src)")
    unset = page.eval_on_selector_all(".math", UNSET_EQUATIONS)
    context.close()

    assert not troubles, "\n".join(troubles)
    assert not broken
    assert not unset, f"equations that MathJax could not set: {unset}"


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
                if element.name not in MERELY_LINKED and urlsplit(address).scheme != "data":
                    broken.append(f"loads from outside: {link}")
                continue
            target = (path.parent / unquote(urlsplit(address).path)).resolve() if address else path
            if not target.is_file():
                broken.append(f"no such file: {link}")
            elif fragment and target.suffix == ".html" and unquote(fragment) not in anchors(target) | {"top"}:
                broken.append(f"no such anchor: {link}")
    assert not broken, "\n".join(broken)


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
