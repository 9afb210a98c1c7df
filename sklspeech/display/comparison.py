"""ComparisonDisplay: the scores of several recognizers, fold by fold."""

import numpy as np

from .axes import BLUE, GREY, VERMILLION, get_axes


class ComparisonDisplay:
    """Scores of estimators on the same folds: every fold a point, their mean a bar, folds joined by lines.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n_folds,)
        By name, the best first.
    p_values : dict of str to float, default=None
        Of the difference to the first one.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> from sklspeech.display import ComparisonDisplay
    >>> display = ComparisonDisplay({"mel": [0.9, 0.8], "mfcc": [0.7, 0.8]}).plot()
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['mel', 'mfcc']
    """

    def __init__(self, scores, p_values=None):
        self.scores = {name: np.asarray(of_one, float) for name, of_one in scores.items()}
        self.p_values = p_values or {}

    @classmethod
    def from_table(cls, table, *, ax=None):
        """Draw what `compare` found.

        Parameters
        ----------
        table : pandas.DataFrame
            Of `sklspeech.reports.compare`.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : ComparisonDisplay
        """
        return cls(table["scores"].to_dict(), table["p_value"].dropna().to_dict()).plot(ax=ax)

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
        names, columns = list(self.scores), np.array(list(self.scores.values()))
        self.ax_ = ax = get_axes(ax, height=1.2 + 0.6 * len(names))
        places = np.arange(len(names))
        ax.plot(columns, places, color=GREY, linewidth=0.6, alpha=0.5)
        for place, name in enumerate(names):
            ax.plot(self.scores[name], np.full(len(columns[place]), place), "o", color=BLUE, alpha=0.6)
            ax.plot(self.scores[name].mean(), place, "|", color=VERMILLION, markersize=22, markeredgewidth=3)
            remark = f", p = {self.p_values[name]:.2g}" if name in self.p_values else ""
            text = f"{self.scores[name].mean():.3f}{remark}"
            ax.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize="small")
        ax.set_yticks(places, names)
        ax.set(xlabel="score of a fold; the mean is marked", ylim=(len(names) - 0.5, -0.5))
        ax.grid(axis="x", alpha=0.3)
        self.figure_ = ax.figure
        return self
