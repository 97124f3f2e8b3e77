"""The oracle itself: properties that any attention must have, and loops that spell it out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tsattn_tutorial.reference import (
    attention_pooling,
    largest_weight,
    masked_softmax,
    normalised_entropy,
    self_attention,
    sinusoidal_positions,
)

scores = hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.floats(-700, 700))


@given(scores, st.floats(-100, 100))
def test_weights_sum_to_one_and_a_constant_cancels(scores, constant):
    weights = masked_softmax(scores)
    assert (weights >= 0).all() and np.allclose(weights.sum(axis=-1), 1)
    assert np.allclose(masked_softmax(scores + constant), weights, atol=1e-9)


@given(scores, st.integers(1, 5))
def test_padding_changes_nothing(scores, padding):
    rows, steps = scores.shape
    padded = np.concatenate([scores, np.full((rows, padding), 1e6)], axis=1)
    mask = np.arange(steps + padding) < steps
    weights = masked_softmax(padded, mask)
    assert np.allclose(weights[:, :steps], masked_softmax(scores), atol=1e-15, rtol=0)
    assert not weights[:, steps:].any()


def test_pooling_is_the_loop_of_the_equation():
    rng = np.random.default_rng(0)
    hidden, projection, bias, query = (rng.normal(size=size) for size in ((2, 5, 3), (4, 3), 4, 4))
    context, weights = attention_pooling(hidden, projection, bias, query, query_bias=0.7)
    for b in range(2):
        powers = [np.exp(sum(query * np.tanh(projection @ step + bias))) for step in hidden[b]]
        for t in range(5):
            assert weights[b, t] == pytest.approx(powers[t] / sum(powers))
        assert context[b] == pytest.approx(sum(weights[b, t] * hidden[b, t] for t in range(5)))


def test_self_attention_is_the_loop_of_the_equation():
    rng = np.random.default_rng(0)
    queries, keys, values = (rng.normal(size=(2, 5, size)) for size in (3, 3, 4))
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
    output, weights = self_attention(queries, keys, values, mask)
    for b in range(2):
        real = [j for j in range(5) if mask[b, j]]
        for i in range(5):
            powers = {j: np.exp(queries[b, i] @ keys[b, j] / np.sqrt(3)) for j in real}
            for j in range(5):
                assert weights[b, i, j] == pytest.approx(powers.get(j, 0) / sum(powers.values()))
            assert output[b, i] == pytest.approx(sum(weights[b, i, j] * values[b, j] for j in real))


@given(scores.filter(lambda array: array.shape[1] > 1))
def test_no_weight_exceeds_the_bound_that_the_spread_of_the_scores_sets(scores):
    for row in scores:
        spread = row.max() - row.min()
        assert masked_softmax(row).max() <= largest_weight(row.size, spread) * (1 + 1e-9)


@given(st.integers(1, 500), st.floats(0, 50))
def test_the_bound_is_reached_by_one_score_above_the_rest(steps, spread):
    row = np.zeros(steps)
    row[0] = spread
    assert masked_softmax(row).max() == pytest.approx(largest_weight(steps, spread))


def test_the_bound_for_scores_between_zero_and_one_is_the_book_formula():
    assert largest_weight(100, 1) == pytest.approx(np.e / (np.e + 99))


def test_entropy_is_one_for_an_average_and_zero_for_a_single_step():
    assert normalised_entropy(np.full((2, 7), 1 / 7)) == pytest.approx([1, 1])
    assert normalised_entropy(np.eye(4)) == pytest.approx([0, 0, 0, 0])


def test_what_stands_in_padding_is_not_even_read():
    mask = np.arange(5) < 3
    hidden = np.where(mask[:, None], 1.0, np.nan)[None]  # (1, 5, 1)
    one = np.ones((1, 1))
    context, weights = attention_pooling(hidden, one, one[0], one[0], mask=mask[None])
    assert context.tolist() == [[1.0]] and weights.sum() == 1
    output, weights = self_attention(np.ones((1, 5, 1)), np.ones((1, 5, 1)), hidden, mask[None])
    assert output.tolist() == [[[1.0]] * 5] and not weights[:, :, 3:].any()


def test_the_softmax_runs_along_the_axis_it_is_given():
    scores = np.random.default_rng(0).normal(size=(3, 4))
    assert np.allclose(masked_softmax(scores, axis=0), masked_softmax(scores.T).T)
    assert np.allclose(masked_softmax(scores, axis=0).sum(axis=0), 1)


@given(st.integers(1, 60), st.integers(1, 20))
def test_positions_turn_at_the_speeds_of_the_paper(steps, size):
    positions = sinusoidal_positions(steps, size)
    assert positions.shape == (steps, size) and positions.dtype == np.float32
    for t, feature in [(steps - 1, 0), (steps // 2, size - 1)]:
        angle = t / 10_000 ** (2 * (feature // 2) / size)
        assert positions[t, feature] == pytest.approx([np.sin, np.cos][feature % 2](angle), abs=1e-5)


def test_every_step_has_its_own_position():
    assert len(np.unique(sinusoidal_positions(500, 8).round(6), axis=0)) == 500


def test_entropy_counts_real_steps_only():
    weights, mask = np.array([[0.5, 0.5, 0, 0], [0.25, 0.25, 0.5, 0]]), np.array([[1, 1, 0, 0], [1, 1, 1, 0]], bool)
    assert normalised_entropy(weights, mask) == pytest.approx([1, 1.5 * np.log(2) / np.log(3)])
    with pytest.raises(ValueError, match="T at least 2"):
        normalised_entropy(weights, np.array([[1, 0, 0, 0]] * 2, bool))
