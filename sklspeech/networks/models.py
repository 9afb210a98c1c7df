"""Whole networks: recipe, encoder and head."""

import keras
from keras import layers

from . import encoders
from .layers import MeanOverTime, MiddleStep
from .recipe import Recipe


def classifier(
    input_shape,
    n_classes,
    encoder=encoders.cnn,
    *,
    pooling="mean",
    dropout=0.1,
    recipe=Recipe(),
    multilabel=False,
):
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
    dropout : float, default=0.1
        Share of the units of that vector which are switched off in training.
    recipe : Recipe, default=Recipe()
        Normalization and augmentation.
    multilabel : bool, default=False
        Whether each probability stands for itself, instead of all having a sum of 1.

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
    activation = "sigmoid" if multilabel else "softmax"
    outputs = layers.Dense(n_classes, activation=activation, name="probabilities", dtype="float32")(x)
    return keras.Model(inputs if mask is not None else inputs[0], outputs, name="classifier")


def transcriber(input_shape, n_symbols, encoder=encoders.deep_cnn, *, dropout=0.2, recipe=Recipe(keep_ends=True)):
    """Make a network from features to the logarithms of the probabilities of symbols in every step, not compiled.

    Parameters
    ----------
    input_shape : tuple of (None, int)
        Features of a frame; clips have different lengths (see `Recipe.begin`).
    n_symbols : int
        Symbols, the blank included, which is the last.
    encoder : callable, default=deep_cnn
        A function of `networks.encoders`, or a ``functools.partial`` of one.
    dropout : float, default=0.2
        Share of the units of a step which are switched off in training.
    recipe : Recipe, default=Recipe(keep_ends=True)
        Normalization and augmentation.

    Returns
    -------
    model : keras.Model
        See `classifier`. Steps beyond the end of a clip have no meaning.
    """
    inputs, x, mask = recipe.begin(input_shape)
    x, _ = encoder(x, mask)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(n_symbols, activation="log_softmax", name="probabilities", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="transcriber")


def around(model, input_shape, n_classes, recipe=Recipe()):
    """Put the recipe before a network that goes from features to class probabilities.

    Parameters
    ----------
    model : keras.Model
        Takes (n, n_frames, n_features), or (n, n_frames, n_features, 1) as images are, and gives (n, n_classes).
    input_shape : tuple of (int, int)
        Frames and features of a clip.
    n_classes : int
        Probabilities of a clip.
    recipe : Recipe, default=Recipe()
        Normalization and augmentation.

    Returns
    -------
    model : keras.Model

    Raises
    ------
    ValueError
        The network takes or gives something else, or clips have different lengths.
    """
    if input_shape[0] is None:
        raise ValueError("a keras.Model of your own takes clips of one length: give the features a duration")
    inputs, x, _ = recipe.begin(input_shape)
    expected = [(None, *input_shape), (None, *input_shape, 1)]
    given = [tuple(value.shape) for value in model.inputs]
    if len(given) != 1 or given[0] not in expected or tuple(model.output_shape) != (None, n_classes):
        raise ValueError(
            f"a keras.Model of your own must go from {expected[0]} or {expected[1]} to {(None, n_classes)}, got "
            f"{given} to {model.output_shape}"
        )
    if given[0] == expected[1]:
        x = layers.Reshape((*input_shape, 1))(x)
    outputs = layers.Activation("linear", name="probabilities", dtype="float32")(model(x))
    return keras.Model(inputs[0], outputs, name="classifier")


def _mean(x, mask):
    return MeanOverTime(name="mean")(x, step_mask=mask)


def _attention(x, mask):
    query = layers.Dense(x.shape[-1], name="query")(MiddleStep(name="middle")(x, step_mask=mask))
    masks = None if mask is None else [None, mask > 0]
    return layers.Flatten()(layers.Attention(name="attention")([query, x], mask=masks))


_POOLINGS = {"mean": _mean, "attention": _attention}
