"""Levels that no recording has, and levels that leave little to recognize."""

import numpy as np

from ..errors import AudioError

#: Largest sample that is taken for one of a waveform in [-1, 1]; effects and lossy formats go a little beyond 1.
LARGEST = 8.0
#: A recording without a sample as large as this is silent, or so faint that rounding and the floors of features show.
FAINT = 1e-3
#: Deviations that the mean of a waveform may be off 0; of real sets the largest is 0.23.
OFFSET = 0.5
_SAMPLES_APART = 16  # of those that the mean is estimated from
_FEWEST = 100  # samples that a mean is taken of
_FULL_SCALE = 2.0**15  # of 16-bit samples
_ROUNDED = 1e-12  # of the power, by which a variance may be wrong
_CANCELLED = 1e-2  # of the power of the channels


def check_samples(samples, source):
    """Raise AudioError where samples are none of a waveform.

    Parameters
    ----------
    samples : ndarray, float
    source : str
        Whose samples they are.

    Raises
    ------
    AudioError
        There are NaN or infinite samples, or samples far beyond [-1, 1].
    """
    if not samples.size:
        return
    low, high = samples.min(), samples.max()
    if low >= -LARGEST and high <= LARGEST:  # not so with NaN
        return
    if not np.isfinite(low) or not np.isfinite(high):
        raise AudioError(source, "has NaN or infinite samples")
    raise AudioError(
        source,
        f"has samples from {low:.6g} to {high:.6g}, expected -1 to 1: divide PCM samples by their largest value, such "
        "as 32768 of 16 bits",
    )


def is_faint(waveforms):
    """Whether waveforms are silent, or nearly.

    Parameters
    ----------
    waveforms : ndarray of shape (..., n_samples), float32 in [-1, 1] or int16

    Returns
    -------
    is_faint : ndarray of shape (...), bool
    """
    limit = FAINT if waveforms.dtype.kind == "f" else FAINT * _FULL_SCALE
    return (waveforms.max(axis=-1) < limit) & (waveforms.min(axis=-1) > -limit)


def has_offset(waveforms):
    """Whether waveforms lie off zero by more than half of their deviation, as behind a broken amplifier.

    Parameters
    ----------
    waveforms : ndarray of shape (..., n_samples), float32 in [-1, 1] or int16

    Returns
    -------
    has_offset : ndarray of shape (...), bool
        By every 16th sample.
    """
    some = waveforms[..., ::_SAMPLES_APART].astype(np.float32)
    if some.shape[-1] < _FEWEST:  # of so few the mean is off zero by chance
        return np.zeros(some.shape[:-1], bool)
    if waveforms.dtype.kind != "f":
        some /= _FULL_SCALE
    means = np.abs(some.mean(axis=-1))
    return (means > OFFSET * some.std(axis=-1)) & (means > FAINT)


def mix(samples, source):
    """The mean of the channels.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_channels), float32
    source : str
        Whose samples they are.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32

    Raises
    ------
    AudioError
        Channels cancel each other: of two less than a hundredth of their power is left.
    """
    if samples.shape[1] == 1:
        return samples[:, 0]
    mixer = ChannelMixer()
    waveform = mixer.mix(samples)
    mixer.check(source)
    return waveform


class ChannelMixer:
    """The mean of the channels of a recording that comes block by block, and whether they cancel each other."""

    def __init__(self):
        self._n_samples = 0
        self._moments = np.zeros((2, 1))  # of every channel and of the mean, (2, n_channels + 1): sum, sum of squares

    def mix(self, samples):
        """The mean of the channels of the next block.

        Parameters
        ----------
        samples : ndarray of shape (n_samples, n_channels), float32

        Returns
        -------
        waveform : ndarray of shape (n_samples,), float32
        """
        if samples.shape[1] == 1:
            return samples[:, 0]
        waveform = samples.mean(axis=1, dtype=np.float32)
        self._n_samples += len(samples)
        columns = *samples.T, waveform
        sums = [column.sum(dtype=np.float64) for column in columns]
        squares = [np.square(column, dtype=np.float64).sum() for column in columns]
        self._moments = self._moments + np.array([sums, squares])
        return waveform

    def check(self, source):
        """Raise where channels cancelled each other in what has come.

        Parameters
        ----------
        source : str
            Whose samples they are.

        Raises
        ------
        AudioError
            Of two channels less than a hundredth of their power is left.
        """
        if not self._n_samples:
            return
        means, squares = self._moments / self._n_samples
        variances = squares - means**2
        variances[variances < _ROUNDED * squares] = 0.0  # of what is constant
        *of_channels, of_mean = variances
        n_channels = len(of_channels)
        share = _CANCELLED * 2 / n_channels  # of channels that have nothing in common a share of 1 / n is left
        if of_mean < share * np.mean(of_channels):
            raise AudioError(
                source,
                f"has {n_channels} channels that cancel each other, as of a miswired microphone: keep one of them",
            )
