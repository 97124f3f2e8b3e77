"""The bar shows to whoever is watching, and only to them."""

import io
import sys

import pytest

from tsattn_tutorial.progress import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "show", "shows"), [(Terminal(), True, True), (Terminal(), False, False), (io.StringIO(), True, False)]
)
def test_the_bar_shows_in_a_terminal_unless_told_not_to(monkeypatch, stream, show, shows):
    monkeypatch.setattr(sys, "stdout", stream)
    with progress_bar(3, "fit", show=show) as bar:
        bar.update(3)
    assert bool(stream.getvalue()) == shows


def test_the_bar_leaves_an_empty_line_behind(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    with progress_bar(3, "fit") as bar:
        bar.update(3)
    assert terminal.getvalue().rsplit("\r", 2)[1].strip() == ""
