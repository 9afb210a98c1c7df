"""N-grams of words or symbols, with Witten and Bell's smoothing."""

import math
from collections import defaultdict

START, END, UNKNOWN = "<s>", "</s>", "<unk>"
_NEVER = -99 * math.log(10)  # what ARPA files have for the probability of <s>


class NGramModel:
    """Probabilities of a token after others, which back off to shorter histories, as in ARPA files.

    Parameters
    ----------
    log_probabilities : dict of tuple of str to float
        Natural logarithm of the probability of the last token of every n-gram after the others.
    backoffs : dict of tuple of str to float
        Natural logarithm of the weight of the shorter history where a longer one was not seen with a token.
    order : int
        Tokens of the longest n-grams.
    """

    def __init__(self, log_probabilities, backoffs, order):
        self.log_probabilities = log_probabilities
        self.backoffs = backoffs
        self.order = order
        lowest = min((value for gram, value in log_probabilities.items() if len(gram) == 1), default=_NEVER)
        self._unknown = log_probabilities.get((UNKNOWN,), lowest)

    @classmethod
    def learn(cls, sentences, order, vocabulary_size=None):
        """Count n-grams, and smooth them.

        After I. H. Witten and T. C. Bell, The zero-frequency problem, IEEE Transactions on Information Theory 1991,
        interpolated: a history that came before many different tokens leaves more to shorter histories.

        Parameters
        ----------
        sentences : iterable of sequence of str
            Their tokens.
        order : int
            Tokens of the longest n-grams.
        vocabulary_size : int or None, default=None
            Tokens that may be: what is left for unseen ones is shared by so many. None gives all of it to any unknown
            token.

        Returns
        -------
        model : NGramModel
        """
        counts = _count(sentences, order)
        log_probabilities: dict[tuple, float] = {}
        backoffs: dict[tuple, float] = {}
        for history in sorted(counts, key=len):
            followers = counts[history]
            total = sum(followers.values()) + len(followers)
            left = len(followers) / total
            if history:
                backoffs[history] = math.log(left)
            for token, count in followers.items():
                lower = 0.0 if not history and vocabulary_size is None else left / (vocabulary_size or 1)
                if history:
                    lower = left * math.exp(_back_off(log_probabilities, backoffs, history[1:], token))
                log_probabilities[(*history, token)] = math.log(count / total + lower)
            if not history:
                log_probabilities[(UNKNOWN,)] = math.log(left / (vocabulary_size or 1))
        return cls(log_probabilities, backoffs, order)

    @property
    def tokens(self):
        """All tokens but those for the start, the end and the unknown."""
        return sorted(gram[0] for gram in self.log_probabilities if len(gram) == 1 and gram[0] not in _SPECIAL)

    def __contains__(self, token):
        return (token,) in self.log_probabilities

    def log_probability(self, token, history):
        """The natural logarithm of the probability of a token.

        Parameters
        ----------
        token : str
            A word, or a symbol.
        history : tuple of str
            What came before, beginning with ``<s>``; only the last ``order - 1`` count.

        Returns
        -------
        log_probability : float
        """
        if token not in self:
            token = UNKNOWN
            if token not in self:
                return self._unknown
        return _back_off(self.log_probabilities, self.backoffs, self.shortened(history), token)

    def shortened(self, history):
        """The part of a history that counts.

        Parameters
        ----------
        history : tuple of str
            All that came before.

        Returns
        -------
        history : tuple of str
        """
        return history[-(self.order - 1) :] if self.order > 1 else ()


_SPECIAL = START, END, UNKNOWN


def _count(sentences, order):
    """Counts of tokens after histories of all lengths below `order`."""
    counts: dict = defaultdict(lambda: defaultdict(int))
    for sentence in sentences:
        tokens = (START, *sentence, END)
        for i in range(1, len(tokens)):
            for n in range(min(order, i + 1)):
                counts[tokens[i - n : i]][tokens[i]] += 1
    return counts


def _back_off(log_probabilities, backoffs, history, token):
    weight = 0.0
    while True:
        found = log_probabilities.get((*history, token))
        if found is not None:
            return weight + found
        if not history:
            return weight + log_probabilities.get((UNKNOWN,), _NEVER)
        weight += backoffs.get(history, 0.0)
        history = history[1:]
