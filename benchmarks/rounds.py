"""Run cases in turn, round after round, and compare their times by ratio."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

__all__ = ["Case", "compare", "in_turn"]


@dataclass(frozen=True)
class Case:
    """Something that is timed.

    Parameters
    ----------
    name : str
        What it is called in the table.
    run : callable
        Takes the number of the round, from which data and seed follow, and does the work. It may return more columns
        for the row; ``seconds`` among them replaces the time of the whole call.
    times : float
        By how much the time is multiplied, where only a part of the work is done.
    """

    name: str
    run: Callable[[int], dict[str, Any] | None]
    times: float = 1.0


def in_turn(group: str, cases: Iterable[Case], rounds: int) -> pd.DataFrame:
    """Time every case once a round, each round in another order, so that a disturbance meets all alike.

    Parameters
    ----------
    group : str
        What the cases have in common.
    cases : iterable of Case
        They are told apart by their names.
    rounds : int
        How often, at least 1.

    Returns
    -------
    pandas.DataFrame
        One row a measurement: group, case, round, ``seconds``, and what the case itself returned.
    """
    cases, rows = list(cases), []
    for number in range(rounds):
        first = number % len(cases)
        for case in cases[first:] + cases[:first]:
            started = time.perf_counter()
            said = case.run(number) or {}
            seconds = said.pop("seconds", time.perf_counter() - started) * case.times
            rows.append({"group": group, "case": case.name, "round": number, "seconds": seconds, **said})
            print(f"  {group}, round {number + 1} of {rounds}: {case.name}, {seconds:.3g} s", flush=True)
    return pd.DataFrame(rows)


def compare(rows: pd.DataFrame, group: str, reference: str, *, seed: int = 0) -> pd.DataFrame:
    """Say how many times as long as a reference each case of a group took.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `in_turn` returns them.
    group, reference : str
        Which rows, and the case that counts as 1.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        For each other case: the median over rounds of the ratio of its time to that of the reference in the same round;
        ``low`` and ``high``, a 95 % percentile bootstrap interval of that median; and the number of rounds.

    Raises
    ------
    KeyError
        When the group has no such reference.
    """
    seconds = rows[rows["group"] == group].pivot(index="round", columns="case", values="seconds")
    ratios = seconds.div(seconds[reference], axis=0).drop(columns=reference)
    table = []
    for case, column in ratios.items():
        ratio = column.dropna().to_numpy()
        low = high = ratio[0]
        if np.ptp(ratio) > 0:
            spread = stats.bootstrap((ratio,), np.median, method="percentile", rng=np.random.default_rng(seed))
            low, high = spread.confidence_interval
        table.append((group, case, reference, np.median(ratio), low, high, ratio.size))
    return pd.DataFrame(table, columns=["group", "case", "reference", "ratio", "low", "high", "rounds"])
