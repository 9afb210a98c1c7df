"""ProgressBar: one line for a fit, a pipeline, a search with workers."""

import pytest
from sklearn.model_selection import GridSearchCV

from sklspeech import MelFeatures, Pipeline, ProgressBar, SpeechCNN
from sklspeech.compose import progress_bar

SMALL = SpeechCNN(stem=(8,), filters=(8,), epochs=3, batch_size=30, early_stopping=True, random_state=0)


class Record:
    """Stands in for the line that is shown."""

    def __init__(self, title, total):
        self.share, self.texts = 0.0, []
        Record.last = self

    def advance(self, n_steps, detail):
        self.share += n_steps
        self.texts.append(detail)

    def close(self):
        self.is_closed = True


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("what", ["network", "pipeline", "search"])
def test_one_line_for_all(monkeypatch, words, features, what, n_jobs):
    monkeypatch.setattr(progress_bar, "Progress", Record)
    pipeline = Pipeline([MelFeatures(), SMALL])
    if what == "network":
        SpeechCNN(**SMALL.get_params()).set_callbacks(ProgressBar()).fit(features, words.target)
    elif what == "pipeline":
        pipeline.set_callbacks(ProgressBar()).fit(words.data, words.target)
    else:
        search = GridSearchCV(pipeline, {"speechcnn__dropout": [0.0, 0.1]}, cv=2, n_jobs=n_jobs)
        search.set_callbacks(ProgressBar()).fit(words.data, words.target)
    line = Record.last
    assert line.share == pytest.approx(1)
    assert line.is_closed
    assert not progress_bar._lines
    epochs = [text for text in line.texts if text.startswith("SpeechCNN epoch 3/3, loss ")]
    assert len(epochs) == {"network": 1, "pipeline": 1, "search": 5}[what]
    assert all(", val_loss " in text for text in epochs)
