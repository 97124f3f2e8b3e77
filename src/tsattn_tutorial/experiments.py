"""The experiments of the book by name: data, model, training, one row of results.

A chapter and a sweep that name the same experiment run the same code. A framework is loaded only when
one of its experiments runs.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import near_peak, sine_waves, train_validation_test_split
from tsattn_tutorial.metrics import attention_mass, attention_mass_by_shift, binary_report

__all__ = ["EXPERIMENTS", "bilstm_attention", "different_parameters", "run_experiment"]

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
    mass, chance = attention_mass(weights[flat], test.truth[flat])
    by_shift = attention_mass_by_shift(weights[flat], test.truth[flat], SHIFTS)
    peak_mass, peak_chance = attention_mass(weights[~flat], near_peak(test.x[~flat]))
    largest = weights[flat].argmax(axis=1)
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
        "mass": mass.mean(),
        "chance": chance.mean(),
        "pointing": np.take_along_axis(test.truth[flat], largest[:, None], axis=1).mean(),
        "shift": SHIFTS[by_shift.argmax()],
        "mass_at_shift": by_shift.max(),
        "peak_mass": peak_mass.mean(),
        "peak_chance": peak_chance.mean(),
    }


# The defaults of an experiment are part of what it is: rows of results name only what differs from them.
EXPERIMENTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "bilstm_attention": bilstm_attention,
}


def different_parameters(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that differ from the defaults of an experiment, sorted by name.

    Parameters
    ----------
    name : str
        A key of ``EXPERIMENTS``.
    parameters : mapping
        Keyword arguments of the experiment.

    Raises
    ------
    ValueError
        When there is no such experiment or it takes no such parameter.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"experiment: expected one of {', '.join(EXPERIMENTS)}; got {name!r}")
    signature = inspect.signature(EXPERIMENTS[name]).parameters
    defaults = {key: parameter.default for key, parameter in signature.items() if key != "seed"}
    for key in parameters:
        if key not in defaults:
            raise ValueError(f"{name}: expected parameters among {', '.join(defaults)}; got {key!r}")
    return {key: value for key, value in sorted(parameters.items()) if value != defaults[key]}


def run_experiment(name: str, seed: int, **parameters: Any) -> dict[str, Any]:
    """Run one fit of a named experiment.

    Parameters
    ----------
    name : str
        A key of ``EXPERIMENTS``.
    seed : int
        Seed of everything random in the fit.
    **parameters
        Keyword arguments of the experiment that differ from its defaults.

    Returns
    -------
    dict
        One value a column, as the experiment documents.

    Raises
    ------
    ValueError
        When there is no such experiment or it takes no such parameter.
    """
    different = different_parameters(name, parameters)
    return EXPERIMENTS[name](seed, **different)
