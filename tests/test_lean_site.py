"""The extension that makes pages light: icons, styles, scripts, pictures, descriptions, ends of lines."""

import struct
from importlib.resources import files

import pytest
from docutils import nodes
from fontTools.ttLib import TTFont

from lean_site import icons, lines, metadata, pages, preview, styles

SCRIPT = (
    'var p={github:[496,512,[],"f09b","M1 1z"]};(function(){d("fab",p),d("fa-brands",p)})();'
    'var p={sun:[512,512,[9728],"f185","M2 2z"]};(function(){d("far",p),d("fa-regular",p)})();'
    'var p={sun:[512,512,[9728],"f185","M3 3z"],"xmark":[384,512,[128473,"close","times"],"f00d","M4 4z"]};'
    '(function(){d("fas",p),d("fa-solid",p)})();'
)


@pytest.fixture
def drawings():
    return icons.Icons(SCRIPT)


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ('<i class="fab fa-github"></i>', "M1 1z"),
        ('<i class="fa-regular fa-sun"></i>', "M2 2z"),
        ('<span class="fa-solid fa-sun fa-lg"></span>', "M3 3z"),
        ('<i class="fas fa-times"></i>', "M4 4z"),
    ],
)
def test_icon_is_drawn(drawings, written, path):
    """From the set that its class names, under any of its names; read by nobody, because the button has a name."""
    drawn = drawings.draw(f"<button>{written}</button>")
    assert path in drawn and 'aria-hidden="true"' in drawn and "<i" not in drawn
    assert drawings.draw(drawn) == drawn


def test_icon_keeps_what_the_theme_needs(drawings):
    """The switch of the theme finds its icons by a class and a mode."""
    drawn = drawings.draw('<i class="theme-switch fa-solid fa-sun fa-lg" data-mode="light" title="Light"></i>')
    assert 'class="svg-inline--fa theme-switch fa-sun fa-lg" data-mode="light"' in drawn and "title" not in drawn


def test_unknown_icon_is_refused(drawings):
    with pytest.raises(ValueError, match="no icon rocket"):
        drawings.draw('<i class="fas fa-rocket"></i>')


def test_script_of_another_version_is_refused():
    with pytest.raises(ValueError, match="no set fa-brands"):
        icons.Icons("var p={}")


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".used{a:b}.unused{c:d}", ".used{a:b}"),
        (".used,.unused{a:b}", ".used{a:b}"),
        (".unused .used,#used>.used{a:b}", "#used>.used{a:b}"),
        (".used:not(.unused){a:b}", ".used:not(.unused){a:b}"),
        (":is(.unused,.used){a:b}", ":is(.unused,.used){a:b}"),
        ("a[href$='.png']{a:b}", "a[href$='.png']{a:b}"),
        ("@media print{.unused{a:b}.used{c:d}}", "@media print{.used{c:d}}"),
        ("@media print{.unused{a:b}}.used{a:b}", ".used{a:b}"),
        ("@keyframes unused{from{a:b}to{c:d}}", "@keyframes unused{from{a:b}to{c:d}}"),
        (".used{a:b; a:-c-b}", ".used{a:b; a:-c-b}"),
        (".used{content:'}.unused{'}", ".used{content:'}.unused{'}"),
        (".bs-tooltip-end .used{a:b}", ".bs-tooltip-end .used{a:b}"),
        ("/* .used{x:y} */p{a:b}", "p{a:b}"),
        ("/*! licence */p{a:b}", "/*! licence */\np{a:b}"),
    ],
)
def test_rules_that_nothing_can_match_go(css, left):
    assert styles.prune(css, {"used"}) == left


def test_words():
    """Classes and identifiers of pages, and every word of scripts."""
    words = styles.words_of(['<p class="a b-c" id="d">e</p><script>f.add("g")</script>'], ["show('h-i')"])
    assert {"a", "b-c", "d", "f", "g", "h-i"} <= words and "e" not in words


def site_of(tmp_path, body: str):
    """A site of one page with two sheets, in a folder."""
    static = tmp_path / "_static"
    (static / "styles").mkdir(parents=True)
    (static / "styles" / "theme.css").write_text('@import "../basic.css";.used{background:url(x.svg)}.unused{a:b}')
    (static / "basic.css").write_text("p{a:b}")
    (static / "own.css").write_text(".used{c:d}")
    page = tmp_path / "book" / "page.html"
    links = "".join(
        f'<link rel="stylesheet" href="../_static/{name}?v=1">\n' for name in ("styles/theme.css", "own.css")
    )
    text = f"<html><head>\n{links}</head><body>{body}</body></html>"
    return {page: text}, static


def test_sheets_become_one(tmp_path):
    """In their order, with what they import, addresses that still lead there, and without what is not used."""
    pages_before, static = site_of(tmp_path, '<p class="used"></p>')
    after = styles.join(pages_before, static)
    sheet = (static / styles.NAME).read_text()
    assert sheet.split("\n") == ["p{a:b}", ".used{background:url(styles/x.svg)}", ".used{c:d}"]
    (text,) = after.values()
    assert text.count('rel="stylesheet"') == 1 and 'href="../_static/site.css?v=' in text
    # A second build that writes no page changes nothing.
    assert styles.join(after, static) == after and (static / styles.NAME).read_text() == sheet


def test_fonts_keep_the_signs_that_the_styles_write(tmp_path):
    """A sign is written as an escape or as itself."""
    theme = files("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts"
    (tmp_path / "icons.ttf").write_bytes((theme / "fa-solid-900.ttf").read_bytes())
    face = "@font-face{font-family:icons;src:url(icons.ttf)}"
    css = styles.small_fonts(face + '.a:before{content:"\\f019"}.b:before{content:"\uf064"}', tmp_path)
    assert "url(icons-subset.woff)" in css
    with TTFont(tmp_path / "icons-subset.woff") as font:
        assert set(font.getBestCmap()) == {0xF019, 0xF064}


PAGE = """<html><head><meta charset="utf-8" />
<meta name="viewport" content="a" /><meta name="viewport" content="b" />
<link rel="preload" as="script" href="_static/bootstrap.js" />
<script src="_static/documentation_options.js?v=1"></script>
<script src="_static/doctools.js"></script>
<script src="_static/copybutton.js"></script>
<script>let toggleHintShow = 'show';</script>
<script src="_static/togglebutton.js"></script>
<script src="searchindex.js"></script>
</head><body>%s</body></html>"""


@pytest.mark.parametrize(
    ("body", "present", "absent"),
    [
        ("", ["doctools"], ["copybutton", "toggle", "searchindex", "preload"]),
        ('<div class="highlight"></div>', ["copybutton"], ["toggle"]),
        ('<div class="cell toggle"></div>', ["toggleHintShow", "togglebutton.js"], ["copybutton"]),
        ('<div id="search-results"></div>', ["searchindex"], ["toggle"]),
    ],
)
def test_scripts_stay_where_they_are_used(tmp_path, body, present, absent):
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "documentation_options.js").write_text("const OPTIONS = 1;")
    text = pages.trim_scripts(PAGE % body, tmp_path)
    assert all(name in text for name in present) and not any(name in text for name in absent)
    assert "<script>const OPTIONS = 1;\n" in text
    assert '<script defer src="_static/doctools.js">' in text
    assert text.count("viewport") == 1
    assert pages.trim_scripts(text, tmp_path) == text


def test_pictures_get_their_size(tmp_path):
    """The first is loaded first; a width that an author gave is kept."""
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 30, 20))
    text = pages.size_images(
        '<img src="a.png"><img src="a.png" style="width: 5px"><img src="https://b.org/a.png">', tmp_path
    )
    first, second, third = text.replace("><", ">\n<").split("\n")
    assert 'width="30" height="20"' in first and "low" not in first
    assert "width=" not in second and 'fetchpriority="low"' in second
    assert third == '<img src="https://b.org/a.png">'
    assert pages.size_images(text, tmp_path) == text


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Short.", "Short."),
        ("A sentence that is long enough to stand alone as a description here. " + "More. " * 40, None),
        ("word " * 60, None),
    ],
)
def test_descriptions_are_short(text, short):
    result = metadata.shorten(text)
    assert len(result) <= metadata.LENGTH and result[-1] in ".…"
    assert short is None or result == short


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/Fork/Book", "https://fork.github.io/Book/"),
        ("https://github.com/fork/fork.github.io", "https://fork.github.io/"),
        ("https://example.org/fork/book", ""),
    ],
)
def test_address_of_the_pages(repository, address):
    assert metadata.pages_address(repository) == address


def test_cards_describe_the_chapters(book):
    """Every card of the landing page has a text that is found."""
    landing_page = (book / "index.md").read_text(encoding="utf-8")
    assert len(metadata.card_texts(landing_page)) == landing_page.count(":link-type: doc")


def test_preview(book, tmp_path):
    """The size that previews ask for, and few bytes."""
    target = tmp_path / "preview.png"
    preview.draw(book.parent / preview.FIGURE, "Attention for time series", metadata.SUBTITLE, target)
    assert pages.png_size(target) == preview.SIZE and target.stat().st_size < 150_000


def test_formulas_keep_their_punctuation():
    formula = nodes.math("", "a")
    paragraph = nodes.paragraph("", "", nodes.Text("Of "), formula, nodes.Text("), and more"))
    lines.keep_together(paragraph)
    before, together, after = paragraph
    assert together["classes"] == [lines.TOGETHER] and together.children == [formula, "),"]
    assert (before, after) == ("Of ", " and more")


def test_numbers_keep_their_per_cent_sign():
    paragraph = nodes.paragraph("", "", nodes.Text("At 95 % and 5 %, a % "), nodes.literal("", "x = 7 % 2"))
    lines.keep_together(paragraph)
    assert paragraph.astext() == "At 95\u00a0% and 5\u00a0%, a % x = 7 % 2"


def test_theme_is_known_before_anything_is_drawn():
    """The lines that the theme writes are those that are replaced."""
    page = (
        '<html data-theme="auto"><script>'
        'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";</script>'
    )
    text = pages.choose_theme(page)
    assert 'data-theme="light"' in text and "prefers-color-scheme" in text and 'auto";' not in text
    assert pages.choose_theme(text) == text
