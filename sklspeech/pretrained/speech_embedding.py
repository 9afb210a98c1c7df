"""SpeechEmbedding: what a network has learned from millions of spoken words, as features."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .. import spectral
from .._runtime.onnx_graph import start_session
from .._runtime.public import public
from .._runtime.scikit_learn import Options
from ..errors import AudioError
from ..features.batches import group_by_length
from ..features.transformer import ClipTransformer
from .graph import HOP_FRAMES, MIN_FRAMES, N_MELS, N_UNITS, embedding_graph

_SAMPLE_RATE = 16_000
_SETTINGS = spectral.MelSettings(
    sample_rate=_SAMPLE_RATE, n_fft=512, win_length=400, center=False, n_mels=N_MELS, fmin=60.0, fmax=3800.0
)
_TOP_DB = 80.0
_FULL_SCALE = 2.0**-30  # power of 1 as a 16-bit sample, which the network was trained with
_MARGIN_FRAMES = 24  # of background before and behind a clip, at least: steps see three quarters of a second
_LEAST_FRAMES = 146  # of a clip and its background: with less, a short word is never in the middle of a step alone
_BACKGROUND = 0.1  # share of a clip's frames that are taken for it
_CLIPS_AT_ONCE = 16  # in the network: their maps fit into the cache


@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechEmbedding(ClipTransformer):
    """Paths or waveforms to the embedding of a network that was trained on millions of spoken words.

    For few recordings: a classifier on top has less to learn. A clip becomes steps of 96 numbers, one every 80 ms, each
    of which sees 775 ms. Before and behind every clip, in 240 ms or more on both sides, stands its own background: in
    every band the level below which a tenth of its frames lie. Only frequencies up to 3800 Hz are heard.

    The weights are those of speech_embedding by Google (Apache-2.0, https://tfhub.dev/google/speech_embedding/1), in
    the file that the package pyopen-wakeword ships (Apache-2.0), which ``pip install 'sklspeech[pretrained]'``
    installs. It is needed for `fit` alone: a fitted transformer has the network within itself, and runs it with ONNX
    Runtime.

    Parameters
    ----------
    sample_rate : int, default=16000
        Hertz that the network was trained with; no other is taken. Recordings of other rates are resampled.
    duration : float, "auto" or None, default=None
        Seconds to which clips are cut and padded, as in `MelFeatures`. None leaves every clip its own length, which is
        better where a table is made of the steps: the network has not learned what digital silence is.
    trim : float or None, default=None
        Silence at both ends that is cut off, in dB below the loudest part, as in `MelFeatures`.
    n_jobs : int or None, default=None
        Threads; None is 1, -1 is one a core.
    on_error : {"raise", "silence"}, default="raise"
        What becomes of files that cannot be read: an `AudioError`; or silence, of a second where `duration` is None,
        with one warning that names them all, and `failed_`, a list of names and faults.

    Attributes
    ----------
    duration_ : float or None
        Seconds of a clip.
    graph_ : bytes
        The network, in ONNX.
    n_samples_ : int or None
        Samples of a clip.

    See Also
    --------
    FrameStatistics : The steps of a clip to one row, for classifiers that take a table.

    References
    ----------
    J. Lin et al., Training Keyword Spotters with Limited and Synthesized Speech Data, ICASSP 2020.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklspeech import FrameStatistics, SpeechEmbedding, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=2, random_state=0)
    >>> table = SpeechEmbedding(), FrameStatistics(("mean", "std", "max")), StandardScaler()
    >>> pipeline = make_pipeline(*table, LogisticRegression())
    >>> pipeline.fit(speech.data, speech.target).predict(speech.data[:2]).tolist()
    ['yes', 'yes']
    """

    _parameter_constraints: ClassVar[dict] = {
        **ClipTransformer._parameter_constraints,
        "sample_rate": [Options(Integral, {_SAMPLE_RATE})],
    }

    def fit(self, X, y=None):
        """Learn the duration, and get the network.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.
        y : None
            Ignored.

        Returns
        -------
        self : object

        Raises
        ------
        AudioError
            A recording cannot be used.
        ModuleNotFoundError
            The package with the weights is not installed.
        """
        self.graph_ = embedding_graph()
        return super().fit(X, y)

    def _check_length(self, n_samples, source):
        if n_samples < _SETTINGS.n_fft:
            raise AudioError(source, f"{n_samples} samples are too short, expected {_SETTINGS.n_fft} or more")

    def _highest_frequency(self):
        return _SETTINGS.fmax

    def row_shape(self, n_samples):
        """Shape of a clip's embedding.

        Parameters
        ----------
        n_samples : int
            Length of the clip.

        Returns
        -------
        shape : tuple of int
            Steps and units.
        """
        before, behind = _margins(_SETTINGS.count_frames(n_samples))
        n_frames = before + _SETTINGS.count_frames(n_samples) + behind
        return 1 + (n_frames - MIN_FRAMES) // HOP_FRAMES, N_UNITS

    def _transform_waveforms(self, waveforms, out=None):
        rows = [row for alike in group_by_length(waveforms) for row in self._embed(alike)]
        if out is None:
            return rows
        out[:] = rows
        return out

    def _embed(self, waveforms):
        """Embeddings of waveforms of one length and type."""
        mel = spectral.mel_spectrograms(waveforms, _SETTINGS, top_db=_TOP_DB)
        decibels = spectral.powers_to_db(mel, ref=_FULL_SCALE, amin=1e-10 * _FULL_SCALE, top_db=_TOP_DB)
        before, behind = _margins(decibels.shape[1])
        background = np.quantile(decibels, _BACKGROUND, axis=1, keepdims=True).astype(np.float32)
        padded = [background.repeat(before, axis=1), decibels, background.repeat(behind, axis=1)]
        features = np.concatenate(padded, axis=1)
        session = self._load()
        for start in range(0, len(features), _CLIPS_AT_ONCE):
            yield from session.run(None, {"features": features[start : start + _CLIPS_AT_ONCE]})[0]

    def _load(self):
        """The session of the network, loaded on first use."""
        session = self.__dict__.get("_session")
        if session is None:
            session = self._session = start_session(self.graph_)
        return session

    def __getstate__(self):
        return {name: value for name, value in super().__getstate__().items() if name != "_session"}

    def __sklearn_is_fitted__(self):
        return hasattr(self, "graph_") and hasattr(self, "n_samples_")

    def get_feature_names_out(self, input_features=None):
        """Names of the units of a step.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        names : ndarray of shape (96,), object
        """
        check_is_fitted(self)
        return np.array([f"embedding{unit}" for unit in range(N_UNITS)], dtype=object)


def _margins(n_frames):
    """Frames of background before and behind a clip."""
    before = max(_MARGIN_FRAMES, (_LEAST_FRAMES - n_frames) // 2)
    return before, max(_MARGIN_FRAMES, _LEAST_FRAMES - n_frames - before)
