"""Does attention help on real series: one encoder, what pools swapped, on all labelled series that ship inside aeon."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

from tsattn_lab.experiments.common import logistic_regression, off_the_shelf
from tsattn_tutorial.arguments import check_choice
from tsattn_tutorial.datasets import ARCHIVE

#: Models of the estimator -> its arguments.
POOLED = ("attention", "mean", "layer", "max")
OURS: dict[str, dict[str, Any]] = {pooling: {"pooling": pooling} for pooling in POOLED}
OURS |= {"transformer": {"encoder": "transformer"}}
OURS |= {f"BiLSTM, {pooling}": {"encoder": "bilstm", "pooling": pooling} for pooling in ("attention", "mean", "max")}
OURS |= {"BiLSTM, last state": {"encoder": "bilstm", "pooling": "last"}}
#: Models that take series of one length; they get those that the archive has brought to one.
RIVALS = ("larger class", "logistic regression", "1-NN DTW", "MiniRocket", "QUANT")
FOLDS, LOOKED_AT = 5, 20  # of an experiment; held-out series whose weights are compared and whose steps are deleted


def nine_sets(
    seed: int, *, data_set: str, model: str = "attention", held_out: str = "fifth", looks: bool = False
) -> dict[str, Any]:
    """Fit a classifier on a data set of the archive, and score it.

    Parameters
    ----------
    seed : int
        Decides what is random in the fit, the split and the folds.
    data_set : str
        One of ``tsattn_tutorial.datasets.ARCHIVE``.
    model : str
        A key of ``OURS``: `tsattn_tutorial.estimator.AttentionClassifier` with these arguments; or one of ``RIVALS``.
    held_out : str
        ``"fifth"``: a stratified fifth of the training and test series, which are put together; ``"test"``: the
        archive's test series; ``"folds"``: five-fold cross-validation inside its training series, for making choices.

    looks : bool
        Whether to look at the weights, too; for a model that has any.

    Returns
    -------
    dict
        ``accuracy``, ``balanced_accuracy`` and ``log_loss`` (nats; NaN where there are no probabilities) on the
        held-out series, how many there were and how many trained, and ``cpu_seconds`` of all fits and predictions. With
        ``looks`` also: ``alike``, the correlation between its weights and those of another training,
        in the mean over 20 series; ``agree``, the share of the series to which the other gives the same answer;
        ``by_attention`` and ``by_evidence``, how much further the logit falls when the steps that these name are
        deleted than when as many are at random; and ``scale``, the mean height of the logit.

    Raises
    ------
    ValueError
        When an argument is none of these.
    """
    check_choice("data_set", data_set, ARCHIVE)
    check_choice("model", model, (*OURS, *RIVALS))
    check_choice("held_out", held_out, ("fifth", "test", "folds"))
    y, probability, cpu, row = [], [], 0.0, {}
    for x, labels, x_outside, labels_outside in _pairs(data_set, model in RIVALS, held_out, seed):
        classifier, started = _classifier(model, seed), time.process_time()
        probability.append(classifier.fit(x, labels).predict_proba(x_outside))
        cpu += time.process_time() - started
        y.append(labels_outside)
        if looks:
            row |= _looks(classifier, _classifier(model, seed + 1000).fit(x, labels), x_outside[:LOOKED_AT])
    row["training_series"] = len(labels)
    y, probability, classes = np.concatenate(y), np.concatenate(probability), classifier.classes_
    said = classes[probability.argmax(axis=1)]
    sure = model in ("MiniRocket", "1-NN DTW")  # which answer with one class, and no probabilities
    return {
        "accuracy": accuracy_score(y, said),
        "balanced_accuracy": balanced_accuracy_score(y, said),
        "log_loss": np.nan if sure else log_loss(y, probability, labels=classes),
        "held_out_series": y.size,
        "cpu_seconds": cpu,
    } | row


def _pairs(data_set: str, one_length: bool, held_out: str, seed: int) -> Iterator[tuple[Any, np.ndarray, Any, Any]]:
    """Yield series and labels to fit on, then those to score on."""
    from aeon.datasets import load_classification

    parts = [load_classification(data_set, part, load_equal_length=one_length) for part in ("train", "test")]
    (x, y), (x_test, y_test) = parts
    if held_out == "test":
        yield x, y, x_test, y_test
        return
    if held_out == "fifth":
        x, y = [*x, *x_test], np.concatenate([y, y_test])
        splits = [train_test_split(np.arange(len(y)), test_size=0.2, stratify=y, random_state=seed)]
    else:
        splits = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y)
    for inside, outside in splits:
        some, others = ([x[place] for place in part] for part in (inside, outside))
        same = len({one.shape[1] for one in x}) == 1
        yield *((np.stack(some), y[inside], np.stack(others)) if same else (some, y[inside], others)), y[outside]


def _classifier(model: str, seed: int) -> Any:
    if model in OURS:
        from tsattn_tutorial.estimator import AttentionClassifier

        return AttentionClassifier(random_state=seed, **OURS[model])
    from aeon.classification.distance_based import KNeighborsTimeSeriesClassifier
    from aeon.transformations.collection import Tabularizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if model == "logistic regression":
        return make_pipeline(Tabularizer(), StandardScaler(), logistic_regression(3))
    if model == "1-NN DTW":
        return KNeighborsTimeSeriesClassifier(distance="dtw", distance_params={"window": 0.1}, n_jobs=1)
    return off_the_shelf(model, seed)


def _looks(one: Any, other: Any, x: Any) -> dict[str, float]:
    """Compare where two trainings look, and delete what the first one names."""
    both = zip(one.attend(x), other.attend(x), [series.shape[1] for series in x], strict=True)
    alike = np.nanmean([np.corrcoef(a[:length], b[:length])[0, 1] for a, b, length in both])
    found = {f"by_{method}": one.faithfulness(x, method).difference.value for method in ("attention", "evidence")}
    logit = np.nansum(one.explain(x, "evidence"), axis=1)
    return {"alike": alike, "agree": (one.predict(x) == other.predict(x)).mean(), "scale": logit.mean()} | found
