"""How much each chapter asks of its reader: words, minutes, cells, lines of code, checks in sight, height of the page.

``python tools/budget.py [--pixels] [NOTEBOOK ...]`` prints a row a chapter; without names, all of ``book/``.
``--pixels`` measures the pages of the built site in Chromium. The limits are `LIMITS`; a test holds them.
"""

import argparse
import re
import sys
from pathlib import Path

import nbformat
import pandas as pd
from nbformat import NotebookNode

from notebook_checks import displays, tags
from notebooks import BOOK, notebook_paths

SITE = BOOK.parent / "_build" / "html" / "book"
#: The most that a chapter may have.
LIMITS = {"words": 2500, "cells": 30, "visible": 200, "longest": 12, "ticks": 10, "pixels": 15_000}
WORDS_A_MINUTE = 125  # of text with formulas and figures
MARKUP = re.compile(r"<[^>]+>")
FOLDED = {"hide-cell", "hide-input", "remove-cell", "remove-input"}
UNSEEN = {"hide-cell", "hide-output", "remove-cell", "remove-output"}


def budget(path: Path) -> dict[str, int]:
    """Count one chapter.

    Parameters
    ----------
    path : Path
        The notebook, with its outputs.

    Returns
    -------
    dict of str to int
        ``words`` of text, in Markdown cells and in texts that cells write; ``minutes`` to read them; ``cells`` of code;
        their ``visible`` lines, blank ones left out, the ``longest`` visible cell, the ``folded`` lines; ``ticks``,
        lines in sight that say what was checked.
    """
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    prose = [cell.source for cell in cells if cell.cell_type == "markdown"]
    prose += [data["text/markdown"] for cell in code for data in displays(cell) if "text/markdown" in data]
    words = sum(len(MARKUP.sub(" ", text).split()) for text in prose)
    visible = [_lines(cell) for cell in code if FOLDED.isdisjoint(tags(cell))]
    shown = [output.get("text", "") for cell in code if UNSEEN.isdisjoint(tags(cell)) for output in cell.outputs]
    return {
        "words": words,
        "minutes": round(words / WORDS_A_MINUTE),
        "cells": len(code),
        "visible": sum(visible),
        "longest": max(visible, default=0),
        "folded": sum(_lines(cell) for cell in code if not FOLDED.isdisjoint(tags(cell))),
        "ticks": sum(text.count("✓") for text in shown),
    }


def heights(names: list[str], width: int = 1280) -> dict[str, int]:
    """Height of built pages in pixels, by name."""
    from chromium import launched

    found = {}
    with launched() as browser:
        page = browser.new_page(viewport={"width": width, "height": 900})
        for name in names:
            page.goto((SITE / f"{name}.html").as_uri())
            found[name] = page.evaluate("document.querySelector('.bd-article').scrollHeight")
    return found


def _lines(cell: NotebookNode) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 1 if a chapter is over its budget."""
    parser = argparse.ArgumentParser(description="Print how much each chapter asks of its reader.")
    parser.add_argument("--pixels", action="store_true", help="measure the built pages too, in Chromium")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every notebook in book/")
    options = parser.parse_args(arguments)
    paths = options.notebooks or notebook_paths()
    table = pd.DataFrame({path.stem: budget(path) for path in paths}).T
    if options.pixels:
        table["pixels"] = pd.Series(heights(list(table.index)))
    over = (table > pd.Series(LIMITS).reindex(table.columns)).any(axis=1)
    table.loc["all"] = table.sum()
    print(table.assign(over=over.map({True: "over", False: ""})).to_string(na_rep=""))
    return int(over.any())


if __name__ == "__main__":
    sys.exit(main())
