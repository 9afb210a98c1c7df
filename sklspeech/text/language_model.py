"""What a language makes of the beginning of a sentence: n-grams of words, and spellings of words not seen."""

import unicodedata

from .arpa import from_arpa, to_arpa
from .ngrams import END, START, UNKNOWN, NGramModel

WORD_ORDER, SPELLING_ORDER = 3, 6


class LanguageModel:
    """Probabilities of words after words; a word that is in no sentence has the probability of its spelling.

    So any word can be recognized, and in a language without blanks the spelling is an n-gram model of its characters.

    Parameters
    ----------
    words : NGramModel
        Of words.
    spelling : NGramModel or None
        Of the symbols of a word; None where symbols are words.
    """

    def __init__(self, words, spelling):
        self.words = words
        self.spelling = spelling

    @classmethod
    def learn(cls, sentences, symbols):
        """Learn a model of sentences.

        Parameters
        ----------
        sentences : iterable of str
            In the form that is predicted.
        symbols : Symbols
            What words are spelled in.

        Returns
        -------
        model : LanguageModel
        """
        split = [sentence.split() for sentence in sentences]
        words = NGramModel.learn(split, WORD_ORDER)
        return cls(words, _learn_spelling([word for sentence in split for word in sentence], symbols))

    @classmethod
    def around(cls, words, symbols):
        """Put the spellings of its own words to an n-gram model.

        Parameters
        ----------
        words : NGramModel
            Of words.
        symbols : Symbols
            What words are spelled in.

        Returns
        -------
        model : LanguageModel
        """
        return cls(words, _learn_spelling(words.tokens, symbols))

    def to_dict(self):
        """The model as JSON holds it.

        Returns
        -------
        content : dict of str to str
            ARPA files.
        """
        content = {"words": to_arpa(self.words)}
        return content if self.spelling is None else content | {"spelling": to_arpa(self.spelling)}

    @classmethod
    def from_dict(cls, content):
        """Read what `to_dict` gives.

        Parameters
        ----------
        content : dict of str to str
            ARPA files, of unknown origin.

        Returns
        -------
        model : LanguageModel

        Raises
        ------
        ValueError
            It is none.
        """
        if not isinstance(content, dict) or not content.keys() <= {"words", "spelling"} or "words" not in content:
            raise ValueError("a language model must have words, and may have spelling")
        if not all(isinstance(text, str) for text in content.values()):
            raise ValueError("a language model must be ARPA files")
        spelling = from_arpa(content["spelling"]) if "spelling" in content else None
        return cls(from_arpa(content["words"]), spelling)


def _learn_spelling(words, symbols):
    if symbols.units == "word":
        return None
    spelled = [[_as_token(unit) for unit in symbols.split(word)] for word in words]
    return NGramModel.learn(spelled, SPELLING_ORDER, vocabulary_size=len(symbols.symbols) + 1)


def _as_token(unit):
    """A symbol as ARPA files may have it: without blanks, which separate their fields."""
    return unit.replace(" ", "\u2423")


class WordScorer:
    """Follows words from symbol to symbol: which may come, and how probable a beginning of a sentence is.

    A state is the words before, the symbols of the word that has begun, and what has been counted for it. While a word
    is not ended its spelling stands for it; then the word.

    Parameters
    ----------
    symbols : Symbols
    language_model : LanguageModel or None
    vocabulary : iterable of str or None
        Words that may be; None is all.
    lm_weight : float
        Weight of the logarithms of the model's probabilities.
    word_bonus : float
        What is added for every word.
    """

    def __init__(self, symbols, language_model, vocabulary, lm_weight, word_bonus):
        self._symbols = symbols
        self._model = language_model
        self._weight = lm_weight
        self._bonus = word_bonus
        self._beginnings = None if vocabulary is None else _beginnings(vocabulary, symbols)
        self._tokens = [_as_token(symbol) for symbol in symbols.symbols]

    #: The state before the first symbol.
    start = (START,), (), 0.0

    def extend(self, state, number):
        """Add a symbol.

        Parameters
        ----------
        state : tuple
        number : int
            Of the symbol.

        Returns
        -------
        state : tuple or None
            None where the symbol may not come.
        gain : float
            What is added to the score.
        """
        history, begun, counted = state
        if number == self._symbols.space:
            if not begun:
                return None, 0.0  # a word is to come first
            return self._end_word(state)
        if self._beginnings is not None and (*begun, number) not in self._beginnings:
            return None, 0.0
        if self._symbols.units == "word":
            return self._end_word((history, (number,), 0.0))
        gain = 0.0
        if self._model is not None:
            before = (START, *(self._tokens[i] for i in begun))
            gain = self._weight * self._model.spelling.log_probability(self._tokens[number], before)
        return (history, (*begun, number), counted + gain), gain

    def finish(self, state):
        """End the sentence.

        Parameters
        ----------
        state : tuple

        Returns
        -------
        gain : float or None
            What is added to the score; None where it may not end here.
        """
        gain = 0.0
        if state[1]:
            state, gain = self._end_word(state)
            if state is None:
                return None
        if self._model is None:
            return gain
        return gain + self._weight * self._model.words.log_probability(END, state[0])

    def _end_word(self, state):
        history, begun, counted = state
        if self._beginnings is not None and not self._beginnings[begun]:
            return None, 0.0
        if self._model is None:
            return (history, (), 0.0), self._bonus
        words = self._model.words
        word = unicodedata.normalize("NFC", "".join(self._symbols.symbols[i] for i in begun))
        value = words.log_probability(word, history)
        if word not in words and self._model.spelling is not None:
            spelled = (START, *(self._tokens[i] for i in begun))
            value += counted / self._weight + self._model.spelling.log_probability(END, spelled)
        seen = word if word in words else UNKNOWN
        gain = self._weight * value - counted + self._bonus
        return (words.shortened((*history, seen)), (), 0.0), gain


def _beginnings(words, symbols):
    """All beginnings of words, as numbers of symbols: whether a word ends there."""
    found: dict[tuple, bool] = {}
    for word in words:
        numbers = tuple(symbols.encode(word).tolist())
        for n in range(1, len(numbers)):
            found.setdefault(numbers[:n], False)
        found[numbers] = True
    return found
