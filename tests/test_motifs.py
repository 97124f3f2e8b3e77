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


@pytest.mark.parametrize(("regime", "least"), [("local", 0.999), ("relational", 0.99)])
def test_the_oracle_solves_what_can_be_solved(regime, least):
    batch = class_motifs(np.int64(2000), regime=regime, seed=1)
    assert (motif_oracle(batch, regime=regime) == batch.y).mean() >= least


@pytest.mark.parametrize(("share", "frequencies"), [(0.5, None), (0.6, UNEVEN), (0.9, UNEVEN), (0, None)])
def test_the_ceiling_is_what_the_best_rule_reaches(share, frequencies):
    """Where one class outweighs what is shown, the best rule says that class instead."""
    batch = class_motifs(20_000, regime="hopeless", random_share=share, frequencies=frequencies, seed=2)
    shown, prior = motif_oracle(batch, regime="hopeless"), np.full(8, 1 / 8) if frequencies is None else UNEVEN
    stays = [1 - share + share * prior[k] >= share * max(prior) for k in range(8)]
    best = np.where(np.array(stays)[shown], shown, np.argmax(prior))
    ceiling = min(hopeless_ceiling(share, frequencies), 1)
    assert stats.binomtest(int((best == batch.y).sum()), len(batch), ceiling).pvalue > 1e-3


@each_regime
def test_the_truth_marks_segments_and_nothing_else(regime):
    batch = class_motifs(300, regime=regime, noise_std=0, random_share=0, seed=3)
    assert (batch.truth.sum(axis=1) == (8 if regime == "relational" else 4)).all()
    assert not batch.truth[~batch.mask].any() and not batch.x[~batch.mask].any()
    for x, truth, y in zip(batch.x, batch.truth, batch.y, strict=True):
        steps = x[truth].reshape(-1, 4, 8)
        assert len(np.unique(steps[:, :, :KEY_CHANNELS].round(5).reshape(-1, KEY_CHANNELS), axis=0)) == 1  # one key
        motifs = steps[:, :, KEY_CHANNELS:]
        shown = np.abs(motifs).max(axis=(1, 2)) > 0
        assert shown.sum() == 1  # and the query, if there is one, shows none
        np.testing.assert_allclose(motifs[shown][0], motif_templates()[y], atol=1e-6)
        assert np.any(x[~truth], axis=1).sum() == (8 if regime == "relational" else 0)  # two more segments


def test_in_the_relational_regime_neither_motifs_nor_the_query_alone_know_the_class():
    """The kinds that are shown leave three candidates; the segment and the query must be seen together."""
    steps = motif_templates().swapaxes(0, 1)  # (4, 8, 3)
    train, test = (class_motifs(size, regime="relational", seed=size) for size in (4000, 2000))

    def kinds(batch):
        fits = [np.einsum("ntc,kc->ntk", batch.x[:, :, KEY_CHANNELS:], step).max(axis=1) for step in steps]
        return np.concatenate(fits, axis=1)

    forest = RandomForestClassifier(40, random_state=0).fit(kinds(train), train.y)
    assert forest.score(kinds(test), test.y) < 0.42


@each_regime
def test_every_length_and_every_class_is_drawn_as_often_as_said(regime):
    batch = class_motifs(8000, regime=regime, frequencies=UNEVEN, seed=4)
    assert np.unique(batch.mask.sum(axis=1)).tolist() == list(range(24, 33))
    counts = np.bincount(batch.y, minlength=8)
    assert stats.chisquare(counts, 8000 * np.array(UNEVEN)).pvalue > 1e-3


@given(seed=st.integers(0, 2**32), regime=st.sampled_from(list(MOTIF_REGIMES)))
@settings(max_examples=30, deadline=None)
def test_segments_never_overlap_and_a_seed_gives_the_same_series(seed, regime):
    one, again = (class_motifs(5, regime=regime, noise_std=0, seed=seed) for _ in range(2))
    assert np.array_equal(one.x, again.x) and np.array_equal(one.y, again.y)
    keys = np.abs(one.x[:, :, :KEY_CHANNELS]).max(axis=2) > 0
    assert (keys.sum(axis=1) == (16 if regime == "relational" else 4)).all()


def test_templates_are_eight_different_shapes_of_unit_size():
    templates = motif_templates()
    np.testing.assert_allclose((templates**2).mean(axis=(1, 2)), 1)
    flat = templates.reshape(8, -1)
    assert np.sqrt(((flat[:, None] - flat) ** 2).sum(axis=2))[~np.eye(8, dtype=bool)].min() > 2
    templates[:] = 0
    assert motif_templates().any()
