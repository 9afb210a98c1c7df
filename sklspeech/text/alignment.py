"""Which steps say which symbol: the most probable way to say known symbols, and words with times."""

from typing import NamedTuple

import numpy as np


class Word(NamedTuple):
    """A word in a recording.

    Parameters
    ----------
    text : str
        The word.
    start : float
        Where it begins, in seconds.
    end : float
        Where it ends, in seconds.
    confidence : float
        From 0 to 1.
    """

    text: str
    start: float
    end: float
    confidence: float


class Span(NamedTuple):
    """The steps of a symbol."""

    start: int  # the first
    stop: int  # the one after the last
    log_probability: float  # the mean of its steps'


def align_symbols(log_probabilities, numbers):
    """Find the steps of every symbol on the most probable path (Viterbi).

    Parameters
    ----------
    log_probabilities : ndarray of shape (n_steps, n_symbols)
        The blank's last.
    numbers : sequence of int
        Symbols that are said.

    Returns
    -------
    spans : list of Span

    Raises
    ------
    ValueError
        There are fewer steps than the symbols need.
    """
    path = _best_path(log_probabilities, np.asarray(numbers, int))
    spans = []
    for i, number in enumerate(numbers):
        steps = np.flatnonzero(path == 2 * i + 1)
        mean = float(log_probabilities[steps, number].mean())
        spans.append(Span(int(steps[0]), int(steps[-1]) + 1, mean))
    return spans


def _states(numbers, blank):
    """A blank before, between and after the symbols, (2 n + 1,); and whether the blank before may be left out."""
    states = np.full(2 * len(numbers) + 1, blank)
    states[1::2] = numbers
    may_skip = np.zeros(len(states), bool)
    may_skip[3::2] = numbers[1:] != numbers[:-1]
    return states, may_skip


def _best_path(log_probabilities, numbers):
    """The state of every step, (n_steps,)."""
    states, may_skip = _states(numbers, log_probabilities.shape[1] - 1)
    n_steps = len(log_probabilities)
    if len(numbers) + np.count_nonzero(numbers[1:] == numbers[:-1]) > n_steps:
        raise ValueError(f"{n_steps} steps are too few for {len(numbers)} symbols")
    emitted = log_probabilities[:, states]
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2]
    came_from = np.zeros((n_steps, len(states)), np.int8)
    for t in range(1, n_steps):
        one, two = np.full_like(best, -np.inf), np.full_like(best, -np.inf)
        one[1:] = best[:-1]
        two[2:] = np.where(may_skip[2:], best[:-2], -np.inf)
        choices = np.stack([best, one, two])
        came_from[t] = choices.argmax(axis=0)
        best = choices.max(axis=0) + emitted[t]
    state = len(states) - 1
    if state and best[-2] > best[-1]:
        state -= 1
    path = np.empty(n_steps, int)
    for t in range(n_steps - 1, -1, -1):
        path[t] = state
        state -= int(came_from[t, state])
    return path


def score_sentences(log_probabilities, sentences):
    """Logarithms of the probabilities of sentences, over all ways to say them.

    Parameters
    ----------
    log_probabilities : ndarray of shape (n_steps, n_symbols)
        The blank's last.
    sentences : sequence of ndarray of int
        Their symbols.

    Returns
    -------
    scores : ndarray of shape (n_sentences,)
        -inf for those that need more steps.
    """
    blank = log_probabilities.shape[1] - 1
    longest = max(map(len, sentences))
    states = np.full((len(sentences), 2 * longest + 1), blank)
    may_skip = np.zeros(states.shape, bool)
    for row, skip, numbers in zip(states, may_skip, sentences, strict=True):
        row[: 2 * len(numbers) + 1], skip[: 2 * len(numbers) + 1] = _states(np.asarray(numbers, int), blank)
    score = np.full(states.shape, -np.inf)
    score[:, :2] = log_probabilities[0][states[:, :2]]
    with np.errstate(invalid="ignore", divide="ignore"):
        for step in log_probabilities[1:]:
            one = np.logaddexp(score[:, 1:], score[:, :-1])
            two = np.where(may_skip[:, 2:], score[:, :-2], -np.inf)
            score[:, 1:] = one
            score[:, 2:] = np.logaddexp(score[:, 2:], two)
            score += step[states]
    ends = np.array([2 * len(numbers) for numbers in sentences])
    rows = np.arange(len(sentences))
    last = np.where(ends > 0, score[rows, np.maximum(ends - 1, 0)], -np.inf)
    return np.logaddexp(score[rows, ends], last)


def spell_words(symbols, numbers, spans, seconds_per_step):
    """Put symbols with times together to words.

    Parameters
    ----------
    symbols : Symbols
    numbers : sequence of int
    spans : list of Span
        Of every symbol.
    seconds_per_step : float

    Returns
    -------
    words : list of Word
        A word begins a step before its first symbol, which is heard after it has begun, and ends with its last one;
        its confidence is the geometric mean of its symbols' probabilities.
    """
    words: list[Word] = []
    begun: list[int] = []
    before = 0
    for i, number in enumerate([*numbers, symbols.space]):
        is_end = i == len(numbers) or number == symbols.space
        if not is_end:
            begun.append(i)
        if begun and (is_end or symbols.units == "word"):
            first, last = begun[0], begun[-1]
            text = symbols.decode([numbers[j] for j in begun])
            confidence = float(np.exp(np.mean([spans[j].log_probability for j in begun])))
            start, stop = max(before, spans[first].start - 1), spans[last].stop
            before = stop
            words.append(Word(text, start * seconds_per_step, stop * seconds_per_step, confidence))
            begun = []
    return words
