"""Decoder: from the probabilities of a network to a sentence."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .alignment import score_sentences
from .beam import search
from .language_model import LanguageModel, WordScorer
from .symbols import Symbols

METHODS = "greedy", "beam"


@dataclass(frozen=True, eq=False)
class Decoder:
    """How a sentence is found in the probabilities of symbols in every step.

    Parameters
    ----------
    symbols : Symbols
        The alphabet.
    method : {"greedy", "beam"}, default="greedy"
        The most probable symbol of every step, or the most probable sentence.
    beam_width : int, default=16
        Beginnings of sentences that "beam" follows.
    lm_weight : float, default=0.7
        Weight of the language model.
    word_bonus : float, default=0.0
        What "beam" adds for every word.
    language_model : LanguageModel or None, default=None
        What "beam" knows of the language.
    vocabulary : tuple of str or None, default=None
        Words that may be.
    grammar : tuple of str or None, default=None
        Sentences that may be.
    """

    symbols: Symbols
    method: str = "greedy"
    beam_width: int = 16
    lm_weight: float = 0.7
    word_bonus: float = 0.0
    language_model: LanguageModel | None = None
    vocabulary: tuple | None = None
    grammar: tuple | None = None

    @cached_property
    def _scorer(self):
        model = self.language_model if self.lm_weight else None
        if model is None and self.vocabulary is None and not self.word_bonus:
            return None
        return WordScorer(self.symbols, model, self.vocabulary, self.lm_weight, self.word_bonus)

    @cached_property
    def _sentences(self):
        return [self.symbols.encode(sentence) for sentence in self.grammar or ()]

    def decode(self, log_probabilities):
        """Find the sentence of a clip.

        Parameters
        ----------
        log_probabilities : ndarray of shape (n_steps, n_symbols)
            The blank's last.

        Returns
        -------
        numbers : list of int
            Of its symbols.
        """
        if self._sentences:
            return self._sentences[int(score_sentences(log_probabilities, self._sentences).argmax())].tolist()
        if self.method == "beam":
            probabilities = np.exp(log_probabilities.astype(np.float64))
            if self.vocabulary is None:
                return search(probabilities, self._scorer, self.beam_width)
            return search(probabilities, self._scorer, self.beam_width, rare=0.0, followed=len(self.symbols.symbols))
        best = log_probabilities.argmax(axis=1)
        changes = np.flatnonzero(np.diff(best, prepend=-1))
        return [int(number) for number in best[changes] if number != self.symbols.blank]

    def __getstate__(self):
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def to_dict(self):
        """The decoder as JSON holds it.

        Returns
        -------
        content : dict
        """
        model = self.language_model
        units = self.symbols.units
        return {
            "units": units if isinstance(units, str) else list(units),
            "symbols": list(self.symbols.symbols),
            "method": self.method,
            "beam_width": self.beam_width,
            "lm_weight": self.lm_weight,
            "word_bonus": self.word_bonus,
            "language_model": None if model is None else model.to_dict(),
            "vocabulary": None if self.vocabulary is None else list(self.vocabulary),
            "grammar": None if self.grammar is None else list(self.grammar),
        }

    @classmethod
    def from_dict(cls, content):
        """Read what `to_dict` gives.

        Parameters
        ----------
        content : dict
            Of unknown origin.

        Returns
        -------
        decoder : Decoder

        Raises
        ------
        ValueError
            It is none.
        """
        expected = set(cls.__dataclass_fields__) | {"units"}
        if not isinstance(content, dict) or content.keys() != expected:
            raise ValueError(f"a decoder must have {sorted(expected)}")
        units = content["units"]
        if not _are_texts(content["symbols"]) or not (units in ("character", "jamo", "word") or _are_texts(units)):
            raise ValueError("symbols and units of a decoder must be texts that differ from each other")
        if content["method"] not in METHODS:
            raise ValueError(f"the method of a decoder must be one of {METHODS}")
        width, weight, bonus = content["beam_width"], content["lm_weight"], content["word_bonus"]
        if type(width) is not int or not 1 <= width <= 10_000:
            raise ValueError("beam_width must be from 1 to 10,000")
        for value in (weight, bonus):
            if type(value) not in (int, float) or not abs(value) < 1e6:
                raise ValueError("lm_weight and word_bonus must be numbers")
        for name in ("vocabulary", "grammar"):
            if content[name] is not None and not _are_texts(content[name]):
                raise ValueError(f"{name} must be texts that differ from each other")
        model = content["language_model"]
        return cls(
            symbols=Symbols(units, content["symbols"]),
            method=content["method"],
            beam_width=width,
            lm_weight=weight,
            word_bonus=bonus,
            language_model=None if model is None else LanguageModel.from_dict(model),
            vocabulary=None if content["vocabulary"] is None else tuple(content["vocabulary"]),
            grammar=None if content["grammar"] is None else tuple(content["grammar"]),
        )


def _are_texts(value):
    return (
        isinstance(value, list)
        and all(isinstance(text, str) and text for text in value)
        and 0 < len(value) == len(set(value))
    )
