"""Layers of our own that act in training and in prediction, by keras.ops alone.

Where clips are padded to one length, `step_mask` of shape (n, n_steps) is 1 for a step of the clip and 0 for padding.
None means that no clip is padded. An argument of the name `mask` would be passed on by Keras, to layers that have none.
"""

import keras
import numpy as np
from keras import ops


class Float32Layer(keras.layers.Layer):
    """A layer that computes in float32 whatever the dtype policy: decibels and means of frames do not fit into less."""

    def __init__(self, **kwargs):
        super().__init__(**{"dtype": "float32", **kwargs})


@keras.saving.register_keras_serializable("sklspeech")
def silu(x):
    """Multiply by the sigmoid; the gradient of Keras's is in a registry of TensorFlow, and keeps every traced step."""
    return x * ops.sigmoid(x)


@keras.saving.register_keras_serializable("sklspeech")
class StepMask(Float32Layer):
    """Which steps belong to the clip: (n, n_steps), float32, from a sequence and the number of steps of each clip."""

    def call(self, inputs, n_steps):
        steps = ops.arange(ops.shape(inputs)[1], dtype="int32")
        return ops.cast(steps[None, :] < ops.cast(n_steps, "int32")[:, None], "float32")


@keras.saving.register_keras_serializable("sklspeech")
class HalveMask(Float32Layer):
    """The mask of a sequence of which every second step is left, beginning with the first."""

    def call(self, step_mask):
        return step_mask[:, ::2]


@keras.saving.register_keras_serializable("sklspeech")
class ClearPadding(Float32Layer):
    """Set padding to 0, which is what a convolution sees beyond the end of a clip that is alone.

    Parameters
    ----------
    axis : int, default=1
        The axis of time.
    """

    def __init__(self, axis=1, **kwargs):
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, inputs, step_mask):
        others = [axis for axis in range(len(inputs.shape)) if axis not in (0, self.axis)]
        return inputs * ops.expand_dims(step_mask, others)

    def get_config(self):
        return {**super().get_config(), "axis": self.axis}


def masked_mean(x, mask, axis):
    """Mean of clips over `axis`, which includes time; padding does not count.

    Parameters
    ----------
    x : tensor of shape (n, n_steps, n_units)
    mask : tensor of shape (n, n_steps) or None
    axis : int or tuple of int

    Returns
    -------
    mean : tensor
        The axes are kept, with length 1.
    """
    if mask is None:
        return ops.mean(x, axis=axis, keepdims=True)
    weights = mask[:, :, None] / ops.sum(mask, axis=1)[:, None, None]
    mean = ops.sum(x * weights, axis=1, keepdims=True)
    return mean if axis == 1 else ops.mean(mean, axis=2, keepdims=True)


def without_mean(x, normalization, mask=None):
    """Subtract from clips what `Level` says of `normalization`, twice.

    The float32 mean of thousands of decibels far from 0 is inexact, and every runtime rounds it in another way:
    probabilities of an exported network would differ by 1e-5. The second mean is that of small numbers, and exact.

    Parameters
    ----------
    x : tensor of shape (n, n_frames, n_features)
    normalization : {"clip", "feature"}
    mask : tensor of shape (n, n_frames) or None, default=None

    Returns
    -------
    normalized : tensor of shape (n, n_frames, n_features)
    """
    axis = (1, 2) if normalization == "clip" else 1
    x = x - masked_mean(x, mask, axis)
    return x - masked_mean(x, mask, axis)


@keras.saving.register_keras_serializable("sklspeech")
class Level(Float32Layer):
    """Subtract each clip's own mean: what the distance and the microphone add to decibels.

    Where no clip is padded and all have a single frame, they are left as they are.

    Parameters
    ----------
    normalization : {"clip", "feature"}
        One mean over frames and features (level), or one a feature over the frames (level and colour: cepstral mean
        normalization, B. S. Atal, 1974).
    """

    def __init__(self, normalization, **kwargs):
        super().__init__(**kwargs)
        self.normalization = normalization

    def call(self, inputs, step_mask=None):
        if step_mask is None and inputs.shape[1] == 1:
            return inputs
        return without_mean(inputs, self.normalization, step_mask)

    def get_config(self):
        return {**super().get_config(), "normalization": self.normalization}


@keras.saving.register_keras_serializable("sklspeech")
class Standardize(Float32Layer):
    """(x - mean) / deviation, feature by feature; `adapt` learns the two from the training clips.

    They are weights, not constants, so that they are saved, loaded and exported with the network.
    """

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", trainable=False)

    def adapt(self, batches):
        """Learn mean and scale.

        Parameters
        ----------
        batches : iterable of ndarray of shape (n_frames_i, n_features), float32
            The frames of all clips, some at a time: sums in float64 take twice their memory.
        """
        n_frames, total, squares, largest = 0, 0.0, 0.0, 0.0
        for batch in batches:
            frames = batch.astype(np.float64)
            n_frames += len(frames)
            total += frames.sum(axis=0)
            largest = np.maximum(largest, np.abs(frames).max(axis=0))
            squares += np.square(frames, out=frames).sum(axis=0)
        mean = total / n_frames
        deviation = np.sqrt(np.maximum(squares / n_frames - mean**2, 0.0))
        # A feature that never changes is only centred, as in scikit-learn's StandardScaler.
        constant = deviation <= 10 * np.finfo(np.float32).eps * largest
        self.mean.assign(mean)
        self.scale.assign(1.0 / np.where(constant, 1.0, deviation))

    def call(self, inputs):
        return (inputs - self.mean) * self.scale


@keras.saving.register_keras_serializable("sklspeech")
class BatchNorm(keras.layers.BatchNormalization):
    """Keras's batch normalization; in training by TensorFlow's fused kernel, which takes a third of the time on a CPU.

    A default fit takes 18 % longer without it (November 2026). The statistics are over all axes but the last one, which
    Keras normalizes by default. Other backends, other precisions than float32 and padded clips are left to Keras.
    """

    def call(self, inputs, training=None, step_mask=None):
        fused = keras.backend.backend() == "tensorflow" and self.compute_dtype == "float32" and step_mask is None
        if not (fused and training and self.trainable):
            return super().call(inputs, training=training, mask=step_mask)
        import tensorflow as tf

        shape = ops.shape(inputs)
        maps = ops.reshape(inputs, (shape[0], -1, 1, shape[-1]))
        maps, mean, variance = tf.compat.v1.nn.fused_batch_norm(maps, self.gamma, self.beta, epsilon=self.epsilon)
        # The kernel's variance is that of a sample, with n - 1; Keras keeps that of the batch.
        variance *= 1.0 - shape[-1] / ops.cast(ops.size(inputs), "float32")
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return ops.reshape(maps, shape)


@keras.saving.register_keras_serializable("sklspeech")
class Bidirectional(keras.layers.Bidirectional):
    """Keras's; in either direction it begins at an end of the clip, not of its padding."""

    def call(self, sequences, initial_state=None, training=None, step_mask=None):
        mask = None if step_mask is None else step_mask > 0
        return super().call(sequences, initial_state=initial_state, mask=mask, training=training)


@keras.saving.register_keras_serializable("sklspeech")
class PositionEncoding(Float32Layer):
    """Add sines and cosines of the step, which tell attention where in the clip a step is.

    After A. Vaswani et al., Attention Is All You Need, 2017, scaled to a standard deviation of `scale`.

    Parameters
    ----------
    scale : float, default=0.1
    """

    def __init__(self, scale=0.1, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, inputs):
        n_units = inputs.shape[-1]
        steps = ops.cast(ops.arange(ops.shape(inputs)[1], dtype="int32"), "float32")
        rates = 10_000.0 ** (-2.0 * np.arange(-(-n_units // 2)) / n_units)
        angles = steps[:, None] * ops.convert_to_tensor(rates.astype(np.float32))
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=1)[:, :n_units]
        return inputs + np.float32(self.scale * np.sqrt(2)) * waves

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


@keras.saving.register_keras_serializable("sklspeech")
class MiddleStep(Float32Layer):
    """The step in the middle of each clip: (n, 1, n_units)."""

    def call(self, inputs, step_mask=None):
        if step_mask is None:
            middle = inputs.shape[1] // 2
            return inputs[:, middle : middle + 1]
        steps = ops.arange(ops.shape(inputs)[1], dtype="int32")
        middles = ops.cast(ops.sum(step_mask, axis=1), "int32") // 2
        is_middle = ops.cast(ops.equal(steps[None, :], middles[:, None]), "float32")
        return ops.matmul(is_middle[:, None, :], inputs)


@keras.saving.register_keras_serializable("sklspeech")
class MeanOverTime(Float32Layer):
    """The mean of each clip's steps: (n, n_units)."""

    def call(self, inputs, step_mask=None):
        return masked_mean(inputs, step_mask, 1)[:, 0]
