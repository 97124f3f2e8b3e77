"""Series of variable length in which motifs decide the class, in three regimes with a known answer.

A series is noise with *segments* in it. The first channels of a segment hold its *key*, a vector drawn anew for every
series; the last ones hold its *motif*, one of eight fixed shapes.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import scipy
from numpy.lib.stride_tricks import sliding_window_view

from tsattn_tutorial.arguments import check_choice, check_number, check_size, generators, require
from tsattn_tutorial.datasets.batch import SeriesBatch

CLASSES = 8
SHORTEST, LONGEST = 24, 32  # steps of a series
SEGMENT_STEPS = 4
KEY_CHANNELS = 5
MOTIF_CHANNELS = 3
SEGMENTS = 3  # with a motif, in the relational regime
TEMPLATE_SEED = 90536  # the number of the question that this data set is for

Regime = Literal["local", "relational", "hopeless"]
#: How the series of each regime are drawn in the experiments, and how many: arguments of `class_motifs`.
MOTIF_REGIMES: dict[Regime, dict[str, Any]] = {
    "local": {"size": 2000, "noise_std": 0.6},
    "relational": {"size": 4000, "noise_std": 0.3},
    # As in the question, class 0 is found and the others are not.
    "hopeless": {"size": 2000, "noise_std": 0.3, "random_share": 0.6, "frequencies": (0.44, *[0.08] * 7)},
}


def class_motifs(
    size: int = 4000,
    *,
    regime: Regime = "local",
    noise_std: float = 0.3,
    frequencies: Sequence[float] | None = None,
    random_share: float = 0.5,
    seed: int = 0,
) -> SeriesBatch:
    """Draw series of eight classes, of 24 to 32 steps, each length equally likely, padded with zeros.

    Parameters
    ----------
    size : int
        N, series.
    regime : {"local", "relational", "hopeless"}
        *local*: one segment, and the kind of its motif is the class. *relational*: three segments with different
        keys and motifs of different kinds, and a query, which is a segment with one of the three keys and no
        motif; the class is the kind of the motif that has the key of the query. *hopeless*: as local, but a share of
        the labels is drawn anew, whatever the motif.
    noise_std : float
        Standard deviation of the noise. Keys and motifs have a root mean square of 1.
    frequencies : sequence of float, optional
        Probability of each class, for drawing kinds and random labels; even if None.
    random_share : float
        Share of the labels that are drawn anew in the hopeless regime.
    seed : int
        Seed of everything but the eight shapes, which are always the same.

    Returns
    -------
    SeriesBatch
        ``x (N, 32, 8)``: five channels of key and three of motif; ``y (N,)`` in 0 to 7; ``mask (N, T)``;
        ``truth (N, T)``, true on the segment whose motif counts and on the query.

    Raises
    ------
    ValueError
        When the regime is unknown, or a number is out of range.
    """
    check_size("size", size)
    check_choice("regime", regime, MOTIF_REGIMES)
    check_number("noise_std", noise_std, 0)
    check_number("random_share", random_share, 0, 1)
    prior = _probabilities(frequencies)
    motifs, segments = (SEGMENTS, SEGMENTS + 1) if regime == "relational" else (1, 1)
    noise, places, contents, labels = generators(seed, 4)
    lengths = places.integers(SHORTEST, LONGEST + 1, size=size)
    starts = _starts(lengths, segments, places)  # (N, S); the last is that of the query, if there is one
    keys = contents.standard_normal((size, motifs, KEY_CHANNELS))
    keys /= np.sqrt((keys**2).mean(axis=2, keepdims=True))
    kinds = _kinds(size, motifs, prior, contents)  # (N, M); the first one counts

    x = noise_std * noise.standard_normal((size, LONGEST, KEY_CHANNELS + MOTIF_CHANNELS))
    truth = np.zeros((size, LONGEST), bool)
    rows, inside = np.arange(size)[:, None], np.arange(SEGMENT_STEPS)
    for segment in range(segments):
        where = rows, starts[:, segment, None] + inside  # (N, 4)
        key = segment % motifs  # the query, behind the motifs, has the key of the first
        x[..., :KEY_CHANNELS][where] += keys[:, key, None]
        truth[where] = key == 0
        if segment < motifs:
            x[..., KEY_CHANNELS:][where] += motif_templates()[kinds[:, segment]]
    y = kinds[:, 0]
    if regime == "hopeless":
        anew = labels.choice(CLASSES, size=size, p=prior)
        y = np.where(labels.random(size) < random_share, anew, y)
    mask = np.arange(LONGEST) < lengths[:, None]
    x = np.where(mask[:, :, None], x, 0).astype(np.float32)
    return SeriesBatch(x, y.astype(np.int64), truth, None if mask.all() else mask)


def motif_templates() -> np.ndarray:
    """Return the eight motifs, ``(8, 4, 3)``: smooth random shapes with a root mean square of 1, always the same."""
    shapes = np.random.default_rng(TEMPLATE_SEED).standard_normal((CLASSES, SEGMENT_STEPS, MOTIF_CHANNELS))
    shapes = scipy.ndimage.gaussian_filter1d(shapes, 0.7, axis=1)
    return shapes / np.sqrt((shapes**2).mean(axis=(1, 2), keepdims=True))


def hopeless_ceiling(random_share: float = 0.5, frequencies: Sequence[float] | None = None) -> float:
    """Return the accuracy that the best possible classifier expects in the hopeless regime.

    Where motif k stands, the label is k with probability ``1 - r + r p_k`` and any other class j with probability
    ``r p_j``. The best rule says the likelier of them; it is right with the larger probability.

    Parameters
    ----------
    random_share, frequencies
        As in `class_motifs`.

    Raises
    ------
    ValueError
        When a number is out of range.
    """
    prior = _probabilities(frequencies)
    check_number("random_share", random_share, 0, 1)
    posterior = (1 - random_share) * np.eye(CLASSES) + random_share * prior  # row k: motif k stands there
    return float(prior @ posterior.max(axis=1))


def motif_oracle(batch: SeriesBatch, *, regime: Regime = "local", noise_std: float = 0.3) -> np.ndarray:
    """Classify with full knowledge of how the series were made, to show that each regime can be solved.

    Every place and kind of motif gets its log-likelihood ratio against mere noise. In the local and the hopeless
    regime these are summed over places, and the likeliest kind is the answer. In the relational regime the three
    best places are taken for the segments, and the answer is the one whose key is found again elsewhere.

    Parameters
    ----------
    batch : SeriesBatch
        N series from `class_motifs`. Labels and truth are not looked at.
    regime, noise_std
        As they were drawn; the noise must be positive.

    Returns
    -------
    ndarray
        ``(N,) int64``, the likeliest kind of motif. In the hopeless regime it is the one that is shown, which
        is the best answer as long as no other class outweighs it (see `hopeless_ceiling`).

    Raises
    ------
    ValueError
        When the regime is unknown, the noise is not positive, or the series have other channels.
    """
    channels = KEY_CHANNELS + MOTIF_CHANNELS
    check_choice("regime", regime, MOTIF_REGIMES)
    fine = check_number("noise_std", noise_std, 0) > 0 and batch.x.shape[2] == channels
    require(fine, f"expected noise_std > 0 and {channels} channels, got {noise_std} and {batch.x.shape[2]}")
    windows = sliding_window_view(batch.x.astype(float), SEGMENT_STEPS, axis=1)  # (N, P, 8, 4), P places
    fits = np.einsum("npcs,ksc->npk", windows[:, :, KEY_CHANNELS:], motif_templates())
    motif = (fits - (motif_templates() ** 2).sum(axis=(1, 2)) / 2) / noise_std**2  # (N, P, 8)
    if batch.mask is not None:
        motif[~batch.mask[:, SEGMENT_STEPS - 1 :]] = -np.inf  # the window must end on a real step
    if regime != "relational":
        return scipy.special.logsumexp(motif, axis=1).argmax(axis=1)

    rows, places = np.arange(len(batch)), np.arange(motif.shape[1])
    likeliest, kind = motif.max(axis=2), motif.argmax(axis=2)  # (N, P)
    found = []
    for _ in range(SEGMENTS):
        found.append(likeliest.argmax(axis=1))
        likeliest[abs(places - found[-1][:, None]) < SEGMENT_STEPS] = -np.inf
    keys = windows[:, :, :KEY_CHANNELS].mean(axis=3)  # (N, P, 5)
    again = []
    for place in found:
        ratio = _log_ratio_of_one_key(keys[rows, place], keys, noise_std**2 / SEGMENT_STEPS)  # (N, P)
        again.append(np.where(np.isfinite(likeliest), ratio, -np.inf).max(axis=1))
    return kind[rows, np.stack(found)[np.argmax(again, axis=0), rows]]


def _log_ratio_of_one_key(mean: np.ndarray, means: np.ndarray, variance: float) -> np.ndarray:
    """Compare one key for a place and another with a key for each: ``(N, 5)``, ``(N, P, 5)`` -> ``(N, P)``."""
    both = (mean**2).sum(axis=1)[:, None] + (means**2).sum(axis=2)
    product = np.einsum("nc,npc->np", mean, means)
    # A key is N(0, 1) in each channel: a mean then varies by 1 + v, and two means of one key vary together by 1.
    alone, determinant = 1 + variance, (1 + variance) ** 2 - 1
    one_key = KEY_CHANNELS * np.log(determinant) + (alone * both - 2 * product) / determinant
    two_keys = KEY_CHANNELS * np.log(alone**2) + both / alone
    return (two_keys - one_key) / 2


def _starts(lengths: np.ndarray, segments: int, rng: np.random.Generator) -> np.ndarray:
    """Place the segments at random, none over another, each series in an order of its own: ``(N, S)``."""
    spare = lengths[:, None] - segments * SEGMENT_STEPS
    before = np.sort(rng.integers(spare + 1, size=(len(lengths), segments)), axis=1)
    return rng.permuted(before + SEGMENT_STEPS * np.arange(segments), axis=1)


def _kinds(size: int, motifs: int, prior: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw different kinds of motif for each series, ``(N, M)``; the first by the prior, the others evenly."""
    first = rng.choice(CLASSES, size=size, p=prior)[:, None]
    others = rng.permuted(np.tile(np.arange(1, CLASSES), (size, 1)), axis=1)[:, : motifs - 1]
    return np.concatenate([first, (first + others) % CLASSES], axis=1)


def _probabilities(frequencies: Sequence[float] | None) -> np.ndarray:
    prior = np.full(CLASSES, 1 / CLASSES) if frequencies is None else np.asarray(frequencies, dtype=float)
    fine = prior.shape == (CLASSES,) and (prior >= 0).all() and abs(prior.sum() - 1) <= 1e-9
    require(fine, f"frequencies must be {CLASSES} probabilities with sum 1, got {frequencies!r}")
    return prior
