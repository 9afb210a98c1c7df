"""The networks: (input_shape, n_classes, ...) -> uncompiled keras.Model, from features to class probabilities.

`input_shape` is (n_frames, n_features). Every network begins with `Standardize`, which the caller adapts to the
training clips, with `Warp` before it and `SpecAugment` behind, which act in training only.
"""

import keras
from keras import layers

from .layers import PositionEmbedding, SpecAugment, Standardize, Warp


def _check_filters(filters):
    if not filters or not all(isinstance(n, int) and n > 0 for n in filters):
        raise ValueError(f"filters must be one or more positive integers, got {filters!r}")


def _inputs(input_shape, masks, speed, vocal_tract, shift):
    """Input and its standardized, in training warped and masked form."""
    x = inputs = keras.Input(input_shape, name="features")
    if speed or vocal_tract or shift:
        x = Warp(speed, vocal_tract, shift, name="warp")(x)
    x = Standardize(name="standardize")(x)
    if masks:
        x = SpecAugment(masks, 0.2, masks, 0.2, name="spec_augment")(x)
    return inputs, x


def _model(inputs, x, n_classes, dropout, name):
    """Classify what a network made of the clip, (n, n_units)."""
    x = layers.Dropout(dropout)(x)
    outputs = layers.Dense(n_classes, activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name=name)


def _batch_norm(x):
    # Momentum 0.9, not Keras's 0.99: small sets are trained in a few hundred steps.
    return layers.BatchNormalization(momentum=0.9)(x)


def _conv1d(x, filters, kernel_size, strides=1):
    x = layers.Conv1D(filters, kernel_size, strides, padding="same", use_bias=False)(x)
    return _batch_norm(x)


def _residual_block(x, filters, kernel_size, strides):
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = layers.ReLU()(_conv1d(x, filters, 1, strides))
    x = layers.ReLU()(_conv1d(x, filters, kernel_size, strides))
    x = _conv1d(x, filters, kernel_size)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def cnn(
    input_shape,
    n_classes,
    filters=(32, 48, 64, 96),
    kernel_size=9,
    dropout=0.3,
    masks=1,
    speed=0.0,
    vocal_tract=0.0,
    shift=0.0,
):
    """Residual network of one-dimensional convolutions over time, features as channels.

    Every number of filters is one residual block that halves the number of frames; the mean over time is classified.
    After TC-ResNet (S. Choi et al., Temporal Convolution for Real-time Keyword Spotting on Mobile Devices, 2019).
    """
    _check_filters(filters)
    inputs, x = _inputs(input_shape, masks, speed, vocal_tract, shift)
    x = layers.ReLU()(_conv1d(x, filters[0], 3))
    for n_filters in filters:
        x = _residual_block(x, n_filters, kernel_size, strides=2)
    x = layers.GlobalAveragePooling1D()(x)
    return _model(inputs, x, n_classes, dropout, "cnn")


def rnn(
    input_shape,
    n_classes,
    units=64,
    n_layers=2,
    subsampling=4,
    dropout=0.3,
    masks=1,
    speed=0.0,
    vocal_tract=0.0,
    shift=0.0,
):
    """Bidirectional gated recurrent units over time.

    A convolution with `subsampling` as its stride shortens the sequence first; the mean over time is classified.
    GRU: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """
    inputs, x = _inputs(input_shape, masks, speed, vocal_tract, shift)
    x = layers.ReLU()(_conv1d(x, units, 2 * subsampling + 1, subsampling))
    for _ in range(n_layers):
        x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
        x = layers.Dropout(dropout)(x)
    x = layers.GlobalAveragePooling1D()(x)
    return _model(inputs, x, n_classes, dropout, "rnn")


def crnn(
    input_shape,
    n_classes,
    filters=(8, 24),
    kernel_size=3,
    units=64,
    dropout=0.3,
    masks=1,
    speed=0.0,
    vocal_tract=0.0,
    shift=0.0,
):
    """Two-dimensional convolutions over frames and features, then a bidirectional LSTM over time.

    Every number of filters is a convolution and a max-pooling that halves frames and features; what is left of the
    features is flattened into each time step. The textbook stack Conv2D, MaxPooling2D, Flatten, LSTM, with the
    flattening done step by step, for an LSTM needs a sequence.
    After T. N. Sainath et al., Convolutional, Long Short-Term Memory, Fully Connected Deep Neural Networks, 2015.
    """
    _check_filters(filters)
    inputs, x = _inputs(input_shape, masks, speed, vocal_tract, shift)
    x = layers.Reshape((*input_shape, 1))(x)  # (n, n_frames, n_features, 1)
    for n_filters in filters:
        x = layers.Conv2D(n_filters, kernel_size, padding="same", use_bias=False)(x)
        x = layers.ReLU()(_batch_norm(x))
        x = layers.MaxPooling2D(2, padding="same")(x)
    x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)  # (n, n_steps, n_bands * n_filters)
    x = layers.Dropout(dropout)(x)
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
    y = layers.Dense(2 * units, activation="gelu")(y)
    y = layers.Dense(units)(y)
    return layers.Add()([x, layers.Dropout(dropout)(y)])


def transformer(
    input_shape,
    n_classes,
    units=64,
    n_layers=3,
    n_heads=4,
    subsampling=4,
    dropout=0.1,
    masks=1,
    speed=0.0,
    vocal_tract=0.0,
    shift=0.0,
):
    """Transformer encoder over time.

    A convolution with `subsampling` as its stride makes the time steps, a learned vector marks their position; the
    mean over time is classified.
    After A. Berg et al., Keyword Transformer: A Self-Attention Model for Keyword Spotting, 2021.
    """
    inputs, x = _inputs(input_shape, masks, speed, vocal_tract, shift)
    x = layers.ReLU()(_conv1d(x, units, 2 * subsampling + 1, subsampling))
    x = PositionEmbedding()(x)
    for _ in range(n_layers):
        x = _encoder_block(x, n_heads, dropout)
    x = layers.LayerNormalization()(x)
    x = layers.GlobalAveragePooling1D()(x)
    return _model(inputs, x, n_classes, dropout, "transformer")
