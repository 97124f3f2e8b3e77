"""What a sweep runs: an experiment, its seeds and the values of its parameters; from Python or from a file."""

import itertools
import json
import os
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tsattn_tutorial.config import ConfigError
from tsattn_tutorial.experiments import registry

__all__ = ["Experiment", "Fit", "SweepGrid", "list_fits", "read_seeds"]

#: The name of an experiment, or a function like one: takes a seed and named parameters, returns a row.
Experiment = str | Callable[..., Mapping[str, Any]]


@dataclass(frozen=True)
class Fit:
    """One fit of a sweep.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    function : callable
        What runs it. It travels to the worker, so that a function of a notebook runs there as well.
    seed : int
        Seed of everything random in it.
    parameters : dict
        The parameters that differ from the defaults, sorted by name.
    """

    experiment: str
    function: Callable[..., Mapping[str, Any]]
    seed: int
    parameters: dict[str, Any]

    def key(self) -> dict[str, Any]:
        """Return the columns that tell this fit from all others."""
        parameters = json.dumps(self.parameters, sort_keys=True)
        return {"experiment": self.experiment, "seed": self.seed, "parameters": parameters}

    @property
    def identity(self) -> tuple[str, int, str]:
        """The values of `key`."""
        return tuple(self.key().values())


def list_fits(experiment: Experiment, seeds: Iterable[int], grid: Mapping[str, Iterable[Any]] | None) -> list[Fit]:
    """List every combination of the grid with every seed; what is asked for twice is there once.

    Parameters
    ----------
    experiment : str or callable
        As `run_sweep` takes it.
    seeds : iterable of int
        Seeds, one fit each.
    grid : mapping, optional
        Parameter name to the values it takes.

    Raises
    ------
    ValueError
        When there is no such experiment, it takes no such parameter, or there is no fit to run.
    """
    seeds = [int(seed) for seed in seeds]
    grid = {name: list(values) for name, values in (grid or {}).items()}
    fits = {}
    for values in itertools.product(*grid.values()):
        name, function, parameters = _different(experiment, dict(zip(grid, values, strict=True)))
        for fit in (Fit(name, function, seed, parameters) for seed in seeds):
            fits[fit.identity] = fit
    if not fits:
        raise ValueError("expected at least one seed and one value for each parameter, got none")
    return list(fits.values())


def _different(experiment: Experiment, parameters: dict[str, Any]) -> tuple[str, Callable, dict[str, Any]]:
    """Name and function of an experiment, and the parameters that differ from its defaults."""
    if isinstance(experiment, str):
        different = registry.different_parameters(experiment, parameters)  # refuses an unknown experiment
        return experiment, registry.EXPERIMENTS[experiment], different
    name = getattr(experiment, "__name__", repr(experiment))
    if not name.isidentifier():
        raise ValueError(f"experiment: expected a name or a function that has one, got {name}")
    if name in registry.EXPERIMENTS and registry.EXPERIMENTS[name] is not experiment:
        raise ValueError(f"experiment: expected a function with a name of its own; {name} is one of the book's")
    return name, experiment, registry.changed_from_defaults(name, experiment, parameters)


def read_seeds(text: str) -> list[int]:
    """Read ``0-9`` or ``1,2,5`` or both mixed.

    Raises
    ------
    ValueError
        When the text is neither.
    """
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text.replace(" ", "")):
        raise ValueError(f"expected seeds like 0-9 or 1,2,5; got {text!r}")
    seeds: list[int] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def _seed_list(value: Any) -> Any:
    if isinstance(value, str):
        return read_seeds(value)
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


class SweepGrid(BaseModel):
    """The grid of a sweep, as it stands in a YAML or JSON file.

    Parameters
    ----------
    experiment : str
        A key of ``tsattn_tutorial.experiments.EXPERIMENTS``.
    seeds : list of int, int or str
        Seeds, one fit each; ``"0-9"`` and ``"1,2,5"`` are understood.
    grid : dict
        Parameter name to the list of values it takes; every combination is run.

    Raises
    ------
    ConfigError
        On an unknown key, a wrong type, an unknown experiment, or a parameter that the experiment does not take.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    experiment: str
    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1), BeforeValidator(_seed_list)] = [0]
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_describe(error)) from None

    @model_validator(mode="after")
    def _experiment_takes_it(self) -> Self:
        registry.different_parameters(self.experiment, {})
        for name in self.grid:
            try:
                registry.different_parameters(self.experiment, {name: None})
            except ValueError as error:
                raise ValueError(f"grid.{name}: {error}") from None
        return self

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "SweepGrid":
        """Read a grid from a file: JSON where its name ends in ``.json``, else YAML.

        Parameters
        ----------
        path : str or path
            A file with one mapping of the keys ``experiment``, ``seeds`` and ``grid``.

        Raises
        ------
        ConfigError
            When the file is missing, cannot be parsed, repeats a key, or fails a check.
        """
        path = Path(path)
        kind = "JSON" if path.suffix == ".json" else "YAML"
        try:
            text = path.read_text(encoding="utf-8")
            values = json.loads(text, object_pairs_hook=_unique) if kind == "JSON" else yaml.load(text, Loader=_Loader)
        except OSError as error:
            raise ConfigError(f"{path}: expected a readable {kind} file, got: {error.strerror}") from None
        except (ValueError, yaml.YAMLError) as error:
            raise ConfigError(f"{path}: expected valid {kind}, got: {' '.join(str(error).split())}") from None
        if not isinstance(values, dict):
            raise ConfigError(f"{path}: expected the keys experiment, seeds and grid; got {type(values).__name__}")
        try:
            return cls(**{str(key): value for key, value in values.items()})
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None


class _Loader(yaml.SafeLoader):
    """YAML that neither drops a repeated key in silence nor takes ``1e-3`` for text, as PyYAML does."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        _unique([(self.construct_object(key), None) for key, _ in node.value])
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def _unique(pairs: list[tuple[Hashable, Any]]) -> dict[Hashable, Any]:
    values: dict[Hashable, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"the key {key} twice")
        values[key] = value
    return values


def _describe(error: ValidationError) -> str:
    """Every problem on one line: key, what it should be, what it was."""
    problems = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        match item["type"]:
            case "extra_forbidden":
                problems.append(f"{key}: expected one of {', '.join(SweepGrid.model_fields)}; got an unknown key")
            case "missing":
                problems.append(f"{key}: expected the name of an experiment, got none")
            case "value_error":
                prefix = f"{key}: " if key else ""  # checks of the whole name the key themselves
                problems.append(f"{prefix}{item['ctx']['error']}")
            case "too_short":
                problems.append(f"{key}: expected at least one value, got none")
            case _:
                wanted = item["msg"].removeprefix("Input should be ")
                problems.append(f"{key}: expected {wanted}, got {item['input']!r}")
    return "; ".join(problems)
