"""ARPA files, in which n-grams are exchanged: logarithms of base 10, tab-separated, the longest n-grams last."""

import math
from itertools import groupby
from pathlib import Path

from .ngrams import START, NGramModel

_LN_10 = math.log(10)
_NEVER = -99.0


def write_arpa(model, path):
    """Write an n-gram model as an ARPA file.

    Parameters
    ----------
    model : NGramModel
        Of words, or of symbols.
    path : str or PathLike
        The file.
    """
    Path(path).write_text(to_arpa(model), encoding="utf-8")


def to_arpa(model):
    """The text of an ARPA file.

    Parameters
    ----------
    model : NGramModel

    Returns
    -------
    text : str
    """
    values = dict(model.log_probabilities)
    values.setdefault((START,), _NEVER * _LN_10)  # never said, but a history
    grams = sorted(values, key=lambda gram: (len(gram), gram))
    by_length = {n: list(group) for n, group in groupby(grams, key=len)}
    lines = ["\\data\\", *(f"ngram {n}={len(group)}" for n, group in by_length.items())]
    for n, group in by_length.items():
        lines += ["", f"\\{n}-grams:"]
        for gram in group:
            backoff = model.backoffs.get(gram)
            end = "" if backoff is None else f"\t{backoff / _LN_10:.7f}"
            lines.append(f"{values[gram] / _LN_10:.7f}\t{' '.join(gram)}{end}")
    return "\n".join([*lines, "", "\\end\\", ""])


def read_arpa(path):
    """Read an ARPA file.

    Parameters
    ----------
    path : str or PathLike
        The file.

    Returns
    -------
    model : NGramModel

    Raises
    ------
    ValueError
        It is none, or its parts contradict each other.
    OSError
        It cannot be read.
    """
    try:
        return from_arpa(Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:  # UnicodeDecodeError as well
        raise ValueError(f"{path} is no ARPA file: {error}") from error


def from_arpa(text):
    """Read the text of an ARPA file.

    Parameters
    ----------
    text : str

    Returns
    -------
    model : NGramModel

    Raises
    ------
    ValueError
        It is none, or its parts contradict each other.
    """
    promised: dict[int, int] = {}
    log_probabilities: dict[tuple, float] = {}
    backoffs: dict[tuple, float] = {}
    length, is_ended = None, False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line == "\\data\\":
            length = 0
        elif line == "\\end\\":
            is_ended = True
            break
        elif line.startswith("\\") and line.endswith("-grams:"):
            length = _integer(line[1 : -len("-grams:")], number)
        elif line and length == 0:
            key, _, count = line.removeprefix("ngram ").partition("=")
            promised[_integer(key, number)] = _integer(count, number)
        elif line and length:
            gram, value, backoff = _entry(line, length, number)
            log_probabilities[gram] = value
            if backoff is not None:
                backoffs[gram] = backoff
    if not is_ended or not log_probabilities:
        raise ValueError("it has no n-grams, or no \\end\\")
    found = {n: sum(len(gram) == n for gram in log_probabilities) for n in promised}
    if found != promised or max(map(len, log_probabilities)) > max(promised):
        raise ValueError(f"it promises n-grams of lengths {promised}, and has {found}")
    return NGramModel(log_probabilities, backoffs, max(promised))


def _entry(line, length, number):
    """An n-gram, the logarithm of its probability, and of its back-off weight or None."""
    fields = line.split()
    if len(fields) not in (length + 1, length + 2):
        raise ValueError(f"line {number} has {len(fields)} fields, expected {length + 1} or {length + 2}")
    try:
        value = float(fields[0]) * _LN_10
        backoff = float(fields[-1]) * _LN_10 if len(fields) == length + 2 else None
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from error
    if not (math.isfinite(value) and value <= 0) or (backoff is not None and not math.isfinite(backoff)):
        raise ValueError(f"line {number} has no logarithm of a probability: {fields[0][:30]!r}")
    return tuple(fields[1 : length + 1]), value, backoff


def _integer(text, number):
    if not text.strip().isdigit():
        raise ValueError(f"line {number}: expected a number, got {text[:30]!r}")
    return int(text)
