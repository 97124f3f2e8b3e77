"""What the experiments share."""

from typing import Any

from tsattn_tutorial.history import History


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
