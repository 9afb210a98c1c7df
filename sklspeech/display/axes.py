"""What the pictures share: axes, colours, and the pipeline within an estimator."""

from itertools import cycle

from sklearn.pipeline import Pipeline

from .._runtime.requirements import require_extra

BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"
#: Told apart by the colour-blind: M. Okabe and K. Ito, Color Universal Design, 2008.
COLOURS = BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY
GREY = "#777777"
SPECTRUM = "magma"  # also told apart in grey
_INCHES = 6.4  # 640 pixels at 100 a inch


def get_axes(ax, height=3.6):
    """Axes to draw on: those that were given, or new ones.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
    height : float, default=3.6
        Inches of a new figure.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ModuleNotFoundError
        Matplotlib is not installed.
    """
    require_extra("drawing", "display", "matplotlib")
    if ax is not None:
        return ax
    from matplotlib import pyplot

    return pyplot.subplots(figsize=(_INCHES, height), layout="constrained")[1]


def colours_of(names):
    """A colour for every name, in the order in which they come first.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    colours : dict
    """
    return dict(zip(dict.fromkeys(names), cycle(COLOURS), strict=False))


def network_within(estimator):
    """What has been trained within pipelines, searches and other estimators around it.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    network : estimator
        The innermost one, where none has a `history_`.
    """
    found = estimator
    while not hasattr(found, "history_"):
        if hasattr(found, "steps"):
            found = found.steps[-1][1]
            continue
        inner = _inner(found)
        if inner is None:
            break
        found = inner
    return found


def pipeline_within(estimator):
    """The fitted pipeline within a search, or within an estimator around pipelines.

    Parameters
    ----------
    estimator : estimator

    Returns
    -------
    pipeline : Pipeline

    Raises
    ------
    ValueError
        There is none.
    """
    found = estimator
    while found is not None and not isinstance(found, Pipeline):
        found = _inner(found)
    if found is None:
        raise ValueError(f"expected a fitted pipeline that begins with features, got {type(estimator).__name__}")
    return found


def _inner(estimator):
    """What a search or another estimator around one has fitted; None where it is neither."""
    return getattr(estimator, "best_estimator_", None) or getattr(estimator, "estimator_", None)
