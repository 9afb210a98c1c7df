"""What "auto" becomes, by the clips."""

import numpy as np
import pytest

from sklspeech import AudioLoader, MelFeatures, MFCCFeatures
from sklspeech.recognizers.auto import SNR_DB, auto_batch_size, auto_epochs, auto_snr


@pytest.mark.parametrize(("n_clips", "expected"), [(1, 8), (100, 8), (400, 25), (512, 32), (5000, 32)])
def test_small_sets_get_small_batches(n_clips, expected):
    assert auto_batch_size(n_clips) == expected


@pytest.mark.parametrize(
    ("n_clips", "expected"),
    [(0, 120), (1, 120), (80, 120), (100, 120), (400, 120), (1000, 102), (3600, 28), (5000, 20), (10**5, 14)],
)
def test_small_sets_are_passed_more_often(n_clips, expected):
    assert auto_epochs(n_clips) == expected


def power(words):
    return np.maximum(10 ** (MelFeatures().fit_transform(words.data) / 10), 1e-4)


def images(words):
    mel = MelFeatures().fit_transform(words.data)
    lowest, highest = mel.min(axis=(1, 2), keepdims=True), mel.max(axis=(1, 2), keepdims=True)
    return np.round(255 * (mel - lowest) / (highest - lowest))


def with_silence(X):
    return np.concatenate([X[:-1], np.full_like(X[:1], X.min())])


def half_faint(words):
    waveforms = AudioLoader().fit_transform(words.data)
    return [waveform * np.float32(0.005 if i % 2 else 1) for i, waveform in enumerate(waveforms)]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda words: MelFeatures().fit_transform(words.data), True),
        (lambda words: MelFeatures(duration=None).fit_transform(words.data), True),
        (lambda words: MelFeatures(top_db=80, normalization="clip").fit_transform(words.data), True),
        (lambda words: MelFeatures().fit_transform(words.data).astype(np.float16).astype(np.float32), True),
        (lambda words: MelFeatures().fit_transform(half_faint(words)), True),
        (lambda words: with_silence(MelFeatures(top_db=None).fit_transform(words.data)), False),
        (lambda words: MelFeatures().fit_transform(words.data).mean(axis=1, keepdims=True), False),
        (lambda words: with_silence(MFCCFeatures(duration=2.0).fit_transform(words.data)), False),
        (power, False),
        (images, False),
    ],
    ids=["mel", "ragged", "80 dB", "float16", "half faint", "no floor", "one frame", "cepstra", "power", "images"],
)
def test_only_decibels_with_a_floor_get_noise(words, make, expected):
    assert auto_snr(make(words)) == (SNR_DB if expected else None)
