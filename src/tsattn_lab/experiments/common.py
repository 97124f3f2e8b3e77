"""What the experiments share."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegressionCV

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.history import History

#: Gives probabilities, (N,) of label 1 or (N, C), and the weights, (N, T), or None.
Predict = Callable[[SeriesBatch], tuple[np.ndarray, np.ndarray | None]]


def off_the_shelf(model: str, seed: int) -> Any:
    """Return MiniRocket or QUANT of aeon, untrained; for any other name what says the larger class."""
    if model == "MiniRocket":
        from aeon.classification.convolution_based import MiniRocketClassifier  # takes seconds to import

        return MiniRocketClassifier(random_state=seed, n_jobs=1)
    if model == "QUANT":
        from aeon.classification.interval_based import QUANTClassifier

        return QUANTClassifier(random_state=seed)
    return DummyClassifier()


def logistic_regression(cv: Any) -> LogisticRegressionCV:
    """Return logistic regression whose strength is chosen by the log-loss in a cross-validation."""
    options = {"l1_ratios": (0,), "max_iter": 2000, "scoring": "neg_log_loss", "use_legacy_attributes": False}
    return LogisticRegressionCV(cv=cv, **options)


def how_it_went(history: History, parameters: int) -> dict[str, Any]:
    """Return the columns that say how a network of so many parameters was trained."""
    best = history.epochs[history.best_epoch - 1]
    return {
        "validation_accuracy": best.validation_accuracy,
        "validation_loss": best.validation_loss,
        "best_epoch": history.best_epoch,
        "epochs_run": len(history.epochs),
        "stopped_by": history.stopped_by,
        "parameters_of_model": parameters,
        "fit_seconds": history.seconds,
    }
