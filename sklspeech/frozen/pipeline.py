"""FrozenPipeline: what `freeze` makes of a pipeline with a network."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from .._runtime.public import public
from .._runtime.threads import count_threads, map_in_threads, split_evenly
from ..errors import FrozenError
from ..features.clips import check_clips
from ..features.transformer import ClipTransformer
from ..features.word_times import WordTimesMixin
from ..text.scores import score_texts
from .network import INFERENCE_BATCH, FrozenNetwork
from .transcriber import FrozenTranscriber

# Of clips whose features are in the memory of a thread: 256 of one second at 16 kHz. With fewer it takes longer.
_SAMPLES_OF_SLICE = 256 * 16_000


def _final_has(method):
    """Whether the final step has a method; if not, the error is that of scikit-learn's pipeline."""
    return lambda self: callable(getattr(super(FrozenPipeline, self), method))


@public
class FrozenPipeline(WordTimesMixin, Pipeline):
    """A pipeline that is trained already, and predicts without the framework that trained it.

    `sklspeech.freeze` makes it. It has the interface of scikit-learn's Pipeline, but it does not train. Where its steps
    are features and a `FrozenClassifier`, it takes some clips at a time, so that the features of all are never in
    memory, in as many threads as the larger `n_jobs` of the two says.

    Parameters
    ----------
    steps : list of (str, estimator)
        Fitted steps.
    transform_input : list of str or None, default=None
        As in scikit-learn.
    memory : str, joblib.Memory or None, default=None
        As in scikit-learn.
    verbose : bool, default=False
        As in scikit-learn.

    Examples
    --------
    >>> from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, freeze
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), SpeechCNN(filters=(16,), epochs=12, random_state=0)])
    >>> frozen = freeze(pipeline.fit(speech.data, speech.target))
    >>> type(frozen).__name__, frozen.predict(speech.data[:2]).tolist()
    ('FrozenPipeline', ['yes', 'yes'])
    """

    def __init__(self, steps, *, transform_input=None, memory=None, verbose=False):
        super().__init__(steps, transform_input=transform_input, memory=memory, verbose=verbose)

    def fit(self, X, y=None, **params):
        """Refuse: a frozen pipeline does not train.

        Parameters
        ----------
        X : object
            Ignored.
        y : object, default=None
            Ignored.
        **params : dict
            Ignored.

        Raises
        ------
        FrozenError
            Always.
        """
        raise FrozenError(
            "this pipeline is frozen: it can be neither trained, nor cross-validated, nor searched. Train the pipeline "
            "that it was made of, and freeze it again"
        )

    @available_if(_final_has("predict"))
    def predict(self, X, **params):
        """Transform X, and predict with the final step.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.
        **params : dict
            For the final step, as in scikit-learn.

        Returns
        -------
        y_pred : ndarray of shape (n,)
        """
        return self._in_slices(super().predict, X, params)

    @available_if(_final_has("predict_proba"))
    def predict_proba(self, X, **params):
        """Transform X, and predict probabilities with the final step.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.
        **params : dict
            For the final step, as in scikit-learn.

        Returns
        -------
        probabilities : ndarray of shape (n, n_classes)
        """
        return self._in_slices(super().predict_proba, X, params)

    @available_if(_final_has("score"))
    def score(self, X, y=None, sample_weight=None, **params):
        """Transform X, and score the final step.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.
        y : array-like of shape (n,), default=None
            Labels.
        sample_weight : array-like of shape (n,), default=None
            Weights.
        **params : dict
            For the final step, as in scikit-learn.

        Returns
        -------
        score : float
            Accuracy, of a classifier; 1 minus the word error rate, of a transcriber.
        """
        if params or not self._is_clip_by_clip():
            return super().score(X, y, sample_weight, **params)
        if isinstance(self.steps[-1][1], FrozenTranscriber):
            return score_texts(y, self.predict(X), self.steps[-1][1].normalize, sample_weight)
        return ClassifierMixin.score(self, X, y, sample_weight)

    def _in_slices(self, predict, X, params):
        """Call `predict` with some clips at a time, where every step looks at each clip by itself."""
        if params or not self._is_clip_by_clip():
            return predict(X, **params)
        clips = check_clips(X)
        (_, features), (_, classifier) = self.steps
        if features.n_samples_ is None and not isinstance(clips[0], str):
            return predict(X)  # features of waveforms take less memory than these, and errors name positions in X
        # One number for both: features and network of a slice are done in one thread.
        n_threads = max(count_threads(features.n_jobs), count_threads(classifier.n_jobs))
        if n_threads > 1:
            classifier.load_graph()  # once, not in every thread
        most = INFERENCE_BATCH if features.n_samples_ is None else max(1, _SAMPLES_OF_SLICE // features.n_samples_)
        slices = [clips[part] for part in split_evenly(len(clips), n_threads, INFERENCE_BATCH, most)]
        return np.concatenate(map_in_threads(predict, slices, n_threads))

    def _is_clip_by_clip(self):
        """Whether these are features and a frozen network, and nothing else."""
        steps = [step for _, step in self.steps]
        return len(steps) == 2 and isinstance(steps[0], ClipTransformer) and isinstance(steps[1], FrozenNetwork)
