"""Every notebook of the book is free of what nbval does not see."""

import pytest

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
