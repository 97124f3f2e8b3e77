"""A classifier with the interface of scikit-learn and aeon, whose attention says where it looked."""

import json
import math
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import aeon
import numpy as np
import torch
from aeon.classification.base import BaseClassifier
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.class_weight import compute_class_weight
from torch import Tensor, nn

import tsattn_tutorial
from tsattn_tutorial.arguments import check_choice, check_flag, check_number, check_size
from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.faithfulness import deletion_curve, interpolated
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.history import PREDICTION_BATCH, History
from tsattn_tutorial.metrics import Estimate, mean_interval
from tsattn_tutorial.torch import fit, input_gradients, integrated_gradients
from tsattn_tutorial.torch.encoders import Encoder, SeriesNetwork
from tsattn_tutorial.torch.networks import seeded

#: Ways to say which steps a prediction rests on.
Method = Literal["attention", "evidence", "gradient", "gradient times input", "integrated gradients", "occlusion"]
FORMAT = "tsattn_tutorial AttentionClassifier 1"
MOST_STEPS = 200  # that the encoder sees; longer series are cut into patches
SHARES = np.linspace(0.1, 0.5, 5)  # of the steps, deleted by `faithfulness`


class Faithfulness(NamedTuple):
    """How far the logit of the predicted class falls when steps are deleted, in the mean over series."""

    #: Deleted by the explanation, the most important steps first.
    named: float
    #: As many steps, deleted at random.
    random: float
    #: Of the first less the second, with its 95 % interval over series.
    difference: Estimate

    def __str__(self) -> str:
        clear = "clear" if self.difference.low > 0 or self.difference.high < 0 else "open"
        return (
            f"deleting what is named lowers the logit by {self.named:.3g}, deleting at random by {self.random:.3g}; "
            f"difference {self.difference.value:.3g} [{self.difference.low:.3g}, {self.difference.high:.3g}]: {clear}"
        )


class AttentionClassifier(BaseClassifier):
    """Classify time series, and say which steps the prediction rests on.

    An encoder turns steps into vectors, a pooling makes one vector of them, and a linear layer reads the classes
    from it. Each channel is scaled by the training series. A missing value (NaN) is drawn on a straight line between
    its neighbours in time; at an end it takes the nearest value, and in a channel without any the mean of the
    training series. Series of more than 200 steps are cut into patches, so that a fit stays short.

    Parameters
    ----------
    encoder : {"convolution", "bilstm"}
        Three residual Inception blocks, or the BiLSTM of source A.
    pooling : {"attention", "mean", "max"}
        Mean pooling is attention with even weights, the control. Max pooling has no weights.
    units : int
        Features of an encoded step; a multiple of 4.
    updates : int
        The least number of steps of the optimiser (AdamW, one cycle); whole passes over the data are made.
    batch_size : int
        Series an update.
    learning_rate : float
        The largest step size.
    validation : float
        Share of the series, stratified, on which the best epoch is chosen; 0 for none, which suits small data.
    patience : int, optional
        With validation, epochs without a better one after which training stops.
    class_weight : {"balanced"} or mapping, optional
        Weight of each label in the loss; "balanced" makes rare classes count as much as the others.
    n_members : int
        Networks that differ in their seed; their logits are averaged.
    random_state : int, RandomState or None
        Seed of everything random; None for a new one each time.
    device : str
        Where to train and predict, such as "cpu" or "cuda".
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    classes_ : ndarray
        ``(C,)``, the labels, as they came.
    histories_ : list of History
        How the training of each member went.

    Notes
    -----
    ``X`` is what aeon takes: ``(n, channels, T)``, ``(n, T)``, or a list of ``(channels, T_i)``; ``y`` an array of n
    labels. Bad values raise ValueError. Encoder: Ismail Fawaz et al. (2020), "InceptionTime".
    """

    _tags = {  # noqa: RUF012 - aeon's way
        "X_inner_type": ["np-list", "numpy3D"],
        "capability:multivariate": True,
        "capability:unequal_length": True,
        "capability:missing_values": True,
        "algorithm_type": "deeplearning",
        "python_dependencies": "torch",
    }

    def __init__(
        self,
        encoder: Encoder = "convolution",
        pooling: Literal["attention", "mean", "max"] = "attention",
        *,
        units: int = 64,
        updates: int = 600,
        batch_size: int = 16,
        learning_rate: float = 5e-3,
        validation: float = 0.0,
        patience: int | None = None,
        class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
        n_members: int = 1,
        random_state: int | np.random.RandomState | None = None,
        device: str = "cpu",
        verbose: bool = False,
    ) -> None:
        self.encoder, self.pooling, self.units = encoder, pooling, units
        self.updates, self.batch_size, self.learning_rate = updates, batch_size, learning_rate
        self.validation, self.patience, self.class_weight = validation, patience, class_weight
        self.n_members, self.random_state, self.device, self.verbose = n_members, random_state, device, verbose
        super().__init__()

    def _fit(self, X, y) -> "AttentionClassifier":
        check_flag("verbose", self.verbose)
        share = check_number("validation", self.validation, 0, 0.9)
        codes = np.searchsorted(self.classes_, y)
        scaler = StandardScaler().fit(np.concatenate([np.asarray(series, float).T for series in _checked(X)]))
        #: Mean and standard deviation of each channel, ``(channels,)``.
        self.mean_, self.scale_ = np.nan_to_num(scaler.mean_), np.nan_to_num(scaler.scale_, nan=1.0)
        batch = self._batch(X, codes)
        #: Steps in a patch.
        self.patch_size_ = math.ceil(batch.x.shape[1] / MOST_STEPS)
        weights = self._class_weights(y)
        self.members_, self.histories_ = [], []
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=check_size("n_members", self.n_members))
        for seed in seeds.tolist():
            train, held = batch, None
            if share:
                inside, outside = train_test_split(
                    np.arange(len(batch)), test_size=share, stratify=codes, random_state=seed
                )
                train, held = batch[inside], batch[outside]
            member, history = self._trained(train, held, seed, weights)
            self.members_.append(member.eval())
            self.histories_.append(history)
        return self

    def _trained(
        self, train: SeriesBatch, held: SeriesBatch | None, seed: int, class_weight: np.ndarray | None
    ) -> tuple[SeriesNetwork, History]:
        member = self._network(seed)
        batches = math.ceil(len(train) / check_size("batch_size", self.batch_size))
        with seeded(seed):  # dropout
            history = fit(
                member,
                train,
                held,
                epochs=math.ceil(check_size("updates", self.updates) / batches),
                batch_size=self.batch_size,
                learning_rate=self.learning_rate,
                patience=self.patience,
                schedule="cosine",
                weight_decay=0.01,
                label_smoothing=0.05,
                class_weight=class_weight,
                seed=seed,
                progress=self.verbose,
            )
        return member, history

    def _network(self, seed: int = 0) -> SeriesNetwork:
        options = {"encoder": self.encoder, "pooling": self.pooling, "units": self.units}
        network = SeriesNetwork(len(self.mean_), len(self.classes_), **options, patch_size=self.patch_size_, seed=seed)
        return network.to(self.device)

    def _class_weights(self, y: np.ndarray) -> np.ndarray | None:
        """Return the weight of each class, ``(C,)``, with mean 1 over the series."""
        weight = self.class_weight
        if weight is None:
            return None
        if isinstance(weight, str):
            check_choice("class_weight", weight, ["balanced"])
        else:
            unknown = [label for label in weight if label not in self.classes_]
            if unknown or not all(value >= 0 for value in weight.values()):
                raise ValueError(f"class_weight must map labels among {self.classes_} to weights, got {weight!r}")
        values = compute_class_weight(weight, classes=self.classes_, y=y)
        counts = np.array([(y == label).sum() for label in self.classes_])
        return values * len(y) / (values @ counts)

    def _predict(self, X) -> np.ndarray:
        return self.classes_[self._predict_proba(X).argmax(axis=1)]

    def _predict_proba(self, X) -> np.ndarray:
        logits = self._over_members(self._batch(X), lambda member, x, mask: member(x, mask)[0])
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def attend(self, X) -> np.ndarray:
        """Return the attention weights of each series, ``(n, T)``: they sum to 1, and are NaN on padding.

        T is the length of the longest series. Raises ValueError with max pooling, which has no weights.
        """
        batch = self._inside(X, weights=True)
        return _blank(self._over_members(batch, lambda member, x, mask: member(x, mask)[1]), batch)

    def evidence(self, X) -> np.ndarray:
        """Return the part of each step in the logit of each class, ``(n, C, T)``; NaN on padding.

        A step's part is its weight times its vote, the logits that it alone would give. The parts add up to the
        logits exactly. Raises ValueError with max pooling, which has no weights.
        """
        batch = self._inside(X, weights=True)
        return _blank(self._over_members(batch, lambda member, x, mask: member.evidence(x, mask)), batch)

    def explain(self, X, method: Method = "evidence") -> np.ndarray:
        """Say how much the logit of the predicted class rests on each step, ``(n, T)``; NaN on padding.

        Parameters
        ----------
        X
            n series, as for `predict`.
        method : str
            ``"attention"`` and ``"evidence"`` as the methods of that name; ``"gradient"`` (its size),
            ``"gradient times input"`` and ``"integrated gradients"`` (from the mean of the training series),
            summed over channels; ``"occlusion"``, by how much the logit falls when the steps around are replaced by
            that mean.

        Raises
        ------
        ValueError
            When there is no such method, or the pooling has no weights for it.
        """
        check_choice("method", method, get_args(Method))
        if method == "attention":
            return self.attend(X)
        batch = self._inside(X)
        label = self._logits(batch).argmax(axis=1)
        if method == "evidence":
            return np.take_along_axis(self.evidence(X), label[:, None, None], axis=1)[:, 0]
        ways: dict[str, Callable[[nn.Module, SeriesBatch], np.ndarray]] = {
            "gradient": lambda model, part: np.abs(input_gradients(model, part)),
            "gradient times input": lambda model, part: part.x * input_gradients(model, part),
            "integrated gradients": lambda model, part: integrated_gradients(model, part, baseline=0.0),
            "occlusion": _occlusion,
        }
        result = np.zeros(batch.x.shape[:2])
        for one in np.unique(label):  # a gradient is that of one logit
            rows = label == one
            parts = [ways[method](_OneLogit(member, one), batch[rows]).sum(axis=2) for member in self.members_]
            result[rows] = np.mean(parts, axis=0)
        return _blank(result, batch)

    def faithfulness(self, X, method: Method = "attention", *, seed: int = 0) -> Faithfulness:
        """Say whether deleting the steps that an explanation names hurts more than deleting steps at random.

        A tenth to half of the steps are deleted, the most important ones first, and a straight line is drawn over
        the gaps. What is measured is by how much the logit of the predicted class falls, in the mean.

        Parameters
        ----------
        X
            At least two series, as for `predict`.
        method : str
            As in `explain`.
        seed : int
            Seed of the random orders, one a series.
        """
        batch, named = self._inside(X), self.explain(X, method)
        label = self._logits(batch).argmax(axis=1)
        random = np.random.default_rng(check_size("seed", seed, 0)).random(named.shape)
        lengths = (~np.isnan(named)).sum(axis=1)
        falls = np.empty((2, len(batch)))
        for length in np.unique(lengths):  # deletion takes series without padding
            rows = np.flatnonzero(lengths == length)
            x, y = batch.x[rows, :length], label[rows]

            def score(series: np.ndarray, y: np.ndarray = y) -> np.ndarray:
                return self._logits(SeriesBatch(series.astype(np.float32), y))[np.arange(len(y)), y]

            for order, importance in enumerate((named, random)):
                curve = deletion_curve(score, x, importance[rows, :length], SHARES, interpolated)
                falls[order, rows] = score(x) - curve.mean(axis=1)
        return Faithfulness(*falls.mean(axis=1).tolist(), mean_interval(falls[0] - falls[1]))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted classifier to one file, whole or not at all. It holds arrays and text, nothing that runs.

        Raises
        ------
        ValueError
            When a parameter or a label is not what JSON can hold, such as a date.
        """
        self._check_is_fitted()
        header = {
            "format": FORMAT,
            "versions": {
                "tsattn_tutorial": tsattn_tutorial.__version__,
                "torch": torch.__version__,
                "aeon": aeon.__version__,
            },
            "parameters": self.get_params(deep=False),
            "classes": self.classes_.tolist(),
            "class_type": self.classes_.dtype.str,
            "patch_size": self.patch_size_,
            "n_members": len(self.members_),
        }
        try:
            text = json.dumps(header, allow_nan=False)
            same = np.array_equal(np.array(json.loads(text)["classes"], self.classes_.dtype), self.classes_)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: expected labels and parameters that JSON can hold, got: {error}") from None
        if not same or self.classes_.dtype.kind not in "biufU":
            raise ValueError(f"{path}: expected labels that JSON can hold, got {self.classes_!r}")
        arrays = {"mean": self.mean_, "scale": self.scale_, "header": np.frombuffer(text.encode(), np.uint8)}
        for number, member in enumerate(self.members_):
            arrays |= {f"{number}.{name}": tensor.cpu().numpy() for name, tensor in member.state_dict().items()}
        with written_whole(path) as temporary, temporary.open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "cpu") -> "AttentionClassifier":
        """Read a classifier that `save` wrote. Nothing in the file is run.

        Raises
        ------
        ValueError
            When the file is missing, damaged, of another kind or of another version.
        """
        path = Path(path)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = dict(file)
            header = json.loads(arrays.pop("header").tobytes())
            if header["format"] != FORMAT:
                raise ValueError(f"expected the format {FORMAT!r}, got {header['format']!r}")
            model = cls(**header["parameters"] | {"device": device})
            model.classes_ = np.array(header["classes"], header["class_type"])
            model.n_classes_, model.patch_size_ = len(model.classes_), header["patch_size"]
            model._class_dictionary = {label: code for code, label in enumerate(model.classes_)}
            model.mean_, model.scale_ = arrays.pop("mean"), arrays.pop("scale")
            model.members_, model.histories_ = [], []
            for number in range(header["n_members"]):
                own = {
                    name.partition(".")[2]: torch.from_numpy(array)
                    for name, array in arrays.items()
                    if name.startswith(f"{number}.")
                }
                member = model._network()
                member.load_state_dict(own)
                model.members_.append(member.eval())
        except OSError as error:
            raise ValueError(f"{path}: expected a saved AttentionClassifier, got: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, RuntimeError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: expected a saved AttentionClassifier, got: {error}") from None
        model.metadata_ = {"n_channels": len(model.mean_)}
        model.is_fitted = True
        return model

    def _inside(self, X, weights: bool = False) -> SeriesBatch:
        """Return series as the members see them, after aeon's checks."""
        self._check_is_fitted()
        if weights and self.pooling == "max":
            raise ValueError('pooling="max" has no weights: expected a classifier with pooling="attention" or "mean"')
        X = self._preprocess_collection(X, store_metadata=False)
        self._check_shape(X)
        return self._batch(X)

    def _batch(self, X, codes: np.ndarray | None = None) -> SeriesBatch:
        """Scale, fill gaps and pad: ``x (n, T, channels)``."""
        series = [
            filled((np.asarray(one, float) - self.mean_[:, None]) / self.scale_[:, None]).T for one in _checked(X)
        ]
        lengths = np.array([len(one) for one in series])
        x = np.zeros((len(series), lengths.max(), len(self.mean_)), np.float32)
        for row, one in zip(x, series, strict=True):
            row[: len(one)] = one
        mask = np.arange(lengths.max()) < lengths[:, None]
        y = np.zeros(len(x), np.int64) if codes is None else codes
        return SeriesBatch(x, y, mask=None if mask.all() else mask)

    def _logits(self, batch: SeriesBatch) -> np.ndarray:
        return self._over_members(batch, lambda member, x, mask: member(x, mask)[0])

    def _over_members(self, batch: SeriesBatch, apply: "Apply") -> np.ndarray:
        return np.mean([_applied(member, batch, apply) for member in self.members_], axis=0)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"units": 4, "updates": 4, "random_state": 0}


#: Takes a network, series ``(B, T, D)`` and their mask; returns what is asked of them.
Apply = Callable[[nn.Module, Tensor, Tensor | None], Tensor]


@torch.no_grad()
def _applied(network: nn.Module, batch: SeriesBatch, apply: Apply) -> np.ndarray:
    """Return what a network says of the series, as float64, some series at a time."""
    network.eval()
    like = next(network.parameters())
    pieces = []
    for begin in range(0, len(batch), PREDICTION_BATCH):
        part = batch[begin : begin + PREDICTION_BATCH]
        mask = None if part.mask is None else torch.tensor(part.mask, device=like.device)
        said = apply(network, torch.tensor(part.x, dtype=like.dtype, device=like.device), mask)
        pieces.append(said.double().cpu().numpy())
    return np.concatenate(pieces)


class _OneLogit(nn.Module):
    """A member, of whose logits one is looked at."""

    def __init__(self, member: SeriesNetwork, label: int) -> None:
        super().__init__()
        self.member, self.label = member, int(label)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, None]:
        return self.member(x, mask)[0][:, self.label], None


def _checked(X) -> list[np.ndarray]:
    """Return the series, ``(channels, T_i)`` each; refuse infinity, which no straight line could stand in for."""
    for number, series in enumerate(X):
        if np.isinf(series).any():
            raise ValueError(f"X must be finite, or NaN where a value is missing, got infinity in series {number}")
    return list(X)


def filled(series: np.ndarray) -> np.ndarray:
    """Draw straight lines over the gaps (NaN) of each channel ``(channels, T)``; 0 where a channel is all gap."""
    series = np.array(series, float)
    for channel in np.flatnonzero(np.isnan(series).any(axis=1)):
        gap = np.isnan(series[channel])
        there = np.flatnonzero(~gap)
        series[channel, gap] = np.interp(np.flatnonzero(gap), there, series[channel, there]) if there.size else 0.0
    return series


def _blank(values: np.ndarray, batch: SeriesBatch) -> np.ndarray:
    """Put NaN on padding of ``(n, ..., T)``."""
    if batch.mask is None:
        return values
    return np.where(batch.mask[(slice(None), *[None] * (values.ndim - 2))], values, np.nan)


def _occlusion(model: _OneLogit, batch: SeriesBatch) -> np.ndarray:
    """Return how far the logit falls when a window of the series is blanked, ``(n, T, 1)``.

    A window holds a twentieth of the steps; each step has the mean over the windows that hold it.
    """
    steps = batch.x.shape[1]
    width = math.ceil(steps / 20)

    def logit(series: SeriesBatch) -> np.ndarray:
        return _applied(model, series, lambda network, x, mask: network(x, mask)[0])

    whole = logit(batch)
    falls, windows = np.zeros((len(batch), steps)), np.zeros(steps)
    for begin in range(0, steps, math.ceil(width / 2)):
        window = slice(begin, begin + width)
        hidden = batch.x.copy()
        hidden[:, window] = 0
        falls[:, window] += (whole - logit(replace(batch, x=hidden)))[:, None]
        windows[window] += 1
    return (falls / windows)[:, :, None]
