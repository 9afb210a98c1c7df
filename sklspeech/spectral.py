"""Frames, power spectrum, mel bands, decibels, cepstra and deltas: array in, array out.

Pure functions over waveforms, NumPy and SciPy only. Time is axis 0 of every result, which is librosa's layout
transposed; the values are librosa's. Results are float32. The Fourier transform is done in float32 as well where
nothing shows what that gets wrong: its errors are those of a noise far below the loudest frequency of a frame, and the
floor of decibels (`top_db`) may hide them. Elsewhere it is done in float64.

Clips lie one behind the other on a tape, and are worked on in blocks of frames, whatever clips these belong to: large
enough to be worth a call, small enough for the processor's cache. From the power on, frames are the last axis in
memory, where the mel bank needs them.
"""

import threading
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided
from scipy import fft, sparse

_BYTES_PER_BLOCK = 5 * 2**17  # of frames: four seconds at 400 samples every 160, in float32
# Decibels below the mean of a frame's power spectrum down to which float32 gives mel bands within 5e-4 dB, measured on
# recordings of two sets, with 400 to 2048 samples a frame and 40 to 128 bands.
_FLOAT32_RANGE = 45.0
# The loudest band of a clip is above the mean of the loudest spectrum, by 5 dB in noise, by 9 to 24 in speech.
_LARGEST_FLOAT32_TOP_DB = _FLOAT32_RANGE + 10.0
_TINY = np.finfo(np.float32).tiny
_LARGEST_BUFFER = 2**21  # elements; what an hour of audio takes is given back

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
def _sparse_mel_bank(*args):
    return sparse.csr_array(mel_filter_bank(*args))


@lru_cache(maxsize=64)
def _sparse_mel_bank_and_mean(*args):
    """The same, and below it the mean of all bins; and what every filter makes of an even spectrum of power 1."""
    bank = _sparse_mel_bank(*args)
    mean = np.full((1, bank.shape[1]), 1 / bank.shape[1], np.float32)
    return sparse.csr_array(sparse.vstack([bank, mean])), np.maximum(bank.sum(axis=1), _TINY)[:, None]


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


_scratch = threading.local()


def _buffer(name, shape, dtype):
    """Memory that this thread uses again and again: to get fresh pages takes longer than the arithmetic on them."""
    size = shape[0] * shape[1]
    if size > _LARGEST_BUFFER:
        return np.empty(shape, dtype)
    key = name + np.dtype(dtype).char
    flat = getattr(_scratch, key, None)
    if flat is None or flat.size < size:
        flat = np.empty(size, dtype)
        setattr(_scratch, key, flat)
    return flat[:size].reshape(shape)


def _frames(waveforms, n_fft, hop_length, center, pad_mode, dtype):
    """Padded waveforms one behind the other, as frames (n_frames, n_fft), and the frames of each as slices."""
    half = n_fft // 2 if center else 0
    n_hops = [-(-(len(waveform) + 2 * half) // hop_length) for waveform in waveforms]
    firsts = np.cumsum([0, *n_hops])  # every waveform begins where a frame does
    tape = _buffer("tape", (1, firsts[-1] * hop_length + n_fft), dtype)[0]
    tape.fill(0)
    for first, waveform in zip(firsts * hop_length, waveforms, strict=False):
        if pad_mode == "constant":
            tape[first + half : first + half + len(waveform)] = waveform
        else:
            tape[first : first + len(waveform) + 2 * half] = np.pad(waveform, half, mode=pad_mode)
    step = tape.strides[0]
    counts = [count_frames(len(waveform), n_fft, hop_length, center) for waveform in waveforms]
    clips = [slice(first, first + n) for first, n in zip(firsts.tolist(), counts, strict=False)]
    return as_strided(tape, (firsts[-1], n_fft), (step * hop_length, step), writeable=False), clips


def _spectra(frames):
    """Spectra of the rows, (n_frames, n_bins), in the precision of `frames`, which is overwritten."""
    if frames.dtype == np.float32:
        return fft.rfft(frames, axis=1, overwrite_x=True)
    # SciPy's float64 is slower than NumPy's, which writes into memory of ours; NumPy's float32 is slower than SciPy's.
    out = _buffer("spectra", (len(frames), 1 + frames.shape[1] // 2), np.complex128)
    return np.fft.rfft(frames, axis=1, out=out)


def _power(spectra, power):
    """|spectra| ** power in float32, (n_bins, n_frames)."""
    shape, precision = spectra.shape, spectra.real.dtype
    real = np.square(spectra.real, out=_buffer("real", shape, precision))
    imaginary = np.square(spectra.imag, out=_buffer("imaginary", shape, precision))
    squared = _buffer("power", shape[::-1], np.float32)
    np.add(real, imaginary, out=squared.T, casting="same_kind")
    return squared if power == 2.0 else np.power(squared, power / 2, out=squared)


def _mel_of_frames(frames, bank, taps, power):
    """Filtered power of frames that are a view, (n_filters, n_frames)."""
    mel = np.empty((bank.shape[0], len(frames)), dtype=np.float32)
    n_frames = max(1, _BYTES_PER_BLOCK // (frames.shape[1] * frames.itemsize))
    for start in range(0, len(frames), n_frames):
        block = frames[start : start + n_frames]
        windowed = np.multiply(block, taps, out=_buffer("windowed", block.shape, frames.dtype))
        mel[:, start : start + len(block)] = bank @ _power(_spectra(windowed), power)
    return mel


def _beyond_float32(mel, means, areas, clips, top_db):
    """Which clips have bands within `top_db` of their loudest one that are below the range of float32.

    Parameters
    ----------
    mel : ndarray of shape (n_mels, n_frames), float32
    means : ndarray of shape (n_frames,), float32
        Of the power spectra.
    areas : ndarray of shape (n_mels, 1)
        What every filter makes of an even spectrum of power 1, above 0.
    clips : list of slice
    top_db : float

    Returns
    -------
    beyond : list of int
    """
    loudest = (mel / areas).max(axis=0)  # in the scale of `means`
    ratio = 10 ** ((top_db - _FLOAT32_RANGE) / 10)
    return [i for i, clip in enumerate(clips) if means[clip].max(initial=0) * ratio > loudest[clip].max(initial=0)]


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
    top_db=None,
):
    """Mel spectrograms of some waveforms, faster than one after the other.

    Parameters
    ----------
    waveforms : sequence of ndarray of shape (n_samples_i,), float32
        Their number bounds the memory that is taken.
    sample_rate, n_fft, hop_length, win_length, window, center, pad_mode, power, n_mels, fmin, fmax, htk, norm
        As in `mel_spectrogram`.
    top_db : float or None, default=None
        What lies more decibels than this below the loudest band of a clip will not be seen, and need not be exact.

    Returns
    -------
    mel : ndarray of shape (n_mels, n_frames), float32
        One behind the other, with frames in between that belong to none.
    clips : list of slice
        The frames of every waveform.
    """
    filters = sample_rate, n_fft, n_mels, fmin, fmax, htk, norm
    taps = window_taps(window, win_length or n_fft, n_fft)
    framing = n_fft, hop_length, center, pad_mode

    def in_float64(waveforms):
        frames, clips = _frames(waveforms, *framing, np.float64)
        return _mel_of_frames(frames, _sparse_mel_bank(*filters), taps, power), clips

    if power != 2 or top_db is None or top_db > _LARGEST_FLOAT32_TOP_DB:
        return in_float64(waveforms)
    bank, areas = _sparse_mel_bank_and_mean(*filters)
    frames, clips = _frames(waveforms, *framing, np.float32)
    mel = _mel_of_frames(frames, bank, taps.astype(np.float32), power)
    mel, means = mel[:-1], mel[-1]
    for i in _beyond_float32(mel, means, areas, clips, top_db):
        exact, [alone] = in_float64(waveforms[i : i + 1])
        mel[:, clips[i]] = exact[:, alone]
    return mel, clips


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
    waveform : ndarray of shape (n_samples,), float32
    sample_rate, n_fft, hop_length, win_length, window, center, pad_mode, power, n_mels, fmin, fmax, htk, norm
        As in librosa, where `sample_rate` is `sr`.

    Returns
    -------
    mel : ndarray of shape (n_frames, n_mels), float32
        Power, or magnitude where `power` is 1.

    Examples
    --------
    >>> import numpy as np
    >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype("float32")
    >>> mel = mel_spectrogram(tone, n_mels=40)
    >>> mel.shape, int(mel[50].argmax())
    ((101, 40), 13)
    """
    mel, [clip] = mel_spectrograms(
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
    return mel[:, clip].T


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
    flat = power.reshape(1, -1).copy()
    return powers_to_db(flat, [slice(None)], ref=reference, amin=amin, top_db=top_db).reshape(power.shape)


def powers_to_db(power, clips, *, ref, amin, top_db):
    """Decibels of the power spectrograms of some clips, in place: `power_to_db` of each.

    Parameters
    ----------
    power : ndarray of shape (n_mels, n_frames), float32
    clips : list of slice
        The frames of every clip; the others mean nothing.
    ref, amin, top_db
        As in `power_to_db`.

    Returns
    -------
    power : ndarray of shape (n_mels, n_frames), float32
    """
    references = [np.abs(ref(power[:, clip].T) if callable(ref) else ref) for clip in clips]
    offset, floor = np.zeros((2, power.shape[1]), dtype=np.float32)
    for clip, reference in zip(clips, references, strict=True):
        offset[clip] = 10.0 * np.log10(max(amin, reference))
    db = np.maximum(power, np.float32(amin), out=power)
    np.log(db, out=db)  # NumPy's log10 takes four times as long
    db *= np.float32(10.0 / np.log(10.0))
    if offset.any():
        db -= offset
    if top_db is not None:
        peaks = db.max(axis=0)
        for clip in clips:
            floor[clip] = peaks[clip].max() - np.float32(top_db)
        np.maximum(db, floor, out=db)
    return db


def mfcc(db, *, n_mfcc=20, dct_type=2, norm="ortho", lifter=0.0):
    """Cepstral coefficients of a mel spectrogram in decibels, as ``librosa.feature.mfcc(S=db.T).T``.

    Parameters
    ----------
    db : ndarray of shape (n_frames, n_mels), float32
    n_mfcc : int, default=20
    dct_type : {1, 2, 3}, default=2
    norm : {"ortho"} or None, default="ortho"
    lifter : float, default=0.0
        Above 0, coefficient k is weighted with ``1 + lifter / 2 * sin(pi * (k + 1) / lifter)``.

    Returns
    -------
    cepstra : ndarray of shape (n_frames, n_mfcc), float32
    """
    # In float64: 128 values around -60 dB cancel badly in float32.
    cepstra = db.astype(np.float64) @ _dct_matrix(db.shape[1], n_mfcc, dct_type, norm)
    if lifter > 0:
        k = np.arange(1, 1 + n_mfcc)
        cepstra *= 1 + lifter / 2 * np.sin(np.pi * k / lifter)
    return cepstra.astype(np.float32)


def delta(features, *, width=9, order=1):
    """Local derivative over time by a Savitzky-Golay filter, as ``librosa.feature.delta``.

    Parameters
    ----------
    features : ndarray of shape (n_frames, n_features), float32
    width : int, default=9
        Frames of the filter, odd; not more than `n_frames`.
    order : int, default=1
        1 is the velocity, 2 the acceleration.

    Returns
    -------
    deltas : ndarray of shape (n_frames, n_features), float32
    """
    from scipy.signal import savgol_filter

    deltas = savgol_filter(features, width, deriv=order, polyorder=order, axis=0, mode="interp")
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
