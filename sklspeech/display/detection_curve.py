"""DetectionCurveDisplay: misses against false alarms an hour."""

import numpy as np

from .axes import BLUE, VERMILLION, get_axes


class DetectionCurveDisplay:
    """Share of the words that a `WordSpotter` misses, against its false alarms an hour, with the chosen threshold.

    Parameters
    ----------
    miss_rates : ndarray of shape (n_thresholds,)
        Shares.
    false_alarms_per_hour : ndarray of shape (n_thresholds,)
        At every threshold.
    thresholds : ndarray of shape (n_thresholds,)
        Rising.
    threshold : float or None, default=None
        The chosen one, which is marked.
    budget : float or None, default=None
        False alarms an hour that are allowed, where a line is drawn.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    See Also
    --------
    sklearn.metrics.DetCurveDisplay : Misses against the share of false alarms, where clips are counted.

    Examples
    --------
    >>> from sklspeech.display import DetectionCurveDisplay
    >>> display = DetectionCurveDisplay([0.0, 0.1], [4.0, 0.0], [0.5, 0.9], threshold=0.9).plot()
    >>> display.ax_.get_xlabel()
    'false alarms an hour'
    """

    def __init__(self, miss_rates, false_alarms_per_hour, thresholds, *, threshold=None, budget=None):
        self.miss_rates = np.asarray(miss_rates, float)
        self.false_alarms_per_hour = np.asarray(false_alarms_per_hour, float)
        self.thresholds = np.asarray(thresholds, float)
        self.threshold = threshold
        self.budget = budget

    @classmethod
    def from_estimator(cls, spotter, recordings, events, *, background=None, ax=None):
        """Draw the curve of a spotter on recordings with words.

        Parameters
        ----------
        spotter : WordSpotter
            With a threshold, or fitted.
        recordings : array-like of shape (n,) of paths, or list of n waveforms
            With words in them.
        events : list of list of (label, start, end)
            The words of every recording, in seconds.
        background : str, PathLike, list of paths or waveforms, or None, default=None
            Recordings without any of the words, or a folder of them.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : DetectionCurveDisplay

        Raises
        ------
        ValueError
            There is no word in the recordings.
        """
        points = spotter.operating_points(recordings, events, background)
        if not points.n_events:
            raise ValueError("events has no word, so that there is nothing to miss")
        chosen = spotter.threshold if spotter.threshold != "auto" else getattr(spotter, "thresholds_", None)
        if isinstance(chosen, dict):
            chosen = next(iter(chosen.values())) if len(set(chosen.values())) == 1 else None
        display = cls(
            points.n_missed / points.n_events,
            points.n_false_alarms / points.hours,
            points.thresholds,
            threshold=chosen,
            budget=spotter.max_false_alarms_per_hour,
        )
        return display.plot(ax=ax)

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
        ax.plot(self.false_alarms_per_hour, 100 * self.miss_rates, color=BLUE, marker=".", drawstyle="steps-post")
        if self.threshold is not None:
            i = int(np.abs(self.thresholds - self.threshold).argmin())
            place = self.false_alarms_per_hour[i], 100 * self.miss_rates[i]
            ax.plot(*place, "o", color=VERMILLION, label=f"threshold {self.threshold:.3g}", zorder=3)
        if self.budget is not None:
            ax.axvline(self.budget, color=VERMILLION, linestyle=":", label=f"{self.budget:g} an hour allowed")
        # Linear below one an hour, so that none can be shown; decades above.
        ax.set_xscale("symlog", linthresh=1.0)
        ax.set_xlim(left=-0.05)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set(xlabel="false alarms an hour", ylabel="words missed, %")
        ax.set_ylim(bottom=-1)
        ax.grid(alpha=0.3)
        if ax.get_legend_handles_labels()[0]:
            ax.legend()
        self.figure_ = ax.figure
        return self
