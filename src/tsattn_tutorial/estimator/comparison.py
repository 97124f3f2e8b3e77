"""The question of a reader with a table: whether attention changes anything here."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from aeon.classification.convolution_based import MiniRocketClassifier
from aeon.transformations.collection import Tabularizer
from matplotlib.axes import Axes
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tsattn_tutorial.arguments import check_number, check_size, require
from tsattn_tutorial.datasets.batch import filled
from tsattn_tutorial.estimator.classifier import AttentionClassifier
from tsattn_tutorial.history import progress_bar
from tsattn_tutorial.metrics import Estimate, mean_interval

ATTENTION, CONTROL, ROCKET = "attention", "plain mean", "MiniRocket"
RIVALS = ("larger class", "logistic regression", ROCKET, CONTROL)
LEAST_SPLITS = 5  # for an interval


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Scores of several classifiers on the same splits. Showing it gives the table and the answer in words.

    Parameters
    ----------
    scores : DataFrame
        One row a split and classifier: ``split``, ``classifier``, ``accuracy``, ``balanced accuracy``, ``log-loss``
        (nats; NaN for MiniRocket, which gives no probabilities) and ``seconds`` of fit and prediction.
    train, test : int
        Series on either side of a split, which the correction for overlapping training sets needs.
    margin : float
        Difference in accuracy that would not matter.
    resampled : int or None
        The length to which series were resampled for the rivals that need one.
    """

    scores: pd.DataFrame
    train: int
    test: int
    margin: float
    resampled: int | None

    @property
    def table(self) -> pd.DataFrame:
        """Mean scores by classifier, and how far attention is ahead in accuracy, with its simultaneous interval."""
        means = self.scores.groupby("classifier", sort=False).mean().drop(columns="split")
        ahead = pd.DataFrame([self.difference(rival) for rival in RIVALS], index=RIVALS)
        return means.join(ahead.set_axis(["attention ahead", "from", "to"], axis=1)).rename_axis(None)

    def difference(self, rival: str) -> Estimate:
        """Return the accuracy of attention less that of a rival, paired by split.

        The 95 % interval is corrected for overlapping training sets (Nadeau and Bengio 2003) and simultaneous over
        the four rivals (Bonferroni); NaN with fewer than five splits. Its variance is at least what one series that
        changes sides in one split would give: splits that all tie, as at the ceiling, do not prove more than that.
        """
        accuracy = self._accuracy()
        gaps = (accuracy[ATTENTION] - accuracy[rival]).to_numpy()
        if gaps.size < LEAST_SPLITS:
            return Estimate(float(gaps.mean()), math.nan, math.nan)
        least = 1 / (math.sqrt(gaps.size) * self.test)
        return mean_interval(gaps, len(RIVALS), overlap=self.test / self.train, least=least)

    @property
    def verdict(self) -> str:
        """Say in a sentence whether attention changes the result: clear, equal within the margin, or open."""
        gap = self.difference(CONTROL)
        found = f"{100 * gap.value:+.1f} points of accuracy [{100 * gap.low:+.1f}, {100 * gap.high:+.1f}]"
        if np.isnan(gap.low):
            word = f"open: fewer than {LEAST_SPLITS} splits give no interval"
        else:
            helps = "helps" if gap.low > 0 else "hurts"
            words = {"clear": f"clear: attention {helps} here", "open": "open: these series cannot tell"}
            word = words.get(gap.evidence(self.margin), f"equal within {100 * self.margin:g} points")
        return f"Attention against a plain mean: {found}; {word}."

    @property
    def notes(self) -> str:
        """What else there is to know about the table."""
        splits = self.scores["split"].nunique()
        note = f"{splits} splits; intervals corrected for overlapping training sets, simultaneous over the rivals."
        note += " MiniRocket gives no probabilities, so it has no log-loss."
        if self.resampled is not None:
            note += f" Logistic regression and MiniRocket had all series resampled to {self.resampled} steps."
        return note

    def __repr__(self) -> str:
        return f"{self.table.round(3).to_string(na_rep='')}\n{self.notes}\n{self.verdict}"

    def _repr_html_(self) -> str:
        return f"{self.table.round(3).to_html(na_rep='')}<p>{self.notes}</p><p><strong>{self.verdict}</strong></p>"

    def plot(self, ax: Axes) -> None:
        """Draw the accuracy of every classifier on every split, and their means; for the larger class, in words."""
        scores = self._accuracy()
        larger = scores.pop(RIVALS[0]).mean()
        for row, (name, accuracy) in enumerate(scores.items()):
            ax.plot(accuracy, np.full(len(accuracy), row), "o", color="C0", alpha=0.4)
            ax.plot(accuracy.mean(), row, "|", color="C1", markersize=18, markeredgewidth=3)
            ax.text(accuracy.min(), row - 0.2, name, va="bottom")
        label = f"accuracy on held-out series; the bar is the mean ({RIVALS[0]}: {larger:.2f})"
        ax.set(yticks=[], xlabel=label, ylim=(row + 0.5, -0.8))

    def _accuracy(self) -> pd.DataFrame:
        """Return the accuracy, a row a split, a column a classifier."""
        return self.scores.pivot(index="split", columns="classifier", values="accuracy")[[*RIVALS, ATTENTION]]


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
        Show a bar, with an estimate of the seconds it will take.

    Raises
    ------
    ValueError
        When a class has fewer series (or groups) than there are folds, lengths differ, or a number is out of range.
    """
    y = np.asarray(y)
    X = list(X) if isinstance(X, list | tuple) else np.asarray(X)
    for name, values in {"y": y, "groups": y if groups is None else np.asarray(groups)}.items():
        require(values.shape == (len(X),), f"{name} must be ({len(X)},) like X, got {values.shape}")
    model = AttentionClassifier() if classifier is None else clone(classifier)
    require(model.pooling == "attention", f'classifier must have pooling="attention", got {model.pooling!r}')
    model.set_params(random_state=check_size("seed", seed, 0))
    margin, budget = check_number("margin", margin, 0), budget and check_number("budget", budget, 0)
    splits = list(_splits(y, groups, check_size("folds", folds, 2), check_size("repeats", repeats), seed))
    expected = 2 * len(splits) * _seconds(model, X, y, splits[0][0])
    flat, resampled = _one_length(X)
    regression = make_pipeline(Tabularizer(), StandardScaler(), LogisticRegression(max_iter=2000))
    models = (DummyClassifier(), regression, MiniRocketClassifier(random_state=seed))
    rivals = {name: (flat, rival) for name, rival in zip(RIVALS, models, strict=False)}
    rivals |= {CONTROL: (X, clone(model).set_params(pooling="mean")), ATTENTION: (X, model)}
    rows, started, threads = [], time.perf_counter(), torch.get_num_threads()
    with progress_bar(len(splits) * len(rivals), "fit", show=progress) as bar:
        bar.set_description(f"about {expected:.0f} s")
        for number, (train, test) in enumerate(splits):
            passed = time.perf_counter() - started
            if budget is not None and number > 1 and passed * (number + 1) / number > budget:
                break
            for name, (series, rival) in rivals.items():
                torch.set_num_threads(threads)  # MiniRocket leaves others behind, and small networks stand still
                rows.append({"split": number, "classifier": name} | _scores(clone(rival), series, y, train, test))
                bar.update()
    return Comparison(pd.DataFrame(rows), len(train), len(test), margin, resampled)


def _splits(y: np.ndarray, groups, folds: int, repeats: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the places of training and test series, stratified, and grouped where there are groups."""
    members = pd.Series(np.arange(len(y)) if groups is None else np.asarray(groups)).groupby(y).nunique()
    what, (least, label) = "series" if groups is None else "groups", (members.min(), members.idxmin())
    require(least >= folds, f"folds={folds} needs {folds} {what} of every class, got {least} of {label!r}")
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    for repeat in range(repeats):
        yield from kind(folds, shuffle=True, random_state=seed + repeat).split(y, y, groups)


def _one_length(X) -> tuple[np.ndarray, int | None]:
    """Return the series as one array ``(n, channels, T)``, without gaps, resampled where their lengths differ."""
    series = [filled(np.atleast_2d(one)) for one in X]
    lengths = [one.shape[1] for one in series]
    if len(set(lengths)) == 1:
        return np.stack(series), None
    places = np.linspace(0, 1, int(np.median(lengths)))
    rows = [[np.interp(places, np.linspace(0, 1, one.shape[1]), channel) for channel in one] for one in series]
    return np.array(rows), len(places)


def _some(X, places: np.ndarray):
    return X[places] if isinstance(X, np.ndarray) else [X[place] for place in places]


def _seconds(model: AttentionClassifier, X, y: np.ndarray, train: np.ndarray) -> float:
    """Estimate how long a fit takes, by fits of one pass and of two over the training series; the first warms up."""
    passes, times = math.ceil(len(train) / model.batch_size), []
    for updates in (1, 1, passes + 1):
        short = clone(model).set_params(updates=updates, n_members=1, validation=0.0, patience=None)
        started = time.perf_counter()
        short.fit(_some(X, train), y[train])
        times.append(time.perf_counter() - started)
    more = max(0.0, times[2] - times[1]) * (math.ceil(model._budget()[0] / passes) - 1)
    return (times[1] + more) * model.n_members


def _scores(model, X, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Fit on some series and score on others."""
    started = time.perf_counter()
    probability = model.fit(_some(X, train), y[train]).predict_proba(_some(X, test))
    seconds = time.perf_counter() - started
    said, loss = model.classes_[probability.argmax(axis=1)], np.nan
    if not isinstance(model, MiniRocketClassifier):
        loss = log_loss(y[test], probability, labels=model.classes_)
    right = {"accuracy": accuracy_score(y[test], said), "balanced accuracy": balanced_accuracy_score(y[test], said)}
    return {**right, "log-loss": loss, "seconds": seconds}
