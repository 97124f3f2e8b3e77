"""A classifier with the interface of scikit-learn and aeon, whose attention says where it looked."""

import json
import math
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

import aeon
import numpy as np
import torch
from aeon.classification.base import BaseClassifier
from scipy import special
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

import tsattn_tutorial
from tsattn_tutorial.arguments import check_choice, check_flag, check_number, check_size, require
from tsattn_tutorial.datasets.batch import SeriesBatch, filled, padded
from tsattn_tutorial.faithfulness import Faithfulness, against_random
from tsattn_tutorial.files import written_whole
from tsattn_tutorial.torch.encoders import Encoder, Ensemble, Pooling, SeriesNetwork
from tsattn_tutorial.torch.explanations import Method, blank, explain, say

FORMAT = "tsattn_tutorial AttentionClassifier 2"
VERSIONS = {module.__name__: str(module.__version__) for module in (tsattn_tutorial, torch, aeon)}
#: Updates of each encoder, where nothing else is said and at least 20 passes over the data; its largest step size.
PASSES = 20
BUDGETS = {"kernels": (150, 1e-3), "inception": (600, 5e-3), "transformer": (600, 1e-3), "bilstm": (600, 5e-3)}
RECIPE = {"schedule": "cosine", "weight_decay": 0.01, "label_smoothing": 0.05}


class AttentionClassifier(BaseClassifier):
    """Classify time series, and say which steps the prediction rests on.

    An encoder turns steps into vectors, a pooling makes one vector of them, and a linear layer reads the classes
    from it. Each channel is scaled by the training series. A missing value (NaN) is drawn on a straight line between
    its neighbours in time; at an end it takes the nearest value, and in a channel without any the mean of the
    training series. Long series are cut into 64 patches (200 for "inception"), so that a fit stays short.

    Parameters
    ----------
    encoder : {"kernels", "inception", "transformer", "bilstm"}
        Fixed convolutions and one layer; four residual Inception blocks, which need more series and more time; a
        small transformer over patches; or the BiLSTM of source A.
    pooling : {"attention", "mean", "layer", "max", "last"}
        "mean" is attention with even weights, the control; "layer" a mean after one more layer, with as many parameters
        as attention. "max", and "last" for the BiLSTM, have no weights.
    units : int
        Features of an encoded step; a multiple of 4.
    updates : int, optional
        The least number of steps of the optimiser (AdamW, one cycle); whole passes over the data are made. As in
        ``BUDGETS`` when left out, like the step size.
    batch_size : int
        Series an update.
    learning_rate : float, optional
        The largest step size.
    roll : bool
        Turn each training series in a circle before every pass, by a random number of steps. It helps where a series
        has no true beginning, as a week of a machine.
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
    labels. Bad values raise ValueError. Encoders: Dempster et al. (2021), "MiniRocket"; Ismail Fawaz et al. (2020),
    "InceptionTime"; Nie et al. (2023), "PatchTST".
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
        encoder: Encoder = "kernels",
        pooling: Pooling = "attention",
        *,
        units: int = 64,
        updates: int | None = None,
        batch_size: int = 16,
        learning_rate: float | None = None,
        roll: bool = False,
        validation: float = 0.0,
        patience: int | None = None,
        class_weight: Literal["balanced"] | Mapping[Any, float] | None = None,
        n_members: int = 1,
        random_state: int | np.random.RandomState | None = None,
        device: str = "cpu",
        verbose: bool = False,
    ) -> None:
        self.encoder, self.pooling, self.units = encoder, pooling, units
        self.updates, self.batch_size, self.learning_rate, self.roll = updates, batch_size, learning_rate, roll
        self.validation, self.patience, self.class_weight = validation, patience, class_weight
        self.n_members, self.random_state, self.device, self.verbose = n_members, random_state, device, verbose
        super().__init__()

    def _fit(self, X, y) -> "AttentionClassifier":
        share = check_number("validation", self.validation, 0, 0.9)
        batches = math.ceil(len(y) * (1 - share) / check_size("batch_size", self.batch_size))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=check_size("n_members", self.n_members))
        scaler = StandardScaler().fit(np.concatenate([np.asarray(series, float).T for series in X]))
        #: Mean and standard deviation of each channel, ``(channels,)``.
        self.mean_, self.scale_ = np.nan_to_num(scaler.mean_), np.nan_to_num(scaler.scale_, nan=1.0)
        codes = np.searchsorted(self.classes_, y)
        whole = self._batch(X, codes)
        #: Steps of the longest series.
        self.steps_ = whole.x.shape[1]
        self.network_ = self._network(seeds.tolist())
        self.histories_ = []
        updates, learning_rate = self._budget()
        options = {"batch_size": self.batch_size, "learning_rate": learning_rate, "patience": self.patience}
        least = PASSES if self.updates is None else 1
        options |= {"epochs": max(least, math.ceil(check_size("updates", updates) / batches)), "roll": self.roll}
        options |= {"class_weight": self._class_weights(codes), "progress": check_flag("verbose", self.verbose)}
        for member, seed in zip(self.network_, seeds.tolist(), strict=True):
            train, held = whole, None
            if share:
                parts = train_test_split(np.arange(len(y)), test_size=share, stratify=codes, random_state=seed)
                train, held = (whole[part] for part in parts)
            self.histories_.append(member.train_on(train, held, **RECIPE, **options, seed=seed))
        self.network_.eval()
        return self

    def _budget(self) -> tuple[int, float]:
        """Return the updates and the largest step size, given or usual."""
        pairs = zip(BUDGETS[self.encoder], (self.updates, self.learning_rate), strict=True)
        return tuple(usual if given is None else given for usual, given in pairs)

    def _network(self, seeds: list[int]) -> Ensemble:
        try:
            torch.empty(0, device=self.device)
        except (RuntimeError, AssertionError, TypeError) as error:
            text = str(error).partition("\n")[0]
            raise ValueError(f"device must be one that torch can use here, got {self.device!r}: {text}") from None
        sizes, options = (len(self.mean_), len(self.classes_)), {"encoder": self.encoder, "pooling": self.pooling}
        options |= {"units": self.units, "steps": self.steps_}
        return Ensemble(SeriesNetwork(*sizes, **options, seed=seed) for seed in seeds).to(self.device)

    def _class_weights(self, codes: np.ndarray) -> np.ndarray | None:
        """Return the weight of each class, ``(C,)``, with mean 1 over the series, whose classes are given."""
        weight = self.class_weight
        if weight is None:
            return None
        named = weight if isinstance(weight, Mapping) else {}
        labels = self.classes_.tolist()
        known = set(named) <= set(labels)
        text = f'class_weight must be "balanced" or a mapping of labels among {self.classes_}, got {weight!r}'
        require(known and bool(named or (isinstance(weight, str) and weight == "balanced")), text)
        values = [check_number(f"class_weight of {label!r}", named.get(label, 1), 0) for label in labels]
        values = np.array(values) if named else 1 / np.bincount(codes)
        require(values[codes].any(), f"class_weight must leave a class a weight, got {weight!r}")
        return values * len(codes) / values[codes].sum()

    def _predict(self, X) -> np.ndarray:
        return self.classes_[self._predict_proba(X).argmax(axis=1)]

    def _predict_proba(self, X) -> np.ndarray:
        return special.softmax(say(self.network_, self._batch(X)), axis=1)

    def attend(self, X) -> np.ndarray:
        """Return the attention weights of each series, ``(n, T)``: they sum to 1, and are NaN on padding.

        T is the length of the longest series. Raises ValueError with a pooling that has no weights.
        """
        return self.explain(X, "attention")

    def evidence(self, X) -> np.ndarray:
        """Return the part of each step in the logit of each class, ``(n, C, T)``; NaN on padding.

        A step's part is its weight times its vote, the logits that it alone would give; of several networks, the mean
        of theirs. The parts add up to the logits exactly. Raises ValueError with a pooling that has no weights.
        """
        batch = self._inside(X, "evidence")
        return blank(say(self.network_, batch, lambda network, x, mask: network.evidence(x, mask)), batch.mask)

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
        batch = self._inside(X, check_choice("method", method, get_args(Method)))
        return explain(self.network_, batch, method)

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
        batch = self._inside(X, check_choice("method", method, get_args(Method)))

        def logit(series: np.ndarray, places: np.ndarray) -> np.ndarray:
            y = batch.y[places]
            return say(self.network_, SeriesBatch(series, y))[np.arange(len(y)), y]

        return against_random(logit, batch.x, explain(self.network_, batch, method), seed=seed)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted classifier to one file, whole or not at all. It holds arrays and text, nothing that runs.

        Raises
        ------
        ValueError
            When a parameter or a label is not what JSON can hold, such as a date, or `load` would refuse the file,
            because a parameter was changed after fitting, say.
        """
        self._check_is_fitted()
        parameters = self.get_params(deep=False)
        if isinstance(self.class_weight, Mapping):  # keys of JSON are text
            parameters["class_weight"] = list(map(list, self.class_weight.items()))
        header = {"format": FORMAT, "versions": VERSIONS, "parameters": parameters, "steps": self.steps_}
        header |= {"classes": self.classes_.tolist(), "class_type": self.classes_.dtype.str}
        try:
            text = json.dumps(header, allow_nan=False, default=np.generic.item)
            require(json.loads(text)["classes"] == header["classes"], "labels that come back as others")
        except (TypeError, ValueError) as error:
            text = f"expected labels and parameters that JSON can hold, got {self.classes_!r}, {parameters}: {error}"
            raise ValueError(f"{path}: {text}") from None
        arrays = {name: tensor.cpu().numpy() for name, tensor in self.network_.state_dict().items()}
        arrays |= {"mean": self.mean_, "scale": self.scale_, "header": np.frombuffer(text.encode(), np.uint8)}
        with written_whole(path) as temporary:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)
            try:
                self.load(temporary)
            except ValueError as error:
                text = f"expected the parameters that it was fitted with, got {parameters}"
                raise ValueError(f"{path}: {text}") from error

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, device: str = "cpu") -> "AttentionClassifier":
        """Read a classifier that `save` wrote, and put it on a device. Nothing in the file is run.

        Raises
        ------
        ValueError
            When the file is missing, damaged, of another kind or of another version.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            header = json.loads(arrays.pop("header").tobytes())
            require(header["format"] == FORMAT, f"the format {header['format']!r}, not {FORMAT!r}")
            parameters = header["parameters"] | {"device": device}
            if isinstance(parameters["class_weight"], list):
                parameters["class_weight"] = dict(parameters["class_weight"])
            model = cls(**parameters)
            model.classes_, model.steps_ = np.array(header["classes"], header["class_type"]), header["steps"]
            model.n_classes_ = len(model.classes_)
            model._class_dictionary = {label: code for code, label in enumerate(model.classes_)}
            model.mean_, model.scale_ = arrays.pop("mean"), arrays.pop("scale")
            model.metadata_ = {"n_channels": len(model.mean_)}
            model.network_ = model._network([0] * model.n_members)
            model.network_.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        except (LookupError, EOFError, OSError, ValueError, TypeError, RuntimeError, zipfile.BadZipFile) as error:
            kind = f"{type(error).__name__}: {error}"
            raise ValueError(f"{path}: expected a file that AttentionClassifier.save wrote, got {kind}") from None
        model.is_fitted = True
        return model

    def _preprocess_collection(self, X, store_metadata: bool = True):
        sizes = [np.shape(one)[-1:] for one in X] if isinstance(X, list | np.ndarray) else [(1,)]
        require(bool(sizes) and (0,) not in sizes, "X must hold series with time steps, got none")
        X = super()._preprocess_collection(X, store_metadata)
        wrong = [number for number, one in enumerate(X) if np.isinf(one).any() or np.isnan(one).all()][:9]
        require(not wrong, f"X must be finite, NaN where values miss; got infinity or only NaN in series {wrong}")
        return X

    def _inside(self, X, method: Method) -> SeriesBatch:
        """Return series as the network sees them, after aeon's checks, with the classes that it says as labels."""
        self._check_is_fitted()
        without = self.pooling in ("max", "last") and method in ("attention", "evidence", "rollout")
        require(not without, f"pooling={self.pooling!r} has no weights: expected one of attention, mean, layer")
        X = self._preprocess_collection(X, store_metadata=False)
        self._check_shape(X)
        batch = self._batch(X)
        return replace(batch, y=say(self.network_, batch).argmax(axis=1))

    def _batch(self, X, codes: np.ndarray | None = None) -> SeriesBatch:
        """Scale, fill gaps and pad: ``x (n, T, channels)``."""
        mean, scale = self.mean_[:, None], self.scale_[:, None]
        x, mask = padded([filled((np.asarray(one, float) - mean) / scale) for one in X])
        return SeriesBatch(x, np.zeros(len(x), np.int64) if codes is None else codes, mask=mask)

    @classmethod
    def _get_test_params(cls, parameter_set: str = "default") -> dict[str, Any]:
        return {"units": 4, "updates": 4, "random_state": 0}
