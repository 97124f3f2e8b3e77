"""Scripts and figures of a page."""

import html
import re
from pathlib import Path
from urllib.parse import unquote

from sphinx.util.images import get_image_size

SCRIPT = re.compile(r'[ \t]*<script\b([^>]*?)\bsrc="([^"?]+)([^>]*)></script>\n?')
PRELOAD = re.compile(r'[ \t]*<link rel="preload" as="script"[^>]*>\n?')
PICTURE = re.compile(r'<img\b(?![^>]*\bloading=)(?=[^>]*\bsrc="([^":?]+\.png)")[^>]*')
# The code behind the answer of a chapter, and the answer: who reads the page wants them the other way round.
ANSWER = re.compile(r'(<details (?:(?!<det)[\s\S])*</details>\n)(<div.*\n<.* class="answer">[\s\S]*?</bl.*\n</div>\n)')
FORMULA = re.compile(r'(?<!"together">)(<span class="math notranslate(?:(?!</span>).)*</span>)([.,:;?!)\]’”%]+)')

# Script -> what stands in a page that uses it; an expression that never matches means that no page does.
USED_WITH = {
    "fontawesome.js": r"(?!)",  # see icons.py
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

# What the theme writes -> what is meant.
MENDED = {
    # The theme is known before anything is drawn, else all changes its colours; without scripts, the page is light.
    'data-theme="auto"': 'data-theme="light"',
    'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";': (
        'document.documentElement.dataset.theme = document.documentElement.dataset.mode !== "auto" '
        "? document.documentElement.dataset.mode "
        ': matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";'
    ),
    # The whole sidebar, with the title and the search, is a landmark.
    '<div id="pst-primary-sidebar" class=': '<div id="pst-primary-sidebar" role="region" aria-label="Sidebar" class=',
    # A role that was given up, and a list whose children are no items.
    ' role="doc-biblioentry"': "",
    '<div role="list" class="citation-list">': '<div class="citation-list">',
    # The corner of a table is no heading when it is empty.
    "<th></th>": "<td></td>",
    '<th class="head"><p></p></th>': '<td class="head"><p></p></td>',
    # Its script looks for blocks that scroll, for the keyboard: once all is laid out (whole.js), not in closed folds.
    '"complete"===document.readyState?I():window.addEventListener("load",I)': 'addEventListener("whole",I)',
    ".forEach(e=>{e.tabIndex=": '.forEach(e=>{if(!e.closest("details:not([open])"))e.tabIndex=',
}


def mend(text: str) -> str:
    """Mend a page, or the script of the theme."""
    for written, meant in MENDED.items():
        text = text.replace(written, meant)
    return text


def redirect(target: str, title: str) -> str:
    """Page that leads to another: at the start of the site, and where a page is gone."""
    title = html.escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<meta http-equiv="refresh" content="0; url={target}"></head>'
        f'<body><main><h1><a href="{target}">{title}</a></h1></main></body></html>\n'
    )


def trim_scripts(page: str, folder: Path) -> str:
    """Leave out the scripts that a page does not use; whole.js loads the others when the page has been drawn."""
    body = page.split("<body", 1)[1]

    def trim(found: re.Match) -> str:
        path = folder / unquote(found[2])
        if path.name in USED_WITH and not re.search(USED_WITH[path.name], body):
            return ""
        if path.name == "documentation_options.js":
            return f"<script>{path.read_text(encoding='utf-8')}{FROM_DISK}</script>\n"
        # Tabs wait for the end of the page by themselves.
        how = "defer" if path.name in {"whole.js", "design-tabs.js"} else 'type="late"'
        return f'<script {how} src="{found[2]}{found[3]}></script>\n'

    return SCRIPT.sub(trim, PRELOAD.sub("", page))


def size_pictures(page: str, folder: Path) -> str:
    """Say how large each picture is, so that nothing jumps when it arrives, and have those in sections come last.

    whole.js asks for them when the page has been drawn, not when a reader comes near: a page that is printed, searched
    or saved has all its figures.
    """

    def complete(found: re.Match) -> str:
        size = get_image_size(str(folder / unquote(found[1])))
        given = not size or re.search(r"\b(?:width|height)[=:]", found[0])
        new = "" if given else f' width="{size[0]}" height="{size[1]}"'
        when = "lazy" if page.count("<section", 0, found.start()) > 1 else "eager"
        return f'<img{new} loading="{when}"{found[0][4:]}'

    return PICTURE.sub(complete, page)


def lighten(page: str, folder: Path) -> str:
    """Do all of it to a page in a folder of the site; its answer comes first, formulas stay with their punctuation."""
    page = FORMULA.sub(r'<span class="together">\1\2</span>', ANSWER.sub(r"\2\1", mend(page)))
    return size_pictures(trim_scripts(page, folder), folder)
