"""Planted signals, in Keras: can attention find the step, the dimension, the cell."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tsattn_lab.experiments.common import how_it_went
from tsattn_tutorial.arguments import check_choice, child_seed
from tsattn_tutorial.datasets import SeriesBatch, cued_steps, planted_cells, planted_dimensions, planted_steps
from tsattn_tutorial.metrics import pointing

Place = int | Sequence[int] | str

SIZE = 30_000  # series to train and to choose on
FRESH = 300  # series over which the source averages the weights
TEST = 3000  # fresh series for the accuracy

#: What the label stands for in `attention_over_cells`: the value of a cell, or the sign of the sum of two.
CELLS: dict[str, dict[str, Any]] = {
    "one": {"position": (7, 2)},
    "two": {"position": [(2, 1), (7, 4)], "rule": "sum"},
    "row": {"position": [(2, 1), (2, 4)], "rule": "sum"},
}


def attention_over_steps(
    seed: int, *, variant: str = "after", single: bool = False, position: Place = 10, size: int = SIZE, epochs: int = 5
) -> dict[str, Any]:
    """Plant the label in a time step and train a classifier with attention over the steps.

    Parameters
    ----------
    seed : int
        Decides the data, the initial weights and the order of the series.
    variant : str
        Weights bound to positions ``"before"`` or ``"after"`` an LSTM(32), or ``"position-wise"``, after a dense layer
        that sees one step at a time; ``"content"`` and ``"content position-wise"`` pool by content after an LSTM
        or that dense layer.
    single : bool
        Whether one vector of weights serves all dimensions; pooling by content knows no other.
    position : int, sequence of int, or "random"
        As in `tsattn_tutorial.datasets.planted_steps`; or in each series another, as `cued_steps` has it.
    size : int
        Series, of which a tenth validates.
    epochs : int
        Passes over the training data; the epoch with the smallest validation loss counts.

    Returns
    -------
    dict
        How training went, ``accuracy`` on 3,000 fresh series, and over them: ``mass`` on the planted steps, and for
        each class ``mass_0`` and ``mass_1``; ``pointing`` (share of series whose largest weight lies there);
        ``largest`` (the step with the largest mean weight), and the mean weight of each step over 300
        of them, ``weight_00`` and so on.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    from tsattn_tutorial import keras as ours

    draw = cued_steps if position == "random" else partial(planted_steps, position=position)
    layer, dense = ours.TimestepAttention(single, seed=seed), {"encoder": "position-wise"}
    after, pooled = partial(ours.attention_after_encoder, layer), ours.attention_pooling_classifier
    builders = {"before": partial(ours.attention_before_lstm, layer), "after": after, "content": pooled}
    builders |= {"position-wise": partial(after, **dense), "content position-wise": partial(pooled, **dense)}
    build = builders[check_choice("variant", variant, builders)]
    return _where(*_train_and_test(build, draw, size, epochs, seed), axis=2)


def attention_over_dimensions(
    seed: int, *, variant: str = "before", single: bool = False, size: int = 10_000, epochs: int = 10
) -> dict[str, Any]:
    """Plant the label in a dimension and train a classifier with attention over the dimensions.

    Parameters
    ----------
    variant : str
        ``"before"``: the layer before an LSTM(32). ``"swapped"``: the two axes of the input swapped, and attention
        over the steps. ``"after"``: the layer after an LSTM(32), where it weighs the hidden units.
    single : bool
        Whether one vector of weights serves all steps.
    seed, size, epochs
        As in `attention_over_steps`.

    Returns
    -------
    dict
        As `attention_over_steps`, with dimensions for steps; after an LSTM, whose units are no dimensions,
        ``mass`` and ``pointing`` are NaN.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    from tsattn_tutorial import keras as ours

    swapped = check_choice("variant", variant, ("before", "swapped", "after")) == "swapped"
    draw = _swapped_dimensions if swapped else planted_dimensions
    layer = (ours.TimestepAttention if swapped else ours.DimensionAttention)(single, seed=seed)
    build = partial(ours.attention_after_encoder if variant == "after" else ours.attention_before_lstm, layer)
    return _where(*_train_and_test(build, draw, size, epochs, seed), axis=2 if swapped else 1)


def attention_over_cells(
    seed: int, *, variant: str = "joint", cells: str = "one", pooling: str = "lstm", size: int = SIZE, epochs: int = 10
) -> dict[str, Any]:
    """Plant the label in cells of the grid and train a classifier with attention over steps and dimensions.

    Parameters
    ----------
    variant : str
        The layer in front: ``"joint"``, ``"factorised"``, and as controls that see one axis only ``"steps"`` and
        ``"dimensions"``, with one vector for all of the other axis.
    cells : str
        ``"one"``: the label in step 7 of dimension 2. ``"two"``: the label says whether the sum of the cells (2, 1)
        and (7, 4) is positive. ``"row"``: the same with the cells (2, 1) and (2, 4), of one step.
    pooling : str
        ``"lstm"``: an LSTM(32) behind the layer. ``"sum"``: the sum of the weighted cells, one number.
    seed, size, epochs
        As in `attention_over_steps`.

    Returns
    -------
    dict
        How training went, ``accuracy`` on 3,000 fresh series, and of the weights averaged over them: ``mass``
        on the planted cells together, ``least`` on one of them, ``largest`` (step and dimension of the largest)
        and ``second``; ``pointing`` is the share of series whose largest weight lies in a planted cell.

    Raises
    ------
    ValueError
        When an argument is out of range.
    """
    from tsattn_tutorial import keras as ours

    draw = partial(planted_cells, **CELLS[check_choice("cells", cells, CELLS)])
    layers = {"joint": ours.JointAttention, "factorised": ours.FactorisedAttention}
    layers |= {"steps": partial(ours.TimestepAttention, True), "dimensions": partial(ours.DimensionAttention, True)}
    builders = {"lstm": ours.attention_before_lstm, "sum": ours.weighted_sum_classifier}
    attention = layers[check_choice("variant", variant, layers)](seed=seed)
    build = partial(builders[check_choice("pooling", pooling, builders)], attention)
    row, test, weights = _train_and_test(build, draw, size, epochs, seed)
    if weights.ndim == 2:  # one axis: the same for all of the other, so that the grid sums to 1
        weights = weights[:, :, None] if variant == "steps" else weights[:, None, :]
        weights = np.broadcast_to(weights / (test.x[0].size / weights[0].size), test.x.shape)
    mean = weights.mean(axis=0)  # (T, D)
    planted, places = mean[test.truth[0]], np.unravel_index(mean.argsort(axis=None)[::-1], mean.shape)
    largest, second, *_ = (f"{step} {dimension}" for step, dimension in zip(*places, strict=True))
    inside = pointing(*(part.reshape(len(part), -1) for part in (weights, test.truth))).mean()
    found = {"mass": planted.sum(), "least": planted.min(), "pointing": inside, "largest": largest, "second": second}
    return row | found


def _swapped_dimensions(size: int, seed: int = 0) -> SeriesBatch:
    batch = planted_dimensions(size, seed=seed)
    return SeriesBatch(batch.x.swapaxes(1, 2), batch.y, batch.truth.swapaxes(1, 2))


def _train_and_test(
    build: Callable[..., Any], draw: Callable[..., SeriesBatch], size: int, epochs: int, seed: int
) -> tuple[dict[str, Any], SeriesBatch, np.ndarray]:
    """Train on nine tenths of the series; return how it went, fresh series, and the weights on them."""
    from tsattn_tutorial.keras import fit, predict

    batch, cut = draw(size, seed=child_seed(seed, 0)), size - size // 10
    model = build(batch.x.shape[1:], seed=seed)
    history = fit(model, batch[:cut], batch[cut:], epochs=epochs, batch_size=64, seed=seed, progress=False)
    test = draw(TEST, seed=child_seed(seed, 1))
    probability, weights = predict(model, test)
    accuracy = {"accuracy": ((probability > 0.5) == test.y).mean()}
    return how_it_went(history, model.count_params()) | accuracy, test, weights


def _where(row: dict[str, Any], test: SeriesBatch, weights: np.ndarray, *, axis: int) -> dict[str, Any]:
    """Say where the weights lie, taken together over an axis where they have three, and how much inside the truth.

    NaN where the truth is of another shape: weights of hidden units lie in no dimension.
    """
    weights = weights.mean(axis=axis) if weights.ndim == 3 else weights  # (N, T), or dimensions for steps
    truth = test.truth.any(axis=axis) if test.truth.ndim == 3 else test.truth
    mass = inside = np.full(len(test), np.nan)
    if weights.shape == truth.shape:
        mass, inside = (weights * truth).sum(axis=1), pointing(weights, truth)
    chart = weights[:FRESH].mean(axis=0)
    found = {"mass": mass.mean(), "mass_0": mass[test.y == 0].mean(), "mass_1": mass[test.y == 1].mean()}
    found |= {"pointing": inside.mean(), "largest": chart.argmax()}
    return row | found | {f"weight_{index:02d}": weight for index, weight in enumerate(chart)}
