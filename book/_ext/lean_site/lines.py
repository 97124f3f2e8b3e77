"""Where a line of text must not end."""

import re

from docutils import nodes

# The style sheet keeps it on one line.
TOGETHER = "together"
CLOSING = re.compile(r"[.,:;?!)\]’”%]+")
PER_CENT = re.compile(r"(?<=\d) (?=%)")
VERBATIM = (nodes.literal, nodes.FixedTextElement, nodes.math, nodes.math_block, nodes.raw)


def _verbatim(node: nodes.Node | None) -> bool:
    while node is not None and not isinstance(node, VERBATIM):
        node = node.parent
    return node is not None


def keep_together(document: nodes.Element) -> None:
    """Keep a formula and the punctuation after it on one line, and a number and its per cent sign.

    A browser may break a line on either side of a formula, and at any space.
    """
    for formula in list(document.findall(nodes.math)):
        siblings, place = formula.parent, formula.parent.index(formula)
        after = siblings[place + 1] if place + 1 < len(siblings) else None
        if isinstance(after, nodes.Text) and (found := CLOSING.match(after)):
            siblings[place : place + 2] = [
                nodes.inline("", "", formula, nodes.Text(found[0]), classes=[TOGETHER]),
                nodes.Text(after[found.end() :]),
            ]
    for text in list(document.findall(nodes.Text)):
        if PER_CENT.search(text) and not _verbatim(text):
            text.parent.replace(text, nodes.Text(PER_CENT.sub("\N{NO-BREAK SPACE}", text)))
