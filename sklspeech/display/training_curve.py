"""TrainingCurveDisplay: the loss over the epochs."""

import numpy as np

from .axes import BLUE, VERMILLION, get_axes, network_within


class TrainingCurveDisplay:
    """Loss or another measure of training, and of the clips set aside where there were any, by epoch.

    Parameters
    ----------
    history : dict of str to list of float
        `history_` of a network.
    metric : str, default="loss"
        Which of them.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklspeech.display import TrainingCurveDisplay
    >>> display = TrainingCurveDisplay({"loss": [1.2, 0.7, 0.6], "val_loss": [1.1, 0.9, 1.0]}).plot()
    >>> [line.get_label() for line in display.ax_.get_lines()]
    ['training', 'validation']
    """

    def __init__(self, history, *, metric="loss"):
        if metric not in history:
            raise ValueError(f"metric must be one of {sorted(history)}, got {metric!r}")
        self.history = history
        self.metric = metric

    @classmethod
    def from_estimator(cls, estimator, *, metric="loss", ax=None):
        """Draw how a network was trained.

        Parameters
        ----------
        estimator : fitted network, or pipeline or search with one
            What was trained.
        metric : str, default="loss"
            A name of its `history_`.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TrainingCurveDisplay

        Raises
        ------
        ValueError
            There is no trained network, or its history has no such metric.
        """
        network = network_within(estimator)
        if not hasattr(network, "history_"):
            raise ValueError(f"{type(network).__name__} has no history_: it is not fitted, or is no network")
        return cls(network.history_, metric=metric).plot(ax=ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        self : object
        """
        self.ax_ = ax = get_axes(ax)
        for name, colour, label in ((self.metric, BLUE, "training"), (f"val_{self.metric}", VERMILLION, "validation")):
            values = self.history.get(name)
            if values:
                marker = "o" if len(values) == 1 else None
                ax.plot(np.arange(1, len(values) + 1), values, color=colour, label=label, marker=marker)
        ax.set(xlabel="epoch", ylabel=self.metric.replace("_", " "))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.grid(alpha=0.3)
        ax.legend()
        self.figure_ = ax.figure
        return self
