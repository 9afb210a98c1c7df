"""Functions of waveforms: librosa is the reference."""

import librosa
import numpy as np
import pytest

from sklspeech.audio import fit_length, trim_silence, typical_duration


@pytest.mark.parametrize(
    ("durations", "expected"), [([1.0], 1.0), ([0.9, 1.0], 1.0), ([1.0] * 9 + [27.0], 1.0), ([0.4, 0.5, 0.6, 0.7], 0.7)]
)
def test_typical_duration(durations, expected):
    assert typical_duration(durations) == expected


def test_fit_length_cuts_and_pads():
    waveform = np.arange(1, 4, dtype=np.float32)
    assert fit_length(waveform, 2).tolist() == [1, 2]
    assert fit_length(waveform, 5).tolist() == [1, 2, 3, 0, 0]


@pytest.mark.parametrize("top_db", [20.0, 60.0])
@pytest.mark.parametrize("n_samples", [100, 5000, 16000, 30001])
def test_trim_silence_equals_librosa(n_samples, top_db):
    random = np.random.default_rng(n_samples)
    place = (np.arange(n_samples) - random.uniform(0, n_samples)) / (n_samples / 12)
    waveform = (random.normal(size=n_samples) * (np.exp(-(place**2)) + 1e-5)).astype(np.float32)
    np.testing.assert_array_equal(trim_silence(waveform, top_db), librosa.effects.trim(waveform, top_db=top_db)[0])


def test_trim_of_silence_is_silence():
    silence = np.zeros(3000, np.float32)
    np.testing.assert_array_equal(trim_silence(silence), silence)
