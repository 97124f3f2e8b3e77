"""The extension that makes pages light: icons, styles, scripts, pictures, descriptions, ends of lines."""

from importlib.resources import files

import pytest
from docutils import nodes
from fontTools.ttLib import TTFont
from PIL import Image

import lean_site
from lean_site import icons, pages, preview, styles

SCRIPT = (
    'var p={github:[496,512,[],"f09b","M1 1z"]};(function(){d("fab",p),d("fa-brands",p)})();'
    'var p={sun:[512,512,[9728],"f185","M2 2z"]};(function(){d("far",p),d("fa-regular",p)})();'
    'var p={sun:[512,512,[9728],"f185","M3 3z"],"xmark":[384,512,[128473,"close","times"],"f00d","M4 4z"]};'
    '(function(){d("fas",p),d("fa-solid",p)})();'
)


def draw(written: str) -> str:
    return icons.draw(written, icons.read(SCRIPT))


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ('<i class="fab fa-github"></i>', "M1 1z"),
        ('<i class="fa-regular fa-sun"></i>', "M2 2z"),
        ('<span class="fa-solid fa-sun fa-lg"></span>', "M3 3z"),
        ('<i class="fas fa-times"></i>', "M4 4z"),
    ],
)
def test_icon_is_drawn(written, path):
    """From the set that its class names, under any of its names; read by nobody, because the button has a name."""
    drawn = draw(f"<button>{written}</button>")
    assert path in drawn and 'aria-hidden="true"' in drawn and "<i" not in drawn
    assert draw(drawn) == drawn


def test_icon_keeps_what_the_theme_needs():
    """The switch of the theme finds its icons by a class and a mode."""
    drawn = draw('<i class="theme-switch fa-solid fa-sun fa-lg" data-mode="light" title="Light"></i>')
    assert 'class="svg-inline--fa theme-switch fa-sun fa-lg" data-mode="light"' in drawn and "title" not in drawn


@pytest.mark.parametrize("script", [SCRIPT, "var p={}"])
def test_unknown_icon_is_refused(script):
    with pytest.raises(ValueError, match="no icon rocket"):
        icons.draw('<i class="fas fa-rocket"></i>', icons.read(script))


def test_rules_that_nothing_can_match_go():
    """Classes and identifiers of pages count, and every word of scripts."""
    css = ".a,.x{top:0}#b{top:1px}.f:not(.x){top:2px}.g{top:3px}.x .a{top:4px}.e{top:5px}.bs-tooltip-end{top:6px}"
    page = '<p class="a" id="b">e</p><script>f.add()</script>'
    left = styles.prune(css, [page], ["show('g')"])
    assert all(f"top:{value}" in left for value in ("0", "1px", "2px", "3px", "6px"))
    assert "top:4px" not in left and "top:5px" not in left


def test_sheets_become_one(tmp_path):
    """In their order, with what they import, addresses that still lead there, and signs that the fonts still have."""
    static = tmp_path / "_static"
    (static / "styles").mkdir(parents=True)
    theme = files("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static/vendor/fontawesome/webfonts"
    (static / "icons.ttf").write_bytes((theme / "fa-solid-900.ttf").read_bytes())
    (static / "basic.css").write_text('p{top:0}@font-face{font-family:icons;src:url("icons.ttf")}')
    (static / "styles" / "theme.css").write_text('@import "../basic.css";.used{background:url(x.svg)}.unused{top:0}')
    (static / "own.css").write_text('.used:before{content:"\\f019"}.used:after{content:"\uf064"}')
    sheets = "styles/theme.css", "own.css"
    links = "".join(f'<link rel="stylesheet" href="../_static/{name}?v=1">\n' for name in sheets)
    page = tmp_path / "book" / "page.html"
    texts = {page: f'<html><head>\n{links}</head><body><p class="used"></p></body></html>'}
    styles.join(texts, static)
    sheet = (static / styles.NAME).read_text()
    parts = ("p{top:0}", "url(icons.woff)", "url(styles/x.svg)", ".used:before")
    assert sorted(parts, key=sheet.index) == list(parts) and "unused" not in sheet
    assert texts[page].count('rel="stylesheet"') == 1 and 'href="../_static/site.css?v=' in texts[page]
    with TTFont(static / "icons.woff") as font:
        assert set(font.getBestCmap()) == {0xF019, 0xF064}


PAGE = """<html data-theme="auto"><head><meta charset="utf-8" />
<link rel="preload" as="script" href="_static/bootstrap.js" />
<script>document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";</script>
<script src="_static/documentation_options.js?v=1"></script>
<script src="_static/doctools.js"></script>
<script src="_static/whole.js?v=1"></script>
<script src="_static/copybutton.js"></script>
<script src="_static/togglebutton.js"></script>
<script src="searchindex.js"></script>
</head><body>%s<script defer src="_static/scripts/bootstrap.js"></script></body></html>"""


@pytest.mark.parametrize(
    ("body", "present"),
    [
        ("", set()),
        ('<div class="highlight"></div>', {"copybutton"}),
        ('<div class="cell toggle"></div>', {"togglebutton"}),
        ('<div id="search-results"></div>', {"searchindex"}),
    ],
)
def test_scripts_stay_where_they_are_used(tmp_path, body, present):
    """There they wait for whole.js; the theme is known before anything is drawn."""
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "documentation_options.js").write_text("const OPTIONS = 1;")
    text = pages.lighten(PAGE % body, tmp_path)
    assert {name for name in ("copybutton", "togglebutton", "searchindex", "preload") if name in text} == present
    assert "<script>const OPTIONS = 1;" in text and '<script defer src="_static/whole.js?v=1">' in text
    assert text.count("src=") - 1 == text.count('<script type="late" src="') == 2 + (len(present) > 0)
    assert 'data-theme="light"' in text and "prefers-color-scheme" in text and '|| "auto";' not in text
    assert pages.lighten(text, tmp_path) == text


def test_pictures_get_their_size(tmp_path):
    """Those in sections are put off; a width that an author gave is kept."""
    Image.new("L", (30, 20)).save(tmp_path / "a.png")
    others = '<section><img src="a.png" style="width: 5px"><img src="https://b.org/a.png">'
    text = pages.size_pictures('<section><img src="a.png">' + others, tmp_path)
    _, first, _, second, third = text.replace("><", ">\n<").split("\n")
    assert 'width="30" height="20"' in first and 'loading="eager"' in first
    assert "width=" not in second and 'loading="lazy"' in second
    assert third == '<img src="https://b.org/a.png">'
    assert pages.size_pictures(text, tmp_path) == text


def test_formulas_keep_their_punctuation(tmp_path):
    formula = '<span class="math notranslate nohighlight"><math><mi>a</mi></math></span>'
    text = pages.lighten(f"<head></head><body>Of {formula}), and more</body>", tmp_path)
    assert f'Of <span class="together">{formula}),</span> and more' in text
    assert pages.lighten(text, tmp_path) == text


def test_numbers_keep_their_per_cent_sign():
    paragraph = nodes.paragraph("", "", nodes.Text("At 95 % and 5 %, a % "), nodes.literal("", "x = 7 % 2"))
    lean_site.keep_per_cent(None, paragraph, "")
    assert paragraph.astext() == "At 95\u00a0% and 5\u00a0%, a % x = 7 % 2"


def test_preview(book, tmp_path):
    """The size that previews ask for, and few bytes."""
    target = tmp_path / "preview.png"
    preview.draw(book.parent / preview.FIGURE, "Attention for time series", target)
    with Image.open(target) as picture:
        assert picture.size == (1200, 630) and target.stat().st_size < 150_000
