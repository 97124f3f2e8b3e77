"""Attention pooling with several heads, random offsets, and the classifier made of them."""

import keras
import numpy as np
import pytest
from keras import ops

from tsattn_tutorial.datasets import SeriesBatch
from tsattn_tutorial.keras import AttentionPooling, RandomOffset, convolution_pooling_classifier, fit, predict
from tsattn_tutorial.reference import additive_attention_pooling

T, D, C = 7, 3, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, T, D)).astype("float32")
MASK = np.arange(T) < RNG.integers(2, T + 1, size=12)[:, None]
BATCH = SeriesBatch(X, np.arange(12) % C, mask=MASK)
KINDS = [{}, {"heads": 0}, {"heads": 1}, {"convolutions": 0}, {"convolutions": 2}, {"differences": False}]
each_kind = pytest.mark.parametrize("options", KINDS, ids=str)


def built(dtype: str = "float32", shape=(T, D), **options) -> keras.Model:
    keras.config.set_dtype_policy(dtype)
    try:
        return convolution_pooling_classifier(
            shape, filters=5, width=3, attention_size=4, classes=C, **({"heads": 2} | options)
        )
    finally:
        keras.config.set_dtype_policy("float32")


def applied(model, x, mask) -> list[np.ndarray]:
    return [ops.convert_to_numpy(part) for part in keras.tree.flatten(model([x, mask]))]


@pytest.mark.parametrize("padded", [False, True])
def test_heads_are_poolings_side_by_side(padded):
    layer, mask = AttentionPooling(5, heads=3, dtype="float64"), MASK if padded else None
    layer.build((None, T, D))
    layer.set_weights([RNG.normal(size=weight.shape) for weight in layer.weights])
    context, weights = (ops.convert_to_numpy(part) for part in layer(ops.convert_to_tensor(X, "float64"), mask=mask))
    w, b, v, c = layer.get_weights()
    contexts, means = [], 0
    for head in range(3):
        own = slice(5 * head, 5 * head + 5)
        one, alone = additive_attention_pooling(X.astype(float), w[:, own].T, b[own], v[:, head], c[head], mask=mask)
        contexts.append(one)
        means = means + alone / 3
    np.testing.assert_allclose(context, np.concatenate(contexts, axis=1), atol=1e-12)
    np.testing.assert_allclose(weights, means, atol=1e-12)


def test_each_head_starts_as_a_layer_of_its_own_would():
    heads = AttentionPooling(5, heads=2, seed=7)
    heads.build((None, T, D))
    w, _, v, _ = heads.get_weights()
    for head in range(2):
        alone = AttentionPooling(5, seed=7 + 2 * head)
        alone.build((None, T, D))
        np.testing.assert_array_equal(w[:, 5 * head : 5 * head + 5], alone.get_weights()[0])
        np.testing.assert_array_equal(v[:, [head]], alone.get_weights()[2])


def test_offsets_are_the_same_at_all_steps_and_gone_outside_training():
    layer = RandomOffset(0.5, seed=1)
    assert np.array_equal(ops.convert_to_numpy(layer(X)), X)
    many = np.zeros((4000, 3, 2), "float32")
    offsets = ops.convert_to_numpy(layer(many, training=True))
    assert (offsets == offsets[:, :1]).all()
    assert offsets[:, 0].std(axis=0) == pytest.approx([0.5, 0.5], rel=0.1)
    again = ops.convert_to_numpy(RandomOffset(0.5, seed=1)(many, training=True))
    np.testing.assert_array_equal(offsets, again)


@pytest.mark.parametrize("seed", [0, 2**31 - 1, 2**31, 2**32 - 1])
def test_any_seed_of_32_bits_makes_numbers_of_its_own(seed):
    x = np.zeros((4, 3, 2), "float32")
    offsets, others = (ops.convert_to_numpy(RandomOffset(0.5, seed=s)(x, training=True)) for s in (seed, seed ^ 5))
    assert np.isfinite(offsets).all() and (offsets != others).any()


@each_kind
def test_what_stands_in_padding_and_how_much_of_it_changes_nothing(options):
    model = built("float64", shape=(None, D), **options)
    clean = applied(model, np.where(MASK[:, :, None], X, 0), MASK)
    filled = np.where(MASK[:, :, None], X, np.nan)
    more = np.concatenate([filled, RNG.normal(size=(12, 4, D))], axis=1)
    for x, mask in ((filled, MASK), (more, np.pad(MASK, [(0, 0), (0, 4)]))):
        logit, *weights = applied(model, x, mask)
        np.testing.assert_allclose(logit, clean[0], atol=1e-12)
        assert not weights or not weights[0][:, :T][~MASK].any()


@each_kind
def test_it_trains_comes_back_from_disk_and_is_seeded(options, tmp_path):
    model = built(**options, seed=2)
    first = fit(model, BATCH, epochs=2, batch_size=4, progress=False)
    again = fit(built(**options, seed=2), BATCH, epochs=2, batch_size=4, progress=False)
    other = fit(built(**options, seed=3), BATCH, epochs=2, batch_size=4, progress=False)
    losses = [[row.train_loss for row in history.epochs] for history in (first, again, other)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5) and losses[0] != pytest.approx(losses[2], rel=1e-5)
    said = predict(model, BATCH)
    assert (said.weights is None) == (options.get("heads") == 0)
    model.save(tmp_path / "model.keras")
    np.testing.assert_array_equal(
        predict(keras.models.load_model(tmp_path / "model.keras"), BATCH).probability, said.probability
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AttentionPooling(heads=0), "heads must be a positive integer, got 0"),
        (lambda: RandomOffset(-0.1), "stddev must not be negative, got -0.1"),
        (lambda: built(heads=-1), "heads must be 0 or a positive integer, got -1"),
        (lambda: built(convolutions=1.0), "convolutions must be 0 or a positive integer, got 1.0"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()
