"""What a recording is like: its length, its levels, its content."""

import hashlib
from typing import NamedTuple

import numpy as np

from .._runtime.progress import Progress
from .._runtime.threads import count_threads, map_in_threads
from ..errors import AudioError
from .levels import FAINT, OFFSET, ChannelMixer
from .reading import read_blocks

_FULL = 0.998  # of full scale, from which a sample is taken for one that was cut off
_IN_A_ROW = 3  # such samples: fewer are a peak


class Measures(NamedTuple):
    """Of a recording: seconds, hertz, channels, largest sample, shares, and a digest of the samples."""

    duration: float
    sample_rate: int
    n_channels: int
    peak: float  # of full scale
    level: float  # dB of full scale, root mean square
    clipped: float  # share of the samples that are cut off
    offset: float  # mean, of full scale
    digest: str

    @property
    def is_silent(self):
        """Whether next to nothing is to be heard."""
        return self.peak < FAINT

    @property
    def has_offset(self):
        """Whether the samples lie off zero by more than half of their deviation."""
        deviation = np.sqrt(max(0.0, 10 ** (self.level / 10) - self.offset**2))
        return abs(self.offset) > FAINT and abs(self.offset) > OFFSET * deviation


def measure_recording(path):
    """Measure a recording, block by block.

    Parameters
    ----------
    path : str or PathLike
        A recording, as `read_waveform` takes it.

    Returns
    -------
    measures : Measures

    Raises
    ------
    AudioError
        As by `read_waveform`.
    """
    digest, mixer = hashlib.blake2b(digest_size=16), ChannelMixer()
    n_samples, n_clipped, peak, total, power = 0, 0, 0.0, 0.0, 0.0
    n_channels = sample_rate = 0
    for samples, sample_rate in read_blocks(path):  # noqa: B007 - is that of the file
        n_channels = samples.shape[1]
        digest.update(samples.tobytes())
        waveform = mixer.mix(samples)
        n_samples += len(samples)
        n_clipped += _count_clipped(samples)
        peak = max(peak, float(np.abs(samples).max(initial=0.0)))
        total += float(waveform.sum(dtype=np.float64))
        power += float(np.square(waveform, dtype=np.float64).sum())
    mixer.check(str(path))
    digest.update(f"{sample_rate} {n_channels}".encode())
    level = 10 * np.log10(max(power / n_samples, 1e-12))
    clipped = n_clipped / (n_samples * n_channels)
    offset = total / n_samples
    return Measures(
        n_samples / sample_rate, sample_rate, n_channels, peak, float(level), clipped, offset, digest.hexdigest()
    )


def measure_all(paths, n_jobs=None):
    """Measure recordings, in threads and with progress.

    Parameters
    ----------
    paths : list of str
    n_jobs : int or None, default=None
        Threads.

    Returns
    -------
    measured : list of Measures, or AudioError of those that cannot be read
    """
    with Progress("reading", len(paths)) as progress:

        def measure(path):
            try:
                return measure_recording(path)
            except AudioError as error:
                return error
            finally:
                progress.advance()

        return map_in_threads(measure, paths, count_threads(n_jobs))


def find_unreadable(paths):
    """Read recordings to their end.

    Parameters
    ----------
    paths : list of str

    Returns
    -------
    failed : list of (str, str)
        Those that cannot be read, and why.
    """
    measured = zip(paths, measure_all(paths, -1), strict=True)
    return [(path, found.fault) for path, found in measured if isinstance(found, AudioError)]


def _count_clipped(samples):
    """Samples of full scale that stand in a row."""
    is_full = np.abs(samples) >= _FULL
    if not is_full.any():
        return 0
    count = 0
    for channel in is_full.T:
        edges = np.flatnonzero(np.diff(np.concatenate([[False], channel, [False]]).astype(np.int8)))
        lengths = edges[1::2] - edges[::2]
        count += int(lengths[lengths >= _IN_A_ROW].sum())
    return count
