"""Features become probabilities: Keras networks, their layers and optimizer."""

from .encoders import Recipe, cnn, crnn, rnn, transformer

__all__ = ["Recipe", "cnn", "crnn", "rnn", "transformer"]
