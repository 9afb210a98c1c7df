"""Recordings and their labels: a folder of them, a well-known data set, or made by an embedded synthesizer."""

from .fetchers import (
    fetch_arabic_speech_commands,
    fetch_common_voice,
    fetch_librispeech,
    fetch_speech_commands,
    fetch_spoken_digits,
    fetch_yesno,
    which_speech_commands_set,
)
from .folder import load_speech_folder
from .phonemes import DIGITS, LEXICON
from .synthetic import make_spoken_sentences, make_spoken_words

__all__ = [
    "DIGITS",
    "LEXICON",
    "fetch_arabic_speech_commands",
    "fetch_common_voice",
    "fetch_librispeech",
    "fetch_speech_commands",
    "fetch_spoken_digits",
    "fetch_yesno",
    "load_speech_folder",
    "make_spoken_sentences",
    "make_spoken_words",
    "which_speech_commands_set",
]
