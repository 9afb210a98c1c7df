"""AugmentedClassifier: a pipeline that is trained on recordings and on changed copies of them.

A pipeline has no step that acts only while fitting; a classifier around the pipeline has: its fit sees the training
clips of a fold alone, and its predict leaves every clip as it is.
"""

import os
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_consistent_length, check_is_fitted, has_fit_parameter

from .._runtime.public import public
from .._runtime.ratios import check_snr
from .._runtime.scikit_learn import Interval
from ..audio.effects import add_noise, add_reverberation, change_speed, random_part, room_response
from ..audio.waveforms import fit_length
from ..errors import AudioError
from ..features.clips import check_clips, check_recordings, clip_name, clip_waveform
from ..features.labels import check_labels, check_no_missing
from ..features.transformer import ClipTransformer
from .background import Background

_CLIPS_AT_ONCE = 256  # changed waveforms in memory
_DIRECT_TO_REVERB_DB = 0.0, 20.0  # of the direct sound above the echoes of a room: far from the microphone, and near


class _Room(NamedTuple):
    """What copies are made with: Hertz, samples of a clip or None, waveforms of noise, and chance."""

    rate: int
    n_samples: int | None
    noises: list
    random: np.random.Generator


class _Training(NamedTuple):
    """What the last step is fitted to."""

    rows: np.ndarray | list
    labels: np.ndarray
    params: dict


@public
@dataclass(eq=False, repr=False)
class AugmentedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Train a pipeline on recordings and on changed copies of them; predict from recordings as they are.

    Parameters
    ----------
    estimator : Pipeline
        From paths or waveforms to labels. All but its last step is fitted to the recordings alone, its last step to
        recordings and copies.
    noise : str, PathLike, list of paths or waveforms, or None, default=None
        A folder of recordings, or recordings, of which a random part is added to every copy, over all of the duration
        of the features: also where the clip is shorter. Waveforms are at the sample rate of the features.
    snr : tuple of two float, default=(-5.0, 30.0)
        Lowest and highest signal-to-noise ratio in dB. Every copy draws its own evenly between the two. The networks'
        own `snr` is the same of noise that is made up.
    speed : float, default=0.0
        Largest change of the speed: a factor from ``1 / (1 + speed)`` to ``1 + speed``, which moves the voice as well.
    stretch : float, default=0.0
        Largest change of the tempo, by librosa: a factor from ``1 / (1 + stretch)`` to ``1 + stretch``, at which the
        voice keeps its pitch.
    pitch : float, default=0.0
        Largest change of the pitch, by librosa, in semitones. It takes about a hundred times longer than `speed`.
    reverberation : float, default=0.0
        Longest reverberation time in seconds, up to 10. Every copy is played in a room of its own, of a time drawn
        evenly from 0 to this, whose direct sound is 0 to 20 dB above the echoes. Noise is added after that.
    gain : float, default=0.0
        Largest change of the level, in dB.
    augment : callable or None, default=None
        A change of your own, called as ``augment(waveform, sample_rate, random)`` for every copy before all others,
        with a `numpy.random.Generator`; what it gives is a waveform, as long as it likes.
    n_copies : int, default=1
        Changed copies of every clip.
    background : str, PathLike, list of paths or waveforms, or None, default=None
        A folder of recordings, or recordings, in which none of the words is said: the recognizer learns windows of
        them, changed as copies are, as a label of their own, so that it does not take all speech for one of its words.
    background_label : str, default="unknown"
        That label; clips of `fit` may have it as well.
    background_share : float, default=1.0
        Windows of the background, for every clip of `fit`.
    background_rounds : int, default=2
        In the first round windows are drawn at random. For every further one the pipeline is trained again, with as
        many windows more, which it took for words most surely before.
    random_state : int, RandomState or None, default=None
        Of the changes; the estimator has its own.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of the probabilities.
    estimator_ : Pipeline
        The fitted pipeline, which is all that is needed to predict.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sklspeech import AugmentedClassifier, FrameStatistics, MelFeatures, Pipeline, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=4, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), FrameStatistics(), SVC()])
    >>> classifier = AugmentedClassifier(pipeline, speed=0.1, gain=6.0, n_copies=2, random_state=0)
    >>> classifier.fit(speech.data, speech.target).predict(speech.data[:1]).tolist()
    ['yes']
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [Pipeline],
        "noise": [str, os.PathLike, list, tuple, None],
        "snr": [tuple, list],
        "speed": [Interval(Real, 0, None, closed="left")],
        "stretch": [Interval(Real, 0, None, closed="left")],
        "pitch": [Interval(Real, 0, 24, closed="both")],
        "reverberation": [Interval(Real, 0, 10, closed="both")],
        "gain": [Interval(Real, 0, None, closed="left")],
        "augment": [callable, None],
        "n_copies": [Interval(Integral, 0, None, closed="left")],
        "background": [str, os.PathLike, list, tuple, None],
        "background_label": [str],
        "background_share": [Interval(Real, 0, None, closed="neither")],
        "background_rounds": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    estimator: Pipeline
    _: KW_ONLY
    noise: str | os.PathLike | list | tuple | None = None
    snr: tuple = (-5.0, 30.0)
    speed: float = 0.0
    stretch: float = 0.0
    pitch: float = 0.0
    reverberation: float = 0.0
    gain: float = 0.0
    augment: Callable | None = None
    n_copies: int = 1
    background: str | os.PathLike | list | tuple | None = None
    background_label: str = "unknown"
    background_share: float = 1.0
    background_rounds: int = 2
    random_state: int | np.random.RandomState | None = None

    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the pipeline on clips and copies.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,) or None, default=None
            Given to the last step; a copy has the weight of its clip.
        groups : array-like of shape (n,) or None, default=None
            Given to the last step; a copy is of the group of its clip. Without groups, a last step that takes them gets
            a group a clip.

        Returns
        -------
        self : object

        Raises
        ------
        AudioError
            A recording, or one of noise, cannot be used.
        ValueError
            A parameter is out of its range.
        """
        self._validate_params()
        check_snr(self.snr)
        clips = check_clips(X)
        check_consistent_length(clips, y, sample_weight, groups)
        check_labels(y, type(self).__name__)
        check_no_missing(groups, "groups")
        pipeline = clone(self.estimator)
        last = pipeline[-1]
        if groups is None and has_fit_parameter(last, "groups"):
            groups = np.arange(len(clips))  # a clip and its copies are never on both sides of a split
        if self.background is not None and not hasattr(last, "predict_proba"):
            raise ValueError(f"background needs a classifier with predict_proba, got {type(last).__name__}")
        front = pipeline[:-1].fit(clips, y)
        room = self._room(front)
        features = [front.transform(clips), *self._features_of_copies(front, clips, room)]
        n_times = 1 + self.n_copies
        given = {"sample_weight": sample_weight, "groups": groups}
        params = {name: _repeated(values, n_times) for name, values in given.items() if values is not None}
        unknown = [name for name in params if not has_fit_parameter(last, name)]
        if unknown:
            raise ValueError(f"{type(last).__name__} takes no {unknown[0]} in fit")
        training = _Training(_concatenated(features), _repeated(y, n_times), params)
        if self.background is not None:
            training = self._with_background(front, last, training, len(clips), room)
        last.fit(training.rows, training.labels, **training.params)
        self.estimator_ = Pipeline([*front.steps, pipeline.steps[-1]])
        return self

    def _with_background(self, front, last, training, n_clips, room):
        """What is trained on, with windows of the background: random ones, then those that are taken for words."""
        labels = np.asarray(training.labels)
        if labels.dtype.kind not in "OUT":
            label = self.background_label
            raise ValueError(
                f"background has the label {label!r}, but y is of type {labels.dtype}: write y.astype(str)"
            )
        if room.n_samples is None:
            raise ValueError("background needs windows as long as all clips: give the features a duration in seconds")
        background = Background(self.background, room.rate, room.n_samples)
        n_windows = max(1, round(self.background_share * n_clips))
        training = self._extended(training, front, room, *background.draw(n_windows, room.random))
        for _ in range(1, self.background_rounds):
            found = background.hardest(n_windows, self._as_word(front, clone(last), training))
            training = self._extended(training, front, room, *found)
        return training

    def _as_word(self, front, last, training):
        """How surely a recognizer that is trained on this takes a window for a word: a function of windows."""
        last.fit(training.rows, training.labels, **training.params)
        column = last.classes_.tolist().index(self.background_label)
        return lambda windows: 1 - last.predict_proba(front.transform(windows))[:, column]

    def _extended(self, training, front, room, windows, of_recordings):
        """With windows of the background, as many of them changed as of the clips; a recording is a group."""
        share = self.n_copies / (1 + self.n_copies)
        changed = [self._changed(window, room) if room.random.uniform() < share else window for window in windows]
        params = dict(training.params)
        if "sample_weight" in params:
            weights = np.asarray(params["sample_weight"], float)
            params["sample_weight"] = np.append(weights, np.full(len(windows), weights.mean()))
        if "groups" in params:
            names = [f"background {i}" for i in of_recordings]
            params["groups"] = np.append(np.asarray(params["groups"]).astype(str), names)
        return _Training(
            _concatenated([training.rows, front.transform(changed)]),
            np.append(training.labels, [self.background_label] * len(windows)),
            params,
        )

    def _features_of_copies(self, front, clips, room):
        """Features of some copies after the other."""
        for _ in range(self.n_copies):
            for start in range(0, len(clips), _CLIPS_AT_ONCE):
                some = clips[start : start + _CLIPS_AT_ONCE]
                copies = [self._changed(clip_waveform(clip, room.rate), room) for clip in some]
                yield _transform_copies(front, copies, some, start)

    def _room(self, front):
        """What copies are made with."""
        rate = _sample_rate(front)
        random = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        return _Room(rate, _n_samples(front), _read_noise(self.noise, rate), random)

    def _changed(self, waveform, room):
        rate, n_samples, noises, random = room
        if self.augment is not None:
            waveform = _checked_waveform(self.augment(waveform, rate, random), self.augment)
        if self.speed:
            waveform = change_speed(waveform, _factor(self.speed, random))
        if self.stretch or self.pitch:
            waveform = self._stretched(waveform, rate, random)
        if self.reverberation:
            response = room_response(
                rate, random.uniform(0, self.reverberation), random.uniform(*_DIRECT_TO_REVERB_DB), random
            )
            waveform = add_reverberation(waveform, response)
        if noises:
            if n_samples is not None:  # a room is not silent before and after a word
                waveform = fit_length(waveform, n_samples)
            noise = random_part(noises[random.integers(len(noises))], len(waveform), random)
            waveform = add_noise(waveform, noise, random.uniform(*self.snr))
        return waveform * np.float32(10 ** (random.uniform(-self.gain, self.gain) / 20))

    def _stretched(self, waveform, rate, random):
        import librosa

        factor = _factor(self.stretch, random)
        steps = random.uniform(-self.pitch, self.pitch)
        if self.stretch:
            waveform = librosa.effects.time_stretch(waveform, rate=factor)
        return librosa.effects.pitch_shift(waveform, sr=rate, n_steps=steps) if self.pitch else waveform

    @property
    def classes_(self):
        """Labels, in the order of the probabilities."""
        return self.estimator_.classes_

    def predict(self, X):
        """The most probable class of every clip.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.

        Returns
        -------
        labels : ndarray of shape (n,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(lambda self: hasattr(getattr(self, "estimator_", self.estimator), "predict_proba"))
    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(lambda self: hasattr(getattr(self, "estimator_", self.estimator), "decision_function"))
    def decision_function(self, X):
        """Scores of the classes.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or waveforms of shape (n, n_samples) or a list of 1-D arrays
            The clips.

        Returns
        -------
        scores : ndarray of shape (n, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags


def _sample_rate(front):
    """Hertz at which the steps before the classifier read recordings, in however deep a step it is said."""
    rates = {value for name, value in front.get_params().items() if name.rpartition("__")[2] == "sample_rate"}
    if len(rates) > 1:
        raise ValueError(f"the steps before the classifier must have one sample_rate, got {sorted(rates)}")
    return rates.pop() if rates else 16000


def _n_samples(front):
    """Samples to which the steps before the classifier cut and pad clips; None where they keep their length."""
    lengths = {value.n_samples_ for value in front.get_params().values() if isinstance(value, ClipTransformer)}
    return lengths.pop() if len(lengths) == 1 else None


def _factor(largest, random):
    limit = np.log1p(largest)
    return np.exp(random.uniform(-limit, limit))


def _checked_waveform(waveform, augment):
    """What `augment` gave, as float32."""
    waveform = np.asarray(waveform)
    if waveform.ndim != 1 or not len(waveform) or waveform.dtype.kind != "f" or not np.isfinite(waveform).all():
        raise ValueError(
            f"augment={augment!r} must give a waveform of shape (n_samples,) of finite floats, got "
            f"{waveform.dtype} of shape {waveform.shape}"
        )
    return waveform.astype(np.float32)


def _transform_copies(front, copies, clips, start):
    """Features of copies of some clips, the first of which is clip `start` of X; an error names the clip."""
    try:
        return front.transform(copies)
    except AudioError:  # which one by its place among these copies
        for position, (copy, clip) in enumerate(zip(copies, clips, strict=True), start):
            try:
                front.transform([copy])
            except AudioError as error:
                source = clip_name(clip, position)
                raise AudioError(f"a changed copy of {source}", error.fault) from error
        raise


def _repeated(values, n_times):
    """The values of the clips, then of their copies."""
    return np.concatenate([np.asarray(values)] * n_times)


def _read_noise(noise, rate):
    """Waveforms of the noise."""
    return [] if noise is None else [clip_waveform(clip, rate) for clip in check_recordings(noise)]


def _concatenated(features):
    if isinstance(features[0], list):
        return [clip for part in features for clip in part]
    return np.concatenate(features)
