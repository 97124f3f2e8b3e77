"""Formulas as MathML, which browsers draw by themselves: no script has to run, and a formula is text like the rest.

The translation from TeX is that of math-core. What it does not know, it refuses, and a strict build fails.
"""

import re

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

LOGGER = logging.getLogger(__name__)
CONVERTER = LatexToMathML(fancy_error=False)
# A large bracket with an index or a power: Chromium draws it large only inside a row.
LARGE = re.compile(r"(<msu(?:b|p|bsup)>)(<mo minsize[^>]*>[^<]*</mo>)")


def mathml(tex: str, *, display: bool = True) -> str:
    """Translate a formula into an element ``math``; ``LatexError`` says what is not known."""
    written = CONVERTER.convert_with_local_state(tex.strip(), displaystyle=display)
    written = written.replace("<mo>′</mo>", '<mo class="prime">′</mo>')
    return LARGE.sub(r"\1<mrow>\2</mrow>", written)


def rows(tex: str) -> list[list[str]]:
    r"""Translate a displayed formula into those that stand side by side where the page is wide enough.

    It is cut at each ``\qquad``, and at the lines of ``gathered``, but not inside braces and other environments.
    """
    gathered = re.fullmatch(r"\\begin\{gathered\}(.*)\\end\{gathered\}", tex.strip(), re.DOTALL)
    lines = gathered[1].split(r"\\") if gathered else [tex]
    try:
        return [[mathml(part) for part in line.split(r"\qquad")] for line in lines]
    except LatexError:
        return [[mathml(tex)]]


def visit(self: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    """Write a formula; one on lines of its own with its number, if it has one."""
    display = isinstance(node, nodes.math_block)
    tag, written = ("div", "") if display else ("span", "")
    if display and node["number"]:
        written = f'<span class="eqno">({get_node_equation_number(self, node)})</span>'
    try:
        if display:
            written += "".join(f'<div class="formula-row">{"".join(row)}</div>' for row in rows(node.astext()))
        else:
            written = mathml(node.astext(), display=False)
    except LatexError as error:
        LOGGER.warning("formula %s: %s", node.astext(), error, location=node)
        written = f"<code>{self.encode(node.astext())}</code>"
    self.body.append(f"{self.starttag(node, tag, '', CLASS='math notranslate nohighlight')}{written}</{tag}>")
    raise nodes.SkipNode
