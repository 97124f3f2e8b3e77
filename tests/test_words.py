"""Three words grade evidence, and a verdict is that of the page of claims, wherever it stands."""

import re
from functools import cache
from pathlib import Path

import nbformat
import pytest

from notebook_checks import texts
from tsattn_tutorial.claims import SIGNS, Claims

BOOK = Path(__file__).resolve().parents[1] / "book"
PAGES = sorted([*BOOK.glob("*.ipynb"), *BOOK.glob("*.md"), BOOK.parent / "README.md"], key=lambda path: path.stem)
VERDICTS = {key: row["verdict"] for key, row in Claims(BOOK / "claims.csv").rows.items()}
# What grades evidence and is none of *clear*, *equal within m*, *open*.
GRADES = re.compile(
    r"(?:in)?significan\w+|statistically \w+|\bp[ -]values?|convincing\w*|compelling|beyond (?:chance|(?:any )?doubt)"
    r"|(?:strong|weak|solid|good|firm) evidence|(?:little|no|hardly a) doubt|(?:strongly|weakly) \w*support\w*"
    r"|(?:is|are|for) certain\b|\*(?:real|alone)\*|\b(?:is|are|be|seem|look)s? real\b|(?:only|holds?) alone\b"
    r"|\bfor all (?:comparisons )?together",
    re.IGNORECASE,
)
# Where such words grade no evidence.
EXEMPT = {
    "steps of a padded series are real": "steps that are not padding",
    "One thing is certain before any training": "it is proved",
    "in expectation for certain": "it is proved",
    "hardly a doubt": "what a classifier says of a series",
}
QUOTED = re.compile(rf"\b([A-D]\d+): ({'|'.join(sorted(SIGNS, reverse=True))})\b", re.IGNORECASE)
# What a verdict in bold begins with, and what once stood in the place of one.
BARE = re.compile(r"(?i)\*\*(?:holds?|does not hold|not settled|in part|mostly|depends|refuted|reproduced|confirmed)\b")


@cache
def said(path: Path) -> str:
    """What a page says, in its text and in what its cells put out, in one line."""
    if path.suffix == ".md":
        return " ".join(path.read_text(encoding="utf-8").split())
    cells = nbformat.read(path, as_version=4).cells
    parts = [cell.source if cell.cell_type == "markdown" else "\n".join(texts(cell)) for cell in cells]
    return " ".join(" ".join(parts).split())


def problems(text: str) -> list[str]:
    """Other words that grade evidence, verdicts without a key, and those that the page of claims does not have."""
    for phrase in EXEMPT:
        text = text.replace(phrase, "")
    found = [text[max(0, m.start() - 30) : m.end() + 30] for m in [*GRADES.finditer(text), *BARE.finditer(text)]]
    return found + [m[0] for m in QUOTED.finditer(text) if VERDICTS.get(m[1]) != m[2].lower()]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_other_words_and_no_other_verdicts(path):
    assert not problems(said(path))


def test_verdicts_are_quoted():
    """Or the test above would prove nothing: two chapters quote all of two sources."""
    quoted = {path.stem: {m[1] for m in QUOTED.finditer(said(path))} for path in PAGES}
    assert quoted["bilstm_attention"] >= {"A1", "A2", "A3", "A4", "A5", "A6"}
    assert quoted["csv_quickstart"] == {key for key in VERDICTS if key[0] == "D"}


def test_what_is_found_and_what_is_left_alone():
    assert VERDICTS["A3"] == "holds" and VERDICTS["A6"] == "does not hold"
    faults = ["a significant gain", "The difference is *real*.", "which effects are real", "It holds for all together."]
    faults += ["| **Holds.** So. |", "**Depends on it.**", "**A3: does not hold.**", "A6: holds in part", "C99: holds"]
    assert [len(problems(text)) for text in faults] == [1] * 9
    assert not problems("**A3: holds.** True on real steps. The lead is clear; that it is large does not hold.")


def test_exemptions_are_needed():
    everything = " ".join(map(said, PAGES))
    assert not [phrase for phrase in EXEMPT if phrase not in everything or not GRADES.search(phrase)]
