"""Frames, power spectrum, mel bands, decibels, cepstra and deltas: array in, array out.

Functions over waveforms, by NumPy and SciPy alone. Time is axis 0 of every result, which is librosa's layout
transposed; the values are librosa's. Results are float32. The Fourier transform is done in float32 as well where
nothing shows what that gets wrong: its errors are those of a noise far below the loudest frequency of a frame, and the
floor of decibels (`top_db`) may hide them. Frames where it does not are done again in float64.

Clips of one length are worked on together, in blocks: large enough to be worth a call, small enough for the
processor's cache. What is computed of a clip does not depend on the others, to the last bit: the order in which a
matrix product adds may depend on its shape, so there is one for every clip, and of frames that are done again one for
eight, among which the place of a frame makes no difference.
"""

from functools import lru_cache

import numpy as np
from scipy import fft, fftpack

from .._runtime.buffers import LINE, aligned, buffer, is_one_of_several

PCM_SCALE = np.float32(2**-15)  # makes 16-bit samples a waveform in [-1, 1]
_BYTES_OF_BLOCK = 17 * 2**17  # of frames of some clips: 13 of one second at 400 samples every 160, in float32
_BYTES_OF_PART = 5 * 2**18  # of frames of one clip, eight seconds
# Decibels below the mean of a frame's power spectrum down to which float32 gives the power of one frequency; mel bands
# of several go further down, see _limit_weights. None was wrong by more than 8e-4 dB: 40 and 128 bands of frames of 400
# samples on 7,800 recordings, with 70 decibels after pre-emphasis and 75 without, and on tones in noise 1 to 128 bands.
_FLOAT32_RANGE = 42.0
_FRAMES_OF_GROUP = 8  # that are done again in one product
_LARGEST_FLOAT32_TOP_DB = 75.0  # above, most speech has so many frames to do again that float64 at once is faster
_TINY = np.finfo(np.float32).tiny
_LARGEST_PRODUCT = 2**19  # multiplications; from twice as many on OpenBLAS makes threads of its own
_FILTERS_AT_ONCE = 8  # of the mel bank, or twice as many, or ...; a product with 7 takes longer than one with 8
_TAPS_AT_ONCE = 6400  # of 16 frames of 400 samples: 25 kB in float32, which stay in the first cache

# Slaney's mel scale: linear below 1 kHz, logarithmic above (Auditory Toolbox, 1998, as in librosa).
_HZ_PER_MEL = 200.0 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(frequencies, htk=False):
    """Convert frequencies to mels.

    Parameters
    ----------
    frequencies : float or array-like
        Hertz.
    htk : bool, default=False
        Use HTK's formula, 2595 log10(1 + f / 700), instead of Slaney's.

    Returns
    -------
    mels : ndarray of the same shape, float64
    """
    hz = np.asarray(frequencies, dtype=np.float64)
    if htk:
        return 2595.0 * np.log10(1.0 + hz / 700.0)
    log_part = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(hz < _BREAK_HZ, hz / _HZ_PER_MEL, log_part)


def mel_to_hz(mels, htk=False):
    """Convert mels to frequencies: the inverse of :func:`hz_to_mel`.

    Parameters
    ----------
    mels : float or array-like
    htk : bool, default=False

    Returns
    -------
    frequencies : ndarray of the same shape, float64
        Hertz.
    """
    mels = np.asarray(mels, dtype=np.float64)
    if htk:
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    log_part = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mels, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _HZ_PER_MEL, log_part)


def mel_filter_bank(sample_rate, n_fft, n_mels, fmin=0.0, fmax=None, htk=False, norm="slaney"):
    """Triangular filters, evenly spaced in mel.

    Parameters
    ----------
    sample_rate, n_fft, n_mels : int
    fmin : float, default=0.0
        Lowest frequency, in hertz.
    fmax : float or None, default=None
        Highest frequency, in hertz; None is half of the sample rate.
    htk : bool, default=False
        HTK's mel scale instead of Slaney's.
    norm : {"slaney"} or None, default="slaney"
        "slaney" gives every filter the same area, None the same peak.

    Returns
    -------
    bank : ndarray of shape (n_mels, 1 + n_fft // 2), float32
    """
    fmax = sample_rate / 2 if fmax is None else fmax
    bins = np.fft.rfftfreq(n_fft, 1.0 / sample_rate)  # (n_bins,)
    mels = np.linspace(hz_to_mel(fmin, htk), hz_to_mel(fmax, htk), n_mels + 2)
    edges = mel_to_hz(mels, htk)  # (n_mels + 2,)
    slopes = (bins - edges[:, None]) / np.diff(edges, append=np.inf)[:, None]
    rising = slopes[:-2]
    falling = -(bins - edges[2:, None]) / np.diff(edges)[1:, None]
    bank = np.maximum(0.0, np.minimum(rising, falling))
    if norm == "slaney":
        bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return bank.astype(np.float32)


@lru_cache(maxsize=64)
def _mel_bank_blocks(filters, of_parts):
    """The bank as dense blocks, for neighbouring filters share their frequencies and leave out the others.

    Parameters
    ----------
    filters : tuple
        Arguments of `mel_filter_bank`.
    of_parts : bool
        What is filtered has a column for every part that `_spectra` gives, instead of one for every frequency.

    Returns
    -------
    blocks : list of (slice of filters, slice of columns, ndarray of shape (width, height))
    """
    bank = mel_filter_bank(*filters)
    if of_parts:
        bank = np.repeat(bank, 2, axis=1)[:, 1 : 1 + filters[1]]  # frequency 0 has one part, as has n_fft / 2
    largest = 2 * filters[1]  # weights, most of them 0 in a wide block
    blocks, first, step = [], 0, _FILTERS_AT_ONCE
    while first < len(bank):
        stop = first + step
        while stop < len(bank) and bank[first : stop + step, _support(bank[first : stop + step])].size <= largest:
            stop += step
        columns = _support(bank[first:stop])
        blocks.append((slice(first, stop), columns, np.ascontiguousarray(bank[first:stop, columns].T)))
        first = stop
    return blocks


def _support(filters):
    """The columns from the first to the last one that is not 0 in all filters."""
    columns = np.flatnonzero(filters.any(axis=0))
    return slice(columns[0], columns[-1] + 1) if len(columns) else slice(0, 0)


@lru_cache(maxsize=64)
def _limit_weights(filters):
    """Power that every band must have where one frequency must have 1, for noise to change both by as many decibels.

    On a spectrum and a noise that are even, the errors of the frequencies of a filter w add up to a standard deviation
    of sqrt(sum(w ** 2)), where the power of its band is sum(w): the wider it is, the more they even out. Above 0.
    """
    bank = mel_filter_bank(*filters)
    return np.maximum(np.square(bank).sum(axis=1) / np.maximum(bank.sum(axis=1), _TINY), _TINY)


@lru_cache(maxsize=64)
def window_taps(window, win_length, n_fft):
    """The analysis window, periodic, centred in n_fft samples.

    Parameters
    ----------
    window : str or tuple
        A window of ``scipy.signal.get_window``.
    win_length, n_fft : int

    Returns
    -------
    taps : ndarray of shape (n_fft,), float64
    """
    taps = _hann(win_length) if window == "hann" and win_length > 1 else _any_window(window, win_length)
    before = (n_fft - win_length) // 2
    taps = np.pad(taps, (before, n_fft - win_length - before))
    taps.setflags(write=False)  # it is cached
    return taps


@lru_cache(maxsize=64)
def _scaled_taps(window, win_length, n_fft, scale, dtype):
    """Taps of a type for some frames, one after the other, where they are read fastest: (n_frames * n_fft,)."""
    taps = aligned(max(1, _TAPS_AT_ONCE // n_fft) * n_fft, dtype)
    taps.reshape(-1, n_fft)[:] = window_taps(window, win_length, n_fft) * scale
    taps.setflags(write=False)  # it is cached
    return taps


def _hann(n):
    # Not by scipy.signal, whose import takes 0.2 s: a tenth of a cold start.
    return 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, n + 1)[:-1])


def _any_window(window, n):
    from scipy.signal import get_window

    return get_window(window, n, fftbins=True)


@lru_cache(maxsize=64)
def _dct_matrix(n_mels, n_mfcc, dct_type, norm):
    """The first n_mfcc columns of the cosine transform, (n_mels, n_mfcc)."""
    return fft.dct(np.eye(n_mels), type=dct_type, norm=norm, axis=1)[:, :n_mfcc]


def count_frames(n_samples, n_fft, hop_length, center=True):
    """How many frames a waveform of `n_samples` gives.

    Parameters
    ----------
    n_samples, n_fft, hop_length : int
    center : bool, default=True

    Returns
    -------
    n_frames : int
        0 where the waveform is shorter than one frame and `center` is False.
    """
    n_padded = n_samples + 2 * (n_fft // 2) if center else n_samples
    return max(0, 1 + (n_padded - n_fft) // hop_length)


def _frames(waveforms, framing):
    """Emphasized and padded waveforms of one length as frames, (n_clips, n_frames, n_fft), float32."""
    n_fft, hop_length, center, pad_mode, preemphasis = framing
    half = n_fft // 2 if center else 0
    n_samples = len(waveforms[0])
    width = n_samples + 2 * half
    padded = buffer("padded", (len(waveforms), -(-width // LINE) * LINE), np.float32)  # rows begin with a line
    clips = padded[:, half : half + n_samples]
    if isinstance(waveforms, np.ndarray):
        clips[:] = waveforms
    else:
        for row, waveform in zip(clips, waveforms, strict=True):
            row[:] = waveform
    if preemphasis and n_samples > 1:
        _emphasize(clips, preemphasis)
    if pad_mode == "constant":  # np.pad would take fresh memory
        padded[:, :half] = 0
        padded[:, half + n_samples : width] = 0
    else:
        padded[:, :width] = np.pad(clips, ((0, 0), (half, half)), mode=pad_mode)
    n_frames = count_frames(n_samples, n_fft, hop_length, center)
    clip_step, step = padded.strides
    shape, steps = (len(waveforms), n_frames, n_fft), (clip_step, step * hop_length, step)
    return np.ndarray(shape, np.float32, padded, strides=steps)  # a view; as_strided takes ten times as long


def _emphasize(clips, coefficient):
    """Subtract from every sample the one before times `coefficient`, in place, in float32, which rounds as librosa."""
    beginnings = clips[:, 0] + (2 * clips[:, 0] - clips[:, 1])  # as librosa.effects.preemphasis begins
    # In memory that the windowed frames take next.
    subtracted = buffer("windowed", (len(clips), clips.shape[1] - 1), np.float32)
    np.multiply(clips[:, :-1], np.float32(coefficient), out=subtracted)
    clips[:, 1:] -= subtracted
    clips[:, 0] = beginnings


def _spectra(frames, taps):
    """Spectra of windowed frames, in the precision of both: real, real, imaginary, real, imaginary, ...

    The frequencies 0 and, of an even number of samples, n_fft / 2 have no imaginary part: (n_clips, n_frames, n_fft).
    """
    windowed = buffer("windowed", frames.shape, taps.dtype)
    np.copyto(windowed, frames)
    flat = windowed.reshape(-1)
    n_whole = flat.size // taps.size * taps.size
    for part in flat[:n_whole].reshape(-1, taps.size), flat[n_whole:]:
        part *= taps[: part.shape[-1]]  # with the copy two thirds of the time of frames * taps, frame by frame
    # Legacy, but in place: half of the memory of fft.rfft, which stays in the cache.
    return fftpack.rfft(windowed, overwrite_x=True)


def _power(parts, power):
    """|spectra| ** power in float32: of power 2 the squares of the parts, else one value a frequency."""
    squares = parts if parts.dtype == np.float32 else buffer("squares", parts.shape, np.float32)
    np.square(parts, out=squares, casting="same_kind")  # twice as fast as a product
    if power == 2:
        return squares
    spectrum = np.insert(squares[..., 1::2], 0, squares[..., 0], axis=-1)
    imaginary = squares[..., 2::2]
    spectrum[..., 1 : 1 + imaginary.shape[-1]] += imaginary
    return spectrum ** np.float32(power / 2)


def _mel_of_clips(waveforms, framing, filters, taps, power, top_db, out):
    """Put the filtered power of waveforms of one length into `out`, (n_clips, n_frames, n_mels).

    `framing` are n_fft, hop_length, center, pad_mode and preemphasis, `filters` the arguments of `mel_filter_bank`,
    `taps` the window by the type that it makes the transform in. Without `top_db` all is done in float64.
    """
    n_fft, dtype = framing[0], np.float64 if top_db is None else np.float32
    n_clips = max(1, _count_frames_of(_bytes_of_block(), n_fft, dtype) // max(1, out.shape[1]))
    for first in range(0, len(waveforms), n_clips):
        mel = out[first : first + n_clips]
        frames = _frames(waveforms[first : first + n_clips], framing)
        total = None if top_db is None else np.empty(mel.shape[:2], np.float32)
        _mel_in_parts(frames, filters, taps[dtype], power, mel, total)
        if top_db is not None:
            clips, times = _beyond_float32(mel, total, _limit_weights(filters), 1 + n_fft // 2, top_db)
            _mend(mel, frames, clips, times, filters, taps[np.float64])


def _bytes_of_block():
    """More in one of several threads: the more, the less they wait for the interpreter lock between two functions."""
    return 2 * _BYTES_OF_BLOCK if is_one_of_several() else _BYTES_OF_BLOCK


def _count_frames_of(n_bytes, n_fft, dtype):
    return max(1, n_bytes // (n_fft * np.dtype(dtype).itemsize))


def _mel_in_parts(frames, filters, taps, power, out, total=None):
    """`_mel_of_frames`, of long clips one part after the other; the power of a frame is put into `total`, if given."""
    most = _count_frames_of(_BYTES_OF_PART, frames.shape[-1], taps.dtype)
    for start in range(0, frames.shape[1], most):
        times = slice(start, start + most)
        spectrum = _mel_of_frames(frames[:, times], filters, taps, power, out[:, times])
        if total is not None:
            ones = np.ones(spectrum.shape[-1], np.float32)
            np.matmul(spectrum, ones, out=total[:, times])  # .sum is slower


def _mel_of_frames(frames, filters, taps, power, out):
    """Put the filtered power of frames, (n_clips, n_frames, n_fft), into `out`; returns what `_power` says of them."""
    spectrum = _power(_spectra(frames, taps), power)
    for mels, columns, weights in _mel_bank_blocks(filters, power == 2):
        most = max(1, _LARGEST_PRODUCT // max(1, weights.size))
        for start in range(0, out.shape[1], most):
            times = slice(start, start + most)
            np.matmul(spectrum[:, times, columns], weights, out=out[:, times, mels])
    return spectrum


def _mend(mel, frames, clips, times, filters, taps):
    """Do some frames of clips again in the precision of `taps`, in groups of one size, filled up with some of them."""
    most = max(1, _count_frames_of(_BYTES_OF_PART, frames.shape[-1], taps.dtype) // _FRAMES_OF_GROUP)
    n_groups = -(-len(clips) // _FRAMES_OF_GROUP)
    clips, times = (np.resize(indices, (n_groups, _FRAMES_OF_GROUP)) for indices in (clips, times))
    for start in range(0, n_groups, most):
        some = clips[start : start + most], times[start : start + most]
        precise = np.empty((*some[0].shape, mel.shape[-1]), np.float32)
        _mel_of_frames(frames[some], filters, taps, 2, precise)
        mel[some] = precise


def _beyond_float32(mel, total, limit_weights, n_bins, top_db):
    """Which frames have bands within `top_db` of their clip's loudest one that are below the range of float32.

    Parameters
    ----------
    mel : ndarray of shape (n_clips, n_frames, n_mels), float32
    total : ndarray of shape (n_clips, n_frames), float32
        Power of all frequencies.
    limit_weights : ndarray of shape (n_mels,)
        As `_limit_weights` gives them.
    n_bins : int
        How many frequencies there are.
    top_db : float

    Returns
    -------
    clips, times : ndarray of int
        One entry a frame.
    """
    loudest = mel.reshape(len(mel), -1).max(axis=1, initial=0)
    # What is a little below the floor may be a little above it in truth.
    floors = loudest * np.float32(0.99 * 10 ** (-top_db / 10))
    limits = total * np.float32(10 ** (-_FLOAT32_RANGE / 10) / n_bins)  # of one frequency
    # Elsewhere the floor hides what is imprecise.
    clips, times = np.nonzero(limits * limit_weights.max() > floors[:, None])
    if not len(clips):
        return clips, times
    bands = mel[clips, times]
    beyond = ((bands > floors[clips, None]) & (bands < limits[clips, times, None] * limit_weights)).any(axis=1)
    return clips[beyond], times[beyond]


def _scale(dtype):
    """What makes samples of a type a waveform in [-1, 1]."""
    if dtype.kind == "f":
        return 1.0
    if dtype.kind == "i" and dtype.itemsize == 2:
        return PCM_SCALE
    raise TypeError(f"the samples of a waveform must be float32 or int16, got {dtype}")


def mel_spectrograms(
    waveforms,
    *,
    sample_rate,
    n_fft,
    hop_length,
    win_length,
    window,
    center,
    pad_mode,
    power,
    n_mels,
    fmin,
    fmax,
    htk,
    norm,
    preemphasis=0.0,
    top_db=None,
    out=None,
):
    """Mel spectrograms of waveforms of one length, faster than one after the other.

    Parameters
    ----------
    waveforms : ndarray of shape (n_clips, n_samples), or sequence of ndarray of shape (n_samples,)
        All of them float32, or all 16-bit samples, int16. Their number bounds the memory that is taken.
    sample_rate, n_fft, hop_length, win_length, window, center, pad_mode, power, n_mels, fmin, fmax, htk, norm
        As in `mel_spectrogram`.
    preemphasis : float, default=0.0
        Before all else sample t becomes ``x[t] - preemphasis * x[t - 1]``, as by ``librosa.effects.preemphasis``.
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
    framing = n_fft, hop_length, center, pad_mode, preemphasis
    filters = sample_rate, n_fft, n_mels, fmin, fmax, htk, norm
    # 16-bit samples are only copied, and scaled by the taps: a power of two changes no digit.
    scale = _scale(waveforms[0].dtype)
    taps = {dtype: _scaled_taps(window, win_length or n_fft, n_fft, scale, dtype) for dtype in (np.float32, np.float64)}
    if out is None:
        out = np.empty((len(waveforms), count_frames(len(waveforms[0]), n_fft, hop_length, center), n_mels), np.float32)
    if power != 2 or (top_db is not None and top_db > _LARGEST_FLOAT32_TOP_DB):
        top_db = None
    _mel_of_clips(waveforms, framing, filters, taps, power, top_db, out)
    return out


def mel_spectrogram(
    waveform,
    *,
    sample_rate=16000,
    n_fft=400,
    hop_length=160,
    win_length=None,
    window="hann",
    center=True,
    pad_mode="constant",
    power=2.0,
    n_mels=40,
    fmin=0.0,
    fmax=None,
    htk=False,
    norm="slaney",
):
    """Mel spectrogram, as ``librosa.feature.melspectrogram(...).T``.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32 or, of 16-bit samples, int16
    sample_rate, n_fft, hop_length, win_length, window, center, pad_mode, power, n_mels, fmin, fmax, htk, norm
        As in librosa, where `sample_rate` is `sr`.

    Returns
    -------
    mel : ndarray of shape (n_frames, n_mels), float32
        Power, or magnitude where `power` is 1.

    Raises
    ------
    TypeError
        The samples are of another type.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype("float32")
    >>> mel = mel_spectrogram(tone, n_mels=40)
    >>> mel.shape, int(mel[50].argmax())
    ((101, 40), 13)
    """
    [mel] = mel_spectrograms(
        [waveform],
        sample_rate=sample_rate,
        n_fft=n_fft,
        hop_length=hop_length,
        win_length=win_length,
        window=window,
        center=center,
        pad_mode=pad_mode,
        power=power,
        n_mels=n_mels,
        fmin=fmin,
        fmax=fmax,
        htk=htk,
        norm=norm,
    )
    return mel


def power_to_db(power, *, ref=1.0, amin=1e-10, top_db=80.0):
    """Decibels of a power spectrogram of one clip, as ``librosa.power_to_db``.

    Parameters
    ----------
    power : ndarray, float32
    ref : float or callable, default=1.0
        The power of 0 dB; a callable such as ``np.max`` is given `power`.
    amin : float, default=1e-10
        Powers below are raised to this.
    top_db : float or None, default=80.0
        Values more than this below the loudest one of this clip are raised to that floor.

    Returns
    -------
    db : ndarray of the same shape, float32
    """
    if not power.size:
        return power.copy()
    reference = ref(power) if callable(ref) else ref
    flat = power.reshape(1, 1, -1).copy()
    return powers_to_db(flat, ref=reference, amin=amin, top_db=top_db).reshape(power.shape)


def powers_to_db(power, *, ref, amin, top_db):
    """Decibels of the power spectrograms of some clips, in place: `power_to_db` of each.

    Parameters
    ----------
    power : ndarray of shape (n_clips, n_frames, n_mels), float32
    ref, amin, top_db
        As in `power_to_db`.

    Returns
    -------
    db : ndarray of shape (n_clips, n_frames, n_mels), float32
    """
    references = [np.abs(ref(clip)) for clip in power] if callable(ref) else np.abs(ref)
    zero = 10.0 * np.log10(np.maximum(amin, references))
    floor = np.float32(amin)
    if top_db is not None:
        loudest = power.max(axis=(1, 2), initial=0, keepdims=True)
        floor = np.maximum(loudest * np.float32(10 ** (-top_db / 10)), floor)
        # One a band: 128 are compared with as many in half of the time that it takes with a single one.
        floor = floor.repeat(power.shape[2], axis=2)
    db = np.maximum(power, floor, out=power)
    np.log(db, out=db)  # NumPy's log10 takes four times as long
    db *= np.float32(10.0 / np.log(10.0))
    if zero.any():
        db -= zero.astype(np.float32).reshape(-1, 1, 1)
    return db


def mfcc(db, *, n_mfcc=20, dct_type=2, norm="ortho", lifter=0.0):
    """Cepstral coefficients of a mel spectrogram in decibels, as ``librosa.feature.mfcc(S=db.T).T``.

    Parameters
    ----------
    db : ndarray of shape (..., n_frames, n_mels), float32
    n_mfcc : int, default=20
    dct_type : {1, 2, 3}, default=2
    norm : {"ortho"} or None, default="ortho"
    lifter : float, default=0.0
        Above 0, coefficient k is weighted with ``1 + lifter / 2 * sin(pi * (k + 1) / lifter)``.

    Returns
    -------
    cepstra : ndarray of shape (..., n_frames, n_mfcc), float32
    """
    # In float64: 128 values around -60 dB cancel badly in float32.
    cepstra = db.astype(np.float64) @ _dct_matrix(db.shape[-1], n_mfcc, dct_type, norm)
    if lifter > 0:
        k = np.arange(1, 1 + n_mfcc)
        cepstra *= 1 + lifter / 2 * np.sin(np.pi * k / lifter)
    return cepstra.astype(np.float32)


def delta(features, *, width=9, order=1):
    """Local derivative over time by a Savitzky-Golay filter, as ``librosa.feature.delta``.

    Parameters
    ----------
    features : ndarray of shape (..., n_frames, n_features), float32
    width : int, default=9
        Frames of the filter, odd; not more than `n_frames`.
    order : int, default=1
        1 is the velocity, 2 the acceleration.

    Returns
    -------
    deltas : ndarray of shape (..., n_frames, n_features), float32
    """
    from scipy.signal import savgol_filter

    deltas = savgol_filter(features, width, deriv=order, polyorder=order, axis=-2, mode="interp")
    return deltas.astype(np.float32, copy=False)


def normalize(features, normalization):
    """Subtract from a clip its own mean.

    Parameters
    ----------
    features : ndarray of shape (n_frames, n_features), float32
    normalization : {"clip", "feature"}
        One mean over frames and features, or one a feature over the frames (cepstral mean normalization, B. S. Atal,
        Effectiveness of Linear Prediction Characteristics of the Speech Wave, 1974).

    Returns
    -------
    normalized : ndarray of shape (n_frames, n_features), float32
    """
    mean = features.mean(axis=None if normalization == "clip" else 0, dtype=np.float64)
    return features - mean.astype(np.float32)
