"""Formulas are set when the site is built: their MathML, where they are cut, and the font that they need."""

import pytest
from fontTools.ttLib import TTFont
from math_core import LatexError

from lean_site import fonts, formulas


def test_formula():
    assert formulas.mathml("a_t", display=False) == "<math><msub><mi>a</mi><mi>t</mi></msub></math>"
    assert "<math display" in formulas.mathml("a")


def test_unknown_command_is_refused():
    with pytest.raises(LatexError, match="nonsense"):
        formulas.rows(r"\nonsense")


def test_large_brackets_stay_large_under_a_power():
    """Chromium draws them so only in a row."""
    assert "<msup><mrow><mo minsize" in formulas.mathml(r"\Big( a \Big)^2")


@pytest.mark.parametrize(
    ("tex", "shape"),
    [
        ("a", [1]),
        (r"a, \qquad b \qquad \text{for all } c .", [3]),
        (r"\begin{gathered} a \qquad b \\ c \end{gathered}", [2, 1]),
        (r"\begin{cases} a \\ b \end{cases}, \qquad c", [2]),
        # Not in braces and other environments.
        (r"{a \qquad b}", [1]),
        (r"\left( a \qquad b \right)", [1]),
        (r"\begin{aligned} a \qquad b \\ c \end{aligned}", [1]),
    ],
)
def test_wide_formulas_are_cut(tex, shape):
    assert list(map(len, formulas.rows(tex))) == shape


@pytest.mark.parametrize(("tex", "signs"), [("c", 0), (r"\sqrt{c}", 1), (r"\sqrt{\frac{a}{b}}", 4)])
def test_font_has_what_the_formulas_need(tmp_path, tex, signs):
    """Slanted letters, the tables of a font for mathematics, the sign of a root, which no page writes; few bytes.

    Large signs of roots are there only for tall ones: Chromium leaves room for the widest sign that the font has.
    """
    target = tmp_path / "formulas.woff"
    fonts.write_formulas(["<p>q " + formulas.mathml(r"h + \sum \alpha " + tex)], target)
    assert target.stat().st_size < 20_000
    with TTFont(target) as font:
        known = font.getBestCmap()
        assert set(map(ord, "+∑αℎ𝛼")) <= set(known) and ord("q") not in known
        variants = font["MATH"].table.MathVariants
        made = dict(zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True))
        root = known.get(fonts.ROOT)
        assert (len(made[root].MathGlyphVariantRecord) if root else 0) == signs
