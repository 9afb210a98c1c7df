"""AudioLoader: recordings to waveforms."""

from dataclasses import dataclass

import numpy as np

from .._runtime.public import public
from ..audio.waveforms import as_float
from .transformer import ClipTransformer


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
        it in `fit`: the longest clip that is no outlier (see `audio.typical_duration`). None leaves every clip its
        length.
    trim : float or None, default=None
        Cut off the beginning and the end of a clip where they are this many dB or more below its loudest part, before
        it is given its length. A `duration` of "auto" is learned from the clips as they are.
    n_jobs : int or None, default=None
        Number of threads; None is 1, -1 is one a core.
    on_error : {"raise", "silence"}, default="raise"
        What becomes of files that cannot be read: an `AudioError`; or silence, of a second where `duration` is None,
        with one warning that names them all, and `failed_`, a list of names and faults.

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

    def row_shape(self, n_samples):
        """Shape of a clip's row.

        Parameters
        ----------
        n_samples : int
            Length of the clip.

        Returns
        -------
        shape : tuple of int
        """
        return (n_samples,)

    def _transform_waveforms(self, waveforms, out=None):
        rows = [None] * len(waveforms) if out is None else out
        return [as_float(waveform, row) for waveform, row in zip(waveforms, rows, strict=True)]
