"""The one place that imports pandas."""

from .._runtime.requirements import require_extra


def import_pandas(purpose):
    """Import pandas.

    Parameters
    ----------
    purpose : str
        What needs it.

    Returns
    -------
    pandas : module

    Raises
    ------
    ModuleNotFoundError
        It is not installed.
    """
    require_extra(purpose, "display", "pandas")
    import pandas

    return pandas
