"""SpeechCNN, SpeechRNN, SpeechCRNN, SpeechTransformer: a network each, trained by one recipe."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

from .._runtime.docstrings import fill_docstring
from .._runtime.public import public
from .._runtime.scikit_learn import Interval, StrOptions
from ..networks import encoders
from .estimator import KerasSpeechClassifier
from .parameters import FITTED_ATTRIBUTES, RECIPE_PARAMETERS

_POSITIVE = [Interval(Integral, 1, None, closed="left")]


@fill_docstring(recipe_parameters=RECIPE_PARAMETERS, fitted_attributes=FITTED_ATTRIBUTES, dropout="0.1")
@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechCNN(KerasSpeechClassifier):
    """Classifier of clips: a residual convolutional network.

    Parameters
    ----------
    {recipe_parameters}
    architecture : {"residual", "broadcasted"}, default="residual"
        "residual" convolves over time, with the bands of features as channels (TC-ResNet with a stem). "broadcasted"
        convolves over bands and time and adds to every band what it finds in their mean (BC-ResNet): with
        ``filters=(64, 64, 96, 96)`` half of the parameters, and longer in training and prediction.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, over frames and features, each of which halves both. Without them, ``()``,
        "residual" is a network over time alone, with the features as channels (TC-ResNet).
    filters : tuple of int, default=(96, 128)
        One block each. All but the first of "residual" halve the number of steps.
    kernel_size : int, default=5
        Steps that a convolution over time sees. Without a stem steps are short, and more of them suit it, such as 9.

    Attributes
    ----------
    {fitted_attributes}

    See Also
    --------
    SpeechRNN : Recurrent units.
    SpeechCRNN : Convolutions, then recurrent units.
    SpeechTransformer : Attention.

    References
    ----------
    S. Choi et al., Temporal Convolution for Real-time Keyword Spotting on Mobile Devices, Interspeech 2019.
    B. Kim et al., Broadcasted Residual Learning for Efficient Keyword Spotting, Interspeech 2021.
    D. S. Park et al., SpecAugment, Interspeech 2019. N. Jaitly and G. Hinton, Vocal Tract Length Perturbation improves
    speech recognition, ICML workshop 2013. H. Zhang et al., mixup: Beyond Empirical Risk Minimization, ICLR 2018.
    I. Loshchilov and F. Hutter, Decoupled Weight Decay Regularization, ICLR 2019.

    Examples
    --------
    >>> from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> pipeline = Pipeline([MelFeatures(), SpeechCNN(filters=(16,), epochs=12, random_state=0)])
    >>> pipeline.fit(speech.data, speech.target).predict(speech.data[:2]).tolist()
    ['yes', 'yes']
    """

    _encoder: ClassVar = staticmethod(encoders.cnn)
    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "architecture": [StrOptions({"residual", "broadcasted"})],
        "stem": [tuple, list],
        "filters": [tuple, list],
        "kernel_size": _POSITIVE,
    }

    architecture: str = "residual"
    stem: tuple = (16, 32)
    filters: tuple = (96, 128)
    kernel_size: int = 5


@fill_docstring(recipe_parameters=RECIPE_PARAMETERS, fitted_attributes=FITTED_ATTRIBUTES, dropout="0.1")
@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechRNN(KerasSpeechClassifier):
    """Classifier of clips: bidirectional gated recurrent units over time, with attention.

    Parameters
    ----------
    {recipe_parameters}
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, over frames and features, each of which halves both; ``()`` for none.
    units : int, default=64
        Units of a layer, in each direction.
    n_layers : int, default=2
        Layers of recurrent units.

    Attributes
    ----------
    {fitted_attributes}

    References
    ----------
    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014. D. C. de Andrade et al., A
    Neural Attention Model for Speech Command Recognition, 2018.
    """

    _encoder: ClassVar = staticmethod(encoders.rnn)
    _pooling: ClassVar = "attention"
    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "stem": [tuple, list],
        "units": _POSITIVE,
        "n_layers": _POSITIVE,
    }

    stem: tuple = (16, 32)
    units: int = 64
    n_layers: int = 2


@fill_docstring(recipe_parameters=RECIPE_PARAMETERS, fitted_attributes=FITTED_ATTRIBUTES, dropout="0.1")
@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechCRNN(KerasSpeechClassifier):
    """Classifier of clips: convolutions over frames and features, then an LSTM over time.

    Parameters
    ----------
    {recipe_parameters}
    stem : tuple of int, default=(16, 32)
        Filters of the convolutions over frames and features, each of which halves both.
    units : int, default=64
        Units of the LSTM, in each direction.

    Attributes
    ----------
    {fitted_attributes}

    References
    ----------
    T. N. Sainath et al., Convolutional, Long Short-Term Memory, Fully Connected Deep Neural Networks, ICASSP 2015.
    """

    _encoder: ClassVar = staticmethod(encoders.crnn)
    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "stem": [tuple, list],
        "units": _POSITIVE,
    }

    stem: tuple = (16, 32)
    units: int = 64


@fill_docstring(recipe_parameters=RECIPE_PARAMETERS, fitted_attributes=FITTED_ATTRIBUTES, dropout="0.1")
@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechTransformer(KerasSpeechClassifier):
    """Classifier of clips: a Transformer encoder over time.

    Parameters
    ----------
    {recipe_parameters}
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, over frames and features, each of which halves both.
    units : int, default=64
        Width of the encoder, a multiple of `n_heads`.
    n_layers : int, default=3
        Layers of attention.
    n_heads : int, default=4
        Attention heads of a layer.

    Attributes
    ----------
    {fitted_attributes}

    References
    ----------
    A. Berg et al., Keyword Transformer: A Self-Attention Model for Keyword Spotting, Interspeech 2021.
    """

    _encoder: ClassVar = staticmethod(encoders.transformer)
    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "stem": [tuple, list],
        "units": _POSITIVE,
        "n_layers": _POSITIVE,
        "n_heads": _POSITIVE,
    }

    stem: tuple = (16, 32)
    units: int = 64
    n_layers: int = 3
    n_heads: int = 4
    dropout: float = 0.1

    def _validate_params(self):
        super()._validate_params()
        if self.units % self.n_heads:
            raise ValueError(f"units must be a multiple of n_heads, got {self.units} and {self.n_heads}")
