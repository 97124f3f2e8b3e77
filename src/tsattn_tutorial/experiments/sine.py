"""Experiments on the sine waves of source A."""

from typing import Any

import numpy as np

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import near_peak, sine_waves, train_validation_test_split
from tsattn_tutorial.experiments.sine_scores import score_attention
from tsattn_tutorial.metrics import attention_mass, attention_mass_by_shift, binary_report

__all__ = ["bilstm_attention"]

SHIFTS = np.arange(-100, 101, 5)  # samples by which the truth is moved to find where attention really lies


def bilstm_attention(
    seed: int,
    *,
    dataset_size: int = 10_000,
    noise_std: float = 0.0,
    epochs: int = 50,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    patience: int = 5,
    device: str = "cpu",
) -> dict[str, Any]:
    """Run source A as it was published: the BiLSTM with attention on sine waves, scored once on the test set.

    Parameters
    ----------
    seed : int
        Decides the data, the split, the initial weights and the order of the series.
    dataset_size, noise_std
        As in `SineConfig`. ``near_peak`` means little under noise.
    epochs, batch_size, learning_rate, patience, device
        As in `tsattn_tutorial.torch.fit`.

    Returns
    -------
    dict
        The report on the test set, how training went, and where the attention lies: ``mass`` inside
        the flat stretch and its ``chance`` level, ``pointing`` (share of flat series whose largest
        weight lies inside), ``shift`` (samples by which the stretch must be moved to hold the most
        attention, which describes the test set and selects nothing, and ``mass_at_shift``), and on plain
        waves ``peak_mass`` near the peaks and its ``peak_chance``.

    Raises
    ------
    ValueError
        When an argument is out of range.
    KeyboardInterrupt
        When training was interrupted: a training cut short is no result.
    """
    from tsattn_tutorial.torch import AttentionClassifier, fit, predict

    config = SineConfig(dataset_size=dataset_size, noise_std=noise_std, seed=seed)
    train, validation, test = train_validation_test_split(sine_waves(config), seed=seed)
    model = AttentionClassifier(seed=seed)
    history = fit(
        model,
        train,
        validation,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        patience=patience,
        seed=seed,
        device=device,
        progress=False,
    )
    if history.stopped_by == "interrupt":
        raise KeyboardInterrupt
    probability, weights = predict(model, test)
    report = binary_report(test.y, probability)
    (tn, fp), (fn, tp) = report.confusion.tolist()

    flat = test.y == 1
    by_shift = attention_mass_by_shift(weights[flat], test.truth[flat], SHIFTS)
    peak_mass, peak_chance = attention_mass(weights[~flat], near_peak(test.x[~flat]))
    return {
        "accuracy": report.accuracy.value,
        "precision": report.precision.value,
        "recall": report.recall.value,
        "f1": report.f1.value,
        "roc_auc": report.roc_auc.value,
        "roc_auc_of_labels": (tp / (tp + fn) + tn / (tn + fp)) / 2,  # with one threshold the curve has one corner
        "tn": tn,
        "fp": fp,
        "fn": fn,
        "tp": tp,
        "epochs_run": len(history.epochs),
        "best_epoch": history.best_epoch,
        "stopped_by": history.stopped_by,
        "validation_loss": min(row.validation_loss for row in history.epochs),
        "fit_seconds": history.seconds,
        **score_attention(weights, test),
        "shift": SHIFTS[by_shift.argmax()],
        "mass_at_shift": by_shift.max(),
        "peak_mass": peak_mass.mean(),
        "peak_chance": peak_chance.mean(),
    }
