"""The whole way from waveform to probabilities as one Keras model, for runtimes that know no Python."""

import keras
import numpy as np
from keras import ops

from .. import spectral
from ..features.mfcc import MFCCFeatures
from ..networks.layers import without_mean


def waveform_model(features, network):
    """Put the features before their network.

    Parameters
    ----------
    features : MelFeatures or MFCCFeatures, fitted
    network : keras.Model
        From their features to probabilities; where they have no duration, from features and ``n_frames``.

    Returns
    -------
    model : keras.Model
        From (n, n_samples) to probabilities.
    """
    waveform = keras.Input((features.n_samples_,), name="waveform")
    frames = FeaturesLayer(features)(waveform)
    inputs = frames if features.n_samples_ is not None else [frames, CountFrames(name="n_frames")(frames)]
    return keras.Model(waveform, network(inputs), name="waveform_to_probabilities")


class CountFrames(keras.layers.Layer):
    """The number of frames of every clip, where none is padded: (n,)."""

    def call(self, frames):
        shape = ops.shape(frames)
        return ops.broadcast_to(ops.cast(shape[1], "int32"), (shape[0],))


class FeaturesLayer(keras.layers.Layer):
    """MelFeatures or MFCCFeatures in keras.ops, in float32: (n, n_samples) -> (n, n_frames, n_features).

    The Fourier transform is a convolution with windowed cosines and sines. Its matrices are weights, because constants
    would become inputs of exported graphs.
    """

    def __init__(self, features):
        super().__init__(name="features", trainable=False)
        self.features = features

    def build(self, input_shape):
        f = self.features
        taps = f.settings.window_taps()
        angles = 2 * np.pi * np.outer(np.arange(f.n_fft), np.arange(f.n_fft // 2 + 1)) / f.n_fft
        waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        self.kernel = self._constant("kernel", (taps[:, None] * waves)[:, None, :])  # (n_fft, 1, 2 * n_bins)
        self.bank = self._constant("bank", f.settings.filter_bank().T)
        if isinstance(f, MFCCFeatures):
            self._build_cepstra()

    def _build_cepstra(self):
        """Cosine transform and derivatives are linear: applied to unit vectors they give their matrix."""
        f = self.features
        units = np.eye(f.n_mels, dtype=np.float32)
        dct = spectral.mfcc(units, n_mfcc=f.n_mfcc, dct_type=f.dct_type, norm=f.dct_norm, lifter=f.lifter)
        self.dct = self._constant("dct", dct)
        self.deltas: list = []
        if not f.deltas:
            return
        units = np.eye(f.settings.count_frames(f.n_samples_), dtype=np.float32)
        deltas = [spectral.delta(units, width=f.delta_width, order=order) for order in range(1, 1 + f.deltas)]
        self.deltas = [self._constant(f"delta{order}", matrix) for order, matrix in enumerate(deltas, 1)]

    def _constant(self, name, values):
        weight = self.add_weight(name=name, shape=values.shape, trainable=False)
        weight.assign(values)
        return weight

    def call(self, waveform):
        f = self.features
        x = self._padded(self._emphasized(waveform))
        waves = ops.conv(x[:, :, None], self.kernel, f.hop_length, padding="valid")
        real, imaginary = ops.split(waves, 2, axis=2)
        power = ops.square(real) + ops.square(imaginary)  # (n, n_frames, n_bins)
        x = self._decibels(ops.matmul(power if f.power == 2 else power ** (f.power / 2), self.bank))
        if isinstance(f, MFCCFeatures):
            cepstra = ops.matmul(x, self.dct)
            x = ops.concatenate([cepstra, *(ops.matmul(matrix, cepstra) for matrix in self.deltas)], axis=2)
        return x if f.normalization is None else without_mean(x, f.normalization)

    def _emphasized(self, waveform):
        coefficient = self.features.preemphasis
        if not coefficient or waveform.shape[1] == 1:
            return waveform
        first = 3 * waveform[:, :1] - waveform[:, 1:2]  # as spectral begins
        return ops.concatenate([first, waveform[:, 1:] - coefficient * waveform[:, :-1]], axis=1)

    def _padded(self, waveform):
        f, n = self.features, self.features.n_fft // 2
        if not f.center:
            return waveform
        if f.pad_mode == "edge":
            first, last = (ops.repeat(edge, n, axis=1) for edge in (waveform[:, :1], waveform[:, -1:]))
            return ops.concatenate([first, waveform, last], axis=1)
        return ops.pad(waveform, [(0, 0), (n, n)], mode=f.pad_mode)

    def _decibels(self, mel):
        f = self.features
        ref = ops.max(mel, axis=(1, 2), keepdims=True) if callable(f.ref) else float(f.ref)
        db = _log(ops.maximum(mel, f.amin)) - _log(ops.maximum(ref, f.amin))
        if f.top_db is None:
            return db
        return ops.maximum(db, ops.max(db, axis=(1, 2), keepdims=True) - f.top_db)


def _log(x):
    return ops.log(x) * np.float32(10 / np.log(10))
