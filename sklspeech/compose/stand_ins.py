"""Sounds that stand in for words that nobody recorded: other words made of known ones, noise, silence."""

import numpy as np

from ..audio.waveforms import fit_length

_SPEECH_DB = 20.0  # below the loudest part of a clip, where its word begins and ends
_FRAME = 400  # samples over which the level is taken
_NOISE_DB = -60.0, -10.0  # of full scale


def make_stand_ins(waveforms, n_clips, n_samples, random):
    """Make clips that are none of the words.

    Half of them are the beginning of one word and the end of another, a sixth are words backwards, a twelfth parts of
    words, and a quarter noise, white or of the spectrum of a word, from next to silent to loud.

    Parameters
    ----------
    waveforms : callable
        From a number to the waveform of that clip.
    n_clips : tuple of (int, int)
        Clips there are, and clips to make.
    n_samples : int or None
        Of a clip that is made; None leaves it as long as it comes.
    random : numpy.random.Generator
        Where they are drawn from.

    Returns
    -------
    clips : list of ndarray of shape (n_samples_i,), float32
    """
    n_given, n_made = n_clips
    kinds = random.choice(4, n_made, p=[6 / 12, 2 / 12, 1 / 12, 3 / 12])
    makers = _spliced, _reversed, _part, _noise
    clips = []
    for kind in kinds:
        first, second = (waveforms(int(i)) for i in random.integers(n_given, size=2))
        made = makers[kind](first, second, random).astype(np.float32)
        clips.append(made if n_samples is None else _placed(made, n_samples, random))
    return clips


def _spliced(first, second, random):
    first, second = _word(first), _word(second)
    return np.concatenate([first[: _share(first, random)], second[_share(second, random) :]])


def _reversed(first, second, random):
    return first[::-1]


def _part(first, second, random):
    word = _word(first)
    n_samples = max(1, round(random.uniform(0.25, 0.5) * len(word)))
    start = int(random.integers(len(word) - n_samples + 1))
    return word[start : start + n_samples]


def _noise(first, second, random):
    noise = random.normal(size=len(first))
    if random.uniform() < 0.5 and first.any():
        noise = np.fft.irfft(np.fft.rfft(noise) * np.abs(np.fft.rfft(first)), len(first))
        noise /= noise.std()
    return noise * 10 ** (random.uniform(*_NOISE_DB) / 20)


def _share(word, random):
    """A place around the middle of a word."""
    return max(1, round(random.uniform(0.3, 0.7) * len(word)))


def _word(waveform):
    """The part of a clip from where it is first loud until where it is last."""
    n_frames = max(1, len(waveform) // _FRAME)
    power = np.square(fit_length(waveform, n_frames * _FRAME)).reshape(n_frames, _FRAME).mean(axis=1)
    loud = np.flatnonzero(power >= power.max() * 10 ** (-_SPEECH_DB / 10))
    return waveform[loud[0] * _FRAME : (loud[-1] + 1) * _FRAME]


def _placed(clip, n_samples, random):
    """A clip somewhere among zeros."""
    if len(clip) >= n_samples:
        return clip[:n_samples]
    placed = np.zeros(n_samples, np.float32)
    start = int(random.integers(n_samples - len(clip) + 1))
    placed[start : start + len(clip)] = clip
    return placed
