"""One style sheet for the site, without the rules that no page can use.

lightningcss leaves out what asks for a class or an identifier that stands on no page and in no script of the site.
Words in scripts count, whatever they mean there, because scripts add classes: better a rule too many.
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from fontTools.ttLib import TTFont
from lightningcss import process_stylesheet

from lean_site import fonts

NAME = "site.css"
SHEET = re.compile(r'[ \t]*<link\b(?=[^>]*\brel="stylesheet")[^>]*?\bhref="([^"?]+)[^>]*>\n?')
URL = re.compile(r"""url\(["']?(?!data:|#|https?:|["'])([^)"']+)["']?\)""")
IMPORT = re.compile(r"@import\s+[\"']([^\"']+)[\"']\s*;")
WORDS = re.compile(r'\b(?:class|id)="([^"]*)"|<script\b[^>]*>([^<]+)</script>')
TOKEN = re.compile(r"[A-Za-z_-][\w-]*")
# Classes that a script puts together from parts: bs-tooltip-end, kind-title.
COMPOSED = ("bs-tooltip", "bs-popover", "kind-")
# Scripts whose words are names of icons, or none of ours.
IGNORED = {"fontawesome.js", "weights.js"}


def read(sheet: Path, static: Path) -> str:
    """Read a sheet and those that it imports, with addresses as seen from ``static``."""
    css = sheet.read_text(encoding="utf-8")
    css = URL.sub(lambda found: f'url("{os.path.relpath(sheet.parent / found[1], static)}")', css)
    return IMPORT.sub(lambda found: read(sheet.parent / found[1], static), css)


def prune(css: str, pages: Iterable[str], scripts: Iterable[str]) -> str:
    """Leave out the rules that nothing can match, and make the rest small."""
    words = set(TOKEN.findall(" ".join(scripts)))
    for page in pages:
        words.update(TOKEN.findall(" ".join(map(" ".join, WORDS.findall(page)))))
    asked = set(re.findall(r"[.#]([A-Za-z_-][\w-]*)", css))
    return process_stylesheet(css, unused_symbols={name for name in asked - words if not name.startswith(COMPOSED)})


def small_fonts(css: str, static: Path) -> str:
    """Replace the fonts of the theme by their parts with the signs that the style sheet sets before and after text."""
    signs = set(map(ord, re.findall("[\ue000-\uf8ff]", css)))

    def smaller(found: re.Match) -> str:
        source = re.search(r"url\(([^)]+)\.ttf\)", found[0])
        if not source:
            return found[0]
        with TTFont(static / f"{source[1]}.ttf", recalcTimestamp=False) as font:
            if signs.isdisjoint(font.getBestCmap()):
                return ""
            fonts.write_part(font, signs, static / f"{source[1]}.woff")
        return re.sub(r"src:[^;}]+", f'src:url({source[1]}.woff)format("woff")', found[0])

    return re.sub(r"@font-face\{[^}]*\}", smaller, css)


def join(pages: dict[Path, str], static: Path) -> None:
    """Write the one sheet, and have every page load it in place of those in its head."""
    found = {path: SHEET.findall(page.partition("<body")[0]) for path, page in pages.items()}
    sheets = dict.fromkeys((path.parent / address).resolve() for path, all_ in found.items() for address in all_)
    sheets.pop((static / NAME).resolve(), None)
    scripts = (path.read_text(encoding="utf-8") for path in static.rglob("*.js") if path.name not in IGNORED)
    css = prune("\n".join(read(sheet, static.resolve()) for sheet in sheets), pages.values(), scripts)
    css = small_fonts(css, static)
    (static / NAME).write_text(css, encoding="utf-8")
    version = hashlib.sha256(css.encode()).hexdigest()[:8]
    for path, page in pages.items():
        head, body = page.split("<body", 1)
        link = f'<link rel="stylesheet" href="{os.path.relpath(static / NAME, path.parent)}?v={version}">\n'
        pages[path] = SHEET.sub("", SHEET.sub("\0", head, count=1)).replace("\0", link) + "<body" + body
