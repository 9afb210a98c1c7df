"""Listener: finds words in one stream, while it comes."""

from .windows import checked_block


class Listener:
    """Listens to one stream: see `WordSpotter.listen`.

    Parameters
    ----------
    windows : Windows
        Cuts the stream.
    score : callable
        From windows to scores.
    smoother : Smoother
        Averages the scores.
    finder : HitFinder
        Makes hits of them.
    """

    def __init__(self, windows, score, smoother, finder):
        self._windows, self._score, self._smoother, self._finder = windows, score, smoother, finder

    def feed(self, block):
        """Listen to the next block.

        Parameters
        ----------
        block : ndarray of shape (n_samples,)

        Returns
        -------
        detections : list of Detection
        """
        return self._found(self._windows.push(checked_block(block)))

    def finish(self):
        """End the stream.

        Returns
        -------
        detections : list of Detection
        """
        return [*self._found(self._windows.finish()), *self._finder.finish()]

    def _found(self, parts):
        rows = (scores for part in parts for scores in self._score(part))
        return [hit for scores in rows for hit in self._finder.push(self._smoother.push(scores))]
