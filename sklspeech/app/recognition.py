"""What the service and the page do with sound, whatever brings it."""

import numpy as np

from ..compose.spotter import WordSpotter
from ..features.recordings import to_recording
from .limits import RefusedError

_THRESHOLD = 0.8  # of the hits of a model that has none of its own


def spotter_of(model, threshold=None):
    """A model as a spotter.

    Parameters
    ----------
    model : estimator
        A `WordSpotter`, or a recognizer of labels.
    threshold : float or None, default=None
        Of the hits; None is that of a `WordSpotter`, and 0.8 of another model.

    Returns
    -------
    spotter : WordSpotter
    """
    if not hasattr(model, "detect"):
        return WordSpotter(model, threshold=_THRESHOLD if threshold is None else threshold)
    return model if threshold is None else model.set_params(threshold=threshold)


def probability_of(label, probabilities):
    """The probability of a label; of what was rejected, for which none stands, that of the most probable label.

    Parameters
    ----------
    label : str
    probabilities : dict of str to float

    Returns
    -------
    probability : float
    """
    return float(probabilities.get(label) or max(probabilities.values()))


class Recognizer:
    """What the service does with sound, without HTTP.

    Parameters
    ----------
    model : estimator
        A pipeline of labels or sentences, or a `WordSpotter`.
    threshold : float or None, default=None
        Of the hits; None is that of a `WordSpotter`, and 0.8 of another model.
    max_duration : float, default=120.0
        Seconds of a recording.
    """

    def __init__(self, model, threshold=None, max_duration=120.0):
        is_spotter = hasattr(model, "detect")
        self.writes = hasattr(model, "predict_words")
        self._model = model.estimator if is_spotter else model
        self._max_duration = max_duration
        self.spotter = None if self.writes else spotter_of(model, threshold)
        if self.spotter is not None and not self.spotter.has_windows():
            self.spotter = None  # clips of any length
        if self.spotter is not None:
            self.spotter.listen()  # what is wrong with it is said now, not to the first who asks

    def describe(self):
        """What is recognized.

        Returns
        -------
        described : dict
        """
        if self.writes:
            return {"kind": "sentences"}
        return {"kind": "labels", "labels": self._model.classes_.tolist(), "spots": self.spotter is not None}

    def predict(self, content, rate):
        """Recognize a recording.

        Parameters
        ----------
        content : bytes
            Of a file, or raw samples.
        rate : int or None
            Hertz of raw 16-bit samples; None is a file.

        Returns
        -------
        found : dict
        """
        return self.predict_clip(self._recording(content, rate))

    def predict_clip(self, recording):
        """Recognize a recording that was decoded already.

        Parameters
        ----------
        recording : Recording
            An entry of what `check_clips` gives.

        Returns
        -------
        found : dict
        """
        if self.writes:
            (words,) = self._model.predict_words([recording])
            return {"text": " ".join(word.text for word in words), "words": [word._asdict() for word in words]}
        (label,), (probabilities,) = self._model.predict([recording]).tolist(), self._model.predict_proba([recording])
        of_labels = dict(zip(map(str, self._model.classes_.tolist()), probabilities.tolist(), strict=True))
        probability = probability_of(str(label), of_labels)
        return {"label": label, "probability": probability, "probabilities": of_labels}

    def spot(self, content, rate):
        """Find words in a recording.

        Parameters
        ----------
        content : bytes
            Of a file, or raw samples.
        rate : int or None
            Hertz of raw 16-bit samples; None is a file.

        Returns
        -------
        found : dict
        """
        if self.spotter is None:
            raise RefusedError(404, "this model has no words to spot")
        (hits,) = self.spotter.detect([self._recording(content, rate)])
        return {"detections": [hit._asdict() for hit in hits]}

    def _recording(self, content, rate):
        source = content if rate is None else (rate, as_samples(content))
        return to_recording(source, 0, self._max_duration)


def as_samples(content):
    """Raw 16-bit little-endian samples.

    Parameters
    ----------
    content : bytes

    Returns
    -------
    samples : ndarray of shape (n_samples,), int16
    """
    if len(content) % 2:
        raise RefusedError(422, "raw samples have two bytes each, got an odd number of bytes")
    return np.frombuffer(content, "<i2")
