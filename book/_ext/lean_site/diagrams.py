"""Diagrams of ``book/images/diagrams`` stand in the page itself: letters and lines take the colours of its theme.

A chapter shows one by ``![What it shows.](images/diagrams/NAME.svg)``; the text becomes the name of the picture.
"""

import re
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

FOLDER = "images/diagrams"
# What only a file of its own needs: the colours would be those of the whole page, the title a tip under the pointer.
OWN = re.compile(r"<(style|title)>.*?</\1>|\sxmlns=\"[^\"]*\"", re.DOTALL)


def inline(drawing: str, text: str) -> str:
    """Return what stands in a page for the file of a diagram; a reader who cannot see it is told the text.

    Raises ValueError when there is no text, or when the drawing has identifiers, which could occur twice on a page.
    """
    if not text.strip() or re.search(r"\sid=", drawing):
        raise ValueError(f"a diagram must have a text and no identifiers, got the text {text!r}")
    return OWN.sub("", drawing).replace("<svg", f'<svg class="diagram" aria-label="{escape(text)}"', 1)


def put_in(app: Sphinx, document: nodes.document, name: str) -> None:
    """Put the diagrams into a page of the site."""
    if app.builder.format != "html":
        return
    for image in list(document.findall(nodes.image)):
        path = Path(app.srcdir, image["uri"])
        if path.parent.as_posix().endswith(FOLDER):
            drawing = inline(path.read_text(encoding="utf-8"), image.get("alt", ""))
            image.parent.replace(image, nodes.raw("", drawing, format="html"))
