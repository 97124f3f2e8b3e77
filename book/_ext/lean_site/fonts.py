"""The parts of fonts that the site needs."""

import html
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

# STIX Two Math (see stix/LICENSE).
STIX = Path(__file__).parent / "stix" / "stix-two-math.woff"
# What formulas ask for: small signs, and signs with accents.
OPTIONS = subset.Options(flavor="woff", notdef_outline=True, layout_features=["ssty", "dtls", "flac"])
ROOT = ord("√")
# A browser draws a single letter as the mathematical one of the same name.
SLANTED = [0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)]
# A root over more than a row of signs.
TALL = re.compile(r"<m(sqrt|root)>(?:(?!</m\1>).)*<m(?:sub|sup|frac|under|over|table)")


def write_part(font: TTFont, signs: set[int], target: Path) -> None:
    """Write the part of a font that has some signs, given as code points."""
    cutter = subset.Subsetter(OPTIONS)
    cutter.populate(unicodes=signs)
    cutter.subset(font)
    subset.save_font(font, str(target), OPTIONS)


def drop_tall_roots(font: TTFont) -> None:
    """Leave only the small sign of a root: Chromium keeps room for the widest, and a gap stays after every root."""
    variants = font["MATH"].table.MathVariants
    made = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(font.getBestCmap()[ROOT])]
    del made.MathGlyphVariantRecord[1:]
    made.VariantCount, made.GlyphAssembly = 1, None


def write_formulas(pages: Iterable[str], target: Path) -> None:
    """Write the part of STIX Two Math that the formulas on some pages need."""
    formulas = "".join(found for page in pages for found in re.findall(r"<math\b.*?</math>", page, re.DOTALL))
    signs = set(map(ord, html.unescape(re.sub(r"<[^>]+>", "", formulas))))
    signs |= {code for code in SLANTED if ord(unicodedata.normalize("NFKC", chr(code))) in signs}
    if "<msqrt" in formulas or "<mroot" in formulas:
        signs.add(ROOT)  # is drawn, but not written
    with TTFont(STIX, recalcTimestamp=False) as font:
        if not TALL.search(formulas):
            drop_tall_roots(font)
        write_part(font, signs, target)
