"""The built site, as it lies on the disk: every link followed, every formula set.

Build it first with ``make book``. Where there is no site or no Chromium, these tests are skipped (see conftest.py).
"""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
# Source pages are all alike: the list of them and the shortest stand for the rest.
SOURCES = sorted((SITE / "_modules").rglob("*.html"), key=lambda path: path.stat().st_size)[:2]
PAGES = [path for path in sorted(SITE.rglob("*.html")) if not {"_static", "_modules"} & set(path.parts)] + SOURCES
# What a page names without asking for it: the reader has to click.
MERELY_LINKED = {"a", "area"}
TEX = re.compile(r"\\[(\[]|\$[^$]*[\\^_][^$]*\$")
# Where TeX may stand for itself.
VERBATIM = ["pre", "code", "script", "style"]


def page_id(path: Path) -> str:
    """Name of a page in the test report."""
    return path.relative_to(SITE).as_posix()


@cache
def parsed(path: Path) -> BeautifulSoup:
    """Parse a page, once."""
    return BeautifulSoup(path.read_bytes(), "html.parser")


def plain_text(element: Tag) -> str:
    """What an element says, with one space between words."""
    return " ".join(element.get_text().split())


@cache
def anchors(path: Path) -> set[str]:
    """Every id on a page."""
    return {element["id"] for element in parsed(path).find_all(id=True)}


def test_site_is_built(site):
    """Without pages there would be nothing to parametrise, and nothing to fail."""
    for page in ("index.html", "book/index.html", "book/api.html", "search.html", "book/japanese_vowels.html"):
        assert (site / page).is_file()


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
def test_formulas_are_set_and_pictures_described(path, site):
    """As MathML, and none of them is empty or left in TeX, as one in a table that a cell wrote in HTML would be."""
    page = parsed(path)
    formulas = page.select(".math")
    assert not [str(formula) for formula in formulas if not formula.find("math") or not formula.get_text(strip=True)]
    assert not [text for text in page.find_all(string=TEX) if not text.find_parents(VERBATIM)]
    # A reader who cannot see a picture is told what it shows.
    assert not [one.get("src") for one in page.select("article img, main img") if not one.get("alt", "").strip()]


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "book").glob("*.ipynb"))])
def test_answer_stands_first(name, site):
    """A chapter opens with three lines; the landing page has the same, and search engines get the first two."""
    page = parsed(site / "book" / f"{name}.html")
    box = page.select_one("blockquote.answer")
    before = box.find_previous("h2")
    assert before is None or not before.find_parents("article"), "the box stands below the title"
    lines = [plain_text(line) for line in box.find_all("p")]
    starts = ("Question. ", "Finding. ", "What to do. ")
    assert len(lines) == 3 and all(line.startswith(start) for line, start in zip(lines, starts, strict=True))
    assert len(" ".join(lines).split()) <= 90
    lines = [line.removeprefix(start) for line, start in zip(lines, starts, strict=True)]
    cards = parsed(site / "book" / "index.html").select("ul.cards > li")
    (card,) = [card for card in cards if card.find("a")["href"] == f"{name}.html"]
    assert [plain_text(line) for line in card.find_all("p")[1:]] == lines
    description = page.select_one('meta[name="description"]')["content"].removesuffix(" …")
    assert " ".join(lines).startswith(description) and description.startswith(lines[0])


def test_launch_buttons(site):
    """Chapters open in JupyterLab on Binder, at their own path in the repository."""
    for path in sorted((ROOT / "book").glob("*.ipynb")):
        page = site / "book" / f"{path.stem}.html"
        links = [a["href"] for a in parsed(page).select("a[href*='/v2/gh/']")]
        assert any(link.endswith(f"/main?urlpath=lab/tree/book/{path.name}") for link in links), page
