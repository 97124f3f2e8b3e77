"""Formulas are set when the site is built: their MathML, where they are cut, and the font that they need."""

import re

import pytest
from docutils.utils.math import MathError
from fontTools.ttLib import TTFont

from lean_site import formulas


def inner(tex: str, *, display: bool = False) -> str:
    """What stands in the element ``math`` of a formula."""
    return formulas.mathml(tex, display=display).split(">", 1)[1].removesuffix("</math>")


THIN = '<mspace width="0.167em" />'


@pytest.mark.parametrize(
    ("tex", "written"),
    [
        ("a_t", "<msub><mi>a</mi><mi>t</mi></msub>"),
        (r"\dots", "<mi>…</mi>"),
        # Without braces, one digit.
        (r"\tfrac12 a", '<mfrac displaystyle="false" scriptlevel="0"><mn>1</mn><mn>2</mn></mfrac><mi>a</mi>'),
        (r"\frac 1R", "<mfrac><mn>1</mn><mi>R</mi></mfrac>"),
        ("a^12", "<msup><mi>a</mi><mn>1</mn></msup><mn>2</mn>"),
        (
            r"\operatorname*{mean}_{x}",
            '<munder><mrow><mi mathvariant="normal">mean</mi><mo>\u2061</mo></mrow><mi>x</mi></munder>',
        ),
        (r"\max", '<mo lspace="0.167em" rspace="0.167em">max</mo>'),
        # A function keeps its distance from letters, not from brackets.
        (r"a \log b", f"<mi>a</mi>{THIN}<mi>log</mi><mo>\u2061</mo>{THIN}<mi>b</mi>"),
        (r"\log(b)", '<mi>log</mi><mo>\u2061</mo><mo stretchy="false">(</mo><mi>b</mi><mo stretchy="false">)</mo>'),
        # An accent belongs to its letter, also where an index follows; limits stay.
        (
            r"\bar h_m",
            '<msub><mover accent="true"><mi>h</mi><mo stretchy="false">ˉ</mo></mover><mi>m</mi></msub>',
        ),
        (
            r"\hat x_t^2",
            '<msubsup><mover accent="true"><mi>x</mi><mo stretchy="false">ˆ</mo></mover><mi>t</mi><mn>2</mn></msubsup>',
        ),
        (r"\sum_t^T", '<munderover><mo movablelimits="true">∑</mo><mi>t</mi><mi>T</mi></munderover>'),
        (r"-\log_2 b", f"<mo>−</mo><msub><mi>log</mi><mn>2</mn></msub>{THIN}<mi>b</mi>"),
    ],
)
def test_formula(tex, written):
    assert inner(tex) == written


@pytest.mark.parametrize("tex", [r"\Big( a \Big)", r"\begin{gathered} a \\ b \end{gathered}"])
def test_formulas_in_other_words(tex):
    """Commands of the chapters for which docutils has others."""
    assert "<mi>a</mi>" in inner(tex, display=True)


@pytest.mark.parametrize("tex", ["|a|", r"\|a\|", r"\lVert a \rVert"])
def test_bars_hug_what_they_hold(tex):
    written = inner(tex)
    assert written.count('lspace="0"') == written.count('rspace="0"') == 2


def test_unknown_command_is_refused():
    with pytest.raises(MathError, match="nonsense"):
        formulas.mathml(r"\nonsense", display=False)


@pytest.mark.parametrize(
    ("tex", "grows"),
    [
        (r"\langle x \rangle + \frac{1}{2}", False),
        (r"\{a\} \lceil b \rceil", False),
        (r"\left\langle \frac{a}{b} \right\rangle", True),
        (r"\begin{cases} a & b \\ c & d \end{cases}", True),
    ],
)
def test_brackets_grow_only_when_they_enclose(tex, grows):
    signs = re.findall(r"<mo([^>]*)>[⟨⟩{}⌈⌉]</mo>", formulas.mathml(tex, display=True))
    assert signs and all(("stretchy" in attributes) != grows for attributes in signs)


def test_labels_stand_under_their_brace():
    written = formulas.mathml(r"\underbrace{a + b}_{\text{both}}", display=True)
    assert "<munder><munder>" in written and "<msub>" not in written


def test_font_has_the_sign_of_a_root_which_no_page_writes(tmp_path):
    sizes = []
    for tex in (r"\sqrt{c}", "c"):
        target = tmp_path / "formulas.woff"
        formulas.write_font(["<p>" + formulas.mathml(tex, display=False)], target)
        with TTFont(target) as font:
            sizes.append(0x221A in font.getBestCmap())
    assert sizes == [True, False]


@pytest.mark.parametrize(("tex", "signs"), [(r"\sqrt{c}", 1), (r"\sqrt{\frac{a}{b}}", 4)])
def test_font_has_large_signs_of_roots_only_for_tall_ones(tmp_path, tex, signs):
    """Chromium leaves room for the widest sign that the font has."""
    target = tmp_path / "formulas.woff"
    formulas.write_font(["<p>" + formulas.mathml(tex, display=False)], target)
    with TTFont(target) as font:
        variants = font["MATH"].table.MathVariants
        made = dict(zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True))
        assert len(made[font.getBestCmap()[0x221A]].MathGlyphVariantRecord) == signs


@pytest.mark.parametrize(
    ("tex", "rows"),
    [
        ("a", [["a"]]),
        (r"a, \qquad b \qquad \text{for all } c .", [["a,", "b", r"\text{for all } c ."]]),
        (r"\begin{gathered} a \qquad b \\ c \end{gathered}", [["a", "b"], ["c"]]),
        # Not in braces and other environments.
        (r"\text{a \qquad b}", [[r"\text{a \qquad b}"]]),
        (r"\left( a \qquad b \right)", [[r"\left( a \qquad b \right)"]]),
        (r"\begin{aligned} a \qquad b \\ c \end{aligned}", [[r"\begin{aligned} a \qquad b \\ c \end{aligned}"]]),
        (r"\begin{cases} a \\ b \end{cases}, \qquad c", [[r"\begin{cases} a \\ b \end{cases},", "c"]]),
    ],
)
def test_wide_formulas_are_cut(tex, rows):
    assert formulas.cut(tex) == rows


def test_font_has_what_the_formulas_need(tmp_path):
    """Signs, slanted letters, the tables of a font for mathematics; and few bytes."""
    target = tmp_path / "formulas.woff"
    formulas.write_font(["<p>q " + formulas.mathml(r"h + \sum \alpha", display=False)], target)
    assert target.stat().st_size < 20_000
    with TTFont(target) as font:
        assert "MATH" in font and set(map(ord, "+∑αℎ𝛼")) <= set(font.getBestCmap())
        assert ord("q") not in font.getBestCmap()
