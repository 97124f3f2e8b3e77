"""The bar shows to whoever is watching, and only to them."""

import io
import sys

import pytest

from tsattn_tutorial.history import progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "show"), [(Terminal(), True), (Terminal(), False), (io.StringIO(), True)])
def test_the_bar_shows_in_a_terminal_unless_told_not_to_and_leaves_an_empty_line(monkeypatch, stream, show):
    monkeypatch.setattr(sys, "stdout", stream)
    with progress_bar(3, "fit", show=show) as bar:
        bar.update(3)
    shows = show and stream.isatty()
    assert bool(stream.getvalue()) == shows and not stream.getvalue()[-79:].strip()
