"""The oracle itself: properties that any attention must have, and loops that spell it out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tsattn_tutorial import reference
from tsattn_tutorial.reference import attention_pooling, largest_weight, masked_softmax, normalised_entropy

scores = hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=st.floats(-700, 700))


@given(scores, st.floats(-100, 100))
def test_weights_sum_to_one_and_a_constant_cancels(scores, constant):
    weights = masked_softmax(scores)
    assert (weights >= 0).all() and np.allclose(weights.sum(axis=-1), 1)
    assert np.allclose(masked_softmax(scores + constant), weights, atol=1e-9)
    assert np.allclose(masked_softmax(scores.T, axis=0), weights.T)


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
        assert weights[b] == pytest.approx(np.array(powers) / sum(powers))
        assert context[b] == pytest.approx(sum(weights[b, t] * hidden[b, t] for t in range(5)))


def test_self_attention_is_the_loop_of_the_equation():
    rng = np.random.default_rng(0)
    queries, keys, values = (rng.normal(size=(2, 5, size)) for size in (3, 3, 4))
    mask = np.array([[True] * 5, [True] * 3 + [False] * 2])
    output, weights = reference.self_attention(queries, keys, values, mask)
    for b, i in np.ndindex(2, 5):
        powers = [np.exp(queries[b, i] @ keys[b, j] / np.sqrt(3)) * mask[b, j] for j in range(5)]
        assert weights[b, i] == pytest.approx(np.array(powers) / sum(powers))
        assert output[b, i] == pytest.approx(sum(weights[b, i, j] * values[b, j] for j in range(5)))


@given(scores.filter(lambda array: array.shape[1] > 1))
def test_no_weight_exceeds_the_bound_that_the_spread_of_the_scores_sets(scores):
    for row in scores:
        spread = row.max() - row.min()
        assert masked_softmax(row).max() <= largest_weight(row.size, spread) * (1 + 1e-9)


@given(st.integers(1, 500), st.floats(0, 50))
def test_the_bound_is_reached_by_one_score_above_the_rest(steps, spread):
    row = np.zeros(steps)
    row[0] = spread
    assert masked_softmax(row).max() == pytest.approx(largest_weight(np.int64(steps), spread))
    assert largest_weight(100, 1) == pytest.approx(np.e / (np.e + 99))


def every_attention(x: np.ndarray, mask: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """Output and weights of each attention, for series with five steps and two dimensions."""
    rng = np.random.default_rng(0)
    steps, dimensions, grid = ((rng.normal(size=(n, n)), rng.normal(size=n)) for n in (5, 2, 10))
    square, query = dimensions
    return [
        attention_pooling(x, square, query, query, mask=mask),
        reference.self_attention(x if mask is None else np.where(mask[:, :, None], x, 0), x, x, mask),
        reference.seq_self_attention(x, (square,), window=3, mask=mask),
        reference.seq_self_attention(x, (square, square, query), history_only=True, mask=mask),
        reference.timestep_attention(x, *steps, mask=mask),
        reference.dimension_attention(x, *dimensions, single=True, mask=mask),
        reference.joint_attention(x, *grid, mask=mask),
        reference.factorised_attention(x, steps, dimensions, mask),
    ]


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, int])
@pytest.mark.parametrize("mask", [None, np.arange(5) < np.array([[5], [3]])], ids=["whole", "padded"])
def test_whole_numbers_count_as_the_same_floats_and_padding_is_not_even_read(kind, mask):
    x = np.random.default_rng(1).integers(0, 120, (2, 5, 2)).astype(kind)
    hidden = x.astype(float) if mask is None else np.where(mask[:, :, None], x, np.nan)
    for ours, right in zip(every_attention(x, mask), every_attention(hidden, mask), strict=True):
        assert all(np.allclose(part, other, atol=1e-12, rtol=0) for part, other in zip(ours, right, strict=True))
    assert np.array_equal(masked_softmax(x[0]), masked_softmax(x[0].astype(float)))


@given(st.integers(1, 60), st.integers(1, 20))
def test_positions_turn_at_the_speeds_of_the_paper(steps, size):
    positions = reference.sinusoidal_positions(steps, size)
    assert positions.shape == (steps, size) and positions.dtype == np.float32
    for t, feature in [(steps - 1, 0), (steps // 2, size - 1)]:
        angle = t / 10_000 ** (2 * (feature // 2) / size)
        assert positions[t, feature] == pytest.approx([np.sin, np.cos][feature % 2](angle), abs=1e-5)


def test_entropy_is_one_for_an_average_and_zero_for_a_single_step_and_counts_real_steps_only():
    assert normalised_entropy(np.full((2, 7), 1 / 7)) == pytest.approx([1, 1])
    assert normalised_entropy(np.eye(4)) == pytest.approx([0, 0, 0, 0])
    weights, mask = np.array([[0.5, 0.5, 0, 0], [0.25, 0.25, 0.5, 0]]), np.array([[1, 1, 0, 0], [1, 1, 1, 0]], bool)
    assert normalised_entropy(weights, mask) == pytest.approx([1, 1.5 * np.log(2) / np.log(3)])
