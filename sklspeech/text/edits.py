"""What has to be changed in one sequence to get another one (V. I. Levenshtein, 1966)."""

from typing import NamedTuple

import numpy as np


class Edit(NamedTuple):
    """A unit of the reference and one of the hypothesis; None where the other has nothing to it."""

    reference: str | None
    hypothesis: str | None


def count_edits(reference, hypothesis):
    """The smallest number of substitutions, insertions and deletions.

    Parameters
    ----------
    reference, hypothesis : sequence
        Units that can be compared.

    Returns
    -------
    n_edits : int
    """
    return int(_distances(reference, hypothesis)[-1, -1])


def align_edits(reference, hypothesis):
    """Put two sequences side by side with the smallest number of edits, and of these with the fewest substitutions.

    Parameters
    ----------
    reference, hypothesis : sequence of str

    Returns
    -------
    edits : list of Edit
        Of equal units as well.
    """
    one = len(reference) + len(hypothesis) + 1  # an edit; more than all substitutions together have on top of it
    distances = _distances(reference, hypothesis, one, one + 1)
    edits = []
    i, j = len(reference), len(hypothesis)
    while i or j:
        here = distances[i, j]
        substituted = (one + 1) * (i and j and reference[i - 1] != hypothesis[j - 1])
        if i and j and here == distances[i - 1, j - 1] + substituted:
            i, j = i - 1, j - 1
            edits.append(Edit(reference[i], hypothesis[j]))
        elif i and here == distances[i - 1, j] + one:
            i -= 1
            edits.append(Edit(reference[i], None))
        else:
            j -= 1
            edits.append(Edit(None, hypothesis[j]))
    return edits[::-1]


def _distances(reference, hypothesis, insertion=1, substitution=1):
    """Costs of all beginnings of the two, (1 + n_reference, 1 + n_hypothesis); a deletion costs as an insertion."""
    numbers: dict = {}
    first, second = (
        np.array([numbers.setdefault(u, len(numbers)) for u in units]) for units in (reference, hypothesis)
    )
    columns = insertion * np.arange(len(second) + 1)
    distances = np.empty((len(first) + 1, len(second) + 1), np.int64)
    distances[0] = columns
    for i, unit in enumerate(first, 1):
        before = distances[i - 1]
        row = before + insertion  # which a deletion costs as well
        row[1:] = np.minimum(row[1:], before[:-1] + substitution * (second != unit))
        # An insertion costs the same in every column: the smallest of what lies to the left, plus its distance.
        distances[i] = np.minimum.accumulate(row - columns) + columns
    return distances
