"""WordSpotter: where in long recordings and streams words are said."""

from dataclasses import KW_ONLY, dataclass
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted

from .._runtime.public import public
from .._runtime.scikit_learn import Interval, StrOptions
from ..audio.stream import AudioStream
from ..features.clips import check_clips, check_recordings, clip_waveform
from ..features.remarks import without_remarks
from ..features.within import features_within
from ..metrics.detection import spotting_scores
from .hits import HitFinder, Smoother
from .listener import Listener
from .operating_points import choose_threshold, find_operating_points, measure_lag, warn_of_budget
from .windows import Windows

_GATED = 0.05  # seconds over which the level is taken


class _Scored(NamedTuple):
    """Smoothed scores of a recording's windows, and its length."""

    rows: np.ndarray  # (n_windows, n_labels)
    duration: float  # seconds


@public
@dataclass(eq=False, repr=False)
class WordSpotter(MetaEstimatorMixin, BaseEstimator):
    """Find words in recordings of any length and in streams, with a recognizer of clips.

    A window as long as the recognizer's clips goes over the sound; what lies before and behind it is silent. Its
    probabilities are smoothed over time, and where those of a word stay above the threshold there is one hit. What is
    found does not depend on how the sound comes, as a whole or in blocks.

    Parameters
    ----------
    estimator : Pipeline
        A fitted pipeline, frozen or not, from waveforms to `predict_proba`; within `sklearn.frozen.FrozenEstimator` it
        stays fitted where the spotter is cloned. Its features have a duration: that of the window. It hears words in
        running speech if it was trained on other speech as well: see `AugmentedClassifier(background=...)`.
    labels : list or None, default=None
        Words to find; None is all labels but those of `background_labels`.
    background_labels : tuple, default=("unknown", "silence")
        Labels that stand for no word.
    hop : float, default=0.1
        Seconds from one window to the next.
    smoothing : float, default=0.3
        Seconds over which probabilities are averaged.
    threshold : float, dict of label to float, or "auto", default="auto"
        Lowest smoothed probability of a hit; "auto" is what `fit` found.
    patience : int, default=2
        Windows in a row that must be above the threshold.
    refractory : float, default=1.0
        Seconds behind a hit in which the same word is not found again.
    energy_gate : float or None, default=-60.0
        A window whose loudest part is fainter than this, in dB of full scale, has no word and costs nothing. None looks
        at every window.
    max_false_alarms_per_hour : float, default=0.5
        What `fit` chooses thresholds by, of all words together.

    Attributes
    ----------
    thresholds_ : dict of label to float
        What `fit` found, one for all words.
    lag_ : float
        Seconds by which hits were behind the words in `fit`, which their times are corrected by.
    scores_ : SpottingScores
        Words, hits and false alarms at these thresholds in the recordings of `fit`.
    words_ : list
        The words that are looked for, in the order of the columns of scores.
    limits_ : dict of label to float
        Thresholds in use: those of `threshold`, or of `fit`.
    delay_ : float
        Seconds by which a smoothed score is behind what it is about.
    sample_rate_ : int
        Hertz of the blocks of a stream: that of the recognizer's features.

    See Also
    --------
    AugmentedClassifier : Trains on background recordings as well.
    sklspeech.metrics.spotting_scores : Compares detections with what was said.

    Examples
    --------
    >>> import numpy as np
    >>> from sklspeech import AugmentedClassifier, MelFeatures, Pipeline, SpeechCNN, WordSpotter, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(duration=0.8), SpeechCNN(filters=(16,), epochs=12, random_state=0)])
    >>> pipeline = pipeline.fit(speech.data, speech.target)
    >>> recording = np.concatenate([np.zeros(16_000, np.float32), speech.data[0], np.zeros(16_000, np.float32)])
    >>> spotter = WordSpotter(pipeline, threshold=0.5)
    >>> [[word.label for word in found] for found in spotter.detect([recording])] == [[speech.target[0]]]
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [Pipeline, BaseEstimator],
        "labels": [list, tuple, np.ndarray, None],
        "background_labels": [list, tuple],
        "hop": [Interval(Real, 0, None, closed="neither")],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "threshold": [Interval(Real, 0, 1, closed="right"), dict, StrOptions({"auto"})],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "refractory": [Interval(Real, 0, None, closed="left")],
        "energy_gate": [Real, None],
        "max_false_alarms_per_hour": [Interval(Real, 0, None, closed="left")],
    }

    estimator: Any
    _: KW_ONLY
    labels: list | tuple | np.ndarray | None = None
    background_labels: tuple = ("unknown", "silence")
    hop: float = 0.1
    smoothing: float = 0.3
    threshold: float | dict | str = "auto"
    patience: int = 2
    refractory: float = 1.0
    energy_gate: float | None = -60.0
    max_false_alarms_per_hour: float = 0.5

    # Thresholds

    def fit(self, recordings, events, background=None):
        """Find a threshold on recordings that the recognizer was not trained on; the recognizer stays as it is.

        Of the thresholds that keep to `max_false_alarms_per_hour`, the highest is taken that misses no more than a
        hundredth of the words more than the best one: a few hours say little of false alarms, which become rarer with
        every step. It is the same for all words; `threshold` takes another one for each.

        Parameters
        ----------
        recordings : array-like of shape (n,) of paths, or list of n waveforms
            With words in them.
        events : list of list of (label, start, end)
            The words of every recording, in seconds.
        background : str, PathLike, list of paths or waveforms, or None, default=None
            Recordings without any of the words, or a folder of them.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            There are fewer lists of events than recordings, a label is none of the words, or an event ends before it
            begins.
        AudioError
            A recording cannot be read.

        Warns
        -----
        UserWarning
            The recordings are too short to tell, no threshold keeps to `max_false_alarms_per_hour`, or most of the
            words are not found.
        """
        self._validate_params()
        detect, said, durations = self._prepare(recordings, events, background)
        self.lag_ = 0.0
        self.lag_ = measure_lag(detect, said, self._windows().length)
        points = find_operating_points(detect, said, durations)
        threshold = choose_threshold(points, self.max_false_alarms_per_hour)
        self.thresholds_ = dict.fromkeys(self.words_, threshold)  # of each by itself there are too few false alarms
        self.scores_ = spotting_scores(detect(threshold), said, durations)
        warn_of_budget(self.scores_, self.max_false_alarms_per_hour)
        return self

    def operating_points(self, recordings, events, background=None):
        """Misses and false alarms at every threshold, such as on recordings that `fit` did not have.

        Parameters
        ----------
        recordings : array-like of shape (n,) of paths, or list of n waveforms
            With words in them.
        events : list of list of (label, start, end)
            The words of every recording, in seconds.
        background : str, PathLike, list of paths or waveforms, or None, default=None
            Recordings without any of the words, or a folder of them.

        Returns
        -------
        points : OperatingPoints

        See Also
        --------
        sklspeech.display.DetectionCurveDisplay : Draws them.
        """
        self._validate_params()
        return find_operating_points(*self._prepare(recordings, events, background))

    def _prepare(self, recordings, events, background):
        """What finds the words of all recordings at a threshold, the words in them, and their seconds."""
        recordings = check_clips(recordings)
        check_consistent_length(recordings, events)
        others = [] if background is None else check_recordings(background)
        said = [self._check_events(of_one) for of_one in events] + [[] for _ in others]
        scored = [self._score(clip) for part in (recordings, others) for clip in part]
        n_words = len(self.words_)

        def detect(threshold):
            return [self._hits(of_one.rows, np.full(n_words, threshold)) for of_one in scored]

        return detect, said, [of_one.duration for of_one in scored]

    def _check_events(self, events):
        words = self.words_
        for label, start, end, *_ in events:
            if label not in words:
                raise ValueError(f"events have the label {label!r}, which is none of the words {words}")
            if not 0 <= start <= end:
                raise ValueError(f"an event must begin at 0 s or later and end behind that, got {start!r} to {end!r}")
        return events

    # Detection

    def detect(self, X):
        """Find words in recordings.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or list of n waveforms
            Recordings of any length: a file is read block by block.

        Returns
        -------
        detections : list of list of Detection
            ``Detection(label, start, end, score)`` of every recording, in seconds, in order of time.

        Raises
        ------
        AudioError
            A recording cannot be read.
        """
        self._validate_params()
        self._thresholds()  # what is wrong with them is said before a recording is read
        return [list(self.detect_stream(self._blocks(clip))) for clip in check_clips(X)]

    def detect_stream(self, blocks):
        """Find words in a stream, while it comes.

        Parameters
        ----------
        blocks : iterable of ndarray of shape (n_samples,)
            Waveforms one behind the other, of any length, at the sample rate of the features: such as
            `sklspeech.audio.AudioStream`.

        Yields
        ------
        detection : Detection
            As soon as nothing that follows can change it.
        """
        listener = self.listen()
        for block in blocks:
            yield from listener.feed(block)
        yield from listener.finish()

    def listen(self):
        """Begin to listen: several may be in progress at once, each of its own stream.

        Returns
        -------
        listener : Listener
            Its ``feed(block)`` gives the detections that are certain by then, its ``finish()`` the last ones.
        """
        self._validate_params()
        return Listener(self._windows(), self._probabilities, self._smoother(), self._finder(self._thresholds()))

    def feed(self, block):
        """Listen to the next block of a stream; `finish` ends it.

        Parameters
        ----------
        block : ndarray of shape (n_samples,)
            A waveform at the sample rate of the features, of any length.

        Returns
        -------
        detections : list of Detection
            Those that are certain by now.
        """
        if "_listener" not in vars(self):
            self._listener = self.listen()
        return self._listener.feed(block)

    def finish(self):
        """End the stream that `feed` listened to.

        Returns
        -------
        detections : list of Detection
            The last ones.
        """
        listener = self.__dict__.pop("_listener", None)
        return [] if listener is None else listener.finish()

    def predict_scores(self, X):
        """Smoothed probabilities of the words in every window.

        Parameters
        ----------
        X : array-like of shape (n,) of paths, or list of n waveforms
            Recordings.

        Returns
        -------
        scores : list of ndarray of shape (n_windows_i, n_words)
            The middle of window i is at ``i * hop`` seconds, and what its smoothed score is about `delay_` before
            that. Columns are in the order of `labels`.
        """
        self._validate_params()
        return [self._score(clip).rows for clip in check_clips(X)]

    def _score(self, clip):
        windows, smoother, rows = self._windows(), self._smoother(), []
        for part in windows.cut(self._blocks(clip)):
            rows += [smoother.push(scores) for scores in self._probabilities(part)]
        return _Scored(np.array(rows, np.float32).reshape(len(rows), len(self.words_)), windows.duration)

    def _blocks(self, clip):
        """Blocks of a recording; those of a waveform are views."""
        if isinstance(clip, str):
            return AudioStream(clip, self.sample_rate_)
        n_samples = self.sample_rate_
        waveform = clip_waveform(clip, n_samples)
        return (waveform[i : i + n_samples] for i in range(0, len(waveform), n_samples))

    def _probabilities(self, windows):
        """Probabilities of the words in windows, (n, n_words); 0 where there is next to no sound."""
        columns = self._columns()
        found = np.zeros((len(windows), len(columns)), np.float32)
        is_loud = self._is_loud(windows)
        if is_loud.any():
            with without_remarks():  # of windows that are faint, or silent but for a click
                found[is_loud] = self.estimator.predict_proba(windows[is_loud])[:, columns]
        return found

    def _is_loud(self, windows):
        if self.energy_gate is None:
            return np.ones(len(windows), bool)
        n_samples = max(1, round(_GATED * self.sample_rate_))
        n_parts = max(1, windows.shape[1] // n_samples)
        parts = windows[:, : n_parts * n_samples].reshape(len(windows), n_parts, -1)
        power = np.square(parts).mean(axis=2).max(axis=1)
        return power >= 10 ** (self.energy_gate / 10)

    def _hits(self, rows, limits):
        finder = self._finder(limits)
        found = [hit for row in rows for hit in finder.push(row)]
        return [*found, *finder.finish()]

    # What the recognizer says

    @property
    def sample_rate_(self):
        """Hertz of the blocks of a stream: that of the recognizer's features."""
        return self._features().sample_rate

    def has_windows(self):
        """Whether the recognizer can be used: it begins with features that give clips one length.

        Returns
        -------
        has_windows : bool
        """
        try:
            return self._features() is not None
        except ValueError:
            return False

    def _features(self):
        """The features of the recognizer, which say how long a window is."""
        features = features_within(self.estimator)
        if features is not None:
            check_is_fitted(features)
            if features.n_samples_ is None:
                raise ValueError(
                    f"WordSpotter needs a recognizer of clips of one length, got {type(features).__name__}"
                    "(duration=None): give the features a duration in seconds"
                )
            return features
        raise ValueError(
            "WordSpotter needs a recognizer that begins with MelFeatures, MFCCFeatures, SpeechEmbedding or "
            f"AudioLoader, got {type(self.estimator).__name__}"
        )

    @property
    def words_(self):
        """The words that are looked for, in the order of the columns of scores."""
        if not hasattr(self.estimator, "classes_"):
            raise NotFittedError(
                f"the {type(self.estimator).__name__} of this WordSpotter is not fitted: fit it first; within "
                "sklearn.frozen.FrozenEstimator it stays fitted where the spotter is cloned"
            )
        known = self.estimator.classes_.tolist()
        if self.labels is None:
            return [label for label in known if label not in self.background_labels]
        labels = np.asarray(self.labels).tolist()
        unknown = [label for label in labels if label not in known]
        if unknown:
            raise ValueError(f"labels={unknown} are none of the recognizer's: {known}")
        return labels

    def _columns(self):
        places = {label: i for i, label in enumerate(self.estimator.classes_.tolist())}
        return [places[label] for label in self.words_]

    def _thresholds(self):
        """Of every word."""
        if isinstance(self.threshold, dict):
            missing = [word for word in self.words_ if word not in self.threshold]
            if missing:
                raise ValueError(f"threshold={self.threshold!r} lacks {missing}")
            if not all(0 < self.threshold[word] <= 1 for word in self.words_):
                raise ValueError(f"thresholds must be above 0 and no more than 1, got {self.threshold!r}")
            return self._limits(self.threshold)
        if self.threshold != "auto":
            return np.full(len(self.words_), float(self.threshold))
        if not hasattr(self, "thresholds_"):
            raise NotFittedError(
                "threshold='auto' is found by fit(recordings, events): call it first, or give a number from 0 to 1"
            )
        missing = [word for word in self.words_ if word not in self.thresholds_]
        if missing:
            raise ValueError(f"fit found no threshold for {missing}, which were not among the labels then: fit again")
        return self._limits(self.thresholds_)

    @property
    def limits_(self):
        """Thresholds in use, by word: those of `threshold`, or of `fit`."""
        return dict(zip(self.words_, self._thresholds().tolist(), strict=True))

    def _limits(self, thresholds):
        return np.array([thresholds[word] for word in self.words_], float)

    def _windows(self):
        features = self._features()
        return Windows(features.n_samples_, max(1, round(self.hop * features.sample_rate)), features.sample_rate)

    def _n_smoothed(self):
        return max(1, round(self.smoothing / self.hop))

    @property
    def delay_(self):
        """Seconds by which a smoothed score is behind its word: it belongs to the middle one of its windows."""
        return (self._n_smoothed() - 1) / 2 * self._windows().hop + getattr(self, "lag_", 0.0)

    def _smoother(self):
        return Smoother(self._n_smoothed())

    def _finder(self, limits):
        windows = self._windows()
        return HitFinder(self.words_, limits, windows.hop, windows.length, self.delay_, self.patience, self.refractory)

    def __sklearn_is_fitted__(self):
        return self.threshold != "auto" or hasattr(self, "thresholds_")

    def __getstate__(self):
        state = dict(super().__getstate__())
        state.pop("_listener", None)
        return state
