"""The benchmarks compare like with like, and count memory as it is. How long anything takes is not tested."""

import pandas as pd
import pytest
import torch

from tsattn_lab.bench import cost
from tsattn_lab.bench.cost import LAYERS, LOCAL_WIDTH
from tsattn_lab.bench.rounds import compare

WIDTH = 8


def test_ratios_are_taken_within_a_round():
    table = {"group": "g", "round": [0, 0, 1, 1, 2, 2], "case": ["a", "b"] * 3, "seconds": [1, 3, 10, 20, 100, 900]}
    (row,) = compare(pd.DataFrame(table), "a").to_dict("records")
    assert row == {"group": "g", "case": "b", "median": 3, "min": 2, "max": 9, "count": 3}


def layer(name, like=None):
    torch.manual_seed(0)
    made = LAYERS[name](WIDTH)
    if like is not None:
        made.load_state_dict(like.state_dict())
    return made.double()


@pytest.mark.parametrize("steps", [1, LOCAL_WIDTH - 1, LOCAL_WIDTH, LOCAL_WIDTH + 1, 3 * LOCAL_WIDTH + 5])
def test_ways_of_self_attention_agree(steps):
    explicit = layer("self-attention, explicit")
    x = torch.randn(2, steps, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert torch.allclose(layer("self-attention, fused", explicit)(x), explicit(x), atol=1e-12)

    query, key, value = explicit.projections(x).chunk(3, dim=2)
    apart = torch.arange(steps)[:, None] - torch.arange(steps)
    scores = (query @ key.transpose(1, 2) / WIDTH**0.5).masked_fill(apart.abs() >= LOCAL_WIDTH, -torch.inf)
    local = layer("self-attention, local", explicit)(x)
    assert torch.allclose(local, torch.softmax(scores, dim=2) @ value, atol=1e-12)


def test_memory_is_counted_while_it_is_held():
    def run():
        first = torch.zeros(1000)  # 4000 bytes
        del first
        return torch.ones(500) + torch.ones(500)  # three times 2000

    assert cost.peak_bytes(run) == 6000
    assert cost.peak_bytes(lambda: None) == 0


def test_only_the_explicit_way_holds_a_matrix_of_all_weights():
    steps = 1024
    matrix = 2 * steps**2 * 4  # bytes
    held = {name: cost.peak_bytes(cost.one_pass(name, series=2, steps=steps, width=WIDTH)) for name in LAYERS}
    assert held.pop("self-attention, explicit") > 2 * matrix  # the weights, and their gradient
    assert max(held.values()) < matrix, held


def test_one_thing_is_varied_at_a_time(monkeypatch, capsys):
    monkeypatch.setattr(cost, "VARIED", {"steps": (4, 8), "width": (2, 6)})
    monkeypatch.setattr(cost, "limits", pd.DataFrame)
    monkeypatch.setattr(cost, "ENOUGH", 1e-9)
    rows, ratios = cost.costs()
    assert len(rows) == 2 * 2 * 5 * len(LAYERS) and len(ratios) == 2 * 2 * (len(LAYERS) - 1)
    varied = {("steps", 4, 2, 64), ("steps", 8, 2, 64), ("width", 512, 2, 2), ("width", 512, 2, 6)}
    assert set(zip(rows["group"], rows["steps"], rows["series"], rows["width"], strict=True)) == varied
    assert (rows["bytes"] > 0).all() and rows.groupby(["case", "steps", "width"])["bytes"].nunique().eq(1).all()


def test_a_pass_beyond_the_memory_is_told_from_one_within():
    assert cost.fits("self-attention, explicit", 2048, 2**28) > 0
    assert cost.fits("self-attention, explicit", 8192, 2**28) is None  # a matrix of weights alone takes 512 MiB


def test_the_limit_is_the_last_length_that_went_well(monkeypatch, capsys):
    tried = []

    def fits(name, steps):
        tried.append((name, steps))
        return {"slow": 1e-3 * steps, "large": None if steps > 1000 else 0.01, "light": 0.01}[name]

    monkeypatch.setattr(cost, "fits", fits)
    monkeypatch.setattr(cost, "LAYERS", dict.fromkeys(("slow", "large", "light")))
    monkeypatch.setattr(cost, "LONGEST", 300_000)
    table = cost.limits().set_index("case")
    assert table["stopped_by"].to_dict() == {"slow": "time", "large": "memory", "light": "length"}
    assert table["steps"].to_dict() == {"slow": 2**14, "large": 512, "light": 2**18}
    assert ("large", 1024) in tried and ("light", 2**19) not in tried
