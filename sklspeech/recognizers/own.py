"""SpeechClassifier: a network of your own, trained by the recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import keras

from .. import networks
from .._runtime.docstrings import fill_docstring
from .._runtime.public import public
from .estimator import KerasSpeechClassifier
from .parameters import FITTED_ATTRIBUTES, RECIPE_PARAMETERS


@fill_docstring(recipe_parameters=RECIPE_PARAMETERS, fitted_attributes=FITTED_ATTRIBUTES, dropout="0.1")
@public
@dataclass(eq=False, repr=False, kw_only=True)
class SpeechClassifier(KerasSpeechClassifier):
    """Classifier of clips: a network of your own, with the recipe of the others.

    Normalization and augmentation come before it; training, prediction, freezing and export are those of `SpeechCNN`.

    Parameters
    ----------
    {recipe_parameters}
    build : callable
        Called as ``build(input_shape, n_classes, **build_params)``, with the frames and features of a clip. It gives
        one of two:

        - a `keras.Model` from (n, n_frames, n_features), or (n, n_frames, n_features, 1) as images are, to the
          probabilities (n, n_classes), with the activation of its last layer, softmax, or sigmoid for several labels a
          clip. `dropout` and `trainable` have no effect on it, and it has no `transform`;
        - an encoder such as those of `sklspeech.networks`: a function that takes the features (n, n_frames,
          n_features) and the mask (n, n_frames), or None, and gives a sequence and its mask. The head is put on it.
          Its layers have names of their own, and it takes clips of any length where it heeds the mask.

        To be pickled it must be a function of a module.
    build_params : dict or None, default=None
        What else `build` is given.

    Attributes
    ----------
    {fitted_attributes}

    See Also
    --------
    SpeechCNN : A network that is there already.

    Examples
    --------
    >>> from keras import Sequential, layers
    >>> from sklspeech import MelFeatures, Pipeline, SpeechClassifier, datasets
    >>> def build(input_shape, n_classes, units=16):
    ...     hidden = [layers.Flatten(), layers.Dense(units, activation="relu")]
    ...     return Sequential([layers.Input(input_shape), *hidden, layers.Dense(n_classes, activation="softmax")])
    >>> speech = datasets.make_spoken_words(["yes", "no"], n_speakers=4, n_takes=5, random_state=0)
    >>> network = SpeechClassifier(build=build, build_params=dict(units=8), epochs=20, random_state=0)
    >>> Pipeline([MelFeatures(), network]).fit(speech.data, speech.target).predict(speech.data[:2]).tolist()
    ['yes', 'yes']
    """

    _parameter_constraints: ClassVar[dict] = {
        **KerasSpeechClassifier._parameter_constraints,
        "build": [callable],
        "build_params": [dict, None],
    }

    build: Callable
    build_params: dict | None = None

    def _encoder_params(self):
        return {"build": self.build, "build_params": self.build_params}

    def _build(self):
        shape, n_classes = self.input_shape_, len(self.classes_)
        params = self._network_params["encoder"]
        made = params["build"](shape, n_classes, **(params["build_params"] or {}))
        if isinstance(made, keras.Model):
            return networks.around(made, shape, n_classes, networks.Recipe(**self._network_params["recipe"]))
        if callable(made):
            return self._build_around(made)
        raise TypeError(f"build={params['build']!r} must give a keras.Model or an encoder, got {type(made).__name__}")

    def _compile_params(self):
        # The function itself: another one may have its address, and thus its repr, later.
        return self._network_params["encoder"]["build"], *super()._compile_params()
