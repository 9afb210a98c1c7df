"""The networks: (input_shape, n_classes, ...) -> uncompiled keras.Model, from features to class probabilities.

`input_shape` is (n_frames, n_features). Every network begins with the layers of its `Recipe`, among them `Standardize`,
which the caller adapts to the training clips.
"""

from dataclasses import dataclass

import keras
from keras import layers

from . import optimizers  # noqa: F401, registered with the layers, for a network that was saved with its optimizer
from .layers import BatchNorm, Floor, Gain, Level, Noise, PositionEmbedding, SpecAugment, Standardize, Warp


@dataclass(frozen=True)
class Recipe:
    """What happens to the features before the network proper; all but the normalization in training only.

    The classifiers document these parameters.
    """

    normalization: str | None = "clip"
    masks: int = 1
    speed: float = 0.2
    vocal_tract: float = 0.1
    shift: float = 0.1
    gain: float = 0.0
    noise: float | None = None
    floor: float | None = None

    def inputs(self, input_shape):
        """Input and its standardized, in training changed form."""
        x = inputs = keras.Input(input_shape, name="features")
        if self.noise is not None:
            x = Noise(self.noise, name="noise")(x)
        if self.speed or self.vocal_tract or self.shift:
            x = Warp(self.speed, self.vocal_tract, self.shift, name="warp")(x)
        if self.normalization:
            x = Level(self.normalization, name="level")(x)
        if self.gain:
            x = Gain(self.gain, name="gain")(x)
        if self.floor is not None:
            # After the level, for the floor adds to the mean: before it, speech would be lowered with every floor.
            x = Floor(self.floor, name="floor")(x)
        x = Standardize(name="standardize")(x)
        if self.masks:
            x = SpecAugment(self.masks, 0.2, self.masks, 0.2, name="spec_augment")(x)
        return inputs, x


def _check_filters(name, filters, least):
    if len(filters) < least or not all(isinstance(n, int) and n > 0 for n in filters):
        raise ValueError(f"{name} must be {least} or more positive integers, got {filters!r}")


def _model(inputs, x, n_classes, dropout, name):
    """Classify what a network made of the clip, (n, n_units)."""
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(n_classes, activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name=name)


def _batch_norm(x):
    # Momentum 0.9, not Keras's 0.99: small sets are trained in a few hundred steps.
    return BatchNorm(momentum=0.9)(x)


def _conv1d(x, filters, kernel_size, strides=1):
    """Convolve over time, (n, 1, n_steps, n_units); runtimes fuse what follows with it, but not with Keras's Conv1D."""
    x = layers.Conv2D(filters, (1, kernel_size), (1, strides), padding="same", use_bias=False)(x)
    return _batch_norm(x)


def _maps(x, filters):
    """Two-dimensional convolutions over frames and features, each of which halves both: (n, n_steps, n_bands, n_units).

    A word of another speaker is moved along the features as well as in time; convolutions over both see it as the same.
    """
    _check_filters("stem", filters, 0)
    x = layers.Reshape((*x.shape[1:], 1))(x)  # (n, n_frames, n_features, 1)
    for i, n_filters in enumerate(filters):
        x = layers.Conv2D(n_filters, 3 if i else 5, 2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(_batch_norm(x))
    return x


def _stem(x, filters):
    """The same as a sequence, (n, n_steps, n_units)."""
    if not filters:
        return x
    x = _maps(x, filters)
    return layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)


def _residual_block(x, filters, kernel_size, strides):
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = layers.ReLU()(_conv1d(x, filters, 1, strides))
    x = layers.ReLU()(_conv1d(x, filters, kernel_size, strides))
    x = _conv1d(x, filters, kernel_size)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _residual(x, stem, filters, kernel_size):
    """Every number of `filters` is one block over time, all but the first of which halve the number of steps."""
    x = _stem(x, stem)
    x = layers.Reshape((1, *x.shape[1:]))(x)
    x = layers.ReLU()(_conv1d(x, filters[0], 1 if stem else 3))
    for i, n_filters in enumerate(filters):
        x = _residual_block(x, n_filters, kernel_size, strides=1 if stem and i == 0 else 2)
    return layers.GlobalAveragePooling2D()(x)


def _broadcasted_block(x, filters, kernel_size):
    """Convolve over steps and bands; then the mean over the bands over time, which is added to every band."""
    if x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
        x = layers.ReLU()(_batch_norm(x))
    maps = _batch_norm(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x))
    y = layers.AveragePooling2D((1, maps.shape[2]))(maps)
    y = layers.Reshape((y.shape[1], filters))(y)  # (n, n_steps, filters)
    y = layers.DepthwiseConv1D(kernel_size, padding="same", use_bias=False)(y)
    y = layers.Activation("silu")(_batch_norm(y))
    y = layers.SpatialDropout1D(0.1)(layers.Conv1D(filters, 1)(y))
    y = layers.Reshape((y.shape[1], 1, filters))(y)
    return layers.ReLU()(layers.Add()([x, maps, y]))


def _broadcasted(x, stem, filters, kernel_size):
    """Every number of `filters` is one block over steps and bands, which keeps the number of both."""
    x = _maps(x, stem)
    for n_filters in filters:
        x = _broadcasted_block(x, n_filters, kernel_size)
    return layers.GlobalAveragePooling2D()(x)


_ARCHITECTURES = {"residual": _residual, "broadcasted": _broadcasted}


def cnn(
    input_shape,
    n_classes,
    architecture="residual",
    stem=(16, 32),
    filters=(96, 128),
    kernel_size=3,
    dropout=0.3,
    recipe=Recipe(),
):
    """Convolutions over frames and features, then blocks, each added to its input; their mean is classified.

    "residual" is a network over time, after TC-ResNet (S. Choi et al., Temporal Convolution for Real-time Keyword
    Spotting on Mobile Devices, 2019), which is the network without a stem, with kernels of 9. "broadcasted" keeps the
    bands, with a fraction of the parameters (B. Kim et al., Broadcasted Residual Learning for Efficient Keyword
    Spotting, 2021).
    """
    _check_filters("filters", filters, 1)
    inputs, x = recipe.inputs(input_shape)
    x = _ARCHITECTURES[architecture](x, stem, filters, kernel_size)
    return _model(inputs, x, n_classes, dropout, "cnn")


def rnn(input_shape, n_classes, stem=(16, 32), units=64, n_layers=2, dropout=0.3, recipe=Recipe()):
    """Bidirectional gated recurrent units over time, with attention.

    The middle step asks which steps count, and their weighted mean is classified. After D. C. de Andrade et al., A
    Neural Attention Model for Speech Command Recognition, 2018, and its successor MHAtt-RNN (O. Rybakov et al.,
    Streaming Keyword Spotting on Mobile Devices, 2020).
    GRU: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """
    inputs, x = recipe.inputs(input_shape)
    x = _stem(x, stem)
    for _ in range(n_layers):
        x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
        x = layers.Dropout(dropout)(x)
    middle = x.shape[1] // 2
    query = layers.Dense(2 * units)(x[:, middle : middle + 1])
    x = layers.Flatten()(layers.Attention()([query, x]))
    return _model(inputs, x, n_classes, dropout, "rnn")


def crnn(input_shape, n_classes, stem=(16, 32), units=64, dropout=0.3, recipe=Recipe()):
    """Convolutions over frames and features, then a bidirectional LSTM over time.

    The textbook stack Conv2D, Flatten, LSTM, with the flattening done step by step, for an LSTM needs a sequence.
    After T. N. Sainath et al., Convolutional, Long Short-Term Memory, Fully Connected Deep Neural Networks, 2015.
    """
    _check_filters("stem", stem, 1)
    inputs, x = recipe.inputs(input_shape)
    x = layers.Dropout(dropout)(_stem(x, stem))
    x = layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x)
    x = layers.GlobalAveragePooling1D()(x)
    return _model(inputs, x, n_classes, dropout, "crnn")


def _encoder_block(x, n_heads, dropout):
    """Attention, then two dense layers, each added to its input after a layer normalization."""
    units = x.shape[-1]
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(n_heads, units // n_heads, dropout=dropout)(y, y)
    x = layers.Add()([x, layers.Dropout(dropout)(y)])
    y = layers.LayerNormalization()(x)
    y = layers.Dense(2 * units, activation="silu")(y)  # GELU's erf has no place in the graphs of other runtimes
    y = layers.Dense(units)(y)
    return layers.Add()([x, layers.Dropout(dropout)(y)])


def transformer(input_shape, n_classes, stem=(16, 32), units=64, n_layers=3, n_heads=4, dropout=0.1, recipe=Recipe()):
    """Transformer encoder over time.

    Convolutions make the time steps (T. Xiao et al., Early Convolutions Help Transformers See Better, 2021), a learned
    vector marks their position; the mean over time is classified.
    After A. Berg et al., Keyword Transformer: A Self-Attention Model for Keyword Spotting, 2021.
    """
    inputs, x = recipe.inputs(input_shape)
    x = layers.Conv1D(units, 1, use_bias=False)(_stem(x, stem))
    x = layers.ReLU()(_batch_norm(x))
    x = PositionEmbedding()(x)
    for _ in range(n_layers):
        x = _encoder_block(x, n_heads, dropout)
    x = layers.LayerNormalization()(x)
    x = layers.GlobalAveragePooling1D()(x)
    return _model(inputs, x, n_classes, dropout, "transformer")
