"""Every line of the decision guide rests on numbers that stand in its section, or follow from the result files."""

import json
import re
from itertools import product

import pandas as pd
import pytest
from test_notebooks import BOOK
from test_project import missing, read, section

from tsattn_tutorial.metrics import mean_interval

LINES = [cells for line in read("book/decision_guide.md").splitlines() if len(cells := line.split("|")) == 5]
LINES = [(cells[1].strip(), cells[3]) for cells in LINES if "](" in cells[3]]


def accuracy(file: str, **wanted) -> pd.Series:
    """Accuracies by seed, in percent, of the rows whose settings are exactly these."""
    table = pd.read_csv(BOOK / "results" / file)
    found = table[table["settings"].map(json.loads).map(wanted.__eq__)]
    assert len(found), wanted
    return 100 * found.set_index("seed")["accuracy"]


def effect(name: str, other: str | None = None, **regime) -> str:
    """The difference of two models of the thread, over the seeds that both have."""
    given = ({"variant": variant} if variant else {} for variant in (name, other))
    one, other = (accuracy("self_attention_effect.csv", **regime, **settings) for settings in given)
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*mean_interval((one - other).dropna()))


def ahead() -> str:
    """How often attention is ahead under noise, of all pairs with another pooling."""
    leads = []
    for noise, pooling in product((0.5, 1.0, 2.0, 4.0), ("max", "mean", "last state")):
        given = {"file": "sine_models.csv", "noise_std": noise, "test_series": 10_000}
        leads += (accuracy(**given) - accuracy(**given, model=f"BiLSTM, {pooling}")).dropna().tolist()
    return f"{sum(lead > 0 for lead in leads)} of {len(leads)}"


# Chapters that are written anew: until then the guide rests on the files.
PAIRS = ("attention pooling",), ("attention pooling", "mean pooling"), ("sigmoid after", "even after")
MEASURED = {
    "self_attention_no_effect.ipynb": lambda: " ".join(effect(*pair) for pair in PAIRS),
    "residual_attention.ipynb": lambda: effect("transformer", regime="relational"),
    "is_attention_needed.ipynb": ahead,
}


@pytest.mark.parametrize(("line", "found"), LINES, ids=[line for line, _ in LINES])
def test_every_line_has_its_number(line, found):
    (link,) = re.findall(r"\]\(([^)]+)\)", found)
    assert not missing(found, section(link) if "#" in link else MEASURED[link]())


def test_the_guide_is_two_pages():
    assert len(LINES) >= 15 and len(read("book/decision_guide.md").split()) <= 800


def test_a_number_that_differs_is_found():
    assert missing("from [0.4](a.ipynb#b) to 0.991", "0.4 and 0.99 of 1") == ["0.991"]
    assert missing("in [24 of 24](a.ipynb) pairs", "20 of 24") == ["24 of 24"]
