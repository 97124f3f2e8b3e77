"""The estimator of the book on all labelled series that ship inside aeon, beside MiniRocket."""

import time
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss

from tsattn_lab.experiments.archive import pairs
from tsattn_tutorial.arguments import check_choice


def nine_sets(seed: int, *, data_set: str, model: str = "attention", held_out: str = "test") -> dict[str, Any]:
    """Fit the estimator with its defaults, or MiniRocket, on a data set of the archive.

    Parameters
    ----------
    seed : int
        Decides what is random in the fit, and the folds. The split into training and test series is the archive's.
    data_set : str
        One of ``tsattn_tutorial.datasets.ARCHIVE``.
    model : str
        ``"attention"``, ``"mean"`` or ``"max"``: `tsattn_tutorial.estimator.AttentionClassifier` with that pooling;
        ``"MiniRocket"``, which needs series of one length and gets those that the archive has padded.
    held_out : str
        ``"test"``, or ``"folds"``: five-fold cross-validation inside the training series, for making choices.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy`` and ``log_loss`` (nats; NaN for MiniRocket, which gives no probabilities) on
        the held-out series, how many there were, and ``cpu_seconds`` and ``fit_seconds`` of reading, all fits and
        predictions.

    Raises
    ------
    ValueError
        When an argument is none of these.
    """
    check_choice("model", model, ("attention", "mean", "max", "MiniRocket"))
    check_choice("held_out", held_out, ("test", "folds") if model != "MiniRocket" else ("test",))
    y, probability, cpu, wall = [], [], time.process_time(), time.perf_counter()
    for inside, outside in pairs(data_set, held_out, seed):
        (x, labels), (x_outside, labels_outside) = inside.to_aeon(), outside.to_aeon()
        if model == "MiniRocket":
            from aeon.classification.convolution_based import MiniRocketClassifier
            from aeon.datasets import load_classification

            x, x_outside = (
                load_classification(data_set, part, load_equal_length=True)[0] for part in ("train", "test")
            )
            classifier = MiniRocketClassifier(random_state=seed, n_jobs=1)
        else:
            from tsattn_tutorial.estimator import AttentionClassifier

            classifier = AttentionClassifier(pooling=model, random_state=seed)
        probability.append(classifier.fit(x, labels).predict_proba(x_outside))
        y.append(labels_outside)
    y, probability, classes = np.concatenate(y), np.concatenate(probability), classifier.classes_
    said = classes[probability.argmax(axis=1)]
    return {
        "accuracy": accuracy_score(y, said),
        "balanced_accuracy": balanced_accuracy_score(y, said),
        "log_loss": np.nan if model == "MiniRocket" else log_loss(y, probability, labels=classes),
        "held_out_series": y.size,
        "cpu_seconds": time.process_time() - cpu,
        "fit_seconds": time.perf_counter() - wall,
    }
