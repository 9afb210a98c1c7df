"""Warnings of one kind, once: folds and candidates would repeat them with other numbers."""

import re
import warnings
from contextlib import contextmanager


def kind_of(message):
    """What a warning says, without its numbers and its example.

    Parameters
    ----------
    message : object

    Returns
    -------
    kind : str
    """
    return re.sub(r"\d[\d.]*", "#", str(message).partition(". The first is")[0])


@contextmanager
def warnings_once():
    """Give warnings of one kind once, at the end, whatever raised them how often."""
    caught: list = []
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    finally:
        found: dict = {}
        for one in caught:
            found.setdefault((one.category, kind_of(one.message)), one)
        for one in found.values():
            warnings.warn(one.message, one.category, stacklevel=4)
