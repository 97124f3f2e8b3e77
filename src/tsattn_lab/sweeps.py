"""The sweeps behind ``book/results/``, by the name of their file."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sklearn.model_selection import ParameterGrid

from tsattn_lab import experiments as lab
from tsattn_lab.experiments.nine_sets import OURS, RIVALS
from tsattn_lab.experiments.sine import SINE_MODELS
from tsattn_tutorial.datasets import ARCHIVE

RESULTS = Path("book/results")  # from the root of the repository


def _grid(seeds: Iterable[int], **values: list[Any]) -> list[dict[str, Any]]:
    """Combine the values of settings with each other and with the seeds."""
    return list(ParameterGrid(values | {"seed": list(seeds)}))


FIVE, TEN, UNSEEN = range(5), range(10), range(10, 20)  # seeds; on the last ones nothing was chosen

QUICK = ["majority class", "one-line rule", "logistic regression", "feed-forward", "patches, attention"]
NETS = [name for name in SINE_MODELS if name.startswith(("convolution", "BiLSTM"))]
NOISY = {"noise_std": [0.5, 1.0, 2.0, 4.0], "test_series": [10_000]}

SHARP = ["patches and slope, attention"]
CHANGES = ["normalised", "paced", "slope", "patches", "smaller"]
WIDTHS = [{"units": units, "slope": slope} for units in (8, 16, 32) for slope in (30.0, 100.0, 300.0, 1000.0, 3000.0)]
POOLINGS = ["attention", "mean", "max", "last"]

ANEW = {"model": "patches, attention", "fresh": True, "test_series": 10_000}
LARGE = {"units": 64, "layers": 2, "learning_rate": 0.005}
FRESH = [(noise, LARGE | {"epochs": n}) for noise, n in ((0.5, 100), (1.0, 100), (2.0, 200), (4.0, 200), (4.0, 40))]
OTHERS = {"patch_size": 20}, {"pooling": "max"}, {"pooling": "mean"}
FRESH += [(4.0, LARGE | {"epochs": 40} | other) for other in OTHERS]
FRESH += [(4.0, {"epochs": 18}), (4.0, {"epochs": 40})]

ITALY = ["attention", "averaged attention", "mean pooling", "flatten", "logistic regression"]
BOTH = {"held_out": ["test", "folds"]}

# What is compared in the local, the hopeless and the relational regime.
LOCAL = ["lstm", "one lstm", "mean pooling", "attention pooling", "transformer", "sigmoid after, old mask"]
LOCAL += [f"{kind} after" for kind in ("sigmoid", "multi-head", "even", "plain")]
LOCAL += ["residual before", "residual before, mask lost"]
VARIANTS = [*LOCAL, "scaled after", "residual after", "residual after, norm", "scaled residual before"]
VARIANTS += ["residual between", "multi-head between", "multi-head between, mean pooling"]
ENDS = ["multi-head between", "multi-head between, mean pooling", "transformer"]  # in Flatten, in a mean, in a mean
RELATIONAL = [*ENDS, "lstm", "attention pooling", "transformer, no residual", "deep transformer"]
RELATIONAL += ["deep transformer, no residual", "residual between", "scaled between", "multi-head between, no residual"]
RELATIONAL += [f"{kind} after" for kind in ("sigmoid", "plain", "scaled", "residual")]
WEEKS = {"data": ["signatures"], "explained": [30], "deleted": [8]}
INCEPTION = {"encoder": "inception", "learning_rate": 0.003, "roll": True}


#: Function and settings of every file of results.
SWEEPS: dict[str, tuple[Callable[..., Mapping[str, Any]], list[dict[str, Any]]]] = {
    "bilstm_attention": (lab.sine, _grid(range(20)) + _grid([0, 6], recipe=[{"patience": 50}])),
    "sine_models": (
        lab.sine,
        # Without noise, the published model has a file of its own.
        _grid(FIVE, model=[*QUICK, *SHARP, *(name for name in NETS if name != "BiLSTM, attention")])
        + _grid(range(5, 20), model=["feed-forward"])
        + _grid(range(4), model=["MiniRocket", "QUANT"])
        + _grid(FIVE, model=[*QUICK, *NETS], **NOISY | {"noise_std": [1.0]})
        + _grid(range(3), model=[*QUICK, "Bayes"], **NOISY)
        + _grid(range(2), model=[*NETS, "MiniRocket", "QUANT"], **NOISY),
    ),
    "sine_recipe": (
        lab.sine,
        _grid(range(20), model=SHARP)
        + _grid(range(20), model=SHARP, recipe=[{"epochs": 6, "slope": 30.0}])
        + _grid(range(100, 110), model=SHARP, recipe=WIDTHS)
        + _grid(UNSEEN, model=SHARP, recipe=[{"pooling": pooling} for pooling in POOLINGS[1:]])
        + _grid(UNSEEN, model=SHARP, recipe=[{"pooling": p, "slope": 0.0} for p in POOLINGS], noise_std=[1.0])
        + _grid(range(10, 15), changes=[[name for name in CHANGES if name != left] for left in CHANGES]),
    ),
    "sine_fresh": (lab.sine, [{"seed": 0, "noise_std": noise, "recipe": recipe, **ANEW} for noise, recipe in FRESH]),
    "italy_power_demand": (
        lab.archive,
        _grid(TEN, model=ITALY, **BOTH)
        + _grid(TEN, model=["weighted regression"], training=[{"epochs": 50, "learning_rate": 0.003}], **BOTH)
        + _grid(TEN, model=["lstm"], training=[{"epochs": 10, "batch_size": 32}])
        + _grid(TEN, model=["lstm"], held_out=["folds"])
        + _grid(FIVE, model=["lstm"], training=[{"epochs": 100}], **BOTH)
        + _grid(TEN, model=["MiniRocket"])
        + _grid([0], model=["majority class"]),
    ),
    "nine_sets": (
        lab.nine_sets,
        _grid(FIVE, data_set=list(ARCHIVE), looks=[True])
        + _grid(range(5, 10), data_set=list(ARCHIVE))
        + _grid(TEN, model=[*list(OURS)[1:], *RIVALS], data_set=list(ARCHIVE))
        + _grid(TEN, model=["attention", "MiniRocket"], data_set=list(ARCHIVE), held_out=["test"]),
    ),
    "explanations": (
        lab.explanations,
        _grid(TEN, recipe=["PATCHES"], noise_std=[2.0, 0.5])
        + _grid(FIVE, recipe=["PUBLISHED"], noise_std=[2.0, 0.5])
        # Trials are on a draw of their own.
        + _grid([1000, *TEN], options=[{"updates": 2000}], **WEEKS)
        + _grid([1000], options=[INCEPTION | {"updates": 3200, "roll": roll} for roll in (True, False)], **WEEKS)
        + _grid(TEN, options=[INCEPTION | {"updates": 4800, "n_members": 4}], **WEEKS | {"explained": [100]}),
    ),
    "planted_steps": (
        lab.attention_over_steps,
        _grid(FIVE, variant=["before", "after", "position-wise"], single=[False, True])
        + _grid(FIVE, variant=["after", "position-wise"], position=[5, 15, [5, 15], "random"])
        + _grid(FIVE, variant=["before", "content", "content position-wise"], position=["random"]),
    ),
    "planted_dimensions": (
        lab.attention_over_dimensions,
        _grid(FIVE, variant=["before", "swapped", "after"], single=[False, True]),
    ),
    "planted_cells": (
        lab.attention_over_cells,
        _grid(FIVE, variant=["joint", "factorised"], pooling=["lstm", "sum"], cells=["one", "two", "row"])
        + _grid(FIVE, variant=["steps", "dimensions"], pooling=["lstm", "sum"]),
    ),
    "self_attention_effect": (
        lab.motifs,
        _grid(FIVE, variant=VARIANTS, regime=["hopeless"])
        + _grid(FIVE, variant=LOCAL)
        + _grid(FIVE, variant=RELATIONAL, regime=["relational"])
        + _grid(range(3), variant=["lstm", "sigmoid after"], regime=["local", "hopeless"], units=[256])
        # Until the validation loss has not fallen for five epochs.
        + _grid(FIVE, variant=["mean pooling", "lstm", "attention pooling"], epochs=[100], patience=[5])
        + _grid(FIVE, variant=ENDS, regime=["relational"], epochs=[100], patience=[5])
        + _grid(range(3), size=[1000], epochs=[200], patience=[10]),  # as many updates
    ),
}
