"""The parameters of training: their documentation, their constraints, their defaults."""

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from .._runtime.ratios import check_snr
from .._runtime.scikit_learn import Interval, StrOptions, _clone_parametrized

_RENAMED = {  # what is asked for by an older name, and what it is now
    "optimizer__learning_rate": ("learning_rate", "0.2"),
    "optimizer__weight_decay": ("weight_decay", "0.2"),
    "noise": ("snr, the lowest and the highest ratio,", "0.2"),
}

_TRAINING_PARAMETERS = """
    normalization : {"clip", "feature"} or None, default="clip"
        Which mean is subtracted from every clip, in training and in prediction: that over frames and features, which is
        its level; that of every feature over the frames (cepstral mean normalization), which takes out the colour
        of the microphone and of the voice as well; or none. Where all clips
        have one length of a single frame, they are left as they are.
    dropout : float, default={dropout}
        Share of units switched off in training.
    masks : int, default={masks}
        Bands of features, and as many spans of frames, that are masked in every clip in training (SpecAugment).
    speed : float, default=0.1
        Largest change of tempo in training: every clip is stretched by its own factor, from ``1 / (1 + speed)`` to
        ``1 + speed``.
    vocal_tract : float, default={vocal_tract}
        Largest change of the vocal tract's length in training: the features of every clip are moved along their axis,
        as neighbouring bands of frequency, by its own factor. For mel features; 0 suits cepstra.
    shift : float, default={shift}
        Largest shift in time in training, as a share of the clip.
    gain : float, default=0.0
        Largest change of the level in training, in dB, after `normalization`. For mel features.
    snr : tuple of two float, "auto" or None, default={snr}
        Lowest and highest signal-to-noise ratio in dB of the noise that is added in training, over the whole clip.
        Every clip draws its own ratio evenly between the two, and its own noise: hiss of any colour, or the babble of
        other clips. For mel features in decibels. "auto" is (-5, 60) for features that have a floor themselves, by
        `top_db`, and None for others, such as cepstra, and for clips of a single frame.
    floor : float or None, default=None
        Smallest distance in dB from the loudest value of a clip to a random floor, to which everything fainter is
        raised in training. Every clip draws its own, from this to 40 dB more. For mel features in decibels.
    epochs : int or "auto", default="auto"
        Passes over the training clips. "auto" is as many as make {steps}. Give a number where
        that is not wanted, as with `warm_start`, or in a search over the number of clips.
    batch_size : int or "auto", default="auto"
        Clips a step of training. "auto" is {batch}.
    optimizer : str, class or callable, default="adamw"
        A Keras optimizer: its name, its class, or what makes one from `learning_rate` and `weight_decay`, such as
        ``functools.partial(keras.optimizers.SGD, momentum=0.9)``.
    learning_rate : float, default=0.006
        Highest learning rate.
    weight_decay : float, default=0.1
        Of the kernels; biases and normalizations do not decay.
    ema_momentum : float or None, default=None
        Keep the exponential moving average of the weights over the steps, with this momentum, such as 0.99, instead of
        the weights of the last step.
    learning_rate_schedule : {"cosine", "constant"}, default="cosine"
        "cosine" rises over the first tenth of the steps and falls to 0 along a cosine. Use "constant" with Keras
        callbacks that set the learning rate.
    early_stopping : bool, default=False
        Stop when the loss on `validation_fraction` of the clips has not improved for `n_iter_no_change` epochs, and go
        back to the best weights. The clips are {split}; where `fit` gets `groups`, they are
        whole groups: speakers who are not trained on.
    validation_fraction : float, default=0.1
        Share of the clips, or of the groups, that `early_stopping` sets aside.
    n_iter_no_change : int, default=10
        Epochs. Those of few clips are short: more of them suit it, such as 30 of 200 clips.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Instances, which are copied in every fit, or classes. For scikit-learn's own, see `set_callbacks`.
    warm_start : bool, default=False
        Go on from the weights of the last fit, or of a fit that was interrupted, for `epochs` more, with a learning
        rate that rises and falls anew; `history_` goes on as well. The network, its optimizer, classes, normalization
        and `trainable` stay as they were built then: parameters of these that were changed since have no effect, and
        new labels are refused.
    initialize_from : estimator or None, default=None
        A fitted recognizer, or a pipeline with one at its end, whose weights training begins with: of all layers of the
        same name and shape, its normalization among them, and in the head of the labels that both have;
        `layers_taken_over_` tells which. The features must be computed alike. Few clips of new words, or of a new
        speaker, are learned from there, with fewer `epochs` and a lower `learning_rate`.
    trainable : {"all", "head"}, default="all"
        What is trained: all layers, or the last one alone, while the others stay as `initialize_from` has them.
    checkpoint : str, PathLike or None, default=None
        Folder in which `fit` keeps its state after every epoch. After an interruption the same fit, of the same
        parameters, clips and labels, goes on from the last epoch, and comes to the same weights; what `callbacks` have
        noted begins anew. Where `random_state` is given, one that was finished is not trained again, so that a search
        goes on where it was. Its files may be deleted at any time.
    random_state : int, RandomState or None, default=None
        An int gives the same weights in every fit.
    verbose : {"auto", 0, 1, 2}, default="auto"
        "auto" shows epoch, loss and time left on a terminal and in a notebook, where training takes more than some
        seconds; 0 shows nothing; 1 and 2 have Keras print a bar or a line an epoch.
"""
_CLASSIFIER_PARAMETERS = """    mixup : float, default=0.0
        Every clip and its label are mixed with another one in training, by a share drawn from Beta(mixup, mixup). For
        clips of one length.
    label_smoothing : float, default=0.1
        Share of the label that is spread over all classes.
    class_weight : dict, "balanced" or None, default=None
        Weight of every label, as in scikit-learn; multiplied with `sample_weight`.
"""


def _filled(text, **values):
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


#: The parameters that all classifiers share, for their docstrings.
RECIPE_PARAMETERS = _filled(
    _TRAINING_PARAMETERS + _CLASSIFIER_PARAMETERS,
    masks="0",
    vocal_tract="0.15",
    shift="0.1",
    snr='"auto"',
    steps="3,200 steps, 120 at most and 14 at least: 28 of 3,600 clips",
    batch="32, or with fewer than 512 clips a sixteenth of them, but not less than 8",
    split="stratified by class",
)
#: Those of `SpeechTranscriber` among them.
TRANSCRIBER_PARAMETERS = _filled(
    _TRAINING_PARAMETERS,
    dropout="0.2",
    masks="2",
    vocal_tract="0.1",
    shift="0.0",
    snr="None",
    steps="6,000 steps, 80 at most and 40 at least: 66 of 1,449 clips",
    batch="16, or with fewer than 256 clips a sixteenth of them, but not less than 4",
    split="those of sentences that are not trained on",
)

#: The attributes that all classifiers share, for their docstrings.
FITTED_ATTRIBUTES = """
    classes_ : ndarray of shape (n_classes,)
        Labels, in the order of the probabilities; of several a clip their columns, 0, 1, ...
    layers_taken_over_ : list of str
        Layers whose weights are those of `initialize_from` at first.
    snr_ : tuple of two float or None
        `snr`, or what "auto" became.
    history_ : dict of str to list of float
        Loss and accuracy of every epoch; with `early_stopping` ``val_loss`` and ``val_accuracy`` as well.
    input_shape_ : tuple of (int or None, int)
        Frames and features of a clip; None where `fit` was given a list of clips of different lengths.
    multilabel_ : bool
        Whether clips have several labels.
    model_ : keras.Model
        The network. It is not lent to other estimators any more once this was asked for.
    n_features_in_ : int
        Features of a frame.
"""


@dataclass(eq=False, repr=False, kw_only=True)
class TrainingParameters(BaseEstimator):
    """The parameters that all recognizers share; as a dataclass its `__init__` has each by name and only stores it.

    scikeras takes every public attribute of an estimator for a parameter, and any routed name for valid. Here they are
    those of the signature, as everywhere in scikit-learn.
    """

    _parameter_constraints: ClassVar[dict] = {
        "normalization": [StrOptions({"clip", "feature"}), None],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "masks": [Interval(Integral, 0, None, closed="left")],
        "speed": [Interval(Real, 0, None, closed="left")],
        "vocal_tract": [Interval(Real, 0, None, closed="left")],
        "shift": [Interval(Real, 0, 1, closed="left")],
        "gain": [Interval(Real, 0, None, closed="left")],
        "snr": [tuple, list, StrOptions({"auto"}), None],
        "floor": [Interval(Real, 0, None, closed="left"), None],
        "epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "optimizer": [str, callable],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "ema_momentum": [Interval(Real, 0, 1, closed="neither"), None],
        "learning_rate_schedule": [StrOptions({"cosine", "constant"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "callbacks": [list, tuple, None],
        "warm_start": ["boolean"],
        "initialize_from": [BaseEstimator, None],
        "trainable": [StrOptions({"all", "head"})],
        "checkpoint": [str, os.PathLike, None],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both"), StrOptions({"auto"})],
    }

    normalization: str | None = "clip"
    dropout: float = 0.1
    masks: int = 0
    speed: float = 0.1
    vocal_tract: float = 0.15
    shift: float = 0.1
    gain: float = 0.0
    snr: tuple | list | str | None = "auto"
    floor: float | None = None
    epochs: int | str = "auto"
    batch_size: int | str = "auto"
    optimizer: str | type | Callable = "adamw"
    learning_rate: float = 0.006
    weight_decay: float = 0.1
    ema_momentum: float | None = None
    learning_rate_schedule: str = "cosine"
    early_stopping: bool = False
    validation_fraction: float = 0.1
    n_iter_no_change: int = 10
    callbacks: list | tuple | None = None
    warm_start: bool = False
    initialize_from: BaseEstimator | None = None
    trainable: str = "all"
    checkpoint: str | os.PathLike | None = None
    random_state: int | np.random.RandomState | None = None
    verbose: int | str = "auto"

    __repr__ = BaseEstimator.__repr__

    def __new__(cls, *args, **params):
        """Refuse the names that parameters had before 0.2."""
        _refuse_renamed(params)
        return super().__new__(cls)

    def __sklearn_clone__(self):
        plain = object.__new__(type(self))
        plain.__dict__ = vars(self) | {"initialize_from": None}
        copied = _clone_parametrized(plain)
        copied.initialize_from = self.initialize_from  # as it is: what was cloned would have learned nothing
        return copied

    def get_params(self, deep=True):
        """Parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            Ignored: those of `initialize_from` are its own.

        Returns
        -------
        params : dict
        """
        return BaseEstimator.get_params(self, deep=False)

    @classmethod
    def _get_param_names(cls):
        return sorted(field.name for field in fields(cls))

    def set_params(self, **params):
        """Set parameters.

        Parameters
        ----------
        **params : dict
            By the names of `get_params`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            There is no parameter of that name.
        """
        _refuse_renamed(params)
        names = self._get_param_names()
        unknown = sorted(params.keys() - set(names))
        if unknown:
            raise ValueError(f"Invalid parameter {unknown[0]!r} for estimator {self}. Valid parameters are: {names}.")
        return BaseEstimator.set_params(self, **params)

    def _validate_params(self):
        super()._validate_params()
        if isinstance(self.snr, tuple | list):
            check_snr(self.snr)
        if self.early_stopping and self.ema_momentum is not None:
            raise ValueError("early_stopping keeps the best weights, ema_momentum the average of all: use one of them")


@dataclass(eq=False, repr=False, kw_only=True)
class ClassifierParameters(TrainingParameters):
    """The parameters of classifiers alone."""

    _parameter_constraints: ClassVar[dict] = {
        **TrainingParameters._parameter_constraints,
        "mixup": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    mixup: float = 0.0
    label_smoothing: float = 0.1
    class_weight: dict | str | None = None


def _refuse_renamed(params):
    for old, (new, version) in _RENAMED.items():
        if old in params:
            raise ValueError(f"{old} has been named {new} since {version}")
