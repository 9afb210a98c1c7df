"""Layers that change features at random, while training alone.

`step_mask` of shape (n, n_frames) is 1 for a frame of the clip and 0 for padding; None means that no clip is padded.
"""

import keras
import numpy as np
from keras import ops

from .layers import Float32Layer, masked_mean

_DECIBELS = 10.0 / np.log(10.0)  # dB of a power of e
_FAR_BELOW = -1e9  # dB
_N_TEMPO_WAVES = 6  # cosines of a curve of tempo
_BABBLE_SHARE, _TALKERS = 0.3, 3  # of the clips hear babble, made of so many others


class _RandomLayer(Float32Layer):
    """Changes its input while training, by random numbers of its own. `_change` says how."""

    def __init__(self, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, inputs, step_mask=None, training=False):
        return self._change(inputs, step_mask) if training else inputs

    def _change(self, inputs, mask):
        raise NotImplementedError

    def _draw(self, shape, low=0.0, high=1.0):
        return keras.random.uniform(shape, low, high, seed=self.generator)

    def get_config(self):
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("sklspeech")
class RandomNoise(_RandomLayer):
    """Add noise to features in decibels, over the whole clip, as if it had been in the recording.

    Powers add up. Every clip draws a signal-to-noise ratio, evenly from the lower to the higher one of `snr`, and noise
    of its own:

    - hiss, whose power is drawn for every frame and band, as that of real noise is: in a narrow band it is distributed
      exponentially, with a deviation of 5.6 dB, in wider bands it varies less. Its colour is a slope, evenly from -20
      to 20 dB from the middle to the ends of the bands, with waves of all lengths over it; its level drifts;
    - for three clips of ten, babble as well: up to three other clips of the batch, shifted in time.

    Parameters
    ----------
    snr : tuple of two float
        Lowest and highest signal-to-noise ratio in dB, of the means of the power over frames and bands.
    seed : int or None, default=None
    """

    def __init__(self, snr, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.snr = tuple(snr)

    def _change(self, inputs, mask):
        level = _mean_level(inputs, mask)[:, :, None]
        heard = inputs if mask is None else ops.where(mask[:, :, None] > 0, inputs, _FAR_BELOW)
        speech = ops.exp((heard - level) / _DECIBELS)  # power, of mean 1
        draws = self._draw((3, ops.shape(inputs)[0], 1, 1))
        share = ops.where(draws[0] < _BABBLE_SHARE, draws[1] ** 0.3, 0.0)  # of babble: more often much than little
        hiss, babble = self._hiss(speech), self._babble(speech)
        noise = hiss / _mean_power(hiss, mask) * (1.0 - share) + babble / _mean_power(babble, mask) * share
        snr = self.snr[0] + (self.snr[1] - self.snr[0]) * draws[2]
        return level + _DECIBELS * ops.log(speech + noise * ops.exp(-snr / _DECIBELS))

    def _hiss(self, speech):
        """Power of noise, of the shape of speech."""
        n_clips, n_frames, n_features = ops.shape(speech)[0], ops.shape(speech)[1], speech.shape[2]
        bands = np.linspace(-1.0, 1.0, n_features, dtype=np.float32)
        draws = self._draw((2, n_clips, 1))
        colour = (40.0 * draws[0] - 20.0) * bands + self._waves(n_clips, n_features, 8, 6.0)
        drift = draws[1] * self._waves(n_clips, n_frames, 6, 4.0)
        grain = self._normal((n_clips, n_frames, n_features)) * (4.0 - 1.5 * bands)  # 5.5 dB in the narrowest band
        return ops.exp((colour[:, None, :] + drift[:, :, None] + grain) / _DECIBELS)

    def _babble(self, speech):
        """Power of other clips, each shifted around its end, of the shape of speech."""
        n_frames = ops.shape(speech)[1]
        frames = ops.arange(n_frames, dtype="int32")
        levels = self._draw((_TALKERS, ops.shape(speech)[0], 1, 1)) ** 2
        shifts = ops.cast(self._draw((_TALKERS,)) * ops.cast(n_frames, "float32"), "int32")
        talkers = [ops.take(speech, (frames + shifts[i]) % n_frames, axis=1) for i in range(_TALKERS)]
        return sum(levels[i] * ops.roll(talker, 1 + i, axis=0) for i, talker in enumerate(talkers))

    def _normal(self, shape):
        return keras.random.normal(shape, seed=self.generator)

    def _waves(self, n_clips, size, n_waves, deviation):
        """Random curves of `size` values, (n_clips, size): sums of cosines, the longer the stronger."""
        number = ops.arange(1, 1 + n_waves, dtype="float32")[:, None]
        places = (ops.cast(ops.arange(size, dtype="int32"), "float32") + 0.5) / ops.cast(size, "float32")
        weights = self._normal((n_clips, n_waves)) * deviation
        return ops.matmul(weights, ops.cos(np.pi * number * places) / ops.sqrt(number))

    def get_config(self):
        return {**super().get_config(), "snr": self.snr}


def _mean_power(power, mask):
    """The mean over frames and bands, (n_clips, 1, 1); a little more than nothing where there is none."""
    return masked_mean(power, mask, (1, 2)) + 1e-9


def _mean_level(decibels, mask):
    """Decibels of each clip's mean power, (n_clips, 1)."""
    n_frames = ops.cast(ops.shape(decibels)[1], "float32") if mask is None else ops.sum(mask, axis=1)
    if mask is not None:
        decibels = ops.where(mask[:, :, None] > 0, decibels, _FAR_BELOW)
    total = ops.logsumexp(decibels / _DECIBELS, axis=(1, 2))
    return (_DECIBELS * (total - ops.log(n_frames * decibels.shape[2])))[:, None]


@keras.saving.register_keras_serializable("sklspeech")
class RandomGain(_RandomLayer):
    """Raise or lower clips in decibels, each by its own gain, evenly from ``-gain`` to ``gain`` dB.

    Parameters
    ----------
    gain : float
        Largest change in dB.
    seed : int or None, default=None
    """

    def __init__(self, gain, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.gain = gain

    def _change(self, inputs, mask):
        return inputs + self._draw((ops.shape(inputs)[0], 1, 1), -self.gain, self.gain)

    def get_config(self):
        return {**super().get_config(), "gain": self.gain}


@keras.saving.register_keras_serializable("sklspeech")
class RandomFloor(_RandomLayer):
    """Raise what is faint in features in decibels to a floor, as noise would hide it.

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

    def _change(self, inputs, mask):
        depths = self._draw((ops.shape(inputs)[0], 1, 1), self.depth, self.depth + 40.0)
        heard = inputs if mask is None else ops.where(mask[:, :, None] > 0, inputs, _FAR_BELOW)
        return ops.maximum(inputs, ops.max(heard, axis=(1, 2), keepdims=True) - depths)

    def get_config(self):
        return {**super().get_config(), "depth": self.depth}


@keras.saving.register_keras_serializable("sklspeech")
class SpecAugment(_RandomLayer):
    """Mask bands of features and spans of frames (D. S. Park et al., SpecAugment, 2019).

    Every mask has a width drawn evenly from 0 to its largest one, and its own place in every clip. Masked
    values become 0, the mean of standardized features.

    Parameters
    ----------
    feature_masks : int
        Masks of features, a clip.
    feature_width : float
        Largest width of one, as a share of the features.
    time_masks : int
        Masks of frames, a clip.
    time_width : float
        Largest width of one, as a share of the clip's frames.
    longest : int or None, default=None
        Largest width of one in frames.
    seed : int or None, default=None
    """

    def __init__(self, feature_masks, feature_width, time_masks, time_width, longest=None, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.longest = longest
        self.feature_masks = feature_masks
        self.feature_width = feature_width
        self.time_masks = time_masks
        self.time_width = time_width

    def _change(self, inputs, mask):
        n_clips, n_frames, n_features = ops.shape(inputs)[0], ops.shape(inputs)[1], inputs.shape[2]
        lengths = ops.cast(n_frames, "float32") if mask is None else ops.sum(mask, axis=1)[:, None, None]
        frames = self._kept(n_clips, n_frames, lengths, self.time_masks, self.time_width, self.longest)
        features = self._kept(n_clips, n_features, float(n_features), self.feature_masks, self.feature_width)
        return inputs * frames[:, :, None] * features[:, None, :]

    def _kept(self, n_clips, size, lengths, n_masks, width, longest=None):
        """1 where nothing is masked, else 0: (n_clips, size), for clips whose own `lengths` may be less."""
        draws = self._draw((2, n_clips, n_masks, 1))
        largest = ops.floor(width * lengths)
        if longest is not None:
            largest = ops.minimum(largest, float(longest))
        widths = ops.floor(draws[0] * (largest + 1))
        starts = ops.floor(draws[1] * (lengths - widths + 1))
        positions = ops.cast(ops.arange(size, dtype="int32"), "float32")
        masked = ops.logical_and(positions >= starts, positions < starts + widths)
        return 1.0 - ops.cast(ops.any(masked, axis=1), "float32")

    def get_config(self):
        return {
            **super().get_config(),
            "feature_masks": self.feature_masks,
            "feature_width": self.feature_width,
            "time_masks": self.time_masks,
            "time_width": self.time_width,
            "longest": self.longest,
        }


@keras.saving.register_keras_serializable("sklspeech")
class RandomWarp(_RandomLayer):
    """Stretch clips in time and frequency, and shift them in time.

    A clip spoken faster or slower, by a longer or shorter vocal tract, a little earlier or later. Each clip draws its
    own factors, log-uniformly from ``1 / (1 + x)`` to ``1 + x``, and its own shift, uniformly. Values in between are
    interpolated linearly; beyond an end stands the value of the end. After N. Jaitly and G. Hinton, Vocal Tract Length
    Perturbation improves speech recognition, 2013, and T. Ko et al., Audio Augmentation for Speech Recognition, 2015;
    on features instead of waveforms.

    Parameters
    ----------
    speed : float
        Largest change of tempo.
    frequency : float
        Largest change of the frequency axis, feature 0 staying where it is.
    shift : float
        Largest shift, as a share of the clip's frames.
    seed : int or None, default=None
    """

    def __init__(self, speed, frequency, shift, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.speed = speed
        self.frequency = frequency
        self.shift = shift

    def _change(self, inputs, mask):
        n_clips, n_frames = ops.shape(inputs)[0], ops.shape(inputs)[1]
        draws = self._draw((3, n_clips, 1), -1.0, 1.0)
        rates = ops.exp(draws[0] * np.log1p(self.speed))
        lengths = ops.cast(n_frames, "float32") if mask is None else ops.sum(mask, axis=1)[:, None]
        frames = ops.cast(ops.arange(n_frames, dtype="int32"), "float32")
        places = ops.clip(frames * rates + draws[2] * (self.shift * lengths), 0.0, lengths - 1.0)
        return self._stretch_features(_frames_at(inputs, places), draws[1])

    def _stretch_features(self, inputs, draws):
        if not self.frequency:
            return inputs
        n_features = inputs.shape[2]
        bands = ops.arange(n_features, dtype="float32")
        places = ops.clip(bands * ops.exp(draws * np.log1p(self.frequency)), 0.0, n_features - 1.0)
        weights = ops.relu(1.0 - ops.abs(places[:, None, :] - bands[:, None]))  # (n_clips, from band, to band)
        return ops.matmul(inputs, weights)

    def get_config(self):
        return {
            **super().get_config(),
            "speed": self.speed,
            "frequency": self.frequency,
            "shift": self.shift,
        }


@keras.saving.register_keras_serializable("sklspeech")
class RandomTempo(_RandomLayer):
    """Speed clips up here and slow them down there, so that nothing that is said is lost at the end.

    The tempo of every clip is a random curve, mostly from ``1 / (1 + speed)`` to ``1 + speed``; the whole is as long as
    it was, or up to ``1 + speed`` times shorter, and then its last frame is held.

    Parameters
    ----------
    speed : float
        Largest change of tempo, more or less.
    seed : int or None, default=None
    """

    def __init__(self, speed, seed=None, **kwargs):
        super().__init__(seed, **kwargs)
        self.speed = speed

    def _change(self, inputs, mask):
        n_clips, n_frames = ops.shape(inputs)[0], ops.shape(inputs)[1]
        lengths = ops.cast(n_frames, "float32") if mask is None else ops.sum(mask, axis=1)[:, None]
        frames = ops.cast(ops.arange(n_frames, dtype="int32"), "float32")[None, :]
        weights = keras.random.normal((n_clips, _N_TEMPO_WAVES, 1), seed=self.generator) / np.sqrt(_N_TEMPO_WAVES)
        number = ops.arange(1, 1 + _N_TEMPO_WAVES, dtype="float32")[None, :, None]
        waves = ops.cos(np.pi * number * (frames / lengths)[:, None, :])
        tempo = ops.exp(ops.sum(weights * waves, axis=1) * np.log1p(self.speed))
        passed = ops.cumsum(tempo, axis=1)
        whole = ops.sum(ops.where(frames < lengths, tempo, 0.0), axis=1, keepdims=True)
        shorter = ops.exp(self._draw((n_clips, 1)) * np.log1p(self.speed))
        places = ops.clip((passed - tempo[:, :1]) / whole * lengths * shorter, 0.0, lengths - 1.0)
        return _frames_at(inputs, places)

    def get_config(self):
        return {**super().get_config(), "speed": self.speed}


def _frames_at(inputs, places):
    """Frames interpolated between those of a clip: (n_clips, n_frames, n_features) at (n_clips, n_frames) places."""
    n_clips, n_frames, n_features = ops.shape(inputs)[0], ops.shape(inputs)[1], inputs.shape[2]
    before = ops.floor(places)
    share = (places - before)[:, :, None]
    first = ops.cast(before, "int32")
    after = ops.minimum(first + 1, n_frames - 1)
    start = ops.arange(n_clips, dtype="int32")[:, None] * n_frames
    rows = ops.reshape(inputs, (-1, n_features))  # one gather of whole rows
    taken = (ops.take(rows, start + index, axis=0) for index in (first, after))
    return next(taken) * (1.0 - share) + next(taken) * share
