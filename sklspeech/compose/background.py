"""Windows of recordings in which no word is said: drawn at random, or those that a recognizer takes for one."""

import heapq
import itertools

import numpy as np

from ..audio.waveforms import fit_length
from ..features.clips import check_recordings, clip_duration, clip_waveform
from ..features.remarks import without_remarks

_WINDOWS_AT_ONCE = 256


class Background:
    """Recordings without any of the words, of which windows are taken.

    Parameters
    ----------
    recordings : str or PathLike of a folder, or list of paths or waveforms
        Where the windows come from.
    sample_rate : int
        Hertz.
    n_samples : int
        Of a window.

    Raises
    ------
    AudioError
        A recording cannot be used.
    """

    def __init__(self, recordings, sample_rate, n_samples):
        self._clips = check_recordings(recordings)
        self._rate, self._n_samples = sample_rate, n_samples
        self._lengths = np.array([round(clip_duration(clip, sample_rate) * sample_rate) for clip in self._clips])

    def draw(self, n_windows, random):
        """Windows from random places.

        Parameters
        ----------
        n_windows : int
            How many.
        random : numpy.random.Generator
            Where the places are drawn from: every second of the recordings is as likely.

        Returns
        -------
        windows : list of ndarray of shape (n_samples,), float32
        of_recordings : ndarray of shape (n_windows,)
            Which recording each is from.
        """
        chosen = np.sort(random.choice(len(self._clips), n_windows, p=self._lengths / self._lengths.sum()))
        places = [(i, int(random.integers(max(1, self._lengths[i] - self._n_samples + 1)))) for i in chosen]
        return self._cut(places), chosen

    def hardest(self, n_windows, score):
        """Windows of the highest scores; they share no more than half of their samples.

        Parameters
        ----------
        n_windows : int
            How many, at most.
        score : callable
            From waveforms to one score each.

        Returns
        -------
        windows : list of ndarray of shape (n_samples,), float32
        of_recordings : ndarray of shape (n_windows,)
            Which recording each is from.
        """
        best = heapq.nlargest(n_windows, self._scored(score))
        places = sorted((i, start) for _, i, start in best)
        return self._cut(places), np.array([i for i, _ in places], int)

    def _scored(self, score):
        """(score, recording, first sample) of all windows, half a window apart."""
        hop = max(1, self._n_samples // 2)
        for i, clip in enumerate(self._clips):
            waveform = self._waveform(clip)
            windows = np.lib.stride_tricks.sliding_window_view(waveform, self._n_samples)[::hop]
            for first in range(0, len(windows), _WINDOWS_AT_ONCE):
                with without_remarks():  # some are silent
                    scores = score(windows[first : first + _WINDOWS_AT_ONCE])
                yield from ((float(s), i, (first + j) * hop) for j, s in enumerate(scores))

    def _cut(self, places):
        """Windows at (recording, first sample), in order of the recordings."""
        windows = []
        for i, of_one in itertools.groupby(places, key=lambda place: place[0]):
            waveform = self._waveform(self._clips[i])
            windows += [fit_length(waveform[start:], self._n_samples).copy() for _, start in of_one]
        return windows

    def _waveform(self, clip):
        """A recording, no shorter than a window."""
        waveform = clip_waveform(clip, self._rate)
        return fit_length(waveform, max(self._n_samples, len(waveform)))
