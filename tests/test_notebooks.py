"""Every notebook of the book is free of what nbval does not see, and asks no more of its reader than is allowed."""

import ast

import nbformat
import pytest

from budget import FOLDED, LIMITS, budget
from notebook_dependencies import parse_cell
from notebooks import BOOK, notebook_paths, problems

NOTEBOOKS = notebook_paths()


def test_there_are_notebooks():
    """An empty list would prove nothing."""
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.relative_to(BOOK).as_posix())
def test_notebook_is_sound(path):
    """Run in order, up to date, with clean outputs, described figures, and cells of a readable size."""
    found = problems(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_within_its_budget(path):
    """Words, code and checks in sight; the heights of pages are tests of the browser."""
    counts = budget(path)
    over = {name: (counts[name], most) for name, most in LIMITS.items() if name in counts and counts[name] > most}
    assert not over


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_code_in_sight_can_be_copied(path):
    """Modules and functions that it uses are imported in sight, before it."""
    folded, seen, missing = set(), set(), set()
    for cell in nbformat.read(path, as_version=4).cells:
        tree = parse_cell(cell.source) if cell.cell_type == "code" else None
        nodes = list(ast.walk(tree)) if tree else []
        imports = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
        names = {(alias.asname or alias.name).partition(".")[0] for alias in imports}
        if FOLDED & set(cell.metadata.get("tags", [])):
            folded |= names
        else:
            seen |= names
            missing |= {node.id for node in nodes if isinstance(node, ast.Name)} & folded - seen
    assert not missing


def test_budget_counts_what_a_reader_sees(tmp_path):
    """Folded code and folded ticks do not count as seen, texts that cells write count as words."""
    from nbformat import v4

    seen = v4.new_code_cell("a = 1\n\nb = 2", outputs=[v4.new_output("stream", text="✓ one\n✓ two\n")])
    folded = v4.new_code_cell("c = 3", outputs=seen.outputs, metadata={"tags": ["hide-cell"]})
    text = v4.new_output("display_data", {"text/markdown": "three more words"})
    written = v4.new_code_cell("d = 4", outputs=[text], metadata={"tags": ["hide-input"]})
    path = tmp_path / "chapter.ipynb"
    cells = [v4.new_markdown_cell("# A title"), seen, folded, written]
    path.write_text(v4.writes(v4.new_notebook(cells=cells)), encoding="utf-8")
    expected = {"words": 6, "minutes": 0, "cells": 3, "visible": 2, "longest": 2, "folded": 2, "ticks": 2}
    assert budget(path) == expected
