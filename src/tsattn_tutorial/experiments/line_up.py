"""The line-up of the question "self-attention has no effect": its four models, and what isolates each cause.

Loads Keras only when a model is built.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tsattn_tutorial.experiments.common import one_of

if TYPE_CHECKING:
    import keras

__all__ = ["LINE_UP", "build_variant"]

#: Variants of `tsattn_tutorial.keras.self_attention_classifier`. ``attention`` names a layer: *sigmoid*, *plain*
#: and *scaled* are multiplicative `SeqSelfAttention`: with a sigmoid on the scores, without, and divided by the square
#: root of K. *old mask* is *sigmoid* with the mask of the old library, *even* has scores of 0, so that it averages, and
#: *multi-head* is `MultiHeadSelfAttention`. The transformer has a builder of its own.
LINE_UP: Mapping[str, Mapping[str, Any]] = {
    "lstm": {},  # Model 1
    "sigmoid after": {"attention": "sigmoid"},  # Model 2
    "multi-head after": {"attention": "multi-head"},  # Model 3
    "residual before": {"attention": "sigmoid", "place": "before", "residual": True, "recurrent": 1},  # Model 4
    "sigmoid after, old mask": {"attention": "old mask"},
    "residual before, mask lost": {
        "attention": "old mask",
        "place": "before",
        "residual": True,
        "recurrent": 1,
        "lost_mask": True,
    },
    "even after": {"attention": "even"},
    "plain after": {"attention": "plain"},
    "scaled after": {"attention": "scaled"},
    "residual after": {"attention": "scaled", "residual": True},
    "residual after, norm": {"attention": "scaled", "residual": True, "norm": True},
    "one lstm": {"recurrent": 1},
    "scaled residual before": {"attention": "scaled", "place": "before", "residual": True, "recurrent": 1},
    "residual between": {"attention": "scaled", "place": "between", "residual": True},
    "multi-head between": {"attention": "multi-head", "place": "between", "residual": True},
    "mean pooling": {"readout": "mean"},
    "attention pooling": {"readout": "attention"},
    "multi-head between, mean pooling": {
        "attention": "multi-head",
        "place": "between",
        "residual": True,
        "readout": "mean",
    },
    "transformer": {"blocks": 2},
    "transformer, no residual": {"blocks": 2, "residual": False},
    "deep transformer": {"blocks": 6},
    "deep transformer, no residual": {"blocks": 6, "residual": False},
    "scaled between": {"attention": "scaled", "place": "between"},
    "multi-head between, no residual": {"attention": "multi-head", "place": "between"},
}


def build_variant(
    variant: str, shape: tuple[int, int], *, classes: int, units: int = 32, seed: int = 0
) -> "keras.Model":
    """Build one model of the line-up.

    Parameters
    ----------
    variant : str
        A key of ``LINE_UP``.
    shape : tuple of int
        ``(T, D)``.
    classes : int
        C, how many there are.
    units : int
        H, units of a BiLSTM per direction; the width of the transformer. A head of the multi-head attention is half as
        wide, and there are four.
    seed : int
        Seed of all initial weights.

    Returns
    -------
    keras.Model
        With a mask as its second input.

    Raises
    ------
    ValueError
        When there is no such variant, or a size is out of range.
    """
    from tsattn_tutorial.keras import (
        MultiHeadSelfAttention,
        SeqSelfAttention,
        self_attention_classifier,
        transformer_classifier,
    )

    options = dict(one_of("variant", variant, LINE_UP))
    sizes = {"classes": classes, "seed": seed}
    if "blocks" in options:
        return transformer_classifier(shape, width=units, **options, **sizes)
    score = {"attention_type": "multiplicative", "seed": seed}
    kinds = {
        "sigmoid": lambda: SeqSelfAttention(attention_activation="sigmoid", **score),
        "old mask": lambda: SeqSelfAttention(attention_activation="sigmoid", old_mask=True, **score),
        "plain": lambda: SeqSelfAttention(**score),
        "scaled": lambda: SeqSelfAttention(scaled=True, **score),
        "even": lambda: SeqSelfAttention(trainable=False, **score),
        "multi-head": lambda: MultiHeadSelfAttention(4, max(1, units // 2), seed=seed),
    }
    kind = options.pop("attention", None)
    layer = None if kind is None else kinds[kind]()
    model = self_attention_classifier(shape, attention=layer, units=units, **options, **sizes)
    if kind == "even":
        layer.set_weights([0 * weight for weight in layer.get_weights()])
    return model
