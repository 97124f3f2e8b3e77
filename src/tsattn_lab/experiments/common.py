"""What the experiments share."""

from typing import Any

from sklearn.dummy import DummyClassifier

from tsattn_tutorial.history import History


def off_the_shelf(model: str, seed: int) -> Any:
    """Return MiniRocket or QUANT of aeon, untrained; for any other name what says the larger class."""
    if model == "MiniRocket":
        from aeon.classification.convolution_based import MiniRocketClassifier  # takes seconds to import

        return MiniRocketClassifier(random_state=seed, n_jobs=1)
    if model == "QUANT":
        from aeon.classification.interval_based import QUANTClassifier

        return QUANTClassifier(random_state=seed)
    return DummyClassifier()


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
