"""One style sheet for the site, without the rules that no page can use.

A rule is left out only if it asks for a class or an identifier that stands on no page and in no script of the site.
Words in scripts count, whatever they mean there, because scripts add classes: better a rule too many.
"""

import hashlib
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from fontTools import subset
from fontTools.ttLib import TTFont

NAME = "site.css"
SHEET = re.compile(r'[ \t]*<link\b[^>]*\brel="stylesheet"[^>]*>\n?')
ADDRESS = re.compile(r'\bhref="([^"]+)"')
# Classes that a script puts together from parts: bs-tooltip-end, kind-title.
COMPOSED = ("bs-tooltip", "bs-popover", "kind-")
# Blocks that hold rules, and so are looked into; all other at-rules stay as they are.
NESTED = ("@media", "@supports", "@layer", "@container")
# Scripts whose words are names of icons, or none of ours.
IGNORED = {"fontawesome.js", "weights.js"}
TOKEN = re.compile(r"[A-Za-z_-][\w-]*")
IMPORT = re.compile(r"@import\s+[\"']([^\"']+)[\"']\s*;")
WEBFONT = re.compile(r"@font-face\s*\{[^}]*\}")


def blocks(css: str) -> Iterator[tuple[str, str | None]]:
    """Split a style sheet into what stands before a pair of braces and what stands in it.

    Parameters
    ----------
    css : str
        Style sheet without comments.

    Yields
    ------
    before : str
        The selectors, or an at-rule.
    inside : str or None
        What stands in the braces; None for an at-rule that ends in a semicolon.
    """
    start, opened, depth, quote, i = 0, 0, 0, "", 0
    while i < len(css):
        character = css[i]
        if character == "\\":
            i += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "{":
            depth += 1
            if depth == 1:
                opened = i
        elif character == "}":
            depth -= 1
            if depth == 0:
                yield css[start:opened].strip(), css[opened + 1 : i]
                start = i + 1
        elif character == ";" and depth == 0:
            yield css[start:i].strip(), None
            start = i + 1
        i += 1


def split_selectors(selectors: str) -> list[str]:
    """Split a list of selectors at its commas, but not at those inside parentheses or brackets."""
    parts, depth = [""], 0
    for character in selectors:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def can_match(selector: str, words: set[str]) -> bool:
    """Whether an element of a page could match: each class and identifier that the selector needs is known."""
    # What stands in parentheses is an alternative or an exception; neither is needed.
    while (shorter := re.sub(r"\([^()]*\)|\[[^\]]*\]", "", selector)) != selector:
        selector = shorter
    selector = re.sub(r"\\(.)", r"\1", selector)
    return all(name in words or name.startswith(COMPOSED) for name in re.findall(r"[.#]([A-Za-z_-][\w-]*)", selector))


def prune(css: str, words: set[str]) -> str:
    """Leave out the rules that nothing can match, and join what is left.

    Parameters
    ----------
    css : str
        Style sheet. Comments go, except those that name a licence.
    words : set of str
        Every class, identifier and word of a script on the site.

    Returns
    -------
    str
        The rest, in the same order.
    """
    licences = re.findall(r"/\*!.*?\*/", css, re.DOTALL)
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)

    def kept(css: str) -> Iterator[str]:
        for before, inside in blocks(css):
            if inside is None:
                if not before.startswith("@charset"):
                    yield f"{before};"
            elif before.startswith(NESTED):
                if rest := "".join(kept(inside)):
                    yield f"{before}{{{rest}}}"
            elif before.startswith("@"):
                yield f"{before}{{{inside}}}"
            else:
                selectors = [one for one in split_selectors(before) if can_match(one, words)]
                if selectors:
                    yield f"{','.join(selectors)}{{{' '.join(inside.split())}}}"

    return "\n".join([*dict.fromkeys(licences), *kept(css)])


def words_of(pages: list[str], scripts: list[str]) -> set[str]:
    """Collect every class and identifier of the pages, and every word of the scripts."""
    words = set()
    for page in pages:
        for value in re.findall(r'\b(?:class|id)="([^"]*)"', page):
            words.update(value.split())
        for script in re.findall(r"<script\b[^>]*>([^<]+)</script>", page):
            words.update(TOKEN.findall(script))
    for script in scripts:
        words.update(TOKEN.findall(script))
    return words


def move_addresses(css: str, folder: PurePosixPath) -> str:
    """Rewrite the relative addresses of a sheet from ``folder`` for one that stands at the top."""

    def moved(found: re.Match) -> str:
        address = found[1].strip("\"'")
        if urlsplit(address).scheme or address.startswith(("#", "/")):
            return found[0]
        parts: list[str] = []
        for part in (folder / address).parts:
            if part == "..":
                parts.pop()
            else:
                parts.append(part)
        return f"url({'/'.join(parts)})"

    return re.sub(r"url\(([^)]+)\)", moved, css)


def read_sheet(sheet: Path, top: Path) -> str:
    """Read a sheet and those that it imports, with addresses as seen from the folder ``top``."""
    folder = PurePosixPath(sheet.parent.relative_to(top).as_posix())
    css = move_addresses(sheet.read_text(encoding="utf-8"), folder)
    return IMPORT.sub(lambda found: read_sheet((sheet.parent / found[1]).resolve(), top), css)


def small_fonts(css: str, static: Path) -> str:
    """Replace the fonts of the theme by ones that hold only the signs that the style sheet writes.

    The theme sets a few signs as text before or after an element (the icon of an admonition, of a download). The
    fonts that are left have some of the signs and a few kB; those without any are not mentioned any more.
    """
    # Written as an escape, or as the sign itself, which lies in the area for private use.
    signs = {int(code, 16) for code in re.findall(r"\\(f[0-9a-f]{3})\b", css)}
    signs |= {ord(sign) for sign in re.findall("[\ue000-\uf8ff]", css)}

    def smaller(found: re.Match) -> str:
        source = re.search(r"url\(([^)]+\.ttf)\)", found[0])
        if not source or not (static / source[1]).is_file():
            return found[0]
        path = static / source[1]
        target = path.with_name(f"{path.stem}-subset.woff")
        with TTFont(path, recalcTimestamp=False) as font:
            here = signs & set(font.getBestCmap())
            if not here:
                return ""
            options = subset.Options(flavor="woff", notdef_outline=True)
            cutter = subset.Subsetter(options)
            cutter.populate(unicodes=sorted(here))
            cutter.subset(font)
            font.flavor = "woff"
            data = BytesIO()
            font.save(data)
        target.write_bytes(data.getvalue())
        address = target.relative_to(static).as_posix()
        return re.sub(r"src:[^;}]+", f'src:url({address}) format("woff")', found[0])

    return WEBFONT.sub(smaller, css)


def join(pages: dict[Path, str], static: Path) -> dict[Path, str]:
    """Write the one sheet, and have every page load it in place of those that it joins.

    Parameters
    ----------
    pages : dict
        Path -> text of every page.
    static : Path
        Folder ``_static`` of the site.

    Returns
    -------
    dict
        The pages with their new link. A sheet that only some pages load is left to these.
    """

    def sheets(path: Path, page: str) -> list[tuple[str, Path]]:
        head = page[: page.find("<body")]
        links = [(found[0], ADDRESS.search(found[0])) for found in SHEET.finditer(head)]
        return [(tag, (path.parent / unquote(urlsplit(link[1]).path)).resolve()) for tag, link in links if link]

    found = {path: sheets(path, page) for path, page in pages.items()}
    written = [[sheet for _, sheet in entries if sheet.name != NAME] for entries in found.values()]
    written = [entries for entries in written if entries]
    if written:
        # In the order of the pages; those that some pages lack are theirs alone.
        shared = [sheet for sheet in written[0] if all(sheet in other for other in written)]
        scripts = [path.read_text(encoding="utf-8") for path in static.rglob("*.js") if path.name not in IGNORED]
        top = static.resolve()
        css = "\n".join(read_sheet(sheet, top) for sheet in shared)
        css = small_fonts(prune(css, words_of(list(pages.values()), scripts)), static)
        (static / NAME).write_text(css, encoding="utf-8")
    else:
        shared = []
    version = hashlib.sha256((static / NAME).read_bytes()).hexdigest()[:8] if (static / NAME).is_file() else ""

    linked = {}
    for path, page in pages.items():
        tags = [tag for tag, sheet in found[path] if sheet in shared or sheet.name == NAME]
        if tags:
            address = f"{'../' * len(path.relative_to(static.parent).parents[1:])}_static/{NAME}?v={version}"
            page = page.replace(tags[0], f'    <link rel="stylesheet" href="{address}">\n', 1)
            for tag in tags[1:]:
                page = page.replace(tag, "", 1)
        linked[path] = page
    return linked
