"""Features become probabilities: Keras networks, made of a recipe, an encoder and a head.

Importing this package registers our layers, so that ``keras.models.load_model`` finds them.
"""

from .._runtime.quiet import import_keras

import_keras()  # before the modules below do, with TensorFlow's greetings

from .ctc import CTCLoss as CTCLoss
from .encoders import cnn, crnn, deep_cnn, deep_crnn, rnn, transformer
from .models import around, classifier, transcriber
from .recipe import Recipe
from .seeding import seed_weights

__all__ = [
    "Recipe",
    "around",
    "classifier",
    "cnn",
    "crnn",
    "deep_cnn",
    "deep_crnn",
    "rnn",
    "seed_weights",
    "transcriber",
    "transformer",
]
