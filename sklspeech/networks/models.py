"""Whole networks: recipe, encoder and head."""

import keras
from keras import layers

from . import encoders
from .layers import MeanOverTime, MiddleStep
from .recipe import Recipe


def classifier(input_shape, n_classes, encoder=encoders.cnn, *, pooling="mean", dropout=0.3, recipe=Recipe()):
    """Make a network from features to class probabilities, not compiled.

    Parameters
    ----------
    input_shape : tuple of (int or None, int)
        Frames and features of a clip; None for clips of different lengths (see `Recipe.begin`).
    n_classes : int
        Probabilities of a clip.
    encoder : callable, default=cnn
        A function of `networks.encoders`, or a ``functools.partial`` of one.
    pooling : {"mean", "attention"}, default="mean"
        How the steps of a clip become one vector: their mean; or a mean weighted by what the middle step asks for
        (D. C. de Andrade et al., A Neural Attention Model for Speech Command Recognition, 2018, and MHAtt-RNN, O.
        Rybakov et al., Streaming Keyword Spotting on Mobile Devices, 2020).
    dropout : float, default=0.3
        Share of the units of that vector which are switched off in training.
    recipe : Recipe, default=Recipe()
        Normalization and augmentation.

    Returns
    -------
    model : keras.Model
        Its weights are still those that Keras drew: see `seed_weights`. Its layer ``standardize`` is to be adapted to
        the training clips.
    """
    inputs, x, mask = recipe.begin(input_shape)
    x, mask = encoder(x, mask)
    x = _POOLINGS[pooling](x, mask)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(n_classes, activation="softmax", name="probabilities", dtype="float32")(x)
    return keras.Model(inputs if mask is not None else inputs[0], outputs, name="classifier")


def _mean(x, mask):
    return MeanOverTime(name="mean")(x, step_mask=mask)


def _attention(x, mask):
    query = layers.Dense(x.shape[-1], name="query")(MiddleStep(name="middle")(x, step_mask=mask))
    masks = None if mask is None else [None, mask > 0]
    return layers.Flatten()(layers.Attention(name="attention")([query, x], mask=masks))


_POOLINGS = {"mean": _mean, "attention": _attention}
