"""Read, resample and fit to length; AudioLoader over these functions.

A clip is a path or a waveform. A waveform is float32, mono, in [-1, 1]. Where features are made of a WAV file, its
16-bit samples take the place of the waveform.
"""

import os
import stat
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import soundfile
import soxr
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_array, check_is_fitted

from .._runtime.public import public
from .._runtime.threads import count_threads, even_slices, map_in_threads
from ..features.row_cache import file_state, known_rows
from ..spectral.spectrogram import PCM_SCALE
from . import wav as _wav

# Endings of the files that soundfile reads; .raw has no header.
EXTENSIONS = {f".{name.lower()}" for name in soundfile.available_formats()} - {".raw"} | {".aif", ".oga", ".opus"}
_RATES = (1_000, 768_000)  # Hz; what no microphone or interface records is a broken header
# Programs that write to a pipe do not know the length: from here up it is none.
_UNKNOWN_LENGTH = 0x7FFF0000  # bytes, in the header of a WAV file
_UNKNOWN_FRAMES = 2**62  # what libsndfile makes of a FLAC file without a length
_TRIM_FRAME, _TRIM_HOP = 2048, 512  # samples, as librosa's
# What a thread reads before it transforms it: the more, the less threads wait for the interpreter lock. 75 clips of one
# second at 16 kHz are three of the blocks that spectral.py makes in one of several threads.
_SAMPLES_AT_ONCE = 75 * 16_000
_ROWS_AT_ONCE = 256  # at most, however short; of a piece as well
_LEAST_CLIPS = 8  # that are worth a piece of their own: a piece costs about as much as a clip
_NOT_IN_ROWS = ("duration", "n_jobs")  # parameters that change no row; n_samples_ stands for the duration


@public
class AudioError(ValueError):
    """A recording that cannot be used.

    Parameters
    ----------
    source : str
        The path of the file, or the position of the waveform in X, or the duration that all are to have.
    fault : str
        What is wrong with it.
    """

    def __init__(self, source, fault):
        super().__init__(source, fault)
        self.source = source
        self.fault = fault

    def __str__(self):
        return f"{self.source}: {self.fault}"


def read_waveform(path, sample_rate=16000):
    """Read a recording as one channel at one sample rate, as ``librosa.load(path, sr=sample_rate)``.

    A missing end is noticed in WAV, FLAC and OGG files, and in MP3 files whose header says how long they are; AIFF, AU,
    W64 and RF64 files give what is there.

    Parameters
    ----------
    path : str or PathLike
        WAV, FLAC, OGG, MP3 or whatever else libsndfile reads. Channels are averaged.
    sample_rate : int, default=16000
        Hertz; other rates are resampled with soxr's high-quality filter.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32

    Raises
    ------
    AudioError
        The file is missing, empty, truncated or not audio, it has no samples, NaN or infinite samples, or a sample
        rate that nothing records with.
    """
    return _as_float(_read_samples(os.fspath(path), sample_rate))


def _read_samples(path, sample_rate):
    """A waveform; or, of a WAV file of one channel at this rate, its 16-bit samples: features take them as they are."""
    samples, rate = _decode(path)
    if samples.shape[1] == 1 and rate == sample_rate:
        return samples[:, 0]
    samples = _as_float(samples)
    mono = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1, dtype=np.float32)
    return resample(mono, rate, sample_rate)


def _as_float(samples, out=None):
    """Samples in [-1, 1], float32; in `out` where that is given."""
    is_float = samples.dtype.kind == "f"
    if is_float and out is None:
        return samples
    waveform = np.empty(samples.shape, np.float32) if out is None else out
    waveform[:] = samples
    if not is_float:
        waveform *= PCM_SCALE  # after the change of type: in one step it takes twice as long
    return waveform


def _decode(path):
    """All samples of a file, (n_samples, n_channels), float32 in [-1, 1] or 16-bit integers, and its rate."""
    samples, rate = _decode_pcm(path) or _decode_any(path)
    if not len(samples):
        raise AudioError(path, "has no samples")
    return samples, rate


def _decode_pcm(path):
    """A WAV file of 16-bit samples, with the same result as by libsndfile; None if it is none."""
    if not _wav.is_wav(path):
        return None
    try:
        content = _wav.read_bytes(path)
    except OSError:
        return None  # _open says what is wrong
    form, start, length = _find_all_samples(path, content)
    if form is None or not length or not _wav.is_pcm(form):
        return None
    _, n_channels, rate, _, frame_bytes, _ = form
    _check_header(path, rate)
    n_samples = min(length, len(content) - start) // frame_bytes
    return np.frombuffer(content, "<i2", n_samples * n_channels, start).reshape(n_samples, n_channels), rate


def _find_all_samples(path, content):
    """Format, start and length of the samples of a whole WAV file, none of which may be missing."""
    form, start, length = _wav.find_samples(content)
    n_bytes = len(content) - start
    if n_bytes < length < _UNKNOWN_LENGTH:
        raise AudioError(path, f"is truncated: {n_bytes} bytes of samples, its header says {length}")
    return form, start, length


def _decode_any(path):
    """Whatever libsndfile reads."""
    with _open(path) as file:
        _check_complete(path, file.format)
        try:
            # The number is told for those that libsndfile cannot seek in, such as GSM 6.10.
            samples = file.read(file.frames, dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise AudioError(path, f"cannot be decoded, it is damaged or truncated ({error})") from error
        if len(samples) < file.frames:
            raise AudioError(path, f"is truncated: {len(samples)} samples, its header says {file.frames}")
        _check_finite(samples, path)
        return samples, file.samplerate


def _open(path):
    """Open a file whose header is sound."""
    try:
        state = os.stat(path)
        if stat.S_ISDIR(state.st_mode):
            raise AudioError(path, "is a folder, expected a file")
        if not state.st_size:
            raise AudioError(path, "is empty")
        # soundfile would encode a name itself, and not one that is no UTF-8.
        file = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)
    except FileNotFoundError as error:
        raise AudioError(path, "does not exist") from error
    except OSError as error:
        raise AudioError(path, f"cannot be read ({error.strerror})") from error
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless formats, told from the extension
        raise AudioError(path, f"is not audio that can be read ({error})") from error
    try:
        _check_header(path, file.samplerate, file.frames)
    except AudioError:
        file.close()
        raise
    return file


def _check_header(path, rate, n_samples=0):
    if not _RATES[0] <= rate <= _RATES[1]:
        raise AudioError(path, f"has a sample rate of {rate} Hz, expected {_RATES[0]} to {_RATES[1]}")
    if n_samples >= _UNKNOWN_FRAMES:
        raise AudioError(path, "does not say how long it is: write it to a file, not to a pipe")


def _check_complete(path, format):
    """Raise where the end of a WAV or OGG file is missing, which libsndfile passes over in silence."""
    if format in ("WAV", "WAVEX"):
        _find_all_samples(path, _wav.read_bytes(path))
    elif format == "OGG":
        _check_ogg_complete(path)


def _check_ogg_complete(path):
    """Look for the mark of the end of the stream in the last page (RFC 3533, section 6)."""
    with open(path, "rb") as raw:
        raw.seek(-min(os.fstat(raw.fileno()).st_size, 131_072), os.SEEK_END)  # a page has 65,307 bytes at most
        end = raw.read()
    page = end[max(end.rfind(b"OggS\0"), 0) :]
    lengths = page[27 : 27 + page[26]] if len(page) > 26 else b""
    if not lengths or not page[5] & 4 or len(page) < 27 + len(lengths) + sum(lengths):
        raise AudioError(path, "is truncated: its stream has no end")


def _check_finite(samples, source):
    if not np.isfinite(samples).all():
        raise AudioError(source, "has NaN or infinite samples")


def resample(waveform, rate, new_rate):
    """Change the sample rate, as ``librosa.resample(..., res_type="soxr_hq")``.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,), float32
    rate, new_rate : int
        Hertz.

    Returns
    -------
    resampled : ndarray of shape (ceil(n_samples * new_rate / rate),), float32
    """
    if rate == new_rate:
        return np.ascontiguousarray(waveform)
    n_samples = -(-len(waveform) * new_rate // rate)
    return fit_length(soxr.resample(waveform, rate, new_rate, quality="HQ"), n_samples)


def fit_length(waveform, n_samples):
    """Cut the end, or add zeros there, as ``librosa.util.fix_length``.

    Parameters
    ----------
    waveform : ndarray of shape (n,)
    n_samples : int

    Returns
    -------
    fitted : ndarray of shape (n_samples,), of the same type
        A view where nothing had to be added.
    """
    if len(waveform) >= n_samples:
        return waveform[:n_samples]
    fitted = np.zeros(n_samples, waveform.dtype)
    fitted[: len(waveform)] = waveform
    return fitted


def trim_silence(waveform, top_db=60.0):
    """Cut off the quiet beginning and end, as ``librosa.effects.trim``.

    Parameters
    ----------
    waveform : ndarray of shape (n,)
    top_db : float, default=60.0
        Quiet is what is this many dB below the loudest frame, or more. Frames are 2048 samples, every 512. librosa
        takes frames with an effective value under 1e-5 for as loud as that, and leaves faint recordings as they are.

    Returns
    -------
    trimmed : ndarray of shape (n_trimmed,), of the same type
        A view; the whole waveform where there is only silence.
    """
    energy = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    centers = np.arange(0, len(waveform) + 1, _TRIM_HOP)
    ends = np.minimum(centers + _TRIM_FRAME // 2, len(waveform))
    power = energy[ends] - energy[np.maximum(centers - _TRIM_FRAME // 2, 0)]
    loud = np.flatnonzero(power > power.max() * 10 ** (-top_db / 10))
    if not len(loud):
        return waveform
    return waveform[loud[0] * _TRIM_HOP : (loud[-1] + 1) * _TRIM_HOP]


def read_duration(path):
    """Duration of a recording, from its header alone.

    Parameters
    ----------
    path : str or PathLike

    Returns
    -------
    duration : float
        Seconds.

    Raises
    ------
    AudioError
        The header cannot be used.
    """
    with _open(os.fspath(path)) as file:
        return file.frames / file.samplerate


@lru_cache(maxsize=2**16)  # every fold and candidate of a search asks
def _known_duration(path, state):
    return read_duration(path)


def typical_duration(durations):
    """The longest duration that is no outlier.

    An outlier is longer than the third quartile by more than three times the distance of the quartiles (J. W. Tukey,
    Exploratory Data Analysis, 1977: "far out"), so one forgotten recording of a minute does not lengthen all others.

    Parameters
    ----------
    durations : array-like of shape (n,)

    Returns
    -------
    duration : float

    Examples
    --------
    >>> typical_duration([0.5, 0.4, 0.6, 0.5, 27.0])
    0.6
    """
    durations = np.asarray(durations, dtype=np.float64)
    first, third = np.quantile(durations, [0.25, 0.75])
    return float(durations[durations <= third + 3 * (third - first)].max())


def check_clips(X):
    """Check a collection of clips.

    Parameters
    ----------
    X : list, array, Series or single-column DataFrame of str or PathLike; or waveforms: an array of shape
        (n, n_samples), or a list of 1-D arrays, of floats

    Returns
    -------
    clips : list of str, or sequence of 1-D float32 arrays

    Raises
    ------
    TypeError, ValueError
        X is something else, or empty.
    AudioError
        A waveform has no samples, or NaN or infinite ones.
    """
    if isinstance(X, str | bytes | os.PathLike):
        raise TypeError(f"X must be a collection of clips, got the single path {os.fspath(X)!r}: write [path]")
    if not isinstance(X, list | tuple):
        X = _from_array(X)
        if X.ndim == 2:
            return _check_waveforms(X)
    if not len(X):
        raise ValueError("Found array with 0 sample(s) while a minimum of 1 is required: X has no clips.")
    are_paths = [isinstance(clip, str | os.PathLike) for clip in X]
    if all(are_paths):
        return [os.fspath(clip) for clip in X]
    if any(are_paths):
        position = are_paths.index(not are_paths[0])
        raise TypeError(
            f"X must be all paths or all waveforms; entry 0 is {type(X[0]).__name__}, "
            f"entry {position} is {type(X[position]).__name__}"
        )
    return [_check_waveform(clip, position) for position, clip in enumerate(X)]


def clip_waveform(clip, sample_rate):
    """The waveform of a checked clip, read where it is a path.

    Parameters
    ----------
    clip : str or ndarray of shape (n_samples,), float32
        An entry of what `check_clips` gives.
    sample_rate : int
        Hertz, for paths.

    Returns
    -------
    waveform : ndarray of shape (n_samples,), float32
    """
    return _as_float(_clip_samples(clip, sample_rate))


def _clip_samples(clip, sample_rate):
    """The waveform of a checked clip, or what `_read_samples` makes of a path."""
    return _read_samples(clip, sample_rate) if isinstance(clip, str) else clip


def _from_array(X):
    """The values of an array, Series or frame: 1-D of clips, or 2-D of samples."""
    if hasattr(X, "toarray"):
        raise TypeError("X is a sparse matrix, but dense data is required: paths or waveforms")
    values = np.asarray(X)
    if values.ndim == 2 and values.shape[1] == 1 and values.dtype.kind in "OUT":
        values = values[:, 0]
    if values.ndim == 2 or (values.ndim == 1 and values.dtype.kind in "OUT"):
        return values
    raise ValueError(
        f"X must be paths (n,) or waveforms (n, n_samples), got an array of shape {values.shape} and type "
        f"{values.dtype}. Reshape your data: a single waveform is X.reshape(1, -1)."
    )


def _check_waveforms(X):
    """A 2-D array of waveforms, as float32."""
    if X.dtype.kind in "iu":
        raise TypeError(
            f"X has samples of type {X.dtype}, expected floats in [-1, 1]: divide PCM samples by their largest value"
        )
    X = check_array(X, dtype=np.float32, order="C", ensure_all_finite=False, input_name="X")
    for position, waveform in enumerate(X):
        _check_finite(waveform, f"waveform {position} of X")
    return X


def _check_waveform(clip, position):
    waveform = np.asarray(clip)
    source = f"waveform {position} of X"
    if waveform.ndim != 1 or waveform.dtype.kind != "f":
        raise TypeError(
            f"{source}: expected a path or a 1-D array of floats in [-1, 1], got {type(clip).__name__} of shape "
            f"{waveform.shape} and type {waveform.dtype}"
        )
    if not len(waveform):
        raise AudioError(source, "has no samples")
    _check_finite(waveform, source)
    return np.ascontiguousarray(waveform, dtype=np.float32)


@dataclass(eq=False, repr=False, kw_only=True)
class ClipTransformer(CallbackSupportMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """What AudioLoader and the features share: clips in, duration learned, one row a clip out.

    A subclass says what becomes of one waveform. As dataclasses their `__init__` has every parameter by name and only
    stores it.
    """

    _parameter_constraints: ClassVar[dict] = {
        "sample_rate": [Interval(Integral, *_RATES, closed="both")],
        "duration": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"}), None],
        "trim": [Interval(Real, 0, None, closed="neither"), None],
        "n_jobs": [Integral, None],
    }

    sample_rate: int = 16000
    duration: float | str | None = None
    trim: float | None = None
    n_jobs: int | None = None

    def __init_subclass__(cls, auto_wrap_output_keys=None, **kwargs):
        # Three-dimensional output fits into no table; scikit-learn's default for a subclass is to make one.
        super().__init_subclass__(auto_wrap_output_keys=auto_wrap_output_keys, **kwargs)

    @with_callbacks
    def fit(self, X, y=None):
        """Learn the duration.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        AudioError
            A recording cannot be used; with `duration="auto"` its header is read here, the rest in `transform`.
        """
        self._validate_params()
        task = self._init_callback_context().call_on_fit_task_begin(estimator=self, X=X, y=y)
        self._set_n_samples(check_clips(X))
        task.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def _set_n_samples(self, clips):
        self.duration_ = self._typical_duration(clips) if self.duration == "auto" else self.duration
        self.n_samples_ = None if self.duration_ is None else max(1, round(float(self.duration_) * self.sample_rate))

    def _typical_duration(self, clips):
        if isinstance(clips[0], str):
            return typical_duration([_known_duration(path, file_state(path)) for path in clips])
        return typical_duration([len(waveform) / self.sample_rate for waveform in clips])

    def transform(self, X):
        """Transform clips.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays

        Returns
        -------
        rows : ndarray of shape (n, ...), float32; with `duration=None` a list of n arrays

        Raises
        ------
        AudioError
            A recording cannot be used.
        """
        check_is_fitted(self)
        clips = check_clips(X)
        n_threads = count_threads(self.n_jobs)
        pieces = even_slices(len(clips), n_threads, _LEAST_CLIPS, _ROWS_AT_ONCE)
        rows: list | np.ndarray = (
            [None] * len(clips)
            if self.n_samples_ is None
            else np.empty((len(clips), *self._row_shape(self.n_samples_)), np.float32)
        )
        # Only files are kept, and a waveform is not to wait for the settings.
        settings = self._settings() if isinstance(clips[0], str) else None

        def fill(piece):
            memory = self._sample_rows(clips[piece])
            for batch, waveforms in self._read(clips, self._new(clips, piece, settings, rows), memory):
                self._compute(batch, waveforms, settings, rows)

        map_in_threads(fill, pieces, n_threads)
        return rows

    def _new(self, clips, piece, settings, rows):
        """Set the rows of a piece of the clips that have been computed before, one clip after the other.

        Yields
        ------
        i : int
            The next of the other clips.
        state : hashable or None
            That of its file, if its row is to be kept.
        """
        for i, clip in enumerate(clips[piece], piece.start):
            is_new = settings is None or known_rows.is_new((clip, settings))
            state = None if is_new else file_state(clip)
            row = None if state is None else known_rows.get((state, settings))
            if row is None:
                yield i, state
            else:
                _set_row(rows, i, row)

    def _read(self, clips, new, memory):
        """Read clips, as many as are transformed at once.

        Yields
        ------
        batch : list of (i, state)
            The next of `new`.
        waveforms : ndarray of shape (n, n_samples), int16, or list of ndarray of shape (n_samples,)
            As `_waveform` gives them. The next batch takes the memory of 16-bit samples again.
        """
        while memory is not None and (batch := list(islice(new, len(memory.samples)))):
            is_read = memory.read([clips[i] for i, _ in batch])
            if is_read.all():
                yield batch, memory.samples[: len(batch)]
            else:
                rows = zip(batch, memory.samples[: len(batch)], is_read, strict=True)
                yield batch, [row if in_row else self._waveform(clips[i], i) for (i, _), row, in_row in rows]
            if not is_read.any():
                memory = None  # nor will the others be such files
        batch, waveforms, n_samples = [], [], 0
        for i, state in new:
            waveforms.append(self._waveform(clips[i], i))
            batch.append((i, state))
            n_samples += len(waveforms[-1])
            if n_samples >= _SAMPLES_AT_ONCE or len(batch) == _ROWS_AT_ONCE:
                yield batch, waveforms
                batch, waveforms, n_samples = [], [], 0
        if batch:
            yield batch, waveforms

    def _sample_rows(self, clips):
        """Where files are read to that need no more than that, a batch at a time; None where more is done to all."""
        are_files = isinstance(clips[0], str) and hasattr(os, "readv")  # which Windows has not
        if self.n_samples_ is None or self.trim is not None or not are_files:
            return None
        n_rows = min(len(clips), _ROWS_AT_ONCE, -(-_SAMPLES_AT_ONCE // self.n_samples_))
        return _wav.SampleRows(n_rows, self.n_samples_, self.sample_rate)

    def _compute(self, batch, waveforms, settings, rows):
        """Set the rows of a batch."""
        first, last = batch[0][0], batch[-1][0]
        in_place = isinstance(rows, np.ndarray) and last - first < len(batch)
        computed = self._transform_waveforms(waveforms, rows[first : last + 1] if in_place else None)
        for (i, state), row in zip(batch, computed, strict=True):
            if not in_place:
                _set_row(rows, i, row)
            if state is not None:
                known_rows.put((state, settings), row)

    def _settings(self):
        """All that a row depends on besides its clip, hashable."""
        return type(self), self.n_samples_, *(getattr(self, name) for name in _row_params(type(self)))  # type: ignore[arg-type]

    def _waveform(self, clip, position):
        """Read a clip and give it its length: float32 in [-1, 1], or 16-bit integers as they are in the file."""
        waveform = _clip_samples(clip, self.sample_rate)
        if self.trim is not None:
            waveform = trim_silence(waveform, self.trim)
        if self.n_samples_ is not None:
            return fit_length(waveform, self.n_samples_)
        self._check_long_enough(len(waveform), clip if isinstance(clip, str) else f"clip {position} of X")
        return waveform

    def _check_long_enough(self, n_samples, source):
        """Raise AudioError where a clip of this length cannot be transformed; any can, here."""

    def _row_shape(self, n_samples):
        """Shape of a clip's row."""
        raise NotImplementedError

    def _transform_waveforms(self, waveforms, out=None):
        """Rows of waveforms as `_read` gives them, no views of 16-bit samples; in `out`, an array of all, if given."""
        raise NotImplementedError

    def set_output(self, *, transform=None):
        """Do nothing: waveforms and features have no columns and stay arrays.

        It is here so that ``pipeline.set_output(transform="pandas")`` reaches the steps that do.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None

        Returns
        -------
        self : object
        """
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


@lru_cache(maxsize=64)  # get_params looks at the signature each time, which takes longer than a clip
def _row_params(transformer):
    """Names of the parameters of a class that its rows depend on."""
    return [name for name in transformer._get_param_names() if name not in _NOT_IN_ROWS]


def _set_row(rows, i, row):
    rows[i] = np.array(row, order="C") if isinstance(rows, list) else row  # a copy: the cache may own the row


@public
@dataclass(eq=False, repr=False, kw_only=True)
class AudioLoader(ClipTransformer):
    """Recordings to waveforms.

    Parameters
    ----------
    sample_rate : int, default=16000
        Hertz of the waveforms; other recordings are resampled with soxr.
    duration : float, "auto" or None, default=None
        Length of every waveform in seconds: longer clips lose their end, shorter ones get zeros there. "auto" learns
        it in `fit`: the longest clip that is no outlier (see `typical_duration`). None leaves every clip its length.
    trim : float or None, default=None
        Cut off the beginning and the end of a clip where they are this many dB or more below its loudest part, before
        it is given its length. A `duration` of "auto" is learned from the clips as they are.
    n_jobs : int or None, default=None
        Number of threads; None is 1, -1 is one a core.

    Attributes
    ----------
    duration_ : float or None
        Seconds.
    n_samples_ : int or None
        Length of a waveform.

    Examples
    --------
    >>> import tempfile
    >>> from sklspeech import AudioLoader, datasets
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=1, folder=folder)
    ...     waveforms = AudioLoader(duration=0.5).fit_transform(speech.data)
    >>> waveforms.shape, waveforms.dtype
    ((4, 8000), dtype('float32'))
    """

    def get_feature_names_out(self, input_features=None):
        """Name of what a clip becomes.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (1,), object
        """
        return np.array(["waveform"], dtype=object)

    def _row_shape(self, n_samples):
        return (n_samples,)

    def _transform_waveforms(self, waveforms, out=None):
        rows = [None] * len(waveforms) if out is None else out
        return [_as_float(waveform, row) for waveform, row in zip(waveforms, rows, strict=True)]
