"""The question of a reader with a table: does attention change anything here?"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from aeon.classification.convolution_based import MiniRocketClassifier
from matplotlib.axes import Axes
from scipy import stats
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tsattn_tutorial.arguments import check_number, check_size
from tsattn_tutorial.estimator.classifier import AttentionClassifier, filled
from tsattn_tutorial.history import progress_bar
from tsattn_tutorial.metrics import Estimate

ATTENTION, CONTROL = "attention", "mean in place of attention"
RIVALS = ("larger class", "logistic regression", "MiniRocket", CONTROL)
LEAST_SPLITS = 5  # for an interval


@dataclass(frozen=True, eq=False)
class Comparison:
    """Scores of several classifiers on the same splits. Printing it shows the table and the answer in words.

    Parameters
    ----------
    scores : DataFrame
        One row a split and classifier: ``split``, ``classifier``, ``accuracy``, ``balanced_accuracy``, ``log_loss``
        (nats) and ``seconds`` of fit and prediction.
    ratio : float
        Test series for each training series, which the correction for overlapping training sets needs.
    margin : float
        Difference in accuracy that would not matter.
    resampled : int or None
        The length to which series were resampled for the rivals that need one.
    """

    scores: pd.DataFrame
    ratio: float
    margin: float
    resampled: int | None

    @property
    def table(self) -> pd.DataFrame:
        """Mean scores by classifier, and the difference of attention in accuracy with its simultaneous interval."""
        table = self.scores.groupby("classifier", sort=False).mean(numeric_only=True).drop(columns="split")
        differences = {name: self.difference(name) for name in RIVALS}
        for column in Estimate._fields:
            name = "attention ahead" if column == "value" else column
            table[name] = pd.Series({rival: getattr(gap, column) for rival, gap in differences.items()})
        return table

    def difference(self, rival: str) -> Estimate:
        """Return the accuracy of attention less that of a rival, paired by split.

        The 95 % interval is corrected for overlapping training sets (Nadeau and Bengio 2003) and simultaneous over
        the four rivals (Bonferroni); NaN with fewer than five splits.
        """
        accuracy = self.scores.pivot(index="split", columns="classifier", values="accuracy")
        gaps = (accuracy[ATTENTION] - accuracy[rival]).to_numpy()
        half = np.nan
        if gaps.size >= LEAST_SPLITS:
            quantile = stats.t.ppf(1 - 0.025 / len(RIVALS), gaps.size - 1)
            half = quantile * np.sqrt((1 / gaps.size + self.ratio) * gaps.var(ddof=1))
        return Estimate(float(gaps.mean()), float(gaps.mean() - half), float(gaps.mean() + half))

    @property
    def verdict(self) -> str:
        """Say in a sentence whether attention changes the result: clear, equal within the margin, or open."""
        gap = self.difference(CONTROL)
        found = f"{100 * gap.value:+.1f} points of accuracy [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"
        if np.isnan(gap.low):
            word = f"open: fewer than {LEAST_SPLITS} splits have no interval"
        elif gap.low > 0 or gap.high < 0:
            word = f"clear, attention {'helps' if gap.low > 0 else 'hurts'} here"
        elif max(-gap.low, gap.high) <= self.margin:
            word = f"equal within {100 * self.margin:g} points"
        else:
            word = "open: these series cannot tell"
        return f"Attention against a plain mean: {found}; {word}."

    @property
    def notes(self) -> str:
        """What else there is to know about the table."""
        splits = self.scores["split"].nunique()
        note = f"{splits} splits; intervals corrected for overlapping training sets, simultaneous over the rivals."
        if self.resampled is not None:
            note += f" Logistic regression and MiniRocket had all series resampled to {self.resampled} steps."
        return note

    def __str__(self) -> str:
        return f"{self.table.round(3).to_string(na_rep='')}\n{self.notes}\n{self.verdict}"

    def _repr_html_(self) -> str:
        return f"{self.table.round(3).to_html(na_rep='')}<p>{self.notes}</p><p><strong>{self.verdict}</strong></p>"

    def plot(self, ax: Axes) -> None:
        """Draw the accuracy of every classifier on every split, and their means."""
        names = [*RIVALS, ATTENTION]
        accuracy = self.scores.pivot(index="split", columns="classifier", values="accuracy")[names]
        for row, name in enumerate(names):
            ax.plot(accuracy[name], np.full(len(accuracy), row), "o", color="C0", alpha=0.4)
            ax.plot(accuracy[name].mean(), row, "|", color="C1", markersize=18, markeredgewidth=3)
        ax.set_yticks(range(len(names)), names)
        ax.set(xlabel="accuracy on held-out series; the bar is the mean", ylim=(len(names) - 0.5, -0.5))


def compare(
    X,
    y,
    *,
    groups=None,
    classifier: AttentionClassifier | None = None,
    folds: int = 5,
    repeats: int = 2,
    margin: float = 0.02,
    budget: float | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Comparison:
    """Compare attention with a plain mean and with what it has to beat, by repeated cross-validation.

    The rivals: the larger class, logistic regression on the values, MiniRocket, and the same classifier with a plain
    mean in place of attention.

    Parameters
    ----------
    X, y
        n series and their labels, as `AttentionClassifier` takes them.
    groups : array-like, optional
        ``(n,)``; series of one group, such as a subject, are never on both sides of a split.
    classifier : AttentionClassifier, optional
        Whose settings to use; the defaults when left out. Its pooling must be attention.
    folds, repeats : int
        Parts of a cross-validation, at least 2, and how often it is repeated.
    margin : float
        Difference in accuracy that would not matter to you: within it, two classifiers count as equal.
    budget : float, optional
        Seconds that may pass; splits that do not fit in are left out, but for the first two.
    seed : int
        Seed of the splits and the classifiers.
    progress : bool
        Show a bar and say how long it will take.

    Raises
    ------
    ValueError
        When a class has fewer series (or groups) than there are folds, lengths differ, or a number is out of range.
    """
    y = np.asarray(y)
    X = list(X) if isinstance(X, list | tuple) else np.asarray(X)
    model = AttentionClassifier() if classifier is None else clone(classifier)
    if model.pooling != "attention":
        raise ValueError(f'classifier must have pooling="attention", got {model.pooling!r}')
    model.set_params(random_state=check_size("seed", seed, 0))
    splits = list(_splits(y, groups, check_size("folds", folds, 2), check_size("repeats", repeats), seed))
    check_number("margin", margin, 0)
    flat, resampled = _one_length(X)
    rivals = {
        "larger class": (flat, DummyClassifier()),
        "logistic regression": (
            flat,
            make_pipeline(FunctionTransformer(_flat), StandardScaler(), LogisticRegression(max_iter=2000)),
        ),
        "MiniRocket": (flat, MiniRocketClassifier(random_state=seed)),
        CONTROL: (X, clone(model).set_params(pooling="mean")),
        ATTENTION: (X, model),
    }
    rows = []
    started = time.perf_counter()
    with progress_bar(len(splits) * len(rivals), "fit", show=progress) as bar:
        for number, (train, test) in enumerate(splits):
            for name, (series, rival) in rivals.items():
                rows.append({"split": number, "classifier": name} | _scores(clone(rival), series, y, train, test))
                bar.update()
            passed = (time.perf_counter() - started) / (number + 1)
            if number == 0 and progress:
                bar.write(f"about {passed * len(splits):.0f} s for {len(splits)} splits")
            if budget is not None and number and passed * (number + 2) > budget:
                break
    return Comparison(pd.DataFrame(rows), len(test) / len(train), margin, resampled)


def _splits(y: np.ndarray, groups, folds: int, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the places of training and test series, stratified, and grouped where there are groups."""
    members = pd.Series(np.arange(len(y)) if groups is None else np.asarray(groups)).groupby(y).nunique()
    if members.min() < folds:
        what = "series" if groups is None else "groups"
        raise ValueError(
            f"folds={folds} needs {folds} {what} of every class, got {members.min()} of {members.idxmin()!r}"
        )
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    for repeat in range(repeats):
        yield from kind(folds, shuffle=True, random_state=seed + repeat).split(y, y, groups)


def _one_length(X) -> tuple[np.ndarray, int | None]:
    """Return the series as one array ``(n, channels, T)``, without gaps, resampled where their lengths differ."""
    series = [filled(np.atleast_2d(one)) for one in X]
    lengths = [one.shape[1] for one in series]
    steps = int(np.median(lengths))
    if len(set(lengths)) == 1:
        return np.stack(series), None
    places = np.linspace(0, 1, steps)
    rows = [[np.interp(places, np.linspace(0, 1, one.shape[1]), channel) for channel in one] for one in series]
    return np.array(rows), steps


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)


def _scores(model, X, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Fit on some series and score on others."""

    def some(places: np.ndarray):
        return X[places] if isinstance(X, np.ndarray) else [X[place] for place in places]

    started = time.perf_counter()
    model.fit(some(train), y[train])
    probability = model.predict_proba(some(test))
    seconds = time.perf_counter() - started
    said = model.classes_[probability.argmax(axis=1)]
    return {
        "accuracy": accuracy_score(y[test], said),
        "balanced_accuracy": balanced_accuracy_score(y[test], said),
        "log_loss": log_loss(y[test], probability, labels=model.classes_),
        "seconds": seconds,
    }
