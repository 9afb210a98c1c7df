"""Encoders: standardized features become a sequence.

An encoder takes x of shape (n, n_frames, n_features) and the mask of its frames, and gives a sequence of shape (n,
n_steps, n_units) and the mask of its steps. The mask is None where no clip is padded. Where one is, padding is set to 0
before every convolution over time, and left out by attention and recurrence: a clip gives the same steps however far it
is padded.

Every layer with weights has a name, from which `seed_weights` draws its seed.
"""

from keras import layers

from .layers import BatchNorm, Bidirectional, ClearPadding, HalveMask, PositionEncoding, silu


def cnn(x, mask, architecture="residual", stem=(16, 32), filters=(96, 128), kernel_size=5):
    """Convolutions over frames and features, then blocks over time, each added to its input.

    "residual" is a network over time, after TC-ResNet (S. Choi et al., Temporal Convolution for Real-time Keyword
    Spotting on Mobile Devices, 2019), which has no stem and kernels of 9. "broadcasted" keeps the bands, with a
    fraction of the parameters (B. Kim et al., Broadcasted Residual Learning for Efficient Keyword Spotting, 2021).

    Parameters
    ----------
    x : keras.KerasTensor of shape (n, n_frames, n_features)
        Standardized features.
    mask : keras.KerasTensor of shape (n, n_frames) or None
        1 for a frame and 0 for padding.
    architecture : {"residual", "broadcasted"}, default="residual"
        Which of the two.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features.
    filters : tuple of int, default=(96, 128)
        One block each.
    kernel_size : int, default=5
        Steps that a convolution over time sees.

    Returns
    -------
    x : keras.KerasTensor of shape (n, n_steps, n_units)
    mask : keras.KerasTensor of shape (n, n_steps) or None
    """
    _check_filters("filters", filters, 1)
    return _ARCHITECTURES[architecture](x, mask, stem, filters, kernel_size)


def deep_cnn(x, mask, stem=(16, 32), units=256, n_layers=6, kernel_size=3, dropout=0.2):
    """Residual blocks over time that keep the number of steps, for networks which tell what is said in every step.

    Parameters
    ----------
    x : keras.KerasTensor of shape (n, n_frames, n_features)
        Standardized features.
    mask : keras.KerasTensor of shape (n, n_frames) or None
        1 for a frame and 0 for padding.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features.
    units : int, default=192
        Units of a step.
    n_layers : int, default=6
        Blocks of two convolutions.
    kernel_size : int, default=5
        Steps that a convolution over time sees.
    dropout : float, default=0.2
        Share of units switched off in training, within every block.

    Returns
    -------
    x : keras.KerasTensor of shape (n, n_steps, n_units)
    mask : keras.KerasTensor of shape (n, n_steps) or None
    """
    return _residual(x, mask, stem, (units,) * n_layers, kernel_size, halve=False, dropout=dropout)


def deep_crnn(x, mask, stem=(16, 32), units=256, n_layers=4, kernel_size=3, dropout=0.2):
    """The same, and then a bidirectional LSTM over time.

    Parameters
    ----------
    x : keras.KerasTensor of shape (n, n_frames, n_features)
        Standardized features.
    mask : keras.KerasTensor of shape (n, n_frames) or None
        1 for a frame and 0 for padding.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features.
    units : int, default=192
        Units of a step; the LSTM has half of them in each direction.
    n_layers : int, default=4
        Blocks of two convolutions.
    kernel_size : int, default=5
        Steps that a convolution over time sees.
    dropout : float, default=0.2
        Share of units switched off in training, within every block and before the LSTM.

    Returns
    -------
    x : keras.KerasTensor of shape (n, n_steps, n_units)
    mask : keras.KerasTensor of shape (n, n_steps) or None
    """
    x, mask = deep_cnn(x, mask, stem, units, n_layers, kernel_size, dropout)
    x = layers.Dropout(dropout, name="blocks_dropout")(x)
    lstm = layers.LSTM(max(1, units // 2), return_sequences=True, name="lstm")
    return Bidirectional(lstm, name="lstm")(x, step_mask=mask), mask


def rnn(x, mask, stem=(16, 32), units=64, n_layers=2, dropout=0.1):
    """Bidirectional gated recurrent units over time.

    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.

    Parameters
    ----------
    x : keras.KerasTensor of shape (n, n_frames, n_features)
        Standardized features.
    mask : keras.KerasTensor of shape (n, n_frames) or None
        1 for a frame and 0 for padding.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features.
    units : int, default=64
        Units of a step, in each direction.
    n_layers : int, default=2
        Layers of recurrent units.
    dropout : float, default=0.1
        Share of units switched off in training, after every layer.

    Returns
    -------
    x : keras.KerasTensor of shape (n, n_steps, n_units)
    mask : keras.KerasTensor of shape (n, n_steps) or None
    """
    x, mask = _stem(x, mask, stem)
    for i in range(1, 1 + n_layers):
        gru = layers.GRU(units, return_sequences=True, name="gru")
        x = Bidirectional(gru, name=f"gru_{i}")(x, step_mask=mask)
        x = layers.Dropout(dropout, name=f"gru_{i}_dropout")(x)
    return x, mask


def crnn(x, mask, stem=(16, 32), units=64, dropout=0.1):
    """Convolutions over frames and features, then a bidirectional LSTM over time.

    The textbook stack Conv2D, Flatten, LSTM, with the flattening done step by step, because an LSTM needs a sequence.
    After T. N. Sainath et al., Convolutional, Long Short-Term Memory, Fully Connected Deep Neural Networks, 2015.

    Parameters
    ----------
    x : keras.KerasTensor of shape (n, n_frames, n_features)
        Standardized features.
    mask : keras.KerasTensor of shape (n, n_frames) or None
        1 for a frame and 0 for padding.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features.
    units : int, default=64
        Units of a step, in each direction.
    dropout : float, default=0.1
        Share of units switched off in training, before the LSTM.

    Returns
    -------
    x : keras.KerasTensor of shape (n, n_steps, n_units)
    mask : keras.KerasTensor of shape (n, n_steps) or None
    """
    _check_filters("stem", stem, 1)
    x, mask = _stem(x, mask, stem)
    x = layers.Dropout(dropout, name="stem_dropout")(x)
    x = Bidirectional(layers.LSTM(units, return_sequences=True, name="lstm"), name="lstm")(x, step_mask=mask)
    return x, mask


def transformer(x, mask, stem=(16, 32), units=64, n_layers=3, n_heads=4, dropout=0.1):
    """Attention over time.

    Convolutions make the steps (T. Xiao et al., Early Convolutions Help Transformers See Better, 2021), waves of
    several lengths mark their position. After A. Berg et al., Keyword Transformer: A Self-Attention Model for Keyword
    Spotting, 2021.

    Parameters
    ----------
    x : keras.KerasTensor of shape (n, n_frames, n_features)
        Standardized features.
    mask : keras.KerasTensor of shape (n, n_frames) or None
        1 for a frame and 0 for padding.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features.
    units : int, default=64
        Units of a step, a multiple of `n_heads`.
    n_layers : int, default=3
        Layers of attention.
    n_heads : int, default=4
        Attention heads of a layer.
    dropout : float, default=0.1
        Share of units switched off in training.

    Returns
    -------
    x : keras.KerasTensor of shape (n, n_steps, n_units)
    mask : keras.KerasTensor of shape (n, n_steps) or None
    """
    x, mask = _stem(x, mask, stem)
    x = layers.Conv1D(units, 1, use_bias=False, name="project")(x)
    x = layers.ReLU()(_batch_norm(x, mask, "project_norm"))
    x = PositionEncoding(name="position")(x)
    for i in range(1, 1 + n_layers):
        x = _attention_block(x, mask, n_heads, dropout, f"block_{i}")
    return layers.LayerNormalization(name="norm")(x), mask


# Parts


def _check_filters(name, filters, least):
    if len(filters) < least or not all(isinstance(n, int) and n > 0 for n in filters):
        raise ValueError(f"{name} must be {least} or more positive integers, got {filters!r}")


def _n_steps(x, axis=1):
    """Steps for a layer that reshapes; -1 where clips are of any length."""
    return -1 if x.shape[axis] is None else x.shape[axis]


def _cleared(x, mask, axis=1):
    return x if mask is None else ClearPadding(axis)(x, mask)


def _halved(mask):
    return None if mask is None else HalveMask()(mask)


def _batch_norm(x, mask, name):
    """Normalize x; `mask` has its axes except the last, or is that of steps, (n, n_steps)."""
    if mask is not None and len(x.shape) == 4 and len(mask.shape) == 2:
        mask = mask[:, :, None]
    # Momentum 0.9, not Keras's 0.99: small sets are trained in a few hundred steps.
    return BatchNorm(momentum=0.9, name=name)(x, step_mask=mask)


def _maps(x, mask, filters):
    """Convolutions over frames and features, each of which halves both: (n, n_steps, n_bands, n_units).

    A word of another speaker is moved along the features as well as in time; convolutions over both see it as the same.
    """
    _check_filters("stem", filters, 0)
    x = layers.Reshape((_n_steps(x), x.shape[2], 1))(x)
    for i, n_filters in enumerate(filters, 1):
        size = 5 if i == 1 else 3
        x = layers.ZeroPadding2D((_around(size), _as_same(x.shape[2], size)))(_cleared(x, mask))
        x = layers.Conv2D(n_filters, size, 2, use_bias=False, name=f"stem_{i}")(x)
        mask = _halved(mask)
        x = layers.ReLU()(_batch_norm(x, mask, f"stem_{i}_norm"))
    return x, mask


def _around(size):
    """Padding that centres a kernel on every second step, however many there are; "same" would look at their number."""
    return (size - 1) // 2, size // 2


def _as_same(length, size):
    """Padding of ``padding="same"`` with strides of 2."""
    total = max((-(-length // 2) - 1) * 2 + size - length, 0)
    return total // 2, total - total // 2


def _stem(x, mask, filters):
    """The same as a sequence, (n, n_steps, n_units)."""
    if not filters:
        return x, mask
    x, mask = _maps(x, mask, filters)
    n_steps = _n_steps(x)
    return layers.Reshape((n_steps, x.shape[2] * x.shape[3]))(x), mask


# Residual blocks work on (n, 1, n_steps, n_units) with Conv2D: runtimes fuse what follows with it, not with Conv1D.


def _time_conv(x, mask, filters, kernel_size, name, strides=1):
    """Convolve over time, and normalize; `mask` is that of the steps before."""
    if kernel_size > 1:
        x = _cleared(x, mask, axis=2)
    padding = "same"
    if strides > 1:
        mask = _halved(mask)
        if kernel_size > 1:
            x, padding = layers.ZeroPadding2D(((0, 0), _around(kernel_size)))(x), "valid"
        else:
            # oneDNN's gradient of a strided convolution of one step writes beyond its memory where there are fewer
            # units than a vector holds (its issue 6035), so every second step is taken before.
            x, strides = x[:, :, ::strides], 1
    x = layers.Conv2D(filters, (1, kernel_size), (1, strides), padding=padding, use_bias=False, name=name)(x)
    return _batch_norm(x, None if mask is None else mask[:, None, :], f"{name}_norm"), mask


def _residual_block(x, mask, filters, kernel_size, strides, name, dropout=0.0):
    shortcut = x
    if strides != 1 or x.shape[-1] != filters:
        shortcut = layers.ReLU()(_time_conv(x, mask, filters, 1, f"{name}_shortcut", strides)[0])
    x, mask = _time_conv(x, mask, filters, kernel_size, f"{name}_conv_1", strides)
    x = layers.ReLU()(x)
    if dropout:
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x, mask = _time_conv(x, mask, filters, kernel_size, f"{name}_conv_2")
    return layers.ReLU()(layers.Add()([x, shortcut])), mask


def _residual(x, mask, stem, filters, kernel_size, halve=True, dropout=0.0):
    """Every number of `filters` is one block over time; all but the first may halve the number of steps."""
    x, mask = _stem(x, mask, stem)
    n_steps = _n_steps(x)
    x = layers.Reshape((1, n_steps, x.shape[2]))(x)
    x, mask = _time_conv(x, mask, filters[0], 1 if stem else 3, "first")
    x = layers.ReLU()(x)
    for i, n_filters in enumerate(filters, 1):
        strides = 2 if halve and not (stem and i == 1) else 1
        x, mask = _residual_block(x, mask, n_filters, kernel_size, strides, f"block_{i}", dropout)
    n_steps = _n_steps(x, axis=2)
    return layers.Reshape((n_steps, x.shape[3]))(x), mask


def _broadcasted_block(x, mask, filters, kernel_size, name):
    """Convolve over steps and bands; then the mean over the bands over time, which is added to every band."""
    if x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_widen")(x)
        x = layers.ReLU()(_batch_norm(x, mask, f"{name}_widen_norm"))
    maps = layers.DepthwiseConv2D(3, padding="same", use_bias=False, name=f"{name}_maps")(_cleared(x, mask))
    maps = _batch_norm(maps, mask, f"{name}_maps_norm")
    y = layers.AveragePooling2D((1, maps.shape[2]))(maps)
    n_steps = _n_steps(y)
    y = _cleared(layers.Reshape((n_steps, filters))(y), mask)  # (n, n_steps, filters)
    y = layers.DepthwiseConv1D(kernel_size, padding="same", use_bias=False, name=f"{name}_time")(y)
    y = layers.Activation(silu)(_batch_norm(y, mask, f"{name}_time_norm"))
    y = layers.SpatialDropout1D(0.1, name=f"{name}_dropout")(layers.Conv1D(filters, 1, name=f"{name}_mix")(y))
    y = layers.Reshape((n_steps, 1, filters))(y)
    return layers.ReLU()(layers.Add()([x, maps, y]))


def _broadcasted(x, mask, stem, filters, kernel_size):
    """Every number of `filters` is one block over steps and bands, which keeps the number of both."""
    x, mask = _maps(x, mask, stem)
    for i, n_filters in enumerate(filters, 1):
        x = _broadcasted_block(x, mask, n_filters, kernel_size, f"block_{i}")
    n_steps = _n_steps(x)
    x = layers.AveragePooling2D((1, x.shape[2]))(x)
    return layers.Reshape((n_steps, x.shape[3]))(x), mask


_ARCHITECTURES = {"residual": _residual, "broadcasted": _broadcasted}


def _attention_block(x, mask, n_heads, dropout, name):
    """Attention, then two dense layers, each added to its input after a layer normalization."""
    units = x.shape[-1]
    y = layers.LayerNormalization(name=f"{name}_attention_norm")(x)
    attention = layers.MultiHeadAttention(n_heads, units // n_heads, dropout=dropout, name=f"{name}_attention")
    y = attention(y, y, attention_mask=None if mask is None else mask[:, None, :] > 0)
    x = layers.Add()([x, layers.Dropout(dropout, name=f"{name}_attention_dropout")(y)])
    y = layers.LayerNormalization(name=f"{name}_dense_norm")(x)
    # SiLU, because GELU's erf has no place in the graphs of other runtimes.
    y = layers.Dense(2 * units, activation=silu, name=f"{name}_dense_1")(y)
    y = layers.Dense(units, name=f"{name}_dense_2")(y)
    return layers.Add()([x, layers.Dropout(dropout, name=f"{name}_dense_dropout")(y)])
