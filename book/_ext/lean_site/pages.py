"""Scripts and figures of a page."""

import html
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

SCRIPT = re.compile(r'[ \t]*<script\b([^>]*?)\bsrc="([^"]+)"([^>]*)></script>\n?')
PRELOAD = re.compile(r'[ \t]*<link rel="preload" as="script"[^>]*>\n?')
IMAGE = re.compile(r"<img\b[^>]*>")
VIEWPORT = re.compile(r'[ \t]*<meta name="viewport"[^>]*>\n?')

# Script -> what stands in a page that uses it; an expression that never matches means that no page does.
NEVER = r"(?!)"
USED_WITH = {
    "fontawesome.js": NEVER,  # see icons.py
    # Only the page of results searches: the theme would have every page load the index.
    "searchtools.js": r'id="search-results"',
    "language_data.js": r'id="search-results"',
    "searchindex.js": r'id="search-results"',
    "clipboard.min.js": r'<div class="highlight',
    "copybutton.js": r'<div class="highlight',
    "design-tabs.js": r'class="[^"]*\bsd-tab-set\b',
    "togglebutton.js": r'class="(?:[^"]* )?(?:toggle|admonition[^"]* dropdown|dropdown admonition)[ "]',
}
# A page on the disk may not read others: the results of a search come without excerpts there.
FROM_DISK = 'if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;'
# Small scripts in the page that prepare one of these.
PREPARES = {
    r"<script>(?:let toggle\w+|var togglebuttonSelector) = [^<]*</script>\s*": "togglebutton.js",
}


# What the theme writes -> what spares the first visit a page in no theme, that all changes its colours when the theme's
# script has found out which; without scripts, the page is light.
THEMES = {
    'data-theme="auto"': 'data-theme="light"',
    'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";': (
        'document.documentElement.dataset.theme = document.documentElement.dataset.mode !== "auto" '
        "? document.documentElement.dataset.mode "
        ': matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";'
    ),
}


def redirect(target: str, title: str) -> str:
    """Page at the start of the site, that leads to the first one."""
    target, title = html.escape(target), html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="description" content="The book starts at {target}.">\n'
        f'<meta http-equiv="refresh" content="0; url={target}">\n'
        f'</head>\n<body>\n<main><h1><a href="{target}">{title}</a></h1></main>\n</body>\n</html>\n'
    )


def trim_scripts(page: str, folder: Path) -> str:
    """Leave out the scripts that a page does not use, and let the others wait until the page is read.

    Parameters
    ----------
    page : str
        The page.
    folder : Path
        Its folder, from which the addresses of scripts are meant.

    Returns
    -------
    str
        The page without them.
    """
    # What is prepared by a script in the page cannot wait; it is a few lines, which go into the page themselves.
    body = page[page.find("<body") :]

    def used(name: str) -> bool:
        return re.search(USED_WITH[name], body) is not None if name in USED_WITH else True

    def trim(found: re.Match) -> str:
        path = folder / unquote(urlsplit(found[2]).path)
        if not used(path.name):
            return ""
        if path.name == "documentation_options.js" and path.is_file():
            return f"<script>{path.read_text(encoding='utf-8').strip()}\n{FROM_DISK}</script>\n"
        if "defer" in found[1] + found[3]:
            return found[0]
        return found[0].replace("<script", "<script defer", 1)

    for pattern, name in PREPARES.items():
        if not used(name):
            page = re.sub(pattern, "", page)
    head, body = page[: page.find("<body")], page[page.find("<body") :]
    head = SCRIPT.sub(trim, PRELOAD.sub("", head))
    # The width of the screen is said once, not three times.
    _, *more = VIEWPORT.findall(head) or [""]
    for line in more:
        head = "".join(head.rsplit(line, 1))
    return head + body


def png_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a PNG in pixels, from its first bytes; None for anything else."""
    with path.open("rb") as file:
        start = file.read(24)
    if not start.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    return int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")


def size_images(page: str, folder: Path) -> str:
    """Say how large each picture is, so that nothing jumps when it arrives, and have those below the first come last.

    They are not put off until a reader comes near: a page that is printed, searched or saved has all its figures.
    """
    figures = 0

    def complete(found: re.Match) -> str:
        nonlocal figures
        tag = found[0]
        source = re.search(r'\bsrc="([^"]+)"', tag)
        path = folder / unquote(urlsplit(source[1]).path) if source else None
        if path is None or urlsplit(source[1]).scheme or not path.is_file():
            return tag
        size = png_size(path)
        new = ""
        if size and not re.search(r"\b(?:width|height)[=:]", tag):
            new += f' width="{size[0]}" height="{size[1]}"'
        if size:
            figures += 1
        if "fetchpriority=" not in tag and (figures > 1 or not size):
            new += ' fetchpriority="low"'
        return f"<img{new}{tag[4:]}"

    return IMAGE.sub(complete, page)


# What the theme writes -> what screen readers understand.
ROLES = {
    # The whole sidebar, with the title and the search, is a landmark.
    '<div id="pst-primary-sidebar" class=': '<div id="pst-primary-sidebar" role="region" aria-label="Sidebar" class=',
    # A role that was given up, and a list whose children are no items.
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    # The corner of a table is no heading when it is empty.
    "<th></th>": "<td></td>",
    '<th class="head"><p></p></th>': '<td class="head"><p></p></td>',
}


def mend_roles(page: str) -> str:
    """Correct the roles of parts of the page."""
    for written, meant in ROLES.items():
        page = page.replace(written, meant)
    return page


def choose_theme(page: str) -> str:
    """Have the first lines of the page find the theme, before anything is drawn."""
    for written, meant in THEMES.items():
        page = page.replace(written, meant, 1)
    return page


def lighten(page: str, path: Path, site: Path) -> str:
    """Do all of it to the page at a path of the site."""
    return choose_theme(mend_roles(size_images(trim_scripts(page, path.parent), path.parent)))
