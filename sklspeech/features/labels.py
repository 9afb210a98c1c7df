"""Labels and groups: none may be missing."""

import numpy as np


def check_labels(y, name):
    """Raise where there are no labels, or a clip has none.

    Parameters
    ----------
    y : array-like of shape (n,), or None
    name : str
        Of what takes the labels.

    Raises
    ------
    ValueError
        `y` is None, or there is None, NaN or pandas.NA in it.
    """
    if y is None:
        raise ValueError(f"{name} requires y to be passed, but the target y is None")
    check_no_missing(y, "y")


def check_no_missing(values, name):
    """Raise where a clip has no label, or no group.

    Parameters
    ----------
    values : array-like of shape (n,), or None
    name : str
        What the values are, for the error: "y" or "groups".

    Raises
    ------
    ValueError
        There is None, NaN or pandas.NA among them.
    """
    if values is None or (isinstance(values, np.ndarray) and values.dtype.kind in "iubUS"):
        return
    items = list(values if isinstance(values, list | tuple) else np.asarray(values, dtype=object).ravel())
    missing = [i for i, value in enumerate(items) if _is_missing(value)]
    if missing:
        what = "label" if name == "y" else "value"
        others = f", and none in {len(missing) - 1} others" if len(missing) > 1 else ""
        raise ValueError(
            f"{name} has no {what} in row {missing[0]}: {items[missing[0]]!r} (Input {name} contains NaN){others}"
        )


def _is_missing(value):
    if isinstance(value, str):
        return False
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating | np.datetime64 | np.timedelta64) and value != value
