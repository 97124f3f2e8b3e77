"""Saved models come back as they were, or not at all."""

import numpy as np
import pytest
import torch
from torch import nn

from tsattn_tutorial.torch import BiLSTMAttention, Recipe, load_model, save_model


@pytest.mark.parametrize("kind", [torch.float32, torch.float64])
def test_a_model_comes_back_as_it_was(tmp_path, kind):
    numbers = {"slope": np.linspace(0, 6, 3)[1], "normalise": np.bool_(True), "units": np.int64(5)}
    model = Recipe(**numbers).build(3, classes=4, seed=2).to(kind)
    save_model(model, tmp_path / "model.pt")
    again = load_model(str(tmp_path / "model.pt"))
    assert again.options == model.options
    x = torch.randn(2, 11, 3, dtype=kind)
    assert torch.equal(again(x)[0], model(x)[0]) and again(x)[0].dtype == kind


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("__class__", type("Subclass", (BiLSTMAttention,), {})),
        ("classifier", nn.Linear(64, 3)),
        ("options", BiLSTMAttention(units=3).options),
        ("options", BiLSTMAttention().options | {"slope": np.float64(1)}),
    ],
)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, name, value):
    path, model = tmp_path / "model.pt", BiLSTMAttention()
    save_model(model, path)
    before = path.read_bytes()
    setattr(model, name, value)
    with pytest.raises(ValueError, match=r"BiLSTMAttention, got"):
        save_model(model, path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_what_is_no_saved_model_is_refused_and_no_code_is_loaded(tmp_path):
    trap = type("Trap", (), {"__reduce__": lambda self: (open, (str(tmp_path / "sprung"), "w"))})
    path, model = tmp_path / "model.pt", BiLSTMAttention()
    fine = {"options": model.options, "weights": model.state_dict()}
    for content in ([1], {}, fine | {"options": trap()}, fine | {"weights": {"classifier.bias": 1.0}}):
        torch.save(content, path)
        with pytest.raises(ValueError, match=r"model.pt: expected options and weights of a BiLSTMAttention, got"):
            load_model(path)
    assert not (tmp_path / "sprung").exists()
