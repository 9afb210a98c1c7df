"""Makes what `sklspeech.frozen` and other runtimes load."""

from .exporting import export
from .freezing import freeze

__all__ = ["export", "freeze"]
