"""The symbols that sentences are written in: characters, jamo, words, or one's own."""

import unicodedata

import numpy as np


class Symbols:
    """An alphabet, and sentences as numbers of its symbols.

    Parameters
    ----------
    units : {"character", "jamo", "word"} or sequence of str
        What a symbol is. "jamo" are the letters that Korean syllables are made of, by Unicode's form NFD: of 11,172
        syllables 67 symbols. Of symbols of one's own, such as "a", "b", "sch" and " ", the longest that fits is taken.
    symbols : sequence of str
        The alphabet, sorted. The number after the last one is that of the blank.
    """

    def __init__(self, units, symbols):
        self.units = units if isinstance(units, str) else tuple(units)
        self.symbols = tuple(symbols)
        self._numbers = {symbol: i for i, symbol in enumerate(self.symbols)}
        self._longest = max(map(len, self.symbols), default=0)

    @classmethod
    def learn(cls, units, sentences):
        """Find the alphabet of sentences.

        Parameters
        ----------
        units : str or sequence of str
            What a symbol is.
        sentences : iterable of str
            In the form that is learned.

        Returns
        -------
        symbols : Symbols

        Raises
        ------
        ValueError
            Symbols of one's own are not str, empty, or there twice.
        """
        if not isinstance(units, str):
            if not all(isinstance(unit, str) and unit for unit in units) or len(set(units)) < len(units):
                raise ValueError(f"units must be symbols that differ from each other, got {list(units)[:10]}")
            return cls(units, sorted(units))
        split = cls(units, ()).split
        return cls(units, sorted({unit for sentence in sentences for unit in split(sentence)}))

    @property
    def blank(self):
        """The number of the blank."""
        return len(self.symbols)

    @property
    def space(self):
        """The number of the symbol between words; None where symbols are words, or there is none."""
        return None if self.units == "word" else self._numbers.get(" ")

    def split(self, sentence):
        """Units of a sentence.

        Parameters
        ----------
        sentence : str
            In the form that is learned.

        Returns
        -------
        units : list of str
            Also those that are not in the alphabet.
        """
        if self.units == "word":
            return sentence.split()
        if self.units == "jamo":
            return list(unicodedata.normalize("NFD", sentence))
        return list(sentence) if isinstance(self.units, str) else self._longest_that_fit(sentence)

    def _longest_that_fit(self, sentence):
        units, place = [], 0
        while place < len(sentence):
            lengths = range(self._longest, 0, -1)
            found = [sentence[place : place + n] for n in lengths if sentence[place : place + n] in self._numbers]
            units.append(found[0] if found else sentence[place])
            place += len(units[-1])
        return units

    def encode(self, sentence, skip_unknown=False):
        """Numbers of a sentence's symbols.

        Parameters
        ----------
        sentence : str
            In the form that is learned.
        skip_unknown : bool, default=False
            Whether units that are not in the alphabet are left out.

        Returns
        -------
        numbers : ndarray of shape (n_symbols,), int32

        Raises
        ------
        ValueError
            A unit is not in the alphabet.
        """
        units = self.split(sentence)
        if skip_unknown:
            units = [unit for unit in units if unit in self._numbers]
        unknown = sorted(set(units) - self._numbers.keys())
        if unknown:
            raise ValueError(f"{sentence[:50]!r} has {unknown[:5]}, which no training sentence has")
        return np.array([self._numbers[unit] for unit in units], np.int32)

    def decode(self, numbers):
        """The sentence of some symbols.

        Parameters
        ----------
        numbers : iterable of int
            Of symbols, without blanks.

        Returns
        -------
        sentence : str
            With single blanks between words, in Unicode's form NFC.
        """
        units = [self.symbols[i] for i in numbers]
        if self.units == "word":
            return " ".join(units)
        return " ".join(unicodedata.normalize("NFC", "".join(units)).split())


def count_needed_steps(numbers):
    """Steps that a sentence needs at least: one a symbol, and a blank between two that are the same.

    Parameters
    ----------
    numbers : ndarray of shape (n_symbols,), int

    Returns
    -------
    n_steps : int
    """
    return len(numbers) + int(np.count_nonzero(numbers[1:] == numbers[:-1]))
