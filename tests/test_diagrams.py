"""The diagrams: drawn anew they are the same, every chapter's is there, and they can be read, large and small."""

import re
from xml.etree import ElementTree

import pytest
from contrast import contrast

import diagrams
from lean_site.diagrams import inline

FILES = sorted(diagrams.FOLDER.glob("*.svg"))
REFERENCE = re.compile(r"!\[([^\]]*)\]\(images/diagrams/([^)]*)\)")
PAGE = {"light": "#ffffff", "dark": "#14181e"}  # the dark pages themselves are #121212, which is easier
TEXT = {"light": "#222832", "dark": "#ced6dd"}
PHONE = 358  # pixels that a column of text has on a phone 390 wide


def test_files_are_what_the_generator_draws():
    assert {path: path.read_text(encoding="utf-8") for path in FILES} == dict(diagrams.drawn())


def test_chapters_show_every_diagram_and_no_other(book):
    found = [one for path in book.glob("*.ipynb") for one in REFERENCE.findall(path.read_text(encoding="utf-8"))]
    assert all(text.strip() for text, _ in found)
    assert {name for _, name in found} == {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_says_what_it_is_and_takes_the_colours_of_its_page(path):
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert root.get("role") == "img" and root.find("{*}title").text
    assert {one.get(key) for one in root.iter() for key in ("fill", "stroke")} <= {None, "none", "currentColor"}
    drawing = inline(path.read_text(encoding="utf-8"), 'What it "shows" & says')
    page = ElementTree.fromstring(drawing)
    assert page.get("aria-label") == 'What it "shows" & says' and page.get("role") == "img"
    assert not {"style", "title"} & {one.tag for one in page.iter()}


@pytest.mark.parametrize(("drawing", "text"), [("<svg/>", " "), ('<svg><g id="a"/></svg>', "What it shows")])
def test_no_text_and_identifiers_are_refused(drawing, text):
    with pytest.raises(ValueError, match="a diagram must have a text and no identifiers"):
        inline(drawing, text)


@pytest.mark.parametrize("theme", PAGE)
def test_colours_are_strong_enough(theme):
    assert contrast(diagrams.ACCENT[theme], PAGE[theme]) >= 4.5
    assert contrast(TEXT[theme], PAGE[theme]) >= 7
    assert {TEXT[theme], PAGE[theme].replace("ffffff", "fff")} <= set(re.findall("#[0-9a-f]+", diagrams.STYLE))


def test_colours_are_those_of_the_book(book, site):
    own = re.findall(r"--diagram-accent: (#\w+)", (book / "_static" / "book.css").read_text(encoding="utf-8"))
    assert own == list(diagrams.ACCENT.values())
    css = (site / "_static" / "site.css").read_text(encoding="utf-8")
    for name, colours in (("background", PAGE), ("text-base", TEXT)):
        theirs = re.findall(rf"--pst-color-{name}:(#\w+)", css)
        assert set(colours.values()) <= {colour.replace("#fff", "#ffffff") for colour in theirs}


MEASURED = """() => {
    const frame = document.querySelector("svg").getBoundingClientRect();
    const texts = [...document.querySelectorAll("text")];
    const boxes = texts.map(text => text.getBoundingClientRect());
    const scale = frame.width / document.querySelector("svg").viewBox.baseVal.width;
    const outside = texts.filter((_, i) => boxes[i].left < frame.left || boxes[i].right > frame.right);
    const over = texts.filter((_, i) => boxes.some((box, j) => i < j && box.left + 1 < boxes[i].right &&
        boxes[i].left + 1 < box.right && box.top + 3 < boxes[i].bottom && boxes[i].top + 3 < box.bottom));
    const wide = texts.filter((_, i) => [...document.querySelectorAll("rect[rx='9']")].some(rect => {
        const box = rect.getBoundingClientRect(), middle = (boxes[i].top + boxes[i].bottom) / 2;
        return box.top < middle && middle < box.bottom && boxes[i].right > box.left && boxes[i].left < box.right
            && (boxes[i].left < box.left + 2 || boxes[i].right > box.right - 2);
    }));
    return {
        letters: Math.min(...texts.map(text => scale * text.getAttribute("font-size"))),
        misplaced: [...outside, ...over, ...wide].map(text => text.textContent),
    };
}"""


@pytest.fixture(scope="module")
def page(browser):
    return browser.new_page(viewport={"width": PHONE, "height": 844})


@pytest.mark.browser
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_letters_are_large_enough_on_a_phone_and_stay_in_place(page, path):
    drawing = inline(path.read_text(encoding="utf-8"), "What it shows").replace("<svg", '<svg style="width: 100%"', 1)
    page.set_content(f'<body style="margin: 0">{drawing}')
    found = page.evaluate(MEASURED)
    assert not found["misplaced"]
    assert found["letters"] >= 11
