"""Sphinx extension: pages that load what they use, and say what they are.

The theme serves every page alike: a script of 1.5 MB that draws some fifteen icons, every rule of Bootstrap, the
search index, and the scripts of every extension. When all pages are written, this extension goes over them once more:

- ``icons``: icons become small pictures in the page itself, so the big script and its fonts are not needed;
- ``styles``: all style sheets become one, without the rules that no page can use;
- ``formulas``: mathematics is set here and not by a script in the browser, with a small font;
- ``lines``: a formula and the comma after it stay together, and so do a number and its sign (before pages are written);
- ``pages``: scripts stay where they are used, and block nothing; figures have their size, and those far down come last;
- ``metadata``: a description, a picture and a title for search engines and previews (while the pages are written);
- ``preview``: that picture.

What the site does not serve any more is deleted. Each step can be repeated: a page that was gone over stays as it is.
"""

import logging as standard_logging
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util import logging

from lean_site import formulas, icons, lines, metadata, pages, preview, styles

LOGGER = logging.getLogger(__name__)
# It lists every sign of every font that it cuts.
standard_logging.getLogger("fontTools").setLevel(standard_logging.WARNING)

FONTS = ("brands-400", "regular-400", "solid-900")
# What nothing refers to any more, below _static.
UNUSED = [
    "scripts/fontawesome.js",
    "scripts/fontawesome.js.map",
    "scripts/fontawesome.js.LICENSE.txt",
    "webpack-macros.html",
    "sbt-webpack-macros.html",
    # The style sheet names small parts of these fonts.
    *(f"vendor/fontawesome/webfonts/fa-{name}.{kind}" for name in FONTS for kind in ("ttf", "woff2")),
]


def go_over(site: Path, root_doc: str) -> None:
    """Make a site that was just built light.

    Parameters
    ----------
    site : Path
        Folder of the built site.
    root_doc : str
        Name of the page that the start of the site leads to.
    """
    static = site / "_static"
    start = site / "index.html"
    if root_doc != "index":
        start.write_text(pages.redirect(f"{root_doc}.html", metadata.title_of(site / f"{root_doc}.html")), "utf-8")
    files = [path for path in sorted(site.rglob("*.html")) if static not in path.parents]
    texts = {path: path.read_text(encoding="utf-8") for path in files}

    script = static / "scripts" / "fontawesome.js"
    drawings = icons.Icons(script.read_text(encoding="utf-8")) if script.is_file() else None
    for path, text in texts.items():
        if path == start and root_doc != "index":
            continue
        if drawings:
            text = drawings.draw(text)
        texts[path] = pages.lighten(text, path, site)

    formulas.write_font(list(texts.values()), static / formulas.FONT_NAME)
    texts = styles.join(texts, static)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    for name in UNUSED:
        (static / name).unlink(missing_ok=True)


def _go_over(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.name == "html":
        site, source = Path(app.outdir), Path(app.srcdir)
        go_over(site, app.config.root_doc)
        title = app.config.html_title or app.config.project
        preview.draw(source / preview.FIGURE, title, metadata.SUBTITLE, site / "_static" / preview.NAME)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    # The address comes from the extension launch_repository, which sets it with priority 100.
    app.add_html_math_renderer(formulas.NAME, (formulas.visit_inline, None), (formulas.visit_display, None))
    app.connect("config-inited", metadata.set_base_address, priority=110)
    app.connect("html-page-context", metadata.describe)
    app.connect("doctree-resolved", lambda app, document, name: lines.keep_together(document))
    # After everything else that writes files at the end.
    app.connect("build-finished", _go_over, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
