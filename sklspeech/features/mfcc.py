"""MFCCFeatures: clips to mel-frequency cepstral coefficients."""

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
from .mel import FITTED_ATTRIBUTES, MEL_PARAMETERS, MelFeatures


@fill_docstring(parameters=MEL_PARAMETERS, attributes=FITTED_ATTRIBUTES)
@public
@dataclass(eq=False, repr=False, kw_only=True)
class MFCCFeatures(MelFeatures):
    """Mel-frequency cepstral coefficients, as librosa computes them.

    Parameters
    ----------
    {parameters}
    n_mfcc : int, default=20
        Coefficients.
    dct_type : {1, 2, 3}, default=2
        Type of the cosine transform.
    dct_norm : {"ortho"} or None, default="ortho"
        `norm` of ``librosa.feature.mfcc``; `norm` here is that of the mel filters.
    lifter : float, default=0.0
        Above 0, coefficient k is weighted with ``1 + lifter / 2 * sin(pi * (k + 1) / lifter)``.
    deltas : {0, 1, 2}, default=0
        How many time derivatives are appended to the coefficients: 1 the velocity, 2 the acceleration as well.
    delta_width : int, default=9
        Frames over which a derivative is taken, odd.

    Attributes
    ----------
    {attributes}

    See Also
    --------
    MelFeatures : The mel spectrogram of which these are the coefficients.

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

    def _check_length(self, n_samples, source):
        super()._check_length(n_samples, source)
        n_frames, _ = self.row_shape(n_samples)
        if self.deltas and n_frames < self.delta_width:
            raise AudioError(source, f"{n_frames} frames are too few for delta_width={self.delta_width}")

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
        n_frames, _ = super().row_shape(n_samples)
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
