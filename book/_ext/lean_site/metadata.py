"""What a page says of itself to search engines and to previews of links."""

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from lean_site import preview

# Search engines show about this much.
LENGTH = 155
SUBTITLE = "Build it, train it, and measure whether it helps and where it looks."
SPECIAL = {
    "genindex": "Every name in the package of this book, in alphabetical order.",
    "py-modindex": "Every module in the package of this book.",
    "search": "Search the pages of this book.",
    "_modules/index": "The modules of the package of this book whose source is shown.",
}


def pages_address(repository: str) -> str:
    """Address of a repository's site on GitHub Pages, with a slash at its end; empty if it is not on GitHub."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)", repository)
    if not found:
        return ""
    owner, name = found[1].lower(), found[2]
    return (
        f"https://{owner}.github.io/" if name.lower() == f"{owner}.github.io" else f"https://{owner}.github.io/{name}/"
    )


def set_base_address(app: Sphinx, config: Config) -> None:
    """Say where the site is published, unless the configuration does: in a fork, on the pages of the fork."""
    if not config.html_baseurl:
        config.html_baseurl = pages_address(config.html_theme_options.get("repository_url", ""))


def shorten(text: str, length: int = LENGTH) -> str:
    """Cut a text at the end of a sentence, else between two words, so that it has at most ``length`` characters."""
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    sentences = re.match(rf"(.{{60,{length - 1}}}[.?!])\s", text)
    if sentences:
        return sentences[1]
    return text[: length - 1].rsplit(" ", 1)[0].rstrip(",;:–") + "…"


def card_texts(landing_page: str) -> dict[str, str]:
    """Read what the cards on the landing page say about the pages that they lead to: name -> text."""
    card = r":link: (\S+)\n:link-type: doc\n\s*\n(.*?)\n:{3,}"
    return {name: " ".join(text.split()) for name, text in re.findall(card, landing_page, re.DOTALL)}


def description_of(doctree: nodes.document) -> str:
    """Take the first paragraphs of running text as a description of the page."""
    texts = []
    for paragraph in doctree.findall(nodes.paragraph):
        # Mathematics, lists and what leads up to a list read badly out of their place.
        text = paragraph.astext()
        followed_by_list = isinstance(paragraph.next_node(descend=False, siblings=True), nodes.bullet_list)
        if isinstance(paragraph.parent, nodes.section) and not paragraph.next_node(nodes.math) and not followed_by_list:
            texts.append(text)
            if sum(map(len, texts)) > 60:
                break
    return shorten(" ".join(texts))


def describe(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None):
    """Add description, title and picture to the head of a page."""
    title = re.sub(r"<[^>]+>", "", html.unescape(context.get("title", "")))
    book = app.config.html_title or app.config.project
    folder, _, name = pagename.rpartition("/")
    cards = card_texts(Path(app.env.doc2path(app.config.root_doc)).read_text(encoding="utf-8"))
    description = cards.get(name, "") if f"{folder}/" == app.config.root_doc[: len(folder) + 1] else ""
    if description:
        description = shorten(description)
    elif doctree:
        description = description_of(doctree)
    else:
        description = SPECIAL.get(pagename, "")
    if not description:
        description = f"{title}: source code of the package of this book."
    base = app.config.html_baseurl
    address = f"{base}{quote(pagename)}.html" if base else ""
    kind = "website" if pagename == app.config.root_doc else "article"
    properties = {"og:title": title or book, "og:description": description, "og:type": kind, "og:site_name": book}
    if base:
        # Previews take whole addresses only.
        properties |= {
            "og:url": address,
            "og:image": f"{base}_static/{preview.NAME}",
            "og:image:alt": preview.ALT,
            "og:image:width": "1200",
            "og:image:height": "630",
        }
    lines = [f'<meta name="description" content="{html.escape(description)}">']
    lines += [f'<meta property="{name}" content="{html.escape(value)}">' for name, value in properties.items()]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    context["metatags"] = context.get("metatags", "") + "\n    " + "\n    ".join(lines) + "\n"


def title_of(path: Path) -> str:
    """Title of a page that was built."""
    found = re.search(r"<title>(.*?)</title>", path.read_text(encoding="utf-8"), re.DOTALL)
    return html.unescape(found[1]).strip() if found else path.stem
