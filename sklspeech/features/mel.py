"""MelFeatures and MFCCFeatures: clips to (n, n_frames, n_features). FrameStatistics: features to 2-D."""

import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_array, check_is_fitted

from .._runtime.public import public
from ..audio.reading import AudioError, ClipTransformer
from ..spectral import spectrogram as spectral


@public
@dataclass(eq=False, repr=False, kw_only=True)
class MelFeatures(ClipTransformer):
    """Mel spectrogram in decibels, as librosa computes it.

    Parameters
    ----------
    sample_rate : int, default=16000
        Hertz; recordings at other rates are resampled with soxr.
    duration : float, "auto" or None, default="auto"
        Length that every clip is given, in seconds: longer clips lose their end, shorter ones get zeros there. "auto"
        learns it in `fit`: the longest clip that is no outlier. None leaves every clip its length.
    trim : float or None, default=None
        Cut off the beginning and the end of a clip where they are this many dB or more below its loudest part, before
        it is given its length. A `duration` of "auto" is learned from the clips as they are.
    preemphasis : float, default=0.97
        Sample t becomes ``x[t] - preemphasis * x[t - 1]``, as by ``librosa.effects.preemphasis``, which lifts the high
        frequencies of consonants above the floor of `top_db` and lowers the rumble of rooms. 0 leaves the waveform as
        it is, as ``librosa.feature.melspectrogram`` does.
    n_fft : int, default=400
        Samples of a frame; 400 are 25 ms at 16 kHz.
    hop_length : int, default=160
        Samples from one frame to the next; 160 are 10 ms.
    win_length : int or None, default=None
        Samples of the window, centred in the frame; None is `n_fft`.
    window : str or tuple, default="hann"
        Any window of ``scipy.signal.get_window``.
    center : bool, default=True
        The clip is padded by half a frame on both sides, so that frame t is centred on sample ``t * hop_length``.
    pad_mode : {"constant", "edge", "reflect", "symmetric"}, default="constant"
        What the clip is padded with.
    power : float, default=2.0
        Exponent of the magnitudes: 2 is power, 1 magnitude.
    n_mels : int, default=40
    fmin : float, default=0.0
        Lowest frequency in hertz.
    fmax : float or None, default=None
        Highest frequency in hertz; None is half of `sample_rate`.
    htk : bool, default=False
        HTK's mel scale instead of Slaney's.
    norm : {"slaney"} or None, default="slaney"
        Filters of the same area, or of the same peak.
    ref : float or callable, default=1.0
        The power of 0 dB; a callable such as ``np.max`` is given each clip's spectrogram.
    amin : float, default=1e-10
        Powers below are raised to this.
    top_db : float or None, default=70.0
        Values more than this below the loudest one of the same clip are raised to that floor, which hides the noise of
        the room. librosa's default is 80, which takes longer as well: above 75 the Fourier transform is in float64.
    normalization : {"clip", "feature"} or None, default=None
        What is subtracted from every clip: its mean over frames and features, that is its level; the mean of every
        feature over the frames (cepstral mean normalization); or nothing, which leaves librosa's values. The networks
        have a normalization of their own.
    n_jobs : int or None, default=None
        Number of threads; None is 1, -1 is one a core.

    Attributes
    ----------
    duration_ : float or None
        Seconds.
    n_samples_ : int or None
        Length a clip is given before its frames are taken.

    See Also
    --------
    MFCCFeatures : the cepstral coefficients of these features.

    Examples
    --------
    >>> from sklspeech import MelFeatures, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=1)
    >>> MelFeatures(duration=1.0).fit_transform(speech.data).shape
    (4, 101, 40)
    """

    _parameter_constraints: ClassVar[dict] = {
        **ClipTransformer._parameter_constraints,
        "preemphasis": [Interval(Real, 0, 1, closed="both")],
        "n_fft": [Interval(Integral, 2, None, closed="left")],
        "hop_length": [Interval(Integral, 1, None, closed="left")],
        "win_length": [Interval(Integral, 1, None, closed="left"), None],
        "window": [str, tuple],
        "center": ["boolean"],
        "pad_mode": [StrOptions({"constant", "edge", "reflect", "symmetric"})],
        "power": [Interval(Real, 0, None, closed="neither")],
        "n_mels": [Interval(Integral, 1, None, closed="left")],
        "fmin": [Interval(Real, 0, None, closed="left")],
        "fmax": [Interval(Real, 0, None, closed="neither"), None],
        "htk": ["boolean"],
        "norm": [StrOptions({"slaney"}), None],
        "ref": [Interval(Real, 0, None, closed="neither"), callable],
        "amin": [Interval(Real, 0, None, closed="neither")],
        "top_db": [Interval(Real, 0, None, closed="left"), None],
        "normalization": [StrOptions({"clip", "feature"}), None],
    }

    duration: float | str | None = "auto"
    preemphasis: float = 0.97
    n_fft: int = 400
    hop_length: int = 160
    win_length: int | None = None
    window: str | tuple = "hann"
    center: bool = True
    pad_mode: str = "constant"
    power: float = 2.0
    n_mels: int = 40
    fmin: float = 0.0
    fmax: float | None = None
    htk: bool = False
    norm: str | None = "slaney"
    ref: float | Callable = 1.0
    amin: float = 1e-10
    top_db: float | None = 70.0
    normalization: str | None = None

    def _validate_params(self):
        super()._validate_params()
        if self.win_length is not None and self.win_length > self.n_fft:
            raise ValueError(f"win_length must not be more than n_fft, got {self.win_length} and {self.n_fft}")
        try:
            spectral.window_taps(self.window, self.win_length or self.n_fft, self.n_fft)
        except (TypeError, ValueError) as error:
            raise ValueError(f"window={self.window!r} is none of scipy.signal.get_window: {error}") from error
        fmax = self.sample_rate / 2 if self.fmax is None else self.fmax
        if not self.fmin < fmax <= self.sample_rate / 2:
            raise ValueError(
                f"fmin < fmax <= sample_rate / 2 must hold, got fmin={self.fmin}, fmax={fmax}, "
                f"sample_rate={self.sample_rate}"
            )

    def _set_n_samples(self, clips):
        super()._set_n_samples(clips)
        self._warn_of_empty_filters()
        if self.n_samples_ is not None:
            self._check_long_enough(self.n_samples_, f"duration {self.duration_:g} s")

    def _warn_of_empty_filters(self):
        bank = spectral.mel_filter_bank(
            self.sample_rate, self.n_fft, self.n_mels, self.fmin, self.fmax, self.htk, self.norm
        )
        n_empty = np.count_nonzero(~bank.any(axis=1))
        if n_empty:
            warnings.warn(
                f"{n_empty} of {self.n_mels} mel filters are empty: they lie between two of the frequencies of "
                f"n_fft={self.n_fft}, and their features never change. Fewer n_mels or a larger n_fft avoids it.",
                stacklevel=4,
            )

    def _check_long_enough(self, n_samples, source):
        """Raise where there is no frame, or nothing to mirror."""
        mirrored = self.center and self.pad_mode in ("reflect", "symmetric")
        shortest = (self.n_fft // 2 + 1 if mirrored else 1) if self.center else self.n_fft
        if n_samples < shortest:
            raise AudioError(
                source,
                f"{n_samples} samples at {self.sample_rate} Hz are too short, expected {shortest} or more "
                f"for n_fft={self.n_fft}, center={self.center}, pad_mode={self.pad_mode!r}",
            )

    def _row_shape(self, n_samples):
        return spectral.count_frames(n_samples, self.n_fft, self.hop_length, self.center), self.n_mels

    def _transform_waveforms(self, waveforms, out=None):
        rows: list[np.ndarray] = []
        for alike in _alike(waveforms):
            rows.extend(self._features(alike, None if out is None else out[len(rows) : len(rows) + len(alike)]))
        if self.normalization is not None:
            for row in rows:
                row[:] = spectral.normalize(row, self.normalization)
        return rows

    def _features(self, waveforms, out=None):
        """Features of waveforms of one length, (n_clips, n_frames, n_features); in `out` where that is given."""
        # A reference such as the median may be one of the bands that the floor hides.
        top_db = None if callable(self.ref) and self.ref is not np.max else self.top_db
        mel = spectral.mel_spectrograms(
            waveforms,
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop_length=self.hop_length,
            win_length=self.win_length,
            window=self.window,
            center=self.center,
            pad_mode=self.pad_mode,
            power=self.power,
            n_mels=self.n_mels,
            fmin=self.fmin,
            fmax=self.fmax,
            htk=self.htk,
            norm=self.norm,
            preemphasis=self.preemphasis,
            top_db=top_db,
            out=out,
        )
        return spectral.powers_to_db(mel, ref=self.ref, amin=self.amin, top_db=self.top_db)

    def get_feature_names_out(self, input_features=None):
        """Names of the features of a frame.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (n_mels,), object
        """
        check_is_fitted(self)
        return np.array([f"mel{band}" for band in range(self.n_mels)], dtype=object)


def _alike(waveforms):
    """Runs of waveforms of one length and type."""
    if isinstance(waveforms, np.ndarray):
        return [waveforms]
    return [list(alike) for _, alike in itertools.groupby(waveforms, key=lambda clip: (len(clip), clip.dtype))]


@public
@dataclass(eq=False, repr=False, kw_only=True)
class MFCCFeatures(MelFeatures):
    """Mel-frequency cepstral coefficients, as librosa computes them.

    Parameters
    ----------
    n_mfcc : int, default=20
    dct_type : {1, 2, 3}, default=2
    dct_norm : {"ortho"} or None, default="ortho"
        `norm` of ``librosa.feature.mfcc``; `norm` here is that of the mel filters.
    lifter : float, default=0.0
        Above 0, coefficient k is weighted with ``1 + lifter / 2 * sin(pi * (k + 1) / lifter)``.
    deltas : {0, 1, 2}, default=0
        How many time derivatives are appended to the coefficients: 1 the velocity, 2 the acceleration as well.
    delta_width : int, default=9
        Frames over which a derivative is taken, odd.
    sample_rate, duration, trim, preemphasis, n_fft, hop_length, win_length, window, center, pad_mode, power, n_mels, \
fmin, fmax, htk, norm, ref, amin, top_db, normalization, n_jobs
        As in `MelFeatures`.

    Attributes
    ----------
    duration_ : float or None
        Seconds.
    n_samples_ : int or None
        Length a clip is given before its frames are taken.

    Examples
    --------
    >>> from sklspeech import MFCCFeatures, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=1)
    >>> MFCCFeatures(n_mfcc=13, deltas=2, duration=1.0).fit_transform(speech.data).shape
    (4, 101, 39)
    """

    _parameter_constraints: ClassVar[dict] = {
        **MelFeatures._parameter_constraints,
        "n_mfcc": [Interval(Integral, 1, None, closed="left")],
        "dct_type": [Interval(Integral, 1, 3, closed="both")],
        "dct_norm": [StrOptions({"ortho"}), None],
        "lifter": [Interval(Real, 0, None, closed="left")],
        "deltas": [Interval(Integral, 0, 2, closed="both")],
        "delta_width": [Interval(Integral, 3, None, closed="left")],
    }

    n_mfcc: int = 20
    dct_type: int = 2
    dct_norm: str | None = "ortho"
    lifter: float = 0.0
    deltas: int = 0
    delta_width: int = 9

    def _validate_params(self):
        super()._validate_params()
        if self.n_mfcc > self.n_mels:
            raise ValueError(f"n_mfcc must not be more than n_mels, got {self.n_mfcc} and {self.n_mels}")
        if self.delta_width % 2 == 0:
            raise ValueError(f"delta_width must be odd, got {self.delta_width}")

    def _check_long_enough(self, n_samples, source):
        super()._check_long_enough(n_samples, source)
        n_frames, _ = self._row_shape(n_samples)
        if self.deltas and n_frames < self.delta_width:
            raise AudioError(source, f"{n_frames} frames are too few for delta_width={self.delta_width}")

    def _row_shape(self, n_samples):
        n_frames, _ = super()._row_shape(n_samples)
        return n_frames, self.n_mfcc * (1 + self.deltas)

    def _features(self, waveforms, out=None):
        db = super()._features(waveforms)
        cepstra = spectral.mfcc(db, n_mfcc=self.n_mfcc, dct_type=self.dct_type, norm=self.dct_norm, lifter=self.lifter)
        orders = range(1, 1 + self.deltas)
        parts = [cepstra] + [spectral.delta(cepstra, width=self.delta_width, order=order) for order in orders]
        return np.concatenate(parts, axis=-1, out=out)

    def get_feature_names_out(self, input_features=None):
        """Names of the features of a frame.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (n_mfcc * (1 + deltas),), object
        """
        check_is_fitted(self)
        prefixes = ["", "delta_", "delta2_"][: 1 + self.deltas]
        return np.array([f"{p}mfcc{k}" for p in prefixes for k in range(self.n_mfcc)], dtype=object)


_STATISTICS = {
    "mean": lambda frames: frames.mean(axis=-2),
    "std": lambda frames: frames.std(axis=-2),
    "min": lambda frames: frames.min(axis=-2),
    "max": lambda frames: frames.max(axis=-2),
    "median": lambda frames: np.median(frames, axis=-2),
}


@public
class FrameStatistics(TransformerMixin, BaseEstimator):
    """Features over time to one row of statistics a clip, for classifiers that take a table.

    Parameters
    ----------
    statistics : tuple of {"mean", "std", "min", "max", "median"}, default=("mean", "std")
        What is taken over the frames of a clip, feature by feature.

    Attributes
    ----------
    n_features_in_ : int
        Features of a frame.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklspeech import FrameStatistics, MFCCFeatures, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=1)
    >>> table = make_pipeline(MFCCFeatures(n_mfcc=3), FrameStatistics())
    >>> table.fit_transform(speech.data).shape
    (4, 6)
    >>> table.get_feature_names_out().tolist()
    ['mfcc0_mean', 'mfcc1_mean', 'mfcc2_mean', 'mfcc0_std', 'mfcc1_std', 'mfcc2_std']
    """

    _parameter_constraints: ClassVar[dict] = {"statistics": [tuple, list]}

    def __init__(self, statistics=("mean", "std")):
        self.statistics = statistics

    def fit(self, X, y=None):
        """Check the features and their number.

        Parameters
        ----------
        X : ndarray of shape (n, n_frames, n_features), or a list of n arrays of shape (n_frames_i, n_features), or an
            array of shape (n, n_features), which is one frame a clip
        y : None
            Ignored.

        Returns
        -------
        self : object
        """
        self._validate_params()
        unknown = set(self.statistics) - set(_STATISTICS)
        if unknown or not self.statistics:
            raise ValueError(f"statistics must be some of {list(_STATISTICS)}, got {self.statistics!r}")
        self.n_features_in_ = check_frames(X)[0].shape[-1]
        return self

    def transform(self, X):
        """Take the statistics of every clip.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        table : ndarray of shape (n, n_statistics * n_features), float32
        """
        check_is_fitted(self)
        clips = check_frames(X)
        n_features = clips[0].shape[-1]
        if n_features != self.n_features_in_:
            raise ValueError(
                f"X has {n_features} features, but FrameStatistics is expecting {self.n_features_in_} features as input"
            )
        return np.stack([self._row(frames) for frames in clips])

    def _row(self, frames):
        return np.concatenate([_STATISTICS[name](frames) for name in self.statistics])

    def get_feature_names_out(self, input_features=None):
        """Names of the columns: feature and statistic.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features; None is x0, x1, ...

        Returns
        -------
        names : ndarray of shape (n_statistics * n_features,), object
        """
        check_is_fitted(self)
        features = _check_feature_names_in(self, input_features)
        return np.array([f"{feature}_{name}" for name in self.statistics for feature in features], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def check_frames(X):
    """Check features of clips, and give them a time axis.

    Parameters
    ----------
    X : array of shape (n, n_frames, n_features) or (n, n_features), or list of arrays (n_frames_i, n_features)

    Returns
    -------
    clips : float32 array of shape (n, n_frames, n_features), or a list of float32 arrays (n_frames_i, n_features)

    Raises
    ------
    ValueError
        X is something else, is empty, has NaN or infinite values, or clips differ in their number of features.
    """
    ragged = isinstance(X, list) and len({np.shape(clip) for clip in X}) > 1
    if ragged and all(np.ndim(clip) == 2 for clip in X):
        clips = [check_array(clip, dtype=np.float32, input_name=f"clip {i} of X") for i, clip in enumerate(X)]
        if len({clip.shape[1] for clip in clips}) > 1:
            raise ValueError(f"the clips of X differ in n_features: {sorted({clip.shape[1] for clip in clips})}")
        return clips
    X = check_array(X, dtype=np.float32, allow_nd=True, input_name="X")
    if X.ndim > 3 or 0 in X.shape:
        raise ValueError(f"X must have the shape (n, n_frames, n_features), got {X.shape}")
    return X[:, None, :] if X.ndim == 2 else X
