"""Recordings and their labels: a folder of them, or made by an embedded synthesizer."""

from .folder import load_speech_folder
from .phonemes import DIGITS, LEXICON
from .synthetic import make_spoken_sentences, make_spoken_words

__all__ = ["DIGITS", "LEXICON", "load_speech_folder", "make_spoken_sentences", "make_spoken_words"]
