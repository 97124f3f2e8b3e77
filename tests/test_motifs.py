"""Class motifs: each regime is solved by its oracle, and by nothing that sees less than it should need."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import RandomForestClassifier

from tsattn_tutorial.datasets import MOTIF_REGIMES, class_motifs, hopeless_ceiling, motif_oracle, motif_templates
from tsattn_tutorial.datasets.motifs import KEY_CHANNELS

each_regime = pytest.mark.parametrize("regime", MOTIF_REGIMES)
UNEVEN = (0.44, *[0.08] * 7)


def share_right(regime: str, batch, **options) -> float:
    return (motif_oracle(batch, regime=regime, **options) == batch.y).mean()


@pytest.mark.parametrize(("regime", "least"), [("local", 0.999), ("relational", 0.99)])
def test_the_oracle_solves_what_can_be_solved(regime, least):
    assert share_right(regime, class_motifs(2000, regime=regime, seed=1)) >= least


@pytest.mark.parametrize(
    ("share", "frequencies"), [(0.5, None), (0.6, UNEVEN), (1.0, UNEVEN), (0.9, UNEVEN), (0, None)]
)
def test_the_ceiling_is_what_the_best_rule_reaches(share, frequencies):
    """Where one class outweighs what is shown, the best rule says that class instead."""
    batch = class_motifs(20_000, regime="hopeless", random_share=share, frequencies=frequencies, seed=2)
    shown, prior = motif_oracle(batch, regime="hopeless"), np.full(8, 1 / 8) if frequencies is None else UNEVEN
    stays = [1 - share + share * prior[k] >= share * max(prior) for k in range(8)]
    best = np.where(np.array(stays)[shown], shown, np.argmax(prior))
    ceiling = hopeless_ceiling(share, frequencies)
    if ceiling > 1 - 1e-9:
        assert (best == batch.y).all()
    else:
        assert stats.binomtest(int((best == batch.y).sum()), len(batch), ceiling).pvalue > 1e-3


@each_regime
def test_the_truth_marks_segments_and_nothing_else(regime):
    batch = class_motifs(300, regime=regime, noise_std=0, seed=3)
    assert (batch.truth.sum(axis=1) == (8 if regime == "relational" else 4)).all()
    assert not batch.truth[~batch.mask].any() and not batch.x[~batch.mask].any()
    for x, truth, y in zip(batch.x, batch.truth, batch.y, strict=True):
        steps = x[truth].reshape(-1, 4, 8)
        assert len(np.unique(steps[:, :, :KEY_CHANNELS].round(5).reshape(-1, KEY_CHANNELS), axis=0)) == 1  # one key
        motifs = steps[:, :, KEY_CHANNELS:]
        if regime == "local":
            np.testing.assert_allclose(motifs[0], motif_templates()[y], atol=1e-6)
        elif regime == "relational":
            query = np.abs(motifs).max(axis=(1, 2)).argmin()
            assert not motifs[query].any()
            np.testing.assert_allclose(motifs[1 - query], motif_templates()[y], atol=1e-6)
            others = x[~truth]
            assert np.any(others, axis=1).sum() == 8  # two more segments


def test_in_the_relational_regime_neither_motifs_nor_the_query_alone_know_the_class():
    """The kinds that are shown leave three candidates; the segment and the query must be seen together."""
    train, test = (class_motifs(size, regime="relational", seed=size) for size in (4000, 2000))
    kinds = [
        np.concatenate([np.einsum("ntc,kc->ntk", b.x[:, :, KEY_CHANNELS:], t).max(axis=1) for t in _steps()], axis=1)
        for b in (train, test)
    ]
    forest = RandomForestClassifier(100, random_state=0).fit(kinds[0], train.y)
    assert forest.score(kinds[1], test.y) < 0.42


def _steps():
    return motif_templates().swapaxes(0, 1)  # (4, 8, 3)


@each_regime
def test_every_length_and_every_class_is_drawn_as_often_as_said(regime):
    batch = class_motifs(8000, regime=regime, frequencies=UNEVEN, seed=4)
    assert np.unique(batch.mask.sum(axis=1)).tolist() == list(range(24, 33))
    counts = np.bincount(batch.y, minlength=8)
    assert stats.chisquare(counts, 8000 * np.array(UNEVEN)).pvalue > 1e-3


@given(seed=st.integers(0, 2**32), regime=st.sampled_from(sorted(MOTIF_REGIMES)), shortest=st.integers(16, 30))
@settings(max_examples=30, deadline=None)
def test_segments_never_overlap_and_a_seed_gives_the_same_series(seed, regime, shortest):
    one, again = (class_motifs(5, regime=regime, shortest=shortest, noise_std=0, seed=seed) for _ in range(2))
    assert np.array_equal(one.x, again.x) and np.array_equal(one.y, again.y)
    segments = 4 if regime == "relational" else 1
    keys = np.abs(one.x[:, :, :KEY_CHANNELS]).max(axis=2) > 0
    assert (keys.sum(axis=1) == 4 * segments).all()


def test_templates_are_eight_different_shapes_of_unit_size():
    templates = motif_templates()
    assert templates.shape == (8, 4, 3)
    np.testing.assert_allclose((templates**2).mean(axis=(1, 2)), 1)
    flat = templates.reshape(8, -1)
    assert np.sqrt(((flat[:, None] - flat) ** 2).sum(axis=2))[~np.eye(8, dtype=bool)].min() > 2
    templates[:] = 0
    assert motif_templates().any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: class_motifs(3, regime="global"), "regime must be one of 'local', .*; got 'global'"),
        (lambda: class_motifs(0), "size must be a positive integer, got 0"),
        (lambda: class_motifs(3, steps=20.0), "steps must be a positive integer, got 20.0"),
        (lambda: class_motifs(3, shortest=33), "local series need 4 <= shortest <= steps, got shortest 33, steps 32"),
        (lambda: class_motifs(3, regime="relational", shortest=15), "relational series need 16 <= shortest"),
        (lambda: class_motifs(3, noise_std=-1), "noise_std must be a finite number, at least 0, got -1"),
        (lambda: class_motifs(3, noise_std=float("nan")), "noise_std must be a finite number, at least 0, got nan"),
        (
            lambda: class_motifs(3, regime="hopeless", random_share=1.5),
            r"random_share must be .* in \[0, 1\], got 1.5",
        ),
        (lambda: class_motifs(3, frequencies=[0.5, 0.5]), "frequencies must be 8 probabilities with sum 1, got"),
        (lambda: class_motifs(3, frequencies=[0.2] * 8), "frequencies must be 8 probabilities with sum 1, got"),
        (lambda: hopeless_ceiling(-0.1), r"random_share must be .* in \[0, 1\], got -0.1"),
        (lambda: motif_oracle(class_motifs(3), noise_std=0), "expected noise_std > 0 and 8 channels, got 0 and 8"),
        (lambda: motif_oracle(class_motifs(3), regime="none"), "regime must be one of 'local'"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
