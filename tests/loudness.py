"""A recognizer whose right answers are known."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Loudness(ClassifierMixin, BaseEstimator):
    """Takes what is loud for "word", of waveforms."""

    def fit(self, X, y):
        self.classes_ = np.array(["other", "word"])
        return self

    def predict_proba(self, X):
        level = np.clip(np.square(X).mean(axis=1) * 10, 0, 0.95)
        return np.column_stack([1 - level, level])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
