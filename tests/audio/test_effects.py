"""Changes to waveforms, on tones and noise."""

import numpy as np
import pytest

from sklspeech.audio import add_noise, add_reverberation, change_speed, room_response


def tone(frequency, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(int(16000 * seconds)) / 16000).astype(np.float32)


@pytest.mark.parametrize("snr", [-10.0, 0.0, 20.0])
def test_add_noise_has_the_ratio(noise, snr):
    waveform = 0.3 * tone(440)
    added = add_noise(waveform, noise, snr) - waveform
    assert 10 * np.log10(np.mean(waveform**2) / np.mean(added**2)) == pytest.approx(snr, abs=0.01)


def test_add_noise_to_silence(noise):
    silence = np.zeros(16000, np.float32)
    np.testing.assert_array_equal(add_noise(silence, noise, 10.0), silence)
    np.testing.assert_array_equal(add_noise(noise, silence, 10.0), noise)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_change_speed_moves_length_and_pitch(factor):
    changed = change_speed(tone(1000), factor)
    assert len(changed) == pytest.approx(16000 / factor, abs=2)
    assert changed.dtype == np.float32
    assert np.abs(np.fft.rfft(changed)).argmax() * 16000 / len(changed) == pytest.approx(1000 * factor, abs=2)


@pytest.mark.parametrize(("reverberation_time", "ratio"), [(0.2, 0.0), (0.8, 10.0), (1e-9, 5.0)])
def test_room_response_falls_by_60_db(reverberation_time, ratio):
    response = room_response(16000, reverberation_time, ratio, np.random.default_rng(0))
    assert response[0] == 1
    echoes = response[1:].astype(float)
    assert -10 * np.log10(np.sum(echoes**2)) == pytest.approx(ratio, abs=1e-3)
    if len(echoes) > 1:
        left = 10 * np.log10(np.cumsum(echoes[::-1] ** 2)[::-1])  # energy that is still to come, Schroeder 1965
        half = len(left) // 2
        assert left[0] - left[half] == pytest.approx(30, abs=1)


def test_add_reverberation_is_a_convolution(noise):
    response = room_response(16000, 0.1, 3.0, np.random.default_rng(0))
    expected = np.convolve(noise.astype(float), response)[: len(noise)]
    changed = add_reverberation(noise, response)
    np.testing.assert_allclose(changed, expected, atol=1e-6)
    assert changed.dtype == np.float32
    np.testing.assert_allclose(add_reverberation(noise, np.float32([1.0])), noise, atol=1e-7)
