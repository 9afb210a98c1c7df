"""SpeechCNN, SpeechRNN, SpeechCRNN, SpeechTransformer: a network each, trained by one recipe."""

from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from .._runtime.public import public
from .estimator import KerasSpeechClassifier

_POSITIVE = [Interval(Integral, 1, None, closed="left")]


@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechCNN(KerasSpeechClassifier):
    """Classifier of clips: a residual convolutional network.

    Parameters
    ----------
    architecture : {"residual", "broadcasted"}, default="residual"
        "residual" convolves over time, with the bands of features as channels (TC-ResNet with a stem). "broadcasted"
        convolves over bands and time and adds to every band what it finds in their mean (BC-ResNet): with
        ``filters=(64, 64, 96, 96)`` half of the parameters, and longer in training and prediction.
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, over frames and features, each of which halves both. Without them, ``()``,
        "residual" is a network over time alone, with the features as channels (TC-ResNet).
    filters : tuple of int, default=(96, 128)
        One block each. All but the first of "residual" halve the number of steps.
    kernel_size : int, default=3
        Steps that a convolution over time sees. Without a stem steps are short, and more of them suit it, such as 9.
    normalization : {"clip", "feature"} or None, default="clip"
        What is subtracted from every clip, in training and in prediction: its mean over frames and features, that is
        its level; the mean of every feature over the frames (cepstral mean normalization), which takes out the
        colour of the microphone and of the voice as well; or nothing. A clip of a single frame is left as it is.
    dropout : float, default=0.3
        Share of units switched off in training.
    masks : int, default=1
        Bands of features, and as many spans of frames, that are masked in every clip in training (SpecAugment).
    speed : float, default=0.2
        Largest change of tempo in training: every clip is stretched by its own factor, from ``1 / (1 + speed)`` to
        ``1 + speed``.
    vocal_tract : float, default=0.1
        Largest change of the vocal tract's length in training: the features of every clip are moved along their axis,
        as neighbouring bands of frequency, by its own factor. For mel features; 0 suits cepstra.
    shift : float, default=0.1
        Largest shift in time in training, as a share of the clip.
    gain : float, default=0.0
        Largest change of the level in training, in dB, after `normalization`. For mel features.
    noise : float or None, default=None
        Lowest signal-to-noise ratio in dB of the noise that is added in training. Every clip draws its own ratio, from
        this to 30 dB more, and the colour of its noise. For mel features in decibels.
    floor : float, "auto" or None, default="auto"
        Smallest distance in dB from the loudest value of a clip to the floor below which all is hidden in training.
        Every clip draws its own floor, from this to 40 dB more; one below the floor that the features have themselves,
        by `top_db`, changes nothing. "auto" is 35 for features that have such a floor, and None for others, such as
        cepstra, for clips of a single frame and for a `normalization` of "feature".
    mixup : float, default=0.0
        Every clip and its label are mixed with another one in training, by a share drawn from Beta(mixup, mixup).
    epochs : int or "auto", default="auto"
        Passes over the training clips. "auto" is 60 for 1,600 to 3,600 clips; fewer are passed more often, 300 times at
        most, in about as many steps, so that they do not train faster; more are passed less often, 30 times at least,
        in about the same time. Give a number where that is not wanted, as with `warm_start` or in a search over the
        number of clips.
    batch_size : int or "auto", default="auto"
        Clips a step of training. "auto" is 32, with fewer than 512 clips a sixteenth of them, but not less than 8.
    optimizer : str, class or callable, default="adamw"
        A Keras optimizer: its name, its class, or what makes one from `learning_rate` and `weight_decay`, such as
        ``functools.partial(keras.optimizers.SGD, momentum=0.9)``. "adamw" is Keras's in a form that is faster in small
        networks.
    optimizer__learning_rate : float, default=0.002
        Highest learning rate.
    optimizer__weight_decay : float, default=0.05
        Of the kernels; biases, normalizations and positions do not decay.
    ema_momentum : float or None, default=None
        Keep the exponential moving average of the weights over the steps, with this momentum, such as 0.99, instead of
        the weights of the last step.
    learning_rate_schedule : {"cosine", "constant"}, default="cosine"
        "cosine" rises over the first tenth of the steps and falls to 0 along a cosine. Use "constant" with Keras
        callbacks that set the learning rate.
    label_smoothing : float, default=0.1
        Share of the label that is spread over all classes.
    class_weight : dict, "balanced" or None, default=None
        Weight of every label, as in scikit-learn; multiplied with `sample_weight`.
    early_stopping : bool, default=False
        Stop when the loss on `validation_fraction` of the clips has not improved for `n_iter_no_change` epochs, and go
        back to the best weights. The clips are stratified by class; where `fit` gets `groups`, they are whole groups,
        that is speakers who are not trained on.
    validation_fraction : float, default=0.1
    n_iter_no_change : int, default=10
        Epochs. Those of few clips are short: more of them suit it, such as 30 of 200 clips.
    callbacks : list of keras.callbacks.Callback or None, default=None
        Instances, which are copied in every fit, or classes. For scikit-learn's own, see `set_callbacks`.
    warm_start : bool, default=False
        Go on from the weights of the last fit, in the network that was built then: parameters of the network and the
        optimizer that were changed since have no effect.
    random_state : int, RandomState or None, default=None
        An int gives the same weights in every fit.
    verbose : {0, 1, 2}, default=0
        What Keras prints: nothing, a bar an epoch, a line an epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    floor_ : float or None
        `floor`, or what "auto" came to.
    history_ : dict of str to list of float
        Loss and accuracy of every epoch; "val_..." with `early_stopping`.
    model_ : keras.Model
    n_features_in_ : int
        Features of a frame.

    See Also
    --------
    SpeechRNN, SpeechCRNN, SpeechTransformer : other networks, the same recipe.

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

    _network: ClassVar = "cnn"
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
    kernel_size: int = 3


@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechRNN(KerasSpeechClassifier):
    """Classifier of clips: bidirectional gated recurrent units over time, with attention.

    Parameters
    ----------
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, over frames and features, each of which halves both; ``()`` for none.
    units : int, default=64
        Units of a layer, in each direction.
    n_layers : int, default=2
    normalization, dropout, masks, speed, vocal_tract, shift, gain, noise, floor, mixup, epochs, batch_size, \
optimizer, optimizer__learning_rate, optimizer__weight_decay, ema_momentum, learning_rate_schedule, label_smoothing, \
class_weight, early_stopping, validation_fraction, n_iter_no_change, callbacks, warm_start, random_state, verbose
        As in `SpeechCNN`.

    Attributes
    ----------
    classes_, floor_, history_, model_, n_features_in_
        As in `SpeechCNN`.

    References
    ----------
    K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, EMNLP 2014. D. C. de Andrade et al., A
    Neural Attention Model for Speech Command Recognition, 2018.
    """

    _network: ClassVar = "rnn"
    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "stem": [tuple, list],
        "units": _POSITIVE,
        "n_layers": _POSITIVE,
    }

    stem: tuple = (16, 32)
    units: int = 64
    n_layers: int = 2


@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechCRNN(KerasSpeechClassifier):
    """Classifier of clips: convolutions over frames and features, then an LSTM over time.

    Parameters
    ----------
    stem : tuple of int, default=(16, 32)
        Filters of the convolutions over frames and features, each of which halves both.
    units : int, default=64
        Units of the LSTM, in each direction.
    normalization, dropout, masks, speed, vocal_tract, shift, gain, noise, floor, mixup, epochs, batch_size, \
optimizer, optimizer__learning_rate, optimizer__weight_decay, ema_momentum, learning_rate_schedule, label_smoothing, \
class_weight, early_stopping, validation_fraction, n_iter_no_change, callbacks, warm_start, random_state, verbose
        As in `SpeechCNN`.

    Attributes
    ----------
    classes_, floor_, history_, model_, n_features_in_
        As in `SpeechCNN`.

    References
    ----------
    T. N. Sainath et al., Convolutional, Long Short-Term Memory, Fully Connected Deep Neural Networks, ICASSP 2015.
    """

    _network: ClassVar = "crnn"
    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "stem": [tuple, list],
        "units": _POSITIVE,
    }

    stem: tuple = (16, 32)
    units: int = 64


@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechTransformer(KerasSpeechClassifier):
    """Classifier of clips: a Transformer encoder over time.

    Parameters
    ----------
    stem : tuple of int, default=(16, 32)
        Filters of the first convolutions, over frames and features, each of which halves both.
    units : int, default=64
        Width of the encoder, a multiple of `n_heads`.
    n_layers : int, default=3
    n_heads : int, default=4
        Attention heads of a layer.
    dropout : float, default=0.1
        Share of units switched off in training.
    normalization, masks, speed, vocal_tract, shift, gain, noise, floor, mixup, epochs, batch_size, \
optimizer, optimizer__learning_rate, optimizer__weight_decay, ema_momentum, learning_rate_schedule, label_smoothing, \
class_weight, early_stopping, validation_fraction, n_iter_no_change, callbacks, warm_start, random_state, verbose
        As in `SpeechCNN`.

    Attributes
    ----------
    classes_, floor_, history_, model_, n_features_in_
        As in `SpeechCNN`.

    References
    ----------
    A. Berg et al., Keyword Transformer: A Self-Attention Model for Keyword Spotting, Interspeech 2021.
    """

    _network: ClassVar = "transformer"
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
