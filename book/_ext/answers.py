"""Sphinx extension: the answer of a chapter, from the box at its top, wherever it is shown.

A chapter begins with a block quote of three paragraphs: the question, the finding, what to do. The directive
``chapters`` of the landing page makes a card of each, and search engines get it as the description of the page. The
parts and their order are those of the table of contents. Pages without a box are described by their first paragraph.
"""

import textwrap
from html import escape
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

LINES = ("Question.", "Finding.", "What to do.")
# Some engines show half of it, none more.
DESCRIPTION = 300


class Card(nodes.General, nodes.Element):
    """Stands for the card of the page ``page`` until all pages are read."""


def find(app: Sphinx, document: nodes.document) -> None:
    """Note what the page says first, and mark the box of its answer."""
    lines: list[nodes.paragraph] = []
    for quote in document.findall(nodes.block_quote):
        lines = list(quote.findall(nodes.paragraph))
        if [line.astext().startswith(start) for line, start in zip(lines, LINES, strict=False)] == [True] * 3:
            quote["classes"].append("answer")
            break
    else:
        lines = list(document.findall(nodes.paragraph))[:1]
    app.env.metadata[app.env.docname]["answer"] = [" ".join(line.astext().split()) for line in lines]


class Chapters(SphinxDirective):
    """The parts of the table of contents, each with the cards of its pages."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each part."""
        contents = self.env.external_site_map
        found = []
        for part in contents[self.config.root_doc].subtrees:
            section = nodes.section(ids=[nodes.make_id(part.caption)], names=[nodes.fully_normalize_name(part.caption)])
            section += nodes.title(part.caption, part.caption)
            section += nodes.bullet_list("", *(nodes.list_item("", Card(page=str(page))) for page in part.items))
            section[-1]["classes"].append("cards")
            found.append(section)
        return found


def fill(app: Sphinx, document: nodes.document, name: str) -> None:
    """Write the cards."""
    for card in list(document.findall(Card)):
        page = card["page"]
        if page not in app.env.titles:
            raise ExtensionError(f"answers: the table of contents has {page}, but there is no such page")
        link = nodes.reference("", app.env.titles[page].astext(), internal=True)
        link["refuri"] = app.builder.get_relative_uri(name, page)
        lines = [line.removeprefix(start).strip() for line, start in zip(_answer(app.env, page), LINES, strict=False)]
        card.replace_self([nodes.paragraph("", "", link), *(nodes.paragraph(line, line) for line in lines)])


def describe(app: Sphinx, name: str, template: str, context: dict[str, Any], document: nodes.document | None) -> None:
    """Give a page its description; sphinxext-opengraph writes it for previews."""
    lines = _answer(app.env, name)[:2] or [f"{context.get('title', 'Search')}: {app.config.ogp_site_name}"]
    text = " ".join(line.removeprefix(start).strip() for line, start in zip(lines, LINES, strict=False))
    text = escape(textwrap.shorten(text, DESCRIPTION, placeholder=" …"))
    context["meta"] = {**(context.get("meta") or {}), "og:description": text}
    context["metatags"] = context.get("metatags", "") + f'\n<meta name="description" content="{text}">\n'


def _answer(env: BuildEnvironment, name: str) -> list[str]:
    return env.metadata.get(name, {}).get("answer", [])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_node(Card)
    app.add_directive("chapters", Chapters)
    app.connect("doctree-read", find, priority=900)  # after the metadata of the page, which it adds to
    app.connect("doctree-resolved", fill)
    app.connect("html-page-context", describe, priority=400)  # before sphinxext-opengraph
    return {"parallel_read_safe": True, "parallel_write_safe": True}
