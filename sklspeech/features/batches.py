"""Clips are read some at a time, as many as are transformed together."""

import itertools
import os

import numpy as np

from ..audio.wav import WavBatchReader
from ..audio.waveforms import fit_length, trim_silence
from ..errors import AudioError
from .clips import read_clip

MAX_CLIPS = 256  # of a batch, however short
# Of a batch: 75 clips of one second. The more a thread reads at once, the less it waits for the interpreter lock.
_MAX_SAMPLES = 75 * 16_000


class BatchReader:
    """Reads clips, trims them, and gives them their length.

    Parameters
    ----------
    sample_rate : int
        Hertz, for paths.
    n_samples : int or None
        Length that every clip is given; None leaves it its own.
    trim : float or None
        Silence is cut off both ends below this many dB; None leaves it.
    remarks : Remarks
        Where what is odd about clips is noted.
    silences : bool, default=False
        Let silence stand for files that cannot be read, and note them.
    """

    def __init__(self, sample_rate, n_samples, trim, remarks, silences=False):
        self._remarks = remarks
        self._silences = silences
        self._sample_rate = sample_rate
        self._n_samples = n_samples
        self._trim = trim

    def batches(self, clips, positions):
        """Read the clips at some positions.

        Parameters
        ----------
        clips : list of str, or sequence of ndarray of shape (n_samples_i,), float32
            What `check_clips` gives.
        positions : list of int

        Yields
        ------
        batch : list of int
            The next positions.
        waveforms : ndarray of shape (n, n_samples), int16, or list of ndarray of shape (n_samples_i,)
            Float32 in [-1, 1], or 16-bit integers as they are in a file. The next batch takes the memory again.
        """
        of_one_length = self._n_samples is not None and self._trim is None
        if of_one_length and isinstance(clips[0], str) and hasattr(os, "readv"):  # which Windows has not
            batches = self._wav_batches(clips, positions)
        else:
            batches = self._any_batches(clips, positions)
        for batch, waveforms in batches:
            self._remarks.look_at(batch, waveforms)
            yield batch, waveforms

    def _wav_batches(self, clips, positions):
        """Those of paths: WAV files are read into the rows of one array, others one by one."""
        n_rows = min(len(positions), MAX_CLIPS, -(-_MAX_SAMPLES // self._n_samples))
        reader = WavBatchReader(n_rows, self._n_samples, self._sample_rate)
        for start in range(0, len(positions), n_rows):
            batch = positions[start : start + n_rows]
            lengths = reader.read([clips[i] for i in batch])
            is_read = lengths > 0
            if not is_read.any():  # nor will the others be such files
                yield from self._any_batches(clips, positions[start:])
                return
            rows = reader.samples[: len(batch)]
            if lengths.max() > self._n_samples:
                for i, length in zip(batch, lengths.tolist(), strict=True):
                    self._remarks.look_at_duration(i, length / self._sample_rate)
            if is_read.all():
                yield batch, rows
            else:
                yield (
                    batch,
                    [row if ok else self.read(clips[i], i) for i, row, ok in zip(batch, rows, is_read, strict=True)],
                )

    def _any_batches(self, clips, positions):
        batch, waveforms, n_samples = [], [], 0
        for i in positions:
            batch.append(i)
            waveforms.append(self.read(clips[i], i))
            n_samples += len(waveforms[-1])
            if n_samples >= _MAX_SAMPLES or len(batch) == MAX_CLIPS:
                yield batch, waveforms
                batch, waveforms, n_samples = [], [], 0
        if batch:
            yield batch, waveforms

    def read(self, clip, position):
        """Read one clip.

        Parameters
        ----------
        clip : str or ndarray of shape (n_samples,), float
        position : int
            In X.

        Returns
        -------
        waveform : ndarray of shape (n_samples,), float32 in [-1, 1], or int16 as in the file
        """
        if not self._silences or not isinstance(clip, str):
            return self._read(clip, position)
        try:
            return self._read(clip, position)
        except AudioError as error:
            self._remarks.note_failure(position, error)
            return np.zeros(self._n_samples or self._sample_rate, np.float32)

    def _read(self, clip, position):
        # How loud the loudest part of a clip is, from which silence is told, only the whole clip tells.
        read = read_clip(clip, self._sample_rate, self._n_samples if self._trim is None else None)
        self._remarks.look_at_file(position, read)
        waveform = read.samples if self._trim is None else trim_silence(read.samples, self._trim)
        return waveform if self._n_samples is None else fit_length(waveform, self._n_samples)


def group_by_length(waveforms):
    """Runs of waveforms of one length and type, which are transformed together.

    Parameters
    ----------
    waveforms : ndarray of shape (n, n_samples), or list of ndarray of shape (n_samples_i,)

    Returns
    -------
    runs : list of ndarray, or of list of ndarray
    """
    if isinstance(waveforms, np.ndarray):
        return [waveforms]
    return [list(alike) for _, alike in itertools.groupby(waveforms, key=lambda clip: (len(clip), clip.dtype))]
