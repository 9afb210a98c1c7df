"""TimelineDisplay: a stream, and what was heard in it."""

import numpy as np

from ..features.clips import check_clips, clip_waveform
from .axes import GREY, colours_of, get_axes

_MOST_POINTS = 4000  # of a waveform that is drawn
_COLUMNS = 6  # of the legend


class TimelineDisplay:
    """The waveform of a recording, the scores of words over time, the hits, and what was really said.

    Parameters
    ----------
    waveform : ndarray of shape (n_samples,)
        The recording.
    sample_rate : float
        Hertz.
    scores : ndarray of shape (n_windows, n_words)
        Of every word over time.
    times : ndarray of shape (n_windows,)
        Seconds of the scores.
    labels : list
        Of the columns.
    hits : list of Detection
        What was found.
    events : list of (label, start, end)
        What was said, in seconds; may be empty.
    thresholds : dict of label to float or None, default=None
        Drawn as lines where there is one for all.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> from sklspeech import Detection
    >>> from sklspeech.display import TimelineDisplay
    >>> hits = [Detection("yes", 0.2, 0.6, 0.9)]
    >>> display = TimelineDisplay(np.zeros(16_000), 16_000, np.eye(10)[:, :1], np.arange(10) / 10, ["yes"], hits, [])
    >>> display.plot().ax_.get_xlabel()
    'seconds'
    """

    def __init__(self, waveform, sample_rate, scores, times, labels, hits, events, thresholds=None):
        self.waveform = waveform
        self.sample_rate = sample_rate
        self.scores = scores
        self.times = times
        self.labels = labels
        self.hits = hits
        self.events = events
        self.thresholds = thresholds or {}

    @classmethod
    def from_estimator(cls, spotter, recording, events=(), *, ax=None):
        """Draw what a spotter hears in a recording.

        Parameters
        ----------
        spotter : WordSpotter
            With a threshold, or fitted.
        recording : str, PathLike, ndarray of shape (n_samples,), bytes, or (int, ndarray)
            A recording, which is read as a whole.
        events : list of (label, start, end), default=()
            What is said in it, in seconds.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : TimelineDisplay
        """
        (clip,) = check_clips([recording])
        waveform = clip_waveform(clip, spotter.sample_rate_)
        scores, hits = spotter.predict_scores([waveform])[0], spotter.detect([waveform])[0]
        times = np.arange(len(scores)) * spotter.hop - spotter.delay_
        labels, thresholds = spotter.words_, dict(spotter.limits_)
        return cls(waveform, spotter.sample_rate_, scores, times, labels, hits, list(events), thresholds).plot(ax=ax)

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
        seen = [label for label, column in zip(self.labels, self.scores.T, strict=True) if self._is_seen(label, column)]
        colours = colours_of(map(str, seen))
        self._draw_waveform(ax)
        for label, column in zip(self.labels, self.scores.T, strict=True):
            if label in seen:
                ax.plot(self.times, column, color=colours[str(label)], linewidth=1, label=label)
        for level in set(self.thresholds.values()) if len(set(self.thresholds.values())) == 1 else ():
            ax.axhline(level, color=GREY, linestyle=":", linewidth=1)
        for hit in self.hits:
            colour = colours[str(hit.label)]
            ax.axvspan(hit.start, hit.end, ymin=0.44, ymax=0.92, color=colour, alpha=0.15)
            ax.text((hit.start + hit.end) / 2, 1.06, hit.label, color=colour, ha="center", va="bottom", clip_on=True)
        for label, start, end, *_ in self.events:
            colour = colours.get(str(label), GREY)
            ax.plot([start, end], [-1.25, -1.25], color=colour, linewidth=4, solid_capstyle="butt")
            ax.text((start + end) / 2, -1.3, label, color=colour, ha="center", va="top", fontsize="small", clip_on=True)
        ax.set(xlabel="seconds", xlim=(0, len(self.waveform) / self.sample_rate), ylim=(-1.6, 1.3))
        ax.set_yticks([-1.25, -0.6, 0, 0.5, 1], ["said", "sound", "0", "score", "1"])
        if seen:
            ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=_COLUMNS, frameon=False, handlelength=1)
        self.figure_ = ax.figure
        return self

    def _is_seen(self, label, column):
        """Whether a word has anything to show: a hit, a time at which it was said, or a score that stands out."""
        said = any(event[0] == label for event in self.events) or any(hit.label == label for hit in self.hits)
        return said or (len(column) > 0 and column.max() > 0.5)

    def _draw_waveform(self, ax):
        """The envelope: lowest and highest sample of every stretch, between -1.1 and -0.1."""
        n_stretches = min(len(self.waveform), _MOST_POINTS)
        if not n_stretches:
            return
        starts = np.linspace(0, len(self.waveform), n_stretches, endpoint=False).astype(int)
        low, high = np.minimum.reduceat(self.waveform, starts), np.maximum.reduceat(self.waveform, starts)
        scale = 0.5 / max(1e-9, np.abs(self.waveform).max())
        ax.fill_between(starts / self.sample_rate, -0.6 + scale * low, -0.6 + scale * high, color=GREY, linewidth=0.3)
