"""From the published setting to a fast and sharp one, one change at a time."""

from dataclasses import replace
from typing import Any

from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import sine_waves, train_validation_test_split
from tsattn_tutorial.experiments.common import one_of
from tsattn_tutorial.experiments.sine_scores import score_attention, score_probabilities

__all__ = ["SINE_CHANGES", "sine_recipe"]

#: Changes by which `sine_recipe` leads from the published setting to ours, in this order, each on top of those before.
SINE_CHANGES: dict[str, dict[str, Any]] = {
    "published": {},
    "normalised": {"normalise": True},
    "paced": {"epochs": 4, "batch_size": 100, "learning_rate": 2e-2, "patience": None, "schedule": "cosine"},
    "slope": {"slope": 300.0},
    "patches": {"patch_size": 20},
    "smaller": {"hidden_size": 16, "attention_size": 32},
}


def sine_recipe(
    seed: int,
    *,
    up_to: str = "smaller",
    without: str = "",
    noise_std: float = 0.0,
    pooling: str | None = None,
    slope: float | None = None,
    patch_size: int | None = None,
    hidden_size: int | None = None,
    attention_size: int | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
) -> dict[str, Any]:
    """Train the attention classifier on sine waves with a recipe between the published one and ours.

    Parameters
    ----------
    seed : int
        Decides the data, the split, the initial weights and the order of the series: those of `bilstm_attention`.
    up_to : str
        A key of ``SINE_CHANGES``; it and all before it are made. With the last one, the recipe is
        ``tsattn_tutorial.torch.SHARP``.
    without : str
        One of these changes that is not made; none when empty.
    noise_std : float
        As in `SineConfig`. The recipe was chosen without noise.
    pooling, slope, patch_size, hidden_size, attention_size, epochs, batch_size, learning_rate
        What to set otherwise; as the recipe has it when left out.

    Returns
    -------
    dict
        ``validation_errors`` and ``validation_loss`` (the least of all epochs, nats) on 1000 series; what
        `score_probabilities` and `score_attention` say of the 2000 test series; ``parameters_of_model``, ``epochs_run``
        and ``fit_seconds``.

    Raises
    ------
    ValueError
        When there is no such change or pooling, or a number is out of range.
    KeyboardInterrupt
        When training was interrupted.
    """
    from tsattn_tutorial.torch import PUBLISHED, predict

    one_of("up_to", up_to, SINE_CHANGES)
    recipe = PUBLISHED
    if without:
        one_of("without", without, SINE_CHANGES)
    for name, change in SINE_CHANGES.items():
        if name != without:
            recipe = replace(recipe, **change)
        if name == up_to:
            break
    other = {
        "pooling": pooling,
        "slope": slope,
        "patch_size": patch_size,
        "hidden_size": hidden_size,
        "attention_size": attention_size,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
    }
    recipe = replace(recipe, **{name: value for name, value in other.items() if value is not None})

    config = SineConfig(noise_std=noise_std, seed=seed)
    train, validation, test = train_validation_test_split(sine_waves(config), seed=seed)
    model, history = recipe.fit(train, validation, seed=seed, progress=False)
    if history.stopped_by == "interrupt":
        raise KeyboardInterrupt
    probability, weights = predict(model, test)
    return {
        "validation_errors": int(((predict(model, validation).probability >= 0.5) != validation.y).sum()),
        "validation_loss": min(row.validation_loss for row in history.epochs),
        **score_probabilities(test.y, probability),
        **score_attention(weights, test),
        "parameters_of_model": sum(parameter.numel() for parameter in model.parameters()),
        "epochs_run": len(history.epochs),
        "fit_seconds": history.seconds,
    }
