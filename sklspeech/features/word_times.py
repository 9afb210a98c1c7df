"""What a pipeline with a transcriber at its end does besides prediction: words, with times in seconds."""

from typing import Any

from sklearn.utils.metaestimators import available_if


def _final_has(method):
    """Whether the final step has a method; if not, the error is that of its attribute."""

    def check(pipeline):
        getattr(pipeline.steps[-1][1], method)
        return True

    return check


class WordTimesMixin:
    """For pipelines: only the features know how many frames there are a second."""

    steps: Any

    @available_if(_final_has("predict_words"))
    def predict_words(self, X):
        """The words of every clip, with times and confidence, by a transcriber at the end.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.

        Returns
        -------
        words : list of list of Word
            ``Word(text, start, end, confidence)``, times in seconds.
        """
        return self.steps[-1][1].predict_words(self._before_last(X), self._frame_rate())

    @available_if(_final_has("align"))
    def align(self, X, y):
        """When the words of known sentences are said, by a transcriber at the end.

        Parameters
        ----------
        X : array-like of shape (n,) or what the first step takes
            The clips.
        y : array-like of shape (n,), str
            What is said in every clip.

        Returns
        -------
        words : list of list of Word
            ``Word(text, start, end, confidence)``, times in seconds.
        """
        return self.steps[-1][1].align(self._before_last(X), y, self._frame_rate())

    def _before_last(self, X):
        """What the last step takes."""
        pipeline: Any = self
        return pipeline[:-1].transform(X) if len(self.steps) > 1 else X

    def _frame_rate(self):
        """Frames a second of the features; 100, where no step says it."""
        for _, step in self.steps:
            if hasattr(step, "hop_length") and hasattr(step, "sample_rate"):
                return step.sample_rate / step.hop_length
        return 100.0
