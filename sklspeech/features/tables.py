"""Arrays that remember the index and the names of a table, while clips are no table.

scikit-learn takes the index of its output from the table it is given. Between a column of paths and a table of
statistics are arrays, which have none: rows would be paired with those of other clips.
"""

from importlib import import_module

import numpy as np


class NamedRows(np.ndarray):
    """An array of clips that knows which rows of a table they are of; what is made of it does not."""

    table_index = None
    feature_names = None

    def __reduce__(self):
        reduced = super().__reduce__()
        return reduced[0], reduced[1], (reduced[2], self.table_index, self.feature_names)

    def __setstate__(self, state):
        array, self.table_index, self.feature_names = state
        super().__setstate__(array)


class NamedList(list):
    """The same of clips of different lengths."""

    table_index = None
    feature_names = None


def table_index(X):
    """The index of a table, or that which an array remembers.

    Parameters
    ----------
    X : object

    Returns
    -------
    index : pandas.Index or None
    """
    if hasattr(X, "table_index"):
        return X.table_index
    index = getattr(X, "index", None)
    return None if callable(index) else index


def with_table(rows, index, names):
    """Rows that remember an index and names.

    Parameters
    ----------
    rows : ndarray or list
    index : pandas.Index or None
    names : ndarray of str

    Returns
    -------
    rows : NamedRows or NamedList
    """
    named = NamedList(rows) if isinstance(rows, list) else rows.view(NamedRows)
    named.table_index, named.feature_names = index, names
    return named


def as_pandas(table, index, names):
    """A table of pandas.

    Parameters
    ----------
    table : ndarray of shape (n, n_columns)
    index : pandas.Index
    names : ndarray of str

    Returns
    -------
    table : pandas.DataFrame
    """
    return import_module("pandas").DataFrame(table, index=index, columns=names)
