"""The few layers of our own, registered so that a saved network finds them; all work with keras.ops alone."""

import keras
import numpy as np
from keras import ops


def without_mean(x, normalization):
    """Subtract from clips, (n, n_frames, n_features), what `Level` says of `normalization`, twice.

    The mean of thousands of decibels far from 0 is rounded, and by every runtime in another way, so that an exported
    network would differ by 1e-5 in its probabilities; what is left of it has a mean that is exact.
    """
    axis = (1, 2) if normalization == "clip" else 1
    x = x - ops.mean(x, axis=axis, keepdims=True)
    return x - ops.mean(x, axis=axis, keepdims=True)


@keras.saving.register_keras_serializable("sklspeech")
class Level(keras.layers.Layer):
    """Subtract from every clip its own mean: what a louder speaker, a nearer or another microphone adds to decibels.

    A clip of a single frame is left as it is.

    Parameters
    ----------
    normalization : {"clip", "feature"}
        One mean over frames and features (level), or one a feature over the frames (level and colour: cepstral mean
        normalization, B. S. Atal, 1974).
    """

    def __init__(self, normalization, **kwargs):
        super().__init__(**kwargs)
        self.normalization = normalization

    def call(self, inputs):
        if inputs.shape[1] == 1:
            return inputs
        return without_mean(inputs, self.normalization)

    def get_config(self):
        return {**super().get_config(), "normalization": self.normalization}


@keras.saving.register_keras_serializable("sklspeech")
class Standardize(keras.layers.Layer):
    """(x - mean) / deviation, feature by feature; the two are learned from the training clips by `adapt`.

    They are weights, not constants, so that they are saved, loaded and exported with the network.
    """

    def build(self, input_shape):
        shape = (input_shape[-1],)
        self.mean = self.add_weight(name="mean", shape=shape, initializer="zeros", trainable=False)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", trainable=False)

    def adapt(self, pieces):
        """Learn mean and scale.

        Parameters
        ----------
        pieces : iterable of ndarray of shape (n_i, n_frames, n_features), float32
            All clips, some at a time: sums in float64 take twice their memory.
        """
        n_frames, total, squares, largest = 0, 0.0, 0.0, 0.0
        for piece in pieces:
            frames = piece.reshape(-1, piece.shape[-1]).astype(np.float64)
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

    The statistics are over all axes but the last one, which Keras normalizes by default. Other backends, other
    precisions than float32 and masked steps are left to Keras.
    """

    def call(self, inputs, training=None, mask=None):
        fused = keras.backend.backend() == "tensorflow" and self.compute_dtype == "float32" and mask is None
        if not (fused and training and self.trainable):
            return super().call(inputs, training=training, mask=mask)
        import tensorflow as tf

        shape = ops.shape(inputs)
        maps = ops.reshape(inputs, (shape[0], -1, 1, shape[-1]))
        maps, mean, variance = tf.compat.v1.nn.fused_batch_norm(maps, self.gamma, self.beta, epsilon=self.epsilon)
        # The kernel's variance is that of a sample, with n - 1; Keras keeps that of the batch.
        variance *= 1.0 - shape[-1] / ops.cast(ops.size(inputs), "float32")
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))
        return ops.reshape(maps, shape)


class _TrainingLayer(keras.layers.Layer):
    """Changes its input while training, by random numbers of its own; otherwise hands it on. `_change` says how."""

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, training=False):
        return self._change(inputs) if training else inputs

    def _change(self, inputs):
        raise NotImplementedError

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("sklspeech")
class Noise(_TrainingLayer):
    """Add noise to features in decibels while training, as if it had been in the recording.

    Powers add up. Every clip draws a signal-to-noise ratio, evenly from `snr` to ``snr + 30`` dB, and the colour of its
    noise: a slope, evenly from -20 to 20 dB from the lowest to the highest band. Its power is the same in all frames.

    Parameters
    ----------
    snr : float
        Lowest signal-to-noise ratio in dB, of the means of the power over frames and bands.
    seed : int or None, default=None
    """

    def __init__(self, snr, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.snr = snr

    def _change(self, inputs):
        n_clips, n_features = ops.shape(inputs)[0], inputs.shape[2]
        draws = keras.random.uniform((2, n_clips, 1), seed=self.generator)
        slopes = (40.0 * draws[1] - 20.0) * ops.linspace(-0.5, 0.5, n_features)  # (n_clips, n_features)
        levels = _mean_level(inputs, (1, 2)) - _mean_level(slopes, 1) - (self.snr + 30.0 * draws[0])
        noise = (levels + slopes)[:, None, :]
        return inputs + ops.softplus((noise - inputs) / _DECIBELS) * _DECIBELS

    def get_config(self):
        return {**super().get_config(), "snr": self.snr}


_DECIBELS = 10.0 / np.log(10.0)  # dB of a power of e


def _mean_level(decibels, axis):
    """Decibels of the mean power, (n_clips, 1)."""
    length = np.prod([decibels.shape[i] for i in np.atleast_1d(axis)])
    total = ops.logsumexp(decibels / _DECIBELS, axis=axis) - np.log(length)
    return (_DECIBELS * total)[:, None]


@keras.saving.register_keras_serializable("sklspeech")
class Gain(_TrainingLayer):
    """Raise or lower clips in decibels while training, each by its own gain, evenly from ``-gain`` to ``gain`` dB."""

    def __init__(self, gain, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.gain = gain

    def _change(self, inputs):
        shape = (ops.shape(inputs)[0], 1, 1)
        return inputs + keras.random.uniform(shape, -self.gain, self.gain, seed=self.generator)

    def get_config(self):
        return {**super().get_config(), "gain": self.gain}


@keras.saving.register_keras_serializable("sklspeech")
class Floor(_TrainingLayer):
    """Raise what is faint in features in decibels to a floor while training, as noise would hide it.

    Every clip draws how far below its loudest value the floor lies, evenly from `depth` to ``depth + 40`` dB.

    Parameters
    ----------
    depth : float
        Smallest distance in dB.
    seed : int or None, default=None
    """

    def __init__(self, depth, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.depth = depth

    def _change(self, inputs):
        shape = (ops.shape(inputs)[0], 1, 1)
        depths = keras.random.uniform(shape, self.depth, self.depth + 40.0, seed=self.generator)
        return ops.maximum(inputs, ops.max(inputs, axis=(1, 2), keepdims=True) - depths)

    def get_config(self):
        return {**super().get_config(), "depth": self.depth}


@keras.saving.register_keras_serializable("sklspeech")
class SpecAugment(_TrainingLayer):
    """Mask bands of features and spans of frames while training (D. S. Park et al., SpecAugment, 2019).

    Every mask has a width drawn evenly from 0 to its largest one, and its own place in every clip. What is masked is
    set to 0, the mean of standardized features.

    Parameters
    ----------
    feature_masks, time_masks : int
        Masks a clip.
    feature_width, time_width : float
        Largest width, as a share of the features or frames.
    seed : int or None, default=None
    """

    def __init__(self, feature_masks, feature_width, time_masks, time_width, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.feature_masks = feature_masks
        self.feature_width = feature_width
        self.time_masks = time_masks
        self.time_width = time_width

    def _change(self, inputs):
        n_clips, n_frames, n_features = ops.shape(inputs)[0], inputs.shape[1], inputs.shape[2]
        frames = self._kept(n_clips, n_frames, self.time_masks, self.time_width)[:, :, None]
        features = self._kept(n_clips, n_features, self.feature_masks, self.feature_width)[:, None, :]
        return inputs * frames * features

    def _kept(self, n_clips, length, n_masks, width):
        """1 where nothing is masked, else 0: (n_clips, length)."""
        draws = keras.random.uniform((2, n_clips, n_masks, 1), seed=self.generator)
        widths = ops.floor(draws[0] * (int(width * length) + 1))
        starts = ops.floor(draws[1] * (length - widths + 1))
        positions = ops.arange(length, dtype="float32")
        masked = ops.logical_and(positions >= starts, positions < starts + widths)
        return 1.0 - ops.cast(ops.any(masked, axis=1), "float32")

    def get_config(self):
        return {
            **super().get_config(),
            "feature_masks": self.feature_masks,
            "feature_width": self.feature_width,
            "time_masks": self.time_masks,
            "time_width": self.time_width,
        }


@keras.saving.register_keras_serializable("sklspeech")
class Warp(_TrainingLayer):
    """Stretch clips in time and frequency, and shift them in time, while training.

    A clip spoken faster or slower, by a longer or shorter vocal tract, a little earlier or later. Each clip draws its
    own factors, log-uniformly from ``1 / (1 + x)`` to ``1 + x``, and its own shift, uniformly; values in between are
    interpolated linearly, what lies beyond an end is the value there. After N. Jaitly and G. Hinton, Vocal Tract
    Length Perturbation improves speech recognition, 2013, and T. Ko et al., Audio Augmentation for Speech Recognition,
    2015; on features instead of waveforms.

    Parameters
    ----------
    speed : float
        Largest change of tempo.
    frequency : float
        Largest change of the frequency axis, feature 0 staying where it is.
    shift : float
        Largest shift, as a share of the frames.
    seed : int or None, default=None
    """

    def __init__(self, speed, frequency, shift, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.speed = speed
        self.frequency = frequency
        self.shift = shift

    def _change(self, inputs):
        n_clips, n_frames, n_features = ops.shape(inputs)[0], inputs.shape[1], inputs.shape[2]
        draws = keras.random.uniform((3, n_clips, 1), -1.0, 1.0, seed=self.generator)
        rates = ops.exp(draws[0] * np.log1p(self.speed))
        stretch = ops.exp(draws[1] * np.log1p(self.frequency))
        in_time = self._interpolation(n_frames, rates, draws[2] * (self.shift * n_frames))
        in_frequency = self._interpolation(n_features, stretch, 0.0)
        return ops.matmul(ops.matmul(in_time, inputs), ops.transpose(in_frequency, (0, 2, 1)))

    def _interpolation(self, length, factors, offsets):
        """What every place takes from every place: (n_clips, length, length)."""
        grid = ops.arange(length, dtype="float32")
        places = ops.clip(grid * factors + offsets, 0.0, length - 1.0)  # (n_clips, length)
        return ops.relu(1.0 - ops.abs(places[:, :, None] - grid))

    def get_config(self):
        return {
            **super().get_config(),
            "speed": self.speed,
            "frequency": self.frequency,
            "shift": self.shift,
        }


@keras.saving.register_keras_serializable("sklspeech")
class PositionEmbedding(keras.layers.Layer):
    """Add a learned vector to every time step, which tells attention where in the clip it is."""

    def build(self, input_shape):
        self.embedding = self.add_weight(
            name="embedding", shape=input_shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.02)
        )

    def call(self, inputs):
        return inputs + self.embedding
