"""Features become probabilities: Keras networks, made of a recipe, an encoder and a head.

Importing this package registers our layers, so that ``keras.models.load_model`` finds them.
"""

from .encoders import cnn, crnn, rnn, transformer
from .models import around, classifier
from .recipe import Recipe
from .seeding import seed_weights

__all__ = ["Recipe", "around", "classifier", "cnn", "crnn", "rnn", "seed_weights", "transformer"]
