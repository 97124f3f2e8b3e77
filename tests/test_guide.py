"""Every line of the decision guide rests on numbers that stand in its section, or follow from the result files."""

import json
import re

import numpy as np
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


def effect(one: dict, other: dict) -> str:
    """The difference of two models of the thread, over the seeds that both have."""
    gaps = [accuracy("self_attention_effect.csv", **given) for given in (one, other)]
    return "{:+.1f} [{:+.1f}, {:+.1f}]".format(*mean_interval((gaps[0] - gaps[1]).dropna()))


def variant(name: str) -> dict:
    """Settings of a model of the thread."""
    return {"variant": name}


def no_effect() -> str:
    """Pooling in place of Flatten, and self-attention less an untrained average."""
    pooling = variant("attention pooling")
    found = [effect(pooling, {}), effect(pooling, variant("mean pooling"))]
    return " ".join([*found, effect(variant("sigmoid after"), variant("even after"))])


def residual() -> str:
    """The transformer, less two BiLSTMs, where two places decide together."""
    relational = {"regime": "relational"}
    return effect(relational | variant("transformer"), relational)


def needed() -> str:
    """How often attention is ahead under noise, of all pairs with another pooling."""
    leads = []
    for noise in (0.5, 1.0, 2.0, 4.0):
        given = {"noise_std": noise, "test_series": 10_000}
        for pooling in ("max", "mean", "last state"):
            other = accuracy("sine_models.csv", **given, model=f"BiLSTM, {pooling}")
            leads += (accuracy("sine_models.csv", **given) - other).dropna().tolist()
    return f"{(np.array(leads) > 0).sum()} of {len(leads)}"


# Chapters that are written anew: until then the guide rests on the files.
MEASURED = {"self_attention_no_effect": no_effect, "residual_attention": residual, "is_attention_needed": needed}


@pytest.mark.parametrize(("line", "found"), LINES, ids=[line for line, _ in LINES])
def test_every_line_has_its_number(line, found):
    (link,) = re.findall(r"\]\(([^)]+)\)", found)
    name, _, anchor = link.partition(".ipynb#")
    assert not missing(found, section(link) if anchor else MEASURED[name.removesuffix(".ipynb")]())


def test_the_guide_is_two_pages():
    assert len(LINES) >= 15 and len(read("book/decision_guide.md").split()) <= 800


def test_a_number_that_differs_is_found():
    assert missing("from [0.4](a.ipynb#b) to 0.991", "0.4 and 0.99 of 1") == ["0.991"]
