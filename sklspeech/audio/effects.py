"""Changes to waveforms: noise, speed, the echo of a room."""

import numpy as np
import soxr
from scipy import fft


def add_noise(waveform, noise, snr):
    """Add noise at a signal-to-noise ratio.

    Parameters
    ----------
    waveform : ndarray of shape (n,), float32
        Speech.
    noise : ndarray of shape (n,), float32
        Noise, as long.
    snr : float
        Signal-to-noise ratio of the mean powers, in dB.

    Returns
    -------
    noisy : ndarray of shape (n,), float32
        The waveform itself where one of the two is silent.
    """
    power, noise_power = (np.mean(np.square(x, dtype=np.float64)) for x in (waveform, noise))
    if not power or not noise_power:
        return waveform
    return waveform + np.float32(np.sqrt(power / noise_power * 10 ** (-snr / 10))) * noise


def change_speed(waveform, factor):
    """Play faster or slower, which raises or lowers the voice as well.

    Parameters
    ----------
    waveform : ndarray of shape (n,), float32
        Speech.
    factor : float
        Above 1 is faster.

    Returns
    -------
    changed : ndarray of shape (about n / factor,), float32
    """
    return soxr.resample(waveform, factor, 1.0, quality="HQ")


def room_response(sample_rate, reverberation_time, ratio, random):
    """Impulse response of a room: the direct sound, and echoes as noise that dies away.

    Parameters
    ----------
    sample_rate : int
        In Hz.
    reverberation_time : float
        Seconds in which the echoes fall by 60 dB, above 0.
    ratio : float
        Of the energies of the direct sound and the echoes, in dB.
    random : numpy.random.Generator
        Where the echoes are drawn from.

    Returns
    -------
    response : ndarray of shape (1 + n,), float32
        The direct sound is its first sample, 1; n is about reverberation_time * sample_rate.

    References
    ----------
    J.-D. Polack, La transmission de l'énergie sonore dans les salles, thesis, Le Mans, 1988.
    """
    n = max(1, round(reverberation_time * sample_rate))
    echoes = random.normal(size=n) * 10 ** (-3 * np.arange(1, n + 1) / n)
    echoes *= np.sqrt(10 ** (-ratio / 10) / np.sum(echoes**2))
    return np.concatenate([[1.0], echoes]).astype(np.float32)


def add_reverberation(waveform, response):
    """Play a recording in a room.

    Parameters
    ----------
    waveform : ndarray of shape (n,), float32
        Speech.
    response : ndarray of shape (m,), float32
        The room's, of `room_response` or measured.

    Returns
    -------
    changed : ndarray of shape (n,), float32
        Echoes after the end of the recording are cut off.
    """
    n_fft = fft.next_fast_len(len(waveform) + len(response) - 1, real=True)
    spectrum = fft.rfft(waveform, n_fft) * fft.rfft(response, n_fft)
    return fft.irfft(spectrum, n_fft)[: len(waveform)]


def random_part(noise, n_samples, random):
    """As many samples of a recording as are asked for, from a random place on, around its end where it is short.

    Parameters
    ----------
    noise : ndarray of shape (n,)
    n_samples : int
    random : numpy.random.Generator

    Returns
    -------
    part : ndarray of shape (n_samples,)
    """
    start = random.integers(len(noise))
    return np.take(noise, np.arange(start, start + n_samples), mode="wrap")
