"""Sphinx extension: pages that load only what they use, and say what they are.

The theme gives every page a script of 1.5 MB that draws some fifteen icons, every rule of Bootstrap and the search
index. When all pages are written, this extension goes over them once more. Its parts can be repeated: a page that it
has been over stays as it is.
"""

import logging as standard_logging
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from lean_site import diagrams, fonts, formulas, icons, pages, preview, styles

# It lists every sign of every font that it cuts.
standard_logging.getLogger("fontTools").setLevel(standard_logging.WARNING)

# What nothing refers to any more, below _static.
UNUSED = (
    "scripts/fontawesome.js*",
    "*webpack-macros.html",
    *(f"vendor/*/webfonts/*.{kind}" for kind in ("ttf", "woff2")),
)
PER_CENT = re.compile(r"(?<=\d) (?=%)")
VERBATIM = (nodes.literal, nodes.FixedTextElement, nodes.math, nodes.raw)


def keep_per_cent(app: Sphinx, document: nodes.document, name: str) -> None:
    """Keep a number and its per cent sign on one line."""
    for text in list(document.findall(nodes.Text)):
        if PER_CENT.search(text) and not isinstance(text.parent, VERBATIM):
            text.parent.replace(text, nodes.Text(PER_CENT.sub("\N{NO-BREAK SPACE}", text)))


# Pages that are gone -> the page of the same folder that has what they said.
MOVED = {"book/japanese_vowels": "book/nine_data_sets"}


def go_over(site: Path, root: str, title: str) -> None:
    """Make a site that was just built light; ``root`` is the page that its start leads to."""
    static = site / "_static"
    script = static / "scripts" / "fontawesome.js"
    if not script.is_file():
        return  # no page was written since the last time
    drawings = icons.read(script.read_text(encoding="utf-8"))
    texts = {}
    leading = {site / f"{page}.html" for page in ("index", *MOVED)}
    for path in sorted(set(site.rglob("*.html")) - set(static.rglob("*.html")) - leading):
        texts[path] = pages.lighten(icons.draw(path.read_text(encoding="utf-8"), drawings), path.parent)
    fonts.write_formulas(texts.values(), static / "formulas.woff")
    styles.join(texts, static)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    (site / "index.html").write_text(pages.redirect(f"{root}.html", title), encoding="utf-8")
    for old, new in MOVED.items():
        (site / f"{old}.html").write_text(pages.redirect(f"{Path(new).name}.html", title), encoding="utf-8")
    theme = static / "scripts" / "pydata-sphinx-theme.js"
    theme.write_text(pages.mend(theme.read_text(encoding="utf-8")), encoding="utf-8")
    for pattern in UNUSED:
        for path in static.glob(pattern):
            path.unlink()


def _go_over(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.name == "html":
        site, title = Path(app.outdir), app.config.ogp_site_name
        preview.draw(Path(app.srcdir) / preview.FIGURE, title, site / app.config.ogp_image)
        go_over(site, app.config.root_doc, title)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    app.add_html_math_renderer("mathml", (formulas.visit, None), (formulas.visit, None))
    app.connect("doctree-resolved", keep_per_cent)
    app.connect("doctree-resolved", diagrams.put_in)
    app.connect("build-finished", _go_over, priority=900)  # after everything else that writes files at the end
    return {"parallel_read_safe": True, "parallel_write_safe": True}
