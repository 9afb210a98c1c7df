"""Prefix beam search: the most probable sentences, over all ways to say them, with a language model.

A. Hannun et al., First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs, 2014.
"""

import math

_RARE = 1e-4  # a symbol of less probability in a step is not followed, unless few may come
_FOLLOWED = 12  # symbols of a step, the most probable


class _Prefix:
    """A beginning of a sentence: its last symbol, what came before, and what a scorer knows of it."""

    __slots__ = ("children", "last", "parent", "score", "state")

    def __init__(self, parent, last, state, score):
        self.parent = parent
        self.last = last
        self.state = state
        self.score = score  # of the language
        self.children: dict = {}

    def child(self, number, scorer):
        """The prefix with one symbol more; None where it may not come."""
        if number not in self.children:
            state, gain = (None, 0.0) if scorer is None else scorer.extend(self.state, number)
            allowed = scorer is None or state is not None
            self.children[number] = _Prefix(self, number, state, self.score + gain) if allowed else None
        return self.children[number]

    def numbers(self):
        """All of its symbols."""
        found, prefix = [], self
        while prefix.parent is not None:
            found.append(prefix.last)
            prefix = prefix.parent
        return found[::-1]


def search(probabilities, scorer=None, beam_width=16, rare=_RARE, followed=_FOLLOWED):
    """Find the best sentence.

    Parameters
    ----------
    probabilities : ndarray of shape (n_steps, n_symbols)
        The blank's last.
    scorer : WordScorer or None, default=None
        What may come, and what the language makes of it.
    beam_width : int, default=16
        Prefixes that are followed.
    rare : float, default=1e-4
        Probability of a symbol in a step below which it is not followed.
    followed : int, default=12
        Symbols of a step that are followed at most.

    Returns
    -------
    numbers : list of int
    """
    root = _Prefix(None, -1, None if scorer is None else scorer.start, 0.0)
    beam = {root: (1.0, 0.0)}  # the probability of its paths that end in a blank, and of those that end in its symbol
    for step, candidates in zip(probabilities.tolist(), _candidates(probabilities, rare, followed), strict=True):
        blank = step[-1]
        if blank > 1 - rare:  # nothing else to follow
            beam = {prefix: (ends[0] + ends[1], 0.0) for prefix, ends in beam.items()}
            continue
        beam = _best(_extended(beam, step, candidates, scorer), beam_width)
    return max(beam, key=lambda prefix: _final_score(prefix, beam[prefix], scorer)).numbers()


def _candidates(probabilities, rare, followed):
    """The symbols to follow in every step."""
    symbols = probabilities[:, :-1]
    if symbols.shape[1] > followed:
        top = (-symbols).argpartition(followed, axis=1)[:, :followed]
    else:
        top = [range(symbols.shape[1])] * len(symbols)
    for row, numbers in zip(symbols, top, strict=True):
        yield [int(i) for i in numbers if row[i] > rare]


def _extended(beam, step, candidates, scorer):
    """All prefixes that the ones of a beam become in a step."""
    blank = step[-1]
    found: dict[_Prefix, tuple[float, float]] = {}
    for prefix, (in_blank, in_symbol) in beam.items():
        total = in_blank + in_symbol
        before = found.get(prefix)
        last = prefix.last
        stays = in_symbol * step[last] if last >= 0 else 0.0
        found[prefix] = (total * blank, stays) if before is None else (before[0] + total * blank, before[1] + stays)
        for number in candidates:
            child = prefix.child(number, scorer)
            if child is None:
                continue
            gain = (in_blank if number == last else total) * step[number]
            if gain > 0:
                before = found.get(child)
                found[child] = (0.0, gain) if before is None else (before[0], before[1] + gain)
    return found


def _best(found, beam_width):
    """The best prefixes, with probabilities whose largest is 1, so that none becomes 0."""
    if len(found) > beam_width:
        kept = sorted(found.items(), key=_score, reverse=True)[:beam_width]
    else:
        kept = list(found.items())
    largest = max(ends[0] + ends[1] for _, ends in kept) or 1.0
    return {prefix: (ends[0] / largest, ends[1] / largest) for prefix, ends in kept}


def _score(item):
    prefix, (in_blank, in_symbol) = item
    total = in_blank + in_symbol
    return math.log(total) + prefix.score if total > 0 else -math.inf


def _final_score(prefix, ends, scorer):
    score = _score((prefix, ends))
    if scorer is None:
        return score
    gain = scorer.finish(prefix.state)
    # A word that may not end here is better than nothing, but worse than any that may.
    return score - 1e6 if gain is None else score + gain
