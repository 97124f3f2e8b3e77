r"""Formulas as MathML, set when the site is built.

Browsers draw MathML by themselves: no script has to run, and a formula is part of the page like its text, to be read
aloud, searched, printed and copied. The translation from TeX is that of docutils; what it does not know, it refuses,
and a strict build fails. ``SYNONYMS`` says in its words what the chapters say otherwise.
"""

import re
import unicodedata
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from fontTools import subset
from fontTools.ttLib import TTFont
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)

NAME = "mathml"
# STIX Two Math (see stix/LICENSE). The site serves what its formulas need, under the second name.
FONT = Path(__file__).parent / "stix" / "stix-two-math.woff"
FONT_NAME = "formulas.woff"

SYNONYMS = {
    r"\\dots(?![a-z])": r"\\ldots",
    # Without braces TeX takes one digit, docutils the whole number: one half, not 12 over what follows.
    r"(\\[tdc]?frac)\s*(\d)\s*(\d)": r"\1{\2}{\3}",
    r"(\\[tdc]?frac)\s*(\d)": r"\1{\2}",
    r"([\^_])(\d)(?=\d)": r"\1{\2}",
    r"\\operatorname\*\{([^{}]*)\}_\{((?:[^{}]|\{[^{}]*\})*)\}": r"\\underset{\2}{\\operatorname{\1}}",
    r"\\operatorname\*\{([^{}]*)\}": r"\\operatorname{\1}",
    r"(\\begin|\\end)\{gathered\}": r"\1{matrix}",
}
# Delimiters that are neither opening nor closing have the sizes of those that are.
latex2mathml.bigdelimiters.update(
    {name[:-1]: size for name, size in latex2mathml.bigdelimiters.items() if name.startswith(("big", "Big"))}
)

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
# What takes any number of children, so that a space between two of them is no argument.
ROWS = {"math", "mrow", "mtd", "msqrt", "mphantom"}
SCRIPTS = {"msub", "msup", "msubsup"}
APPLICATION = "\u2061"
THIN = "0.167em"
# What a root can hold without being taller than a letter.
FLAT = {"mi", "mn", "mo", "mrow", "mspace", "mtext"}
ROOT = ord("√")
ROW = "formula-row"


def _text(element: ElementTree.Element) -> str:
    return (element.text or "").strip()


def _is_function(element: ElementTree.Element) -> bool:
    """Whether it is the name of a function, such as log, with or without a power or an index."""
    if element.tag in SCRIPTS:
        element = element[0]
    named = _text(element) in latex2mathml.functions or element.get("mathvariant") == "normal"
    return element.tag == "mi" and named and len(_text(element)) > 1


def _opens(element: ElementTree.Element) -> bool:
    """Whether it begins with a bracket."""
    while len(element) and element.tag in {"mrow", *SCRIPTS}:
        element = element[0]
    return element.tag == "mo" and _text(element) in set("([{⟨|‖")


def space_functions(root: ElementTree.Element) -> None:
    """Put the thin spaces of TeX around names of functions: a log b, but log(b)."""
    for row in [element for element in root.iter() if element.tag in ROWS]:
        spaced: list[ElementTree.Element] = []
        for child in row:
            previous = spaced[-1] if spaced else None
            if previous is not None:
                after = _text(previous) == APPLICATION or _is_function(previous)
                applied = _text(child) == APPLICATION
                before = _is_function(child) and previous.tag not in {"mo", "mspace"}
                if (after and not applied and not _opens(child) and child.tag not in {"mo", "mspace"}) or before:
                    spaced.append(ElementTree.Element("mspace", width=THIN))
            spaced.append(child)
        row[:] = spaced


def space_operators(root: ElementTree.Element) -> None:
    """Have bars hug what stands between them, at the height of a line, and max and min keep a thin space."""
    for element in root.iter("mo"):
        if _text(element) in {"|", "‖"} and not element.get("minsize"):
            element.attrib |= {"lspace": "0", "rspace": "0", "stretchy": "false"}
        elif _text(element).isalpha() and len(_text(element)) > 1:
            element.attrib |= {"lspace": THIN, "rspace": THIN}


def accent_letters(root: ElementTree.Element) -> None:
    r"""Put an accent over its letter, and the index behind both: ``\bar h_m`` is no sum with limits."""
    for element in root.iter():
        for child in element:
            if child.tag != "munderover" or child[0].tag == "mo" or child[2].tag != "mo":
                continue
            letter, index, accent = child
            if accent.get("stretchy") == "false" or accent.get("accent") == "true":
                child.tag = "msub"
                child[:] = [ElementTree.Element("mover", accent="true"), index]
                child[0].extend([letter, accent])
                if element.tag == "msup" and child is element[0]:
                    element.tag = "msubsup"
                    element[:] = [*child, element[1]]


def label_braces(root: ElementTree.Element) -> None:
    """Put what stands at a brace below a formula under it, not behind it."""
    for element in root.iter("msub"):
        if element[0].tag == "munder" and _text(element[0][1]) == "⏟":
            element.tag = "munder"


def keep_small(root: ElementTree.Element) -> None:
    r"""Stop brackets from growing with their line, as in TeX, unless they begin or end a row: ``\left``, ``\right``."""
    for row in root.iter():
        for child in row:
            grows = row.tag == "mrow" and (child is row[0] or child is row[-1])
            if child.tag == "mo" and _text(child) in set("⟨⟩⌊⌋⌈⌉{}") and not grows:
                child.set("stretchy", "false")


def cut(tex: str) -> list[list[str]]:
    r"""Cut a formula into those that stand side by side where the page is wide enough.

    Parameters
    ----------
    tex : str
        A formula on lines of its own.

    Returns
    -------
    list of list of str
        What stands between each ``\qquad``, for each line; there are several lines only if all of it is ``gathered``.
        Inside of braces and other environments nothing is cut.
    """
    lines = re.fullmatch(
        r"\\begin\{gathered\}((?:(?!\\(?:begin|end)\{gathered\}).)*)\\end\{gathered\}", tex.strip(), re.S
    )
    rows, depth = [[""]], 0
    for token in re.findall(r"\\[A-Za-z]+|\\.|[^\\]", lines[1] if lines else tex, re.S):
        depth += (token in {"{", r"\begin", r"\left"}) - (token in {"}", r"\end", r"\right"})
        if depth == 0 and token == r"\qquad":
            rows[-1].append("")
        elif depth == 0 and token == r"\\" and lines:
            rows.append([""])
        else:
            rows[-1][-1] += token
    return [[part for part in map(str.strip, row) if part] for row in rows]


def mathml(tex: str, *, display: bool) -> str:
    r"""Translate a formula.

    Parameters
    ----------
    tex : str
        The formula in TeX, without dollars.
    display : bool
        Whether it stands on lines of its own.

    Returns
    -------
    str
        An element ``math`` in one line.

    Raises
    ------
    docutils.utils.math.MathError
        When the formula has a command that is not known.
    """
    for pattern, known in SYNONYMS.items():
        tex = re.sub(pattern, known, tex)
    written = latex2mathml.tex2mathml(tex.strip(), as_block=display)
    root = ElementTree.fromstring(written.replace(f' xmlns="{NAMESPACE}"', "").replace("&ApplyFunction;", APPLICATION))
    accent_letters(root)
    space_functions(root)
    keep_small(root)
    label_braces(root)
    space_operators(root)
    for element in root.iter():
        # Line ends between the elements are for the eye alone.
        element.tail = None
        if len(element):
            element.text = None
    return ElementTree.tostring(root, encoding="unicode")


def _translated(self: HTML5Translator, node: nodes.Node, *, display: bool) -> str:
    try:
        rows = cut(node.astext()) if display else []
        if sum(map(len, rows)) < 2:
            return mathml(node.astext(), display=display)
        written = ("".join(mathml(part, display=True) for part in row) for row in rows)
        return "\n".join(f'<div class="{ROW}">{row}</div>' for row in written)
    except MathError as error:
        LOGGER.warning("formula %s: %s", node.astext(), error, location=node)
        return f"<code>{self.encode(node.astext())}</code>"


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line of text."""
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    self.body.append(f"{_translated(self, node, display=False)}</span>")
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own, with its number if it has one."""
    self.body.append(self.starttag(node, "div", CLASS="math notranslate nohighlight"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(f"{_translated(self, node, display=True)}</div>\n")
    raise nodes.SkipNode


def signs_of(pages: list[str]) -> set[int]:
    """Every sign in the formulas of some pages, with the slanted letters that stand for single ones."""
    texts = (
        text
        for page in pages
        for found in re.findall(r"<math\b.*?</math>", page, re.DOTALL)
        for text in re.findall(r">([^<]+)<", found)
    )
    signs = set("".join(texts))
    if any("<msqrt" in page or "<mroot" in page for page in pages):
        signs.add(chr(ROOT))  # is drawn, but not written
    # A browser draws a single letter as the mathematical one of the same name.
    slanted = {}
    for code in [0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)]:
        slanted[unicodedata.normalize("NFKC", chr(code))] = code
    return {ord(sign) for sign in signs} | {slanted[sign] for sign in signs if sign in slanted}


def has_tall_roots(pages: list[str]) -> bool:
    """Whether a root holds more than a row of signs."""
    roots = (
        root
        for page in pages
        for found in re.findall(r"<math\b.*?</math>", page, re.DOTALL)
        for root in re.findall(r"<m(?:sqrt|root)>(.*?)</m(?:sqrt|root)>", found)
    )
    return any(set(re.findall(r"<(\w+)", root)) - FLAT for root in roots)


def drop_tall_roots(font: TTFont) -> None:
    """Leave only the small sign of a root: Chromium keeps room for the widest, and a gap stays after every root."""
    variants = font["MATH"].table.MathVariants
    sign = font.getBestCmap()[ROOT]
    for name, made in zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True):
        if name == sign:
            made.MathGlyphVariantRecord = made.MathGlyphVariantRecord[:1]
            made.VariantCount = 1
            made.GlyphAssembly = None


def write_font(pages: list[str], target: Path) -> None:
    """Write the part of the font that the formulas of the pages need.

    Parameters
    ----------
    pages : list of str
        Every page of the site.
    target : Path
        Where the font goes.
    """
    with TTFont(FONT, recalcTimestamp=False) as font:
        options = subset.Options(flavor="woff", notdef_outline=True)
        options.layout_features = ["ssty", "dtls", "flac"]  # what formulas ask for: small signs, and signs with accents
        if not has_tall_roots(pages):
            drop_tall_roots(font)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=sorted(signs_of(pages)))
        cutter.subset(font)
        data = BytesIO()
        font.save(data)
    target.write_bytes(data.getvalue())
