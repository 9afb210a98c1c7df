"""SpeechTranscriber: sentences, from clips of any length."""

import functools
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.callback import with_callbacks

from .. import networks
from .._runtime.docstrings import fill_docstring
from .._runtime.public import public
from .._runtime.scikit_learn import Interval, StrOptions
from ..features.frames import check_frames, refuse_paths
from ..text import Decoder, LanguageModel, Symbols, normalize_text, read_arpa
from ..text.sentences import check_lengths, check_sentences
from ..text.symbols import count_needed_steps
from ..text.transcribing import TranscriberMixin
from .auto import auto_sentence_batch_size, auto_sentence_epochs
from .base import KerasSpeechEstimator, to_python
from .batches import Batches
from .parameters import TRANSCRIBER_PARAMETERS
from .splits import split_sentences

_ENCODERS: dict[str, tuple[Callable, int, int]] = {  # and the units and layers that suit them
    "cnn": (networks.deep_cnn, 256, 6),
    "rnn": (networks.rnn, 128, 2),
    "crnn": (networks.deep_crnn, 256, 4),
    "transformer": (networks.transformer, 144, 6),
}
_LISTENED = 32  # training clips, to see whether anything was learned
_POSITIVE = [Interval(Integral, 1, None, closed="left")]
_TEXTS = [list, tuple, np.ndarray, StrOptions({"train"}), None]


@fill_docstring(training_parameters=TRANSCRIBER_PARAMETERS)
@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechTranscriber(TranscriberMixin, KerasSpeechEstimator):
    """Writes down what is said: connectionist temporal classification (CTC), trained from recordings and sentences.

    It is neither a classifier nor a regressor for scikit-learn: cross-validation and searches split its clips without
    regard to y. It takes clips of different lengths, as `MelFeatures` gives with ``duration=None``.

    Parameters
    ----------
    {training_parameters}
    encoder : {"cnn", "rnn", "crnn", "transformer"}, default="cnn"
        What makes steps of frames: convolutions over time; recurrent units, which take several times as long to train;
        both; or attention, which needs many hours of speech.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, each of which halves frames and features: ``(16, 32)`` makes a step of 4
        frames, ``(32,)`` one of 2, which hears fast speech better and takes 1.7 times as long.
    width : int or None, default=None
        Units of a step; None is what suits the encoder, 192 for "cnn".
    n_layers : int or None, default=None
        Layers of the encoder; None is what suits it, 6 for "cnn".
    units : {"character", "jamo", "word"} or list of str, default="character"
        What is told apart in every step: characters; for Korean the letters of its syllables; whole words, for few of
        them; or symbols of your own, of which the longest that fits is taken.
    normalize : {"words", "unicode"}, callable or None, default="words"
        The form that sentences are learned, predicted and compared in: "words" has small letters and no punctuation;
        see `sklspeech.text.normalize_text`.
    decoder : {"greedy", "beam"}, default="greedy"
        "greedy" takes the most probable symbol of every step, "beam" searches for the most probable sentence. This and
        what follows may be changed after `fit`, by `set_params`.
    beam_width : int, default=16
        Beginnings of sentences that "beam" follows.
    language_model : "train", list of str, path or None, default=None
        What "beam" knows of the language: n-grams of the training sentences, of other sentences, or of an ARPA file.
        Words that are not in it are spelled, and so can be recognized as well.
    lm_weight : float, default=0.7
        Weight of the language model.
    word_bonus : float, default=0.0
        What "beam" adds for every word: above 0 it finds more words, and shorter ones.
    vocabulary : "train", list of str or None, default=None
        Words that "beam" may find: those of the training sentences, or others. None is any.
    grammar : "train", list of str or None, default=None
        Sentences that may be said, of which the most probable one is found, whatever `decoder` is. None is any.

    Attributes
    ----------
    symbols_ : list of str
        The alphabet, learned in `fit`.
    decoder_ : sklspeech.text.Decoder
        What finds sentences in the probabilities, by the parameters of now.
    frames_per_step_ : int
        Frames of a step.
    sentences_ : list of str
        Those of the training, sorted, from which "train" learns.
    layers_taken_over_ : list of str
        Layers whose weights are those of `initialize_from` at first.
    snr_ : tuple of two float or None
        `snr`, or what "auto" became.
    history_ : dict of str to list of float
        Loss of every epoch, a symbol; with `early_stopping` ``val_loss`` as well.
    input_shape_ : tuple of (None, int)
        Features of a frame.
    model_ : keras.Model
        The network. It is not lent to other estimators any more once this was asked for.
    n_features_in_ : int
        Features of a frame.

    See Also
    --------
    SpeechCNN : One label a clip.
    sklspeech.metrics.word_error_rate : The share of words that are wrong.

    References
    ----------
    A. Graves et al., Connectionist Temporal Classification, ICML 2006. D. S. Park et al., SpecAugment, Interspeech
    2019. A. Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent
    DNNs, 2014.

    Examples
    --------
    >>> from sklspeech import MelFeatures, Pipeline, SpeechTranscriber, datasets
    >>> speech = datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=20, random_state=0)
    >>> network = SpeechTranscriber(width=48, n_layers=1, epochs=25, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target)
    >>> pipeline.score(speech.data, speech.target) > 0.5
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechEstimator._parameter_constraints,
        "encoder": [StrOptions(set(_ENCODERS))],
        "stem": [tuple, list],
        "width": [*_POSITIVE, None],
        "n_layers": [*_POSITIVE, None],
        "units": [StrOptions({"character", "jamo", "word"}), list, tuple],
        "normalize": [StrOptions({"words", "unicode"}), callable, None],
        "decoder": [StrOptions({"greedy", "beam"})],
        "beam_width": _POSITIVE,
        "language_model": [list, tuple, np.ndarray, str, os.PathLike, None],
        "lm_weight": [Interval(Real, 0, None, closed="left")],
        "word_bonus": [Real],
        "vocabulary": _TEXTS,
        "grammar": _TEXTS,
    }

    dropout: float = 0.2
    masks: int = 2
    vocal_tract: float = 0.1
    shift: float = 0.0
    snr: tuple | list | str | None = None
    encoder: str = "cnn"
    stem: tuple = (16, 32)
    width: int | None = None
    n_layers: int | None = None
    units: str | list | tuple = "character"
    normalize: str | Callable | None = "words"
    decoder: str = "greedy"
    beam_width: int = 16
    language_model: str | os.PathLike | list | tuple | np.ndarray | None = None
    lm_weight: float = 0.7
    word_bonus: float = 0.0
    vocabulary: str | list | tuple | np.ndarray | None = None
    grammar: str | list | tuple | np.ndarray | None = None

    def _validate_params(self):
        super()._validate_params()
        self._check_decoding()

    def _check_decoding(self):
        for name in ("language_model", "vocabulary"):
            if getattr(self, name) is not None and self.decoder != "beam":
                raise ValueError(f"{name} is for decoder='beam', got decoder={self.decoder!r}")

    # Training

    @with_callbacks
    def fit(self, X, y, sample_weight=None, groups=None):
        """Train the network.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.
        y : array-like of shape (n,), str
            What is said in every clip.
        sample_weight : array-like of shape (n,) or None, default=None
            Weights relative to each other. Nothing is learned from a clip of weight 0, but its symbols.
        groups : array-like of shape (n,) or None, default=None
            Speaker of every clip. With `early_stopping`, no speaker is on both sides of the split; without them no
            sentence is.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            X or y cannot be used: a sentence is missing, empty or no str, there is one sentence alone, a clip is too
            short for its sentence; a parameter is out of its range; or the loss or a weight became NaN or infinite.
        KeyboardInterrupt
            It was interrupted. After the first epoch the weights of that moment are kept, and the estimator predicts.

        Warns
        -----
        UserWarning
            After training nothing at all is heard in the training clips.
        """
        self._fit(X, y, sample_weight, groups)
        self._warn_of_silence(X)
        return self

    def partial_fit(self, X, y, sentences=None, sample_weight=None):
        """Train for one epoch, at a constant learning rate and without early stopping.

        The first call learns the normalization, the alphabet and what ``"auto"`` is.

        Parameters
        ----------
        X : list of n arrays of shape (n_frames_i, n_features), or array-like of shape (n, n_frames, n_features)
            Features of the clips.
        y : array-like of shape (n,), str
            What is said in every clip.
        sentences : array-like of str or None, default=None
            Sentences with every symbol that will ever come. Only the first call looks at it, and None means its `y`.
        sample_weight : array-like of shape (n,) or None, default=None
            Weights, which multiply the learning rate; `fit` scales them to a mean of 1.

        Returns
        -------
        self : object
        """
        known = None if sentences is None else check_sentences(sentences, self.normalize, type(self).__name__)
        return self._partial_fit(X, y, known, sample_weight)

    def _check_clips(self, X, y=None, reset=False, of_training=True):
        name = type(self).__name__
        refuse_paths(X, name)
        clips = list(check_frames(X))
        n_features = clips[0].shape[1]
        if reset:
            self.input_shape_, self.n_features_in_ = (None, n_features), n_features
        if n_features != self.n_features_in_:
            raise ValueError(f"X has {n_features} features, but {name} is expecting {self.n_features_in_} features")
        return clips, check_sentences(y, self.normalize, name) if of_training else None

    def _learn_labels(self, labels):
        self.sentences_ = sorted(labels)
        if self.sentences_[0] == self.sentences_[-1]:
            raise ValueError(
                f"{type(self).__name__} needs 2 sentences or more, got {self.sentences_[0]!r} alone: with one there is "
                "nothing to tell apart"
            )
        self._symbols = Symbols.learn(self.units, self.sentences_)
        self.symbols_ = list(self._symbols.symbols)
        self._frames_per_step = 2 ** len(self.stem)
        self.__dict__.pop("_decoding", None)
        self._decoder()  # what is wrong with it is wrong before training

    def _head_labels(self):
        return np.array([*self.symbols_, ""])

    def _targets(self, clips, labels):
        """Steps and symbols of every clip, as `networks.CTCLoss` takes them: a list of (1 + n_symbols,), int32."""
        encoded = [self._symbols.encode(sentence) for sentence in labels]
        check_lengths(clips, encoded, self.frames_per_step_, type(self).__name__)
        return [
            np.array([self._n_steps(clip), *numbers], np.int32) for clip, numbers in zip(clips, encoded, strict=True)
        ]

    def _batches(self, clips, targets, weights, indices, seed):
        size = self._batch_size(len(indices))
        return Batches(clips, targets, weights, indices, size, seed, join=self._join_pairs)

    def _join_pairs(self, clips, targets, weights):
        """Put every two clips one behind the other: what begins a recording is no mark of what is said first."""
        space = [] if self._symbols.space is None else [self._symbols.space]
        pairs = [(i, i + 1) for i in range(0, len(clips) - 1, 2)]
        groups = [*pairs[:-1], (*pairs[-1], len(clips) - 1)] if pairs and len(clips) % 2 else pairs
        joined = [np.concatenate([clips[i] for i in group]) for group in groups]
        sentences = [_with_between([targets[i][1:] for i in group], space) for group in groups]
        if any(self._n_steps(c) < count_needed_steps(s) for c, s in zip(joined, sentences, strict=True)) or not groups:
            return clips, targets, weights
        of_joined = [np.array([self._n_steps(c), *s], np.int32) for c, s in zip(joined, sentences, strict=True)]
        return joined, of_joined, np.array([weights[list(group)].mean() for group in groups], np.float32)

    def _split(self, labels, groups):
        return split_sentences(labels, groups, self.validation_fraction, self._random_seed)

    def _auto_epochs(self, n_clips):
        return auto_sentence_epochs(n_clips)

    def _auto_batch_size(self, n_clips):
        return auto_sentence_batch_size(n_clips)

    def _warn_of_silence(self, X):
        clips = list(check_frames(X[:_LISTENED]))
        if not any(self._decoder().decode(steps) for steps in self._log_probabilities(clips)):
            warnings.warn(
                f"after {len(self.history_['loss'])} epochs {type(self).__name__} still hears nothing in the training "
                "clips: it needs more epochs, more clips or another learning_rate, or the sentences are not theirs",
                stacklevel=4,
            )

    # The network

    def _encoder_params(self):
        _, units, n_layers = _ENCODERS[self.encoder]
        params = {"encoder": self.encoder, "stem": to_python(tuple(self.stem)), "dropout": to_python(self.dropout)}
        params["units"] = units if self.width is None else int(self.width)
        return params | {"n_layers": n_layers if self.n_layers is None else int(self.n_layers)}

    def _build(self):
        params = dict(self._network_params["encoder"])
        encoder = functools.partial(_ENCODERS[params.pop("encoder")][0], **params)
        recipe = networks.Recipe(**self._network_params["recipe"], keep_ends=True)
        n_symbols = len(self._head_labels())
        dropout = self._network_params["dropout"]
        return networks.transcriber(self.input_shape_, n_symbols, encoder, dropout=dropout, recipe=recipe)

    def _loss_and_metrics(self):
        return networks.CTCLoss(), []

    # Prediction

    @property
    def decoder_(self):
        """What finds sentences in the probabilities, by the parameters of now: a `sklspeech.text.Decoder`."""
        return self._transcriber()

    @property
    def frames_per_step_(self):
        """Frames of a step."""
        return self._frames_per_step

    def _clips(self, X):
        return self._check_clips(X, of_training=False)[0]

    def _transcriber(self):
        self._check_can_predict()
        return self._decoder()

    def _log_probabilities(self, clips):
        """What the network gives of every clip, a list of (n_steps_i, n_symbols)."""
        found: list = [None] * len(clips)
        for indices, outputs in self._predict_in_batches(self._network.model, clips):
            for i, steps in zip(indices, np.asarray(outputs), strict=True):
                found[i] = steps[: self._n_steps(clips[i])]
        return found

    def _decoder(self):
        """The decoder of today's parameters."""
        self._check_decoding()
        of_texts = [repr(getattr(self, name)) for name in ("language_model", "vocabulary", "grammar")]
        key = (self.decoder, self.beam_width, self.lm_weight, self.word_bonus, *of_texts)
        known, decoder = vars(self).get("_decoding", (None, None))
        if known != key:
            decoder = Decoder(
                symbols=self._symbols,
                method=self.decoder,
                beam_width=int(self.beam_width),
                lm_weight=float(self.lm_weight),
                word_bonus=float(self.word_bonus),
                language_model=self._language_model(),
                vocabulary=self._unique(self.vocabulary, words=True),
                grammar=self._unique(self.grammar),
            )
            self._decoding = key, decoder
        return decoder

    def _language_model(self):
        source = self.language_model
        if source is None:
            return None
        if isinstance(source, str | os.PathLike) and source != "train":
            return LanguageModel.around(read_arpa(source), self._symbols)
        return LanguageModel.learn(self._sentences(source), self._symbols)

    def _sentences(self, source):
        """Sentences of a parameter."""
        if isinstance(source, str):
            return self.sentences_
        sentences = [normalize_text(text, self.normalize) for text in source]
        if not all(sentences) or not sentences:
            raise ValueError(f"there are no sentences, or empty ones, in {str(list(source))[:100]}")
        return sentences

    def _unique(self, source, words=False):
        """Sentences of a parameter, or the words in them, sorted and once each; None where it is None."""
        if source is None:
            return None
        sentences = self._sentences(source)
        return tuple(sorted({word for text in sentences for word in text.split()} if words else set(sentences)))


def _with_between(parts, between):
    """Parts one behind the other, with something between every two."""
    joined = list(parts[0])
    for part in parts[1:]:
        joined += [*between, *part]
    return np.array(joined, np.int32)
