"""Checkpoints come back as they were, or not at all."""

import pytest
import torch

from tsattn_tutorial.torch import AttentionClassifier, CheckpointError, load_checkpoint, save_checkpoint


def test_a_model_comes_back_as_it_was(tmp_path):
    model = AttentionClassifier(input_size=3, hidden_size=5, attention_size=7, seed=4)
    save_checkpoint(model, tmp_path / "model.pt")
    again = load_checkpoint(tmp_path / "model.pt")
    x = torch.randn(2, 11, 3)
    assert again.options == model.options and torch.equal(again(x)[0], model(x)[0])


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save_checkpoint(AttentionClassifier(seed=1), path)
    before = path.read_bytes()

    def half(content, target):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(AttentionClassifier(seed=2), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_no_code_is_loaded(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"format": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / "trap.pt")
    assert not (tmp_path / "sprung").exists()


def test_the_precision_comes_back_too(tmp_path):
    save_checkpoint(AttentionClassifier().double(), tmp_path / "model.pt")
    assert load_checkpoint(tmp_path / "model.pt").classifier.weight.dtype == torch.float64


def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path):
    path = tmp_path / "model.pt"
    save_checkpoint(AttentionClassifier(seed=1), path)
    before = path.read_bytes()
    with path.open("rb") as reader:
        save_checkpoint(AttentionClassifier(seed=2), path)
        assert reader.read() == before != path.read_bytes()
