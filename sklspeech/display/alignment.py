"""AlignmentDisplay: which word a transcriber hears when."""

import numpy as np

from .axes import colours_of, get_axes, pipeline_within
from .spectrogram import draw_spectrogram, front_end

_LOWEST = 0.05  # probability of a symbol that is drawn


class AlignmentDisplay:
    """Words with their times over the spectrogram, and the probabilities of symbols that they come from.

    Parameters
    ----------
    spectrogram : ndarray of shape (n_frames, n_features)
        Features of the recording.
    features : MelFeatures or MFCCFeatures
        What it was made with.
    probabilities : ndarray of shape (n_steps, n_symbols + 1)
        Of the symbols, and the blank, which is the last.
    symbols : list of str
        Of the columns but the last.
    step : float
        Seconds from one step to the next.
    words : list of Word
        With times in seconds.

    Attributes
    ----------
    ax_ : matplotlib.axes.Axes
        In which the others lie.
    spectrogram_ax_, probability_ax_ : matplotlib.axes.Axes
    figure_ : matplotlib.figure.Figure
    """

    def __init__(self, spectrogram, features, probabilities, symbols, step, words):
        self.spectrogram = spectrogram
        self.features = features
        self.probabilities = probabilities
        self.symbols = symbols
        self.step = step
        self.words = words

    @classmethod
    def from_estimator(cls, estimator, clip, text=None, *, ax=None):
        """Draw what a transcriber hears in a recording, or where words are that are known.

        Parameters
        ----------
        estimator : fitted pipeline of features and a transcriber
            What hears the recording.
        clip : str, PathLike, ndarray of shape (n_samples,), bytes, or (int, ndarray)
            A recording.
        text : str or None, default=None
            What is said in it; None is what the transcriber hears.
        ax : matplotlib.axes.Axes or None, default=None
            Where to draw; None makes a figure.

        Returns
        -------
        display : AlignmentDisplay

        Raises
        ------
        ValueError
            The estimator is no pipeline from recordings to sentences, or has no room for the text in the recording.
        """
        pipeline = pipeline_within(estimator)
        if not hasattr(pipeline[-1], "predict_words"):
            raise ValueError(f"an alignment is of a transcriber, got {type(pipeline[-1]).__name__}")
        features = front_end(pipeline, clip)
        words = pipeline.predict_words([clip])[0] if text is None else pipeline.align([clip], [text])[0]
        (spectrogram,) = features.transform([clip])
        probabilities = np.exp(pipeline.predict_log_proba([clip])[0])
        step = pipeline[-1].frames_per_step_ * features.hop_length / features.sample_rate
        return cls(spectrogram, features, probabilities, list(pipeline[-1].symbols_), step, words).plot(ax=ax)

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
        self.ax_ = get_axes(ax, height=4.2)
        self.ax_.set_axis_off()
        self.spectrogram_ax_ = ax = self.ax_.inset_axes([0, 0, 1, 0.62])
        self.probability_ax_ = self.ax_.inset_axes([0, 0.72, 1, 0.28], sharex=ax)
        draw_spectrogram(ax, self.spectrogram, self.features)
        self._draw_probabilities(self.probability_ax_)
        ax.set_xlim(0, len(self.spectrogram) * self.features.hop_length / self.features.sample_rate)
        for word in self.words:
            ax.axvline(word.start, color="white", linewidth=0.8)
            ax.axvline(word.end, color="white", linewidth=0.8, linestyle=":")
            ax.annotate(
                word.text,
                ((word.start + word.end) / 2, 1.02),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                fontsize="small",
            )
        self.figure_ = self.ax_.figure
        return self

    def _draw_probabilities(self, ax):
        times = self.step * (np.arange(len(self.probabilities)) + 0.5)
        shown = [i for i in range(len(self.symbols)) if self.probabilities[:, i].max() > _LOWEST]
        colours = colours_of(shown)
        for i in shown:
            column = self.probabilities[:, i]
            ax.plot(times, column, color=colours[i], linewidth=1)
            self._name_peaks(ax, times, column, self.symbols[i], colours[i])
        ax.set(ylim=(0, 1.3), yticks=[0, 1], ylabel="probability")
        ax.tick_params(labelbottom=False)

    def _name_peaks(self, ax, times, column, symbol, colour):
        """Write a symbol over every stretch in which it is the most probable one but for the blank."""
        is_high = np.concatenate([[False], column > 0.5, [False]])
        edges = np.flatnonzero(np.diff(is_high.astype(int)))
        for start, stop in zip(edges[::2], edges[1::2], strict=True):
            text = "␣" if symbol == " " else symbol
            ax.text(times[start:stop].mean(), 1.03, text, color=colour, ha="center", va="bottom", fontsize="x-small")
