"""Six explanations of trained networks, controls beside them, scored where the truth is known."""

import copy
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.special import softmax
from scipy.stats import kendalltau

from tsattn_tutorial import datasets
from tsattn_tutorial.arguments import check_choice, child_seed, generators
from tsattn_tutorial.bayes import sine_posterior
from tsattn_tutorial.config import SineConfig
from tsattn_tutorial.datasets import SeriesBatch, Split
from tsattn_tutorial.faithfulness import aopcr, interpolated, removed, series_mean, taken_from
from tsattn_tutorial.metrics import localisation


def explanations(
    seed: int,
    *,
    data: str = "waves",
    noise_std: float = 0.5,
    dataset_size: int = 4000,
    recipe: str | None = None,
    options: Mapping[str, Any] | None = None,
    explained: int = 150,
    deleted: int = 100,
) -> dict[str, Any]:
    """Train one network, explain its predictions on test series, and score the explanations.

    Parameters
    ----------
    seed : int
        Decides the data, the initial weights and all that is random in the scores.
    data : str
        ``"waves"``: noisy sine waves; the label says whether there is a flat stretch. ``"signatures"``: 500 weeks to
        train on and 500 to test on.
    noise_std, dataset_size
        Of the waves, as in `SineConfig`; seven tenths train.
    recipe : str, optional
        Of a network for the waves, a name in ``tsattn_tutorial.torch``. Without it, the `AttentionClassifier` is used.
    options : mapping, optional
        Its arguments.
    explained : int
        Test series that are explained: of the waves, with a stretch; of the signatures, of any class.
    deleted : int
        How many of these lose steps.

    Returns
    -------
    dict
        ``accuracy`` on all test series; ``METHOD: SCORE`` for each method and control, in the mean over series: the
        four scores of `localisation`, on series with a truth; of the waves ``overlap``, the share of the importance
        that the posterior has at the same steps; and, of all that give an order, `aopcr` under four fillings:
        ``removed``, ``mean``, ``line`` and ``twin``, the same series without its signal. Of the signatures, attention
        and evidence also count ``smoothed``, in the mean over as many steps as the shortest stretch has. As Jain and
        Wallace (2019) asked: ``tau``, Kendall's, between the weights of the patches and their gradients; ``moved``, the
        distance in total variation that the probabilities go when the weights are shuffled among patches, the median
        of 20 times; of several networks, the first.
    """
    check_choice("data", data, ("waves", "signatures"))
    started, cpu = time.perf_counter(), time.process_time()
    config = SineConfig(noise_std=noise_std, seed=seed, dataset_size=dataset_size)
    parts, twin = _waves(config) if data == "waves" else _signatures(seed)
    if recipe:
        from tsattn_tutorial import torch as ours

        settled = getattr(ours, recipe)
        network, seen = settled.build(seed=seed), lambda x: x
        ours.fit(network, parts.train, parts.validation, **settled.training, seed=seed, progress=False)
    else:
        from tsattn_tutorial.estimator import AttentionClassifier

        classifier = AttentionClassifier(random_state=seed, **options or {})
        x, _ = parts.train.to_aeon()
        network = classifier.fit(x, parts.train.y).network_

        def seen(x: np.ndarray) -> np.ndarray:
            return ((x - classifier.mean_) / classifier.scale_).astype(np.float32)

    test, twin = replace(parts.test, x=seen(parts.test.x)), seen(twin)
    fitted = {"fit_seconds": time.perf_counter() - started, "fit_cpu_seconds": time.process_time() - cpu}

    from tsattn_tutorial.torch.explanations import Method, explain, say

    said = say(network, test).argmax(axis=1)
    row = {"accuracy": (said == test.y).mean()} | fitted
    chosen = np.flatnonzero(test.truth.any(axis=1) | (data == "signatures"))[:explained]
    test, twin, said = replace(test[chosen], y=said[chosen]), twin[chosen], said[chosen]
    found = {method: explain(network, test, method) for method in get_args(Method) if method != "rollout"}
    posterior = None
    if data == "waves":
        posterior = sine_posterior(parts.test.x[chosen], config, progress=False)
        found["posterior"] = posterior.where
    else:
        # Over the neighbours, as many steps as the shortest stretch has.
        steps = datasets.signatures.SHORTEST
        found |= {f"{name}, smoothed": uniform_filter1d(found[name], steps) for name in ("attention", "evidence")}
    row |= _shuffled(network, test, seed)
    found |= _controls(network, test, found["attention"], seed)
    signal = test.truth.any(axis=1)
    for name, importance in found.items():
        scores = localisation(importance[signal], test.truth[signal])._asdict()
        row |= {f"{name}: {score}": values.mean() for score, values in scores.items()}
        if posterior is not None:
            share = np.maximum(importance, 0)
            share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-300)
            row[f"{name}: overlap"] = np.minimum(share, posterior.ideal_attention).sum(axis=1).mean()

    def logit(x: np.ndarray) -> np.ndarray:
        return say(network, SeriesBatch(x.astype(np.float32), said[:deleted]))[np.arange(len(x)), said[:deleted]]

    ordered = {name: one[:deleted] for name, one in found.items() if name not in ("even", "random")}
    fillings = {"removed": removed, "mean": series_mean, "line": interpolated, "twin": taken_from(twin[:deleted])}
    for filling, replacement in fillings.items():
        for name, values in aopcr(logit, test.x[:deleted], ordered, replacement, seed=seed).items():
            row[f"{name}: {filling}"] = values.mean()
    return row | {"cpu_seconds": time.process_time() - cpu}


def _shuffled(network, test: SeriesBatch, seed: int) -> dict[str, float]:
    """Compare the weights of patches with gradients, and see what other weights would say; one network of several."""
    from tsattn_tutorial.torch.explanations import explain, say

    network = network if hasattr(network, "patches") else network[0]
    first = range(0, test.x.shape[1], network.patches.size)  # steps
    weights, gradient = (np.add.reduceat(explain(network, test, of), first, axis=1) for of in ("attention", "gradient"))
    tau = [kendalltau(*pair).statistic for pair in zip(weights, gradient, strict=True)]
    evidence = say(network, test, lambda network, x, mask: network.evidence(x, mask))
    votes = np.add.reduceat(evidence, first, axis=2) / np.maximum(weights, 1e-30)[:, None]  # (N, C, P)
    rng = generators(seed, 2)[1]
    orders = [weights, *(rng.permuted(weights, axis=1) for _ in range(20))]
    said = [softmax(np.einsum("np,ncp->nc", order, votes), axis=1) for order in orders]
    moved = np.median([np.abs(other - said[0]).sum(axis=1) / 2 for other in said[1:]], axis=0)
    return {"tau": np.nanmean(tau), "moved": moved.mean()}


def _controls(network, test: SeriesBatch, attention: np.ndarray, seed: int) -> dict[str, np.ndarray]:
    """Return what an explanation has to beat."""
    from tsattn_tutorial.torch.explanations import explain
    from tsattn_tutorial.torch.networks import seeded

    untrained = copy.deepcopy(network)
    with seeded(seed):
        for module in untrained.modules():
            getattr(module, "reset_parameters", lambda: None)()
    return {
        "untrained, attention": explain(untrained, test, "attention"),
        "untrained, gradient": explain(untrained, test, "gradient"),
        "another series": np.roll(attention, 10, axis=0),  # of the same class
        "random": generators(seed, 1)[0].random(attention.shape),
        "even": np.ones(attention.shape),
    }


def _waves(config: SineConfig) -> tuple[Split, np.ndarray]:
    """Draw noisy waves, and the test series again with the same noise and without a stretch, ``(N, T, 1)``."""
    waves, drawn = datasets.sine_waves(config), datasets.draw_sine_parameters(config)
    with_stretch, without = (
        datasets.render_sine_waves(replace(drawn, flat=flat), config.num_points)
        for flat in (drawn.flat, np.zeros_like(drawn.flat))
    )
    twins = replace(without, x=without.x + (waves.x - with_stretch.x))
    parts, others = (datasets.train_validation_test_split(one, seed=config.seed) for one in (waves, twins))
    return parts, others.test.x  # the same shuffle


def _signatures(seed: int) -> tuple[Split, np.ndarray]:
    train, test = (datasets.signature_series(50, seed=child_seed(seed, part)) for part in (0, 1))
    twin = np.maximum(datasets.plain_weeks(len(test), seed=child_seed(seed, 1)), 0)
    return Split(train, train, test), twin[:, :, None].astype(np.float32)
