"""Run cases in turn, round after round, and compare their times by ratio."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

#: Takes the number of the round, from which data and seed follow, and does the work. It may return more columns for the
#: row; ``seconds`` among them replaces the time of the whole call.
Case = Callable[[int], Mapping[str, Any] | None]


def in_turn(group: str, cases: Mapping[str, Case], rounds: int) -> pd.DataFrame:
    """Time every case once a round, each round in another order, so that a disturbance meets all alike.

    Returns
    -------
    pandas.DataFrame
        One row a measurement: group, case, round, ``seconds``, and what the case itself returned.
    """
    names, rows = list(cases), []
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            started = time.perf_counter()
            said = cases[name](number) or {}
            seconds = time.perf_counter() - started
            rows.append({"group": group, "case": name, "round": number, "seconds": seconds, **said})
            print(f"  {group}, round {number + 1} of {rounds}: {name}, {rows[-1]['seconds']:.3g} s", flush=True)
    return pd.DataFrame(rows)


def compare(rows: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Say how many times as long as a reference each other case of a group took.

    Parameters
    ----------
    rows : pandas.DataFrame
        As `in_turn` returns them, of one group or several.
    reference : str
        The case that counts as 1.

    Returns
    -------
    pandas.DataFrame
        Median, least and greatest ratio of times in the same round, and the number of rounds.
    """
    seconds = rows.pivot(index=["group", "round"], columns="case", values="seconds")
    ratios = seconds.div(seconds[reference], axis=0).drop(columns=reference)
    return ratios.stack().groupby(["group", "case"], sort=False).agg(["median", "min", "max", "count"]).reset_index()
