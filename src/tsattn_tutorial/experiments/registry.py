"""The experiments by name, and how one of them is run."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from tsattn_tutorial.experiments.archive import italy_power_demand
from tsattn_tutorial.experiments.motifs import self_attention_effect
from tsattn_tutorial.experiments.planted import (
    planted_cells_attention,
    planted_dimensions_attention,
    planted_steps_attention,
)
from tsattn_tutorial.experiments.sine import bilstm_attention
from tsattn_tutorial.experiments.sine_fresh import sine_fresh_series
from tsattn_tutorial.experiments.sine_models import sine_models
from tsattn_tutorial.experiments.sine_recipes import sine_recipe
from tsattn_tutorial.experiments.vowels import japanese_vowels

__all__ = ["EXPERIMENTS", "different_parameters", "run_experiment"]

# The defaults of an experiment are part of what it is: rows of results name only what differs from them.
EXPERIMENTS: Mapping[str, Callable[..., dict[str, Any]]] = {
    experiment.__name__: experiment
    for experiment in (
        bilstm_attention,
        italy_power_demand,
        japanese_vowels,
        planted_cells_attention,
        planted_dimensions_attention,
        planted_steps_attention,
        self_attention_effect,
        sine_fresh_series,
        sine_models,
        sine_recipe,
    )
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
    return changed_from_defaults(name, EXPERIMENTS[name], parameters)


def changed_from_defaults(name: str, experiment: Callable, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that differ from the defaults of a function, sorted by name.

    Parameters
    ----------
    name : str
        What an error calls the function.
    experiment : callable
        A function with a parameter ``seed`` and others, each with a default.
    parameters : mapping
        Its keyword arguments, without ``seed``.

    Raises
    ------
    ValueError
        When the function takes no such parameter.
    """
    signature = inspect.signature(experiment).parameters
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
