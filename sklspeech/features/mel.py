"""MelFeatures: clips to mel spectrograms in decibels."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .. import spectral
from .._runtime.docstrings import fill_docstring
from .._runtime.public import public
from .._runtime.scikit_learn import Interval, StrOptions
from ..errors import AudioError
from .batches import group_by_length
from .transformer import ClipTransformer

#: The parameters of MelFeatures, for the docstrings of the classes that have them.
MEL_PARAMETERS = """
    sample_rate : int, default=16000
        Hertz; recordings at other rates are resampled with soxr.
    duration : float, "auto" or None, default="auto"
        Length that every clip is given, in seconds: longer clips lose their end, shorter ones get zeros there. "auto"
        learns it in `fit`: the longest clip that is no outlier. None leaves every clip its length.
    trim : float or None, default=None
        Cut off the beginning and the end of a clip where they are this many dB or more below its loudest part, before
        it is given its length. A `duration` of "auto" is learned from the clips as they are.
    n_jobs : int or None, default=None
        Number of threads; None is 1, -1 is one a core.
    on_error : {"raise", "silence"}, default="raise"
        What becomes of files that cannot be read: an `AudioError`; or silence, of a second where `duration` is None,
        with one warning that names them all, and `failed_`, a list of names and faults.
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
        Mel bands.
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
        Which mean is subtracted from every clip: that over frames and features, which is its level; that of every
        feature over the frames (cepstral mean normalization); or none, which leaves librosa's values. The networks have
        a normalization of their own.
"""
#: What the features learn, for their docstrings.
FITTED_ATTRIBUTES = """
    duration_ : float or None
        Seconds.
    n_samples_ : int or None
        Length a clip is given before its frames are taken.
"""


@fill_docstring(parameters=MEL_PARAMETERS, attributes=FITTED_ATTRIBUTES)
@public
@dataclass(eq=False, repr=False, kw_only=True)
class MelFeatures(ClipTransformer):
    """Mel spectrogram in decibels, as librosa computes it.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MFCCFeatures : The cepstral coefficients of these features.

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
            self.settings.window_taps()
        except (TypeError, ValueError) as error:
            raise ValueError(f"window={self.window!r} is none of scipy.signal.get_window: {error}") from error
        fmax = self.sample_rate / 2 if self.fmax is None else self.fmax
        if not self.fmin < fmax <= self.sample_rate / 2:
            raise ValueError(
                f"fmin < fmax <= sample_rate / 2 must hold, got fmin={self.fmin}, fmax={fmax}, "
                f"sample_rate={self.sample_rate}"
            )

    @property
    def settings(self) -> spectral.MelSettings:
        """The parameters of the spectrogram, as `spectral.MelSettings`."""
        return spectral.MelSettings(*(getattr(self, name) for name in spectral.MelSettings._fields))

    def _highest_frequency(self):
        return self.sample_rate / 2 if self.fmax is None else self.fmax

    def _check_fitted_length(self):
        self._warn_of_empty_filters()
        super()._check_fitted_length()

    def _warn_of_empty_filters(self):
        n_empty = np.count_nonzero(~self.settings.filter_bank().any(axis=1))
        if n_empty:
            warnings.warn(
                f"{n_empty} of {self.n_mels} mel filters are empty: they lie between two of the frequencies of "
                f"n_fft={self.n_fft}, and their features never change. Fewer n_mels or a larger n_fft avoids it.",
                stacklevel=4,
            )

    def _check_length(self, n_samples, source):
        """Raise where there is no frame, or nothing to mirror."""
        mirrored = self.center and self.pad_mode in ("reflect", "symmetric")
        shortest = (self.n_fft // 2 + 1 if mirrored else 1) if self.center else self.n_fft
        if n_samples < shortest:
            raise AudioError(
                source,
                f"{n_samples} samples at {self.sample_rate} Hz are too short, expected {shortest} or more "
                f"for n_fft={self.n_fft}, center={self.center}, pad_mode={self.pad_mode!r}",
            )

    def row_shape(self, n_samples):
        """Shape of a clip's features.

        Parameters
        ----------
        n_samples : int
            Length of the clip.

        Returns
        -------
        shape : tuple of int
            Frames and features.
        """
        return self.settings.count_frames(n_samples), self.n_mels

    def _transform_waveforms(self, waveforms, out=None):
        rows: list[np.ndarray] = []
        for alike in group_by_length(waveforms):
            rows.extend(self._features(alike, None if out is None else out[len(rows) : len(rows) + len(alike)]))
        if self.normalization is not None:
            for row in rows:
                row[:] = spectral.normalize(row, self.normalization)
        return rows

    def _features(self, waveforms, out=None):
        """Features of waveforms of one length, (n_clips, n_frames, n_features); in `out` where that is given."""
        # A reference such as the median may be one of the bands that the floor hides.
        top_db = None if callable(self.ref) and self.ref is not np.max else self.top_db
        mel = spectral.mel_spectrograms(waveforms, self.settings, top_db=top_db, out=out)
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
