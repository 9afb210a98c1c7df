"""Sentences: as symbols, as n-grams, found in what a network gives, aligned with it, compared."""

from .alignment import Word
from .arpa import read_arpa, write_arpa
from .decoder import Decoder
from .language_model import LanguageModel
from .ngrams import NGramModel
from .normalizing import normalize_text
from .symbols import Symbols

__all__ = [
    "Decoder",
    "LanguageModel",
    "NGramModel",
    "Symbols",
    "Word",
    "normalize_text",
    "read_arpa",
    "write_arpa",
]
