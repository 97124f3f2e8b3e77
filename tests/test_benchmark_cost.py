"""The layers whose cost is measured compute what they say, and memory is counted as it is. No clock is looked at."""

from functools import partial

import pandas as pd
import pytest
import torch

from benchmarks import cost
from benchmarks.layers import LAYERS, LOCAL_WIDTH

WIDTH = 8


def layer(name, like=None):
    torch.manual_seed(0)
    made = LAYERS[name](WIDTH)
    if like is not None:
        made.load_state_dict(like.state_dict())
    return made.double()


def series(steps):
    return torch.randn(2, steps, WIDTH, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize("steps", [1, 2, LOCAL_WIDTH - 1, LOCAL_WIDTH, LOCAL_WIDTH + 1, 3 * LOCAL_WIDTH + 5])
def test_ways_of_self_attention_agree(steps):
    explicit, x = layer("self-attention, explicit"), series(steps)
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


def test_gradients_of_the_weights_count_in_every_pass():
    width = 256
    weights = 3 * width**2 * 4  # bytes
    (case,) = (case for case in cost.cases(series=1, steps=1, width=width) if case.name == "self-attention, explicit")
    first, second = (cost.peak_bytes(partial(case.run, 0)) for _ in range(2))
    assert weights < first == second < 2 * weights


def test_only_the_explicit_way_holds_a_matrix_of_all_weights():
    steps, held = 1024, {}
    matrix = 2 * steps**2 * 4  # bytes
    for case in cost.cases(series=2, steps=steps, width=WIDTH):
        held[case.name] = cost.peak_bytes(partial(case.run, 0))
    assert held.pop("self-attention, explicit") > 2 * matrix  # the weights, and their gradient
    assert max(held.values()) < matrix, held


def test_the_sweep_varies_one_thing_at_a_time(monkeypatch, capsys):
    monkeypatch.setattr(cost, "SWEEPS", {"steps": (4, 8), "width": (2, 6)})
    rows = cost.measure(2)
    assert len(rows) == 2 * 2 * 2 * len(LAYERS)
    assert set(zip(rows["group"], rows["steps"], rows["series"], rows["width"], strict=True)) == {
        ("steps", 4, 2, 64),
        ("steps", 8, 2, 64),
        ("width", 512, 2, 2),
        ("width", 512, 2, 6),
    }
    assert (rows["bytes"] > 0).all() and rows.groupby(["case", "steps", "width"])["bytes"].nunique().eq(1).all()


def test_a_pass_beyond_the_memory_is_told_from_one_within():
    assert cost.fits("self-attention, fused", 2048, 2**28) > 0
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
    assert isinstance(table, pd.DataFrame) and ("large", 1024) in tried and ("light", 2**19) not in tried
