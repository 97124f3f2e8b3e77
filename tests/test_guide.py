"""Every line of the decision guide rests on numbers that stand in its section."""

import re

import pytest
from test_project import missing, read, section

LINES = [cells for line in read("book/decision_guide.md").splitlines() if len(cells := line.split("|")) == 5]
LINES = [(cells[1].strip(), cells[3]) for cells in LINES if "](" in cells[3]]


@pytest.mark.parametrize(("line", "found"), LINES, ids=[line for line, _ in LINES])
def test_every_line_has_its_number(line, found):
    (link,) = re.findall(r"\]\(([^)]+)\)", found)
    assert not missing(found, section(link))


def test_the_guide_is_two_pages():
    assert len(LINES) >= 15 and len(read("book/decision_guide.md").split()) <= 800


def test_a_number_that_differs_is_found():
    assert missing("from [0.4](a.ipynb#b) to 0.991", "0.4 and 0.99 of 1") == ["0.991"]
    assert missing("in [24 of 24](a.ipynb) pairs", "20 of 24") == ["24 of 24"]
