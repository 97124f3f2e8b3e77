"""Does self-attention help an LSTM? The line-up of the question on eight classes, in three regimes."""

import contextlib
import json
from typing import Any
from unittest import mock

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, log_loss

from tsattn_lab.experiments.common import how_it_went
from tsattn_tutorial.arguments import check_choice, child_seed
from tsattn_tutorial.datasets import MOTIF_REGIMES, SeriesBatch, class_motifs
from tsattn_tutorial.reference import normalised_entropy

CLASSES = 8
TEST = 3000  # fresh series


def motifs(
    seed: int,
    *,
    regime: str = "local",
    variant: str = "lstm",
    units: int = 32,
    epochs: int = 15,
    patience: int | None = None,
    size: int | None = None,
) -> dict[str, Any]:
    """Train one model of the line-up on series of eight classes.

    Nine tenths of the series train and one tenth chooses the epoch. Variants that share a seed see the same
    series in the same order, so that they can be compared in pairs. With Keras on PyTorch, the LSTMs run in the kernel
    that PyTorch has for them: the same numbers in a third of the time.

    Parameters
    ----------
    seed : int
        Decides the data, the initial weights and the order of the series.
    regime : str
        A key of ``tsattn_tutorial.datasets.MOTIF_REGIMES``.
    variant : str
        A key of ``tsattn_tutorial.keras.LINE_UP``.
    units : int
        H, units of a BiLSTM per direction.
    epochs : int
        The most passes over the training series.
    patience : int, optional
        Passes without a smaller validation loss after which training ends; None for never.
    size : int, optional
        N, series to train and to choose on; those of the regime if None.

    Returns
    -------
    dict
        On 3,000 fresh series ``accuracy``, ``log_loss`` (nats), ``macro_f1``, the F1 of each class, ``f1_0`` to
        ``f1_7``, and the ``confusion`` matrix, as JSON; ``train_accuracy``; how training went; and `_attention`.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    import keras

    from tsattn_tutorial.keras import build_variant, fit, predict

    drawn = dict(MOTIF_REGIMES[check_choice("regime", regime, MOTIF_REGIMES)], regime=regime)
    usual = drawn.pop("size")
    size = usual if size is None else size
    batch, test = (class_motifs(count, seed=child_seed(seed, i), **drawn) for i, count in enumerate((size, TEST)))
    train, validation = batch[: size - size // 10], batch[size - size // 10 :]
    model = build_variant(variant, train.x.shape[1:], classes=CLASSES, units=units, seed=seed)
    setting = {"epochs": epochs, "patience": patience, "batch_size": 64, "learning_rate": 2e-3}
    fused = mock.patch.object(keras.layers.LSTM, "inner_loop", _fused)
    with fused if keras.backend.backend() == "torch" else contextlib.nullcontext():
        history = fit(model, train, validation, seed=seed, progress=False, **setting)
        probability, weights = predict(model, test)
        known = predict(model, train).probability.argmax(axis=1) == train.y
    said = probability.argmax(axis=1)
    f1 = f1_score(test.y, said, labels=range(CLASSES), average=None, zero_division=0)
    row = {"accuracy": (said == test.y).mean(), "macro_f1": f1.mean()}
    row |= {"log_loss": log_loss(test.y, probability, labels=range(CLASSES)), "train_accuracy": known.mean()}
    row |= how_it_went(history, model.count_params()) | _attention(weights, test, regime)
    row["confusion"] = json.dumps(confusion_matrix(test.y, said, labels=range(CLASSES)).tolist())
    return row | {f"f1_{label}": value for label, value in enumerate(f1)}


def _fused(layer: Any, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> tuple:
    """Do what `keras.layers.LSTM` does, from an initial state of 0, in PyTorch's kernel; any number on padding."""
    import torch

    cell, steps = layer.cell, torch.arange(sequences.shape[1])[None]
    # Backwards, each series is turned round within its length, so that padding is behind it and cannot reach it.
    lengths = torch.full((len(sequences),), steps.shape[1]) if mask is None else torch.as_tensor(mask).sum(dim=1)
    order = ((lengths[:, None] - 1 - steps) % steps.shape[1])[:, :, None]
    x = torch.take_along_dim(sequences, order, dim=1) if layer.go_backwards else sequences
    parameters = [weight.value.T.contiguous() for weight in (cell.kernel, cell.recurrent_kernel)]
    parameters += [cell.bias.value, torch.zeros_like(cell.bias.value)]
    start = [state[None] for state in initial_state]
    out, h, c = torch._VF.lstm(x, start, parameters, True, 1, 0.0, training, False, True)
    out = torch.take_along_dim(out, order, dim=1).flip(1) if layer.go_backwards else out
    return h[0], out, [h[0], c[0]]


def _attention(weights: np.ndarray | None, batch: SeriesBatch, regime: str) -> dict[str, float]:
    """Describe weights ``(N, T, T)`` between steps, of the last block in a transformer, or ``(N, T)`` of a pooling.

    NaN where there is none: ``entropy`` (of the rows of real steps, over the logarithm of the length, so that 1 is a
    plain average; more where padding gets weight), ``largest_weight`` (of a row, on average), ``on_padding`` (share
    that real steps give to padding); in the relational regime ``partner`` (share that the query gives to the segment it
    names, and back, on average) and its ``partner_chance``.
    """
    result = dict.fromkeys(("entropy", "largest_weight", "on_padding", "partner", "partner_chance"), np.nan)
    if weights is None:
        return result
    # Rows of weights, and which of them count.
    rows, looks = (weights, batch.mask) if weights.ndim == 3 else (weights[:, None], batch.mask[:, :1])
    result["entropy"] = normalised_entropy(rows, batch.mask[:, None])[looks].mean()
    result["largest_weight"] = rows.max(axis=2)[looks].mean()
    result["on_padding"] = (rows * ~batch.mask[:, None]).sum(axis=2)[looks].mean()
    if regime == "relational" and weights.ndim == 3:
        true = np.nonzero(batch.truth)[1].reshape(len(batch), 2, -1)  # the earlier and the later segment, (N, 2, 4)
        series = np.arange(len(batch))[:, None, None, None]
        partner = weights[series, true[:, :, :, None], true[:, ::-1, None, :]].sum(axis=3).mean()  # there and back
        result |= {"partner": partner, "partner_chance": (true.shape[2] / batch.mask.sum(axis=1)).mean()}
    return result
