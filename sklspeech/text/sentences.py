"""Sentences to learn, checked before anything is trained."""

import numpy as np

from ..features.labels import check_labels
from .normalizing import normalize_text
from .symbols import count_needed_steps

_SHOWN = 5


def check_sentences(y, normalize, name):
    """Check sentences, and bring them into the form that is learned.

    Parameters
    ----------
    y : array-like of shape (n,), str
    normalize : {"words", "unicode"}, callable or None
    name : str
        Of what takes them.

    Returns
    -------
    sentences : ndarray of shape (n,), object

    Raises
    ------
    ValueError
        There are none, one is missing, is no str, or nothing is left of it.
    """
    check_labels(y, name)
    given = list(np.asarray(y, dtype=object))
    others = [i for i, sentence in enumerate(given) if not isinstance(sentence, str)]
    if others:
        first = given[others[0]]
        raise ValueError(
            f"y must be sentences, one str a clip, got {type(first).__name__} in row {others[0]}: {str(first)[:50]!r}. "
            "Numbers are written out as they are spoken"
        )
    sentences = np.array([normalize_text(sentence, normalize) for sentence in given], dtype=object)
    empty = [i for i, sentence in enumerate(sentences) if not sentence.strip()]
    if empty:
        raise ValueError(
            f"y has sentences of which nothing is left to learn, in {_rows(empty)}: {given[empty[0]]!r} with "
            f"normalize={normalize!r}. Leave these clips out"
        )
    return sentences


def check_lengths(clips, encoded, frames_per_step, name):
    """See that every clip has the steps that its sentence needs.

    Parameters
    ----------
    clips : list of ndarray of shape (n_frames_i, n_features)
    encoded : list of ndarray of int
        The symbols of the sentences.
    frames_per_step : int
    name : str
        Of what takes them.

    Raises
    ------
    ValueError
        One has fewer.
    """
    short = []
    for i, (clip, numbers) in enumerate(zip(clips, encoded, strict=True)):
        n_steps, needed = -(-len(clip) // frames_per_step), count_needed_steps(numbers)
        if n_steps < needed:
            short.append((i, len(clip), n_steps, needed))
    if short:
        i, n_frames, n_steps, needed = short[0]
        raise ValueError(
            f"{len(short)} clips are too short for their sentences, {_rows([row[0] for row in short])}: clip {i} has "
            f"{n_frames} frames, which are {n_steps} steps of {name}, and its sentence needs {needed}, one a symbol "
            "and one between two that are the same. Leave out clips whose text is not theirs; a shorter stem or a "
            "smaller hop_length makes more steps, units='word' needs fewer"
        )


def _rows(numbers):
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"rows {', '.join(map(str, numbers[:_SHOWN]))}{more}" if len(numbers) > 1 else f"row {numbers[0]}"
