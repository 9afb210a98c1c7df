"""Waveforms become mel spectrograms: frames, power spectrum, mel bands.

Time is axis 0 of a result, which is librosa's layout transposed; the values are librosa's, in float32.

Clips of one length are worked on together, in blocks: large enough to be worth a call, small enough for the
processor's cache. A clip gives the same bits alone or in a batch. BLAS may add in another order for another shape, so
each clip has its own matrix product, and frames recomputed in float64 always go in groups of one size.
"""

from functools import lru_cache

import numpy as np
from scipy import fftpack

from .filters import MelSettings, mel_bank_blocks
from .precision import float32_suffices, frames_needing_float64, recompute_frames

_PCM_SCALE = np.float32(2**-15)  # makes 16-bit samples a waveform in [-1, 1]
_BLOCK_BYTES = 17 * 2**17  # of frames of some clips: 13 of one second at 400 samples every 160, in float32
_PART_BYTES = 5 * 2**18  # of frames of one clip, eight seconds
_MAX_PRODUCT = 2**19  # multiplications; from twice as many on OpenBLAS makes threads of its own
_TAPS_AT_ONCE = 6400  # of 16 frames of 400 samples: 25 kB in float32, which stay in the first cache


def mel_spectrogram(waveform, settings=MelSettings()):
    """Mel spectrogram, as ``librosa.feature.melspectrogram(...).T``.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32 or, of 16-bit samples, int16
        Samples.
    settings : MelSettings, default=MelSettings()
        The parameters of librosa; `sample_rate` is its `sr`.

    Returns
    -------
    mel : ndarray of shape (n_frames, n_mels), float32
        Power, or magnitude where the setting `power` is 1.

    Raises
    ------
    TypeError
        The samples are of another type.

    Examples
    --------
    >>> import numpy as np
    >>> from sklspeech.spectral import MelSettings, mel_spectrogram
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype("float32")
    >>> mel = mel_spectrogram(tone, MelSettings(n_mels=40))
    >>> mel.shape, int(mel[50].argmax())
    ((101, 40), 13)
    """
    [mel] = mel_spectrograms([waveform], settings)
    return mel


def mel_spectrograms(waveforms, settings, *, top_db=None, out=None):
    """Mel spectrograms of waveforms of one length, faster than one after the other.

    Parameters
    ----------
    waveforms : ndarray of shape (n_clips, n_samples), or sequence of ndarray of shape (n_samples,)
        All of them float32, or all 16-bit samples, int16. Their number bounds the memory that is taken.
    settings : MelSettings
        As in `mel_spectrogram`.
    top_db : float or None, default=None
        What lies more decibels than this below the loudest band of a clip will not be seen, and need not be exact.
    out : ndarray of shape (n_clips, n_frames, n_mels), float32, or None, default=None
        Where the result is put; None is new memory.

    Returns
    -------
    mel : ndarray of shape (n_clips, n_frames, n_mels), float32

    Raises
    ------
    TypeError
        The samples are of another type.
    """
    scale = _scale(waveforms[0].dtype)
    if out is None:
        shape = len(waveforms), settings.count_frames(len(waveforms[0])), settings.n_mels
        out = np.empty(shape, np.float32)
    trusts_float32 = float32_suffices(settings.power, top_db)
    dtype = np.float32 if trusts_float32 else np.float64
    n_clips = max(1, _frames_in(_BLOCK_BYTES, settings.n_fft, dtype) // max(1, out.shape[1]))
    for first in range(0, len(waveforms), n_clips):
        mel = out[first : first + n_clips]
        frames = _frames(waveforms[first : first + n_clips], settings)
        total = np.empty(mel.shape[:2], np.float32) if trusts_float32 else None
        _mel_in_parts(frames, settings, _scaled_taps(settings, scale, dtype), mel, total)
        if trusts_float32:
            _mend(mel, frames, total, settings, scale, top_db)
    return out


def _scale(dtype):
    """Factor that makes samples of a type a waveform in [-1, 1]."""
    if dtype.kind == "f":
        return 1.0
    if dtype.kind == "i" and dtype.itemsize == 2:
        return _PCM_SCALE
    raise TypeError(f"the samples of a waveform must be float32 or int16, got {dtype}")


def _frames_in(n_bytes, n_fft, dtype):
    return max(1, n_bytes // (n_fft * np.dtype(dtype).itemsize))


@lru_cache(maxsize=64)
def _scaled_taps(settings, scale, dtype):
    """Taps for some frames, one after the other: (n_frames * n_fft,).

    They scale 16-bit samples, which are only copied before: a power of two changes no digit.
    """
    taps = np.tile(settings.window_taps() * scale, max(1, _TAPS_AT_ONCE // settings.n_fft)).astype(dtype)
    taps.setflags(write=False)  # it is cached
    return taps


def _frames(waveforms, settings):
    """Emphasized and padded waveforms of one length as frames, (n_clips, n_frames, n_fft), float32."""
    half = settings.n_fft // 2 if settings.center else 0
    n_samples = len(waveforms[0])
    padded = np.empty((len(waveforms), n_samples + 2 * half), np.float32)
    clips = padded[:, half : half + n_samples]
    if isinstance(waveforms, np.ndarray):
        clips[:] = waveforms
    else:
        for row, waveform in zip(clips, waveforms, strict=True):
            row[:] = waveform
    if settings.preemphasis and n_samples > 1:
        _emphasize(clips, settings.preemphasis)
    if settings.pad_mode == "constant":
        padded[:, :half] = 0
        padded[:, half + n_samples :] = 0
    else:
        padded[:] = np.pad(clips, ((0, 0), (half, half)), mode=settings.pad_mode)
    clip_step, step = padded.strides
    shape = len(waveforms), settings.count_frames(n_samples), settings.n_fft
    steps = clip_step, step * settings.hop_length, step
    return np.ndarray(shape, np.float32, padded, strides=steps)  # a view; as_strided takes ten times as long


def _emphasize(clips, coefficient):
    """Subtract from every sample the one before times `coefficient`, in place, in float32, which rounds as librosa."""
    beginnings = clips[:, 0] + (2 * clips[:, 0] - clips[:, 1])  # as librosa.effects.preemphasis begins
    clips[:, 1:] -= clips[:, :-1] * np.float32(coefficient)
    clips[:, 0] = beginnings


def _mel_in_parts(frames, settings, taps, out, total=None):
    """`_mel_of_frames`, of long clips one part after the other; the power of a frame is put into `total`, if given."""
    most = _frames_in(_PART_BYTES, settings.n_fft, taps.dtype)
    for start in range(0, frames.shape[1], most):
        times = slice(start, start + most)
        spectrum = _mel_of_frames(frames[:, times], settings, taps, out[:, times])
        if total is not None:
            ones = np.ones(spectrum.shape[-1], np.float32)
            np.matmul(spectrum, ones, out=total[:, times])  # .sum is slower


def _mel_of_frames(frames, settings, taps, out):
    """Put the filtered power of frames, (n_clips, n_frames, n_fft), into `out`; returns what `_power` says of them."""
    spectrum = _power(_packed_spectra(frames, taps), settings.power)
    for mels, columns, weights in mel_bank_blocks(settings):
        most = max(1, _MAX_PRODUCT // max(1, weights.size))
        for start in range(0, out.shape[1], most):
            times = slice(start, start + most)
            np.matmul(spectrum[:, times, columns], weights, out=out[:, times, mels])
    return spectrum


def _packed_spectra(frames, taps):
    """Spectra of windowed frames, in the precision of the taps: real, real, imaginary, real, imaginary, ...

    The frequencies 0 and, of an even number of samples, n_fft / 2 have no imaginary part: (n_clips, n_frames, n_fft).
    """
    windowed = np.array(frames, dtype=taps.dtype, order="C")
    flat = windowed.reshape(-1)
    n_whole = flat.size // taps.size * taps.size
    for part in flat[:n_whole].reshape(-1, taps.size), flat[n_whole:]:
        part *= taps[: part.shape[-1]]  # with the copy two thirds of the time of frames * taps, frame by frame
    # Legacy, but in place: half of the memory of fft.rfft, which stays in the cache.
    return fftpack.rfft(windowed, overwrite_x=True)


def _power(packed, power):
    """|spectra| ** power in float32: of power 2 the squares of the packed spectra, else one value a frequency."""
    squares = packed if packed.dtype == np.float32 else np.empty(packed.shape, np.float32)
    np.square(packed, out=squares, casting="same_kind")  # twice as fast as a product
    if power == 2:
        return squares
    spectrum = np.insert(squares[..., 1::2], 0, squares[..., 0], axis=-1)
    imaginary = squares[..., 2::2]
    spectrum[..., 1 : 1 + imaginary.shape[-1]] += imaginary
    return spectrum ** np.float32(power / 2)


def _mend(mel, frames, total, settings, scale, top_db):
    """Do those frames again in float64 that float32 gets wrong."""
    clips, times = frames_needing_float64(mel, total, settings, top_db)
    taps = _scaled_taps(settings, scale, np.float64)
    recompute_frames(
        mel,
        frames,
        clips,
        times,
        lambda some, out: _mel_of_frames(some, settings, taps, out),
        _frames_in(_PART_BYTES, settings.n_fft, np.float64),
    )
