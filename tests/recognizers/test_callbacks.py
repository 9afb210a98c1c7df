"""The learning rate, the user's callbacks and scikit-learn's."""

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor

from sklspeech import SpeechCNN, SpeechTranscriber
from sklspeech.metrics import wer_scorer

SMALL = SpeechCNN(stem=(8,), filters=(8,), epochs=2, batch_size=30, random_state=0)


class Record(keras.callbacks.Callback):
    epochs: list = []  # noqa: RUF012
    rates: list = []  # noqa: RUF012

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.learning_rate))


@pytest.fixture(autouse=True)
def _nothing_recorded():
    Record.epochs.clear()
    Record.rates.clear()


@pytest.mark.parametrize("callback", [Record, Record()], ids=["class", "instance"])
def test_the_user_s_callbacks_are_called_and_left_alone(features, words, callback):
    classifier = clone(SMALL).set_params(callbacks=[callback]).fit(features, words.target)
    assert Record.epochs == [0, 1]
    assert clone(classifier).fit(features, words.target)
    assert callback is Record or callback.model is None
    with pytest.raises(TypeError, match="must be Keras callbacks"):
        clone(SMALL).set_params(callbacks=[print]).fit(features, words.target)


def test_learning_rate_rises_and_falls(features, words):
    clone(SMALL).set_params(epochs=10, batch_size=2, callbacks=[Record]).fit(features, words.target)
    assert len(Record.rates) == 40  # once every eight of 30 steps
    assert int(np.argmax(Record.rates)) == 4  # a tenth of the steps
    assert max(Record.rates) == pytest.approx(0.006, rel=0.01)
    assert 0 < Record.rates[-1] < 1e-5
    assert 0 < Record.rates[0] < 1e-3


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_learning_rate_is_constant_where_nothing_is_scheduled(features, words, method):
    params = {"learning_rate_schedule": "constant"} if method == "fit" else {}
    classifier = clone(SMALL).set_params(callbacks=[Record], learning_rate=0.01, **params)
    getattr(classifier, method)(features, words.target)
    assert set(np.round(Record.rates, 6)) == {0.01}


def test_scikit_learn_s_callbacks(features, words):
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = clone(SMALL).set_callbacks(monitor).fit(features, words.target)
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 2
    assert scores[-1] == classifier.score(features, words.target)


def test_learning_curve_of_a_transcriber():
    random = np.random.default_rng(0)
    clips = [random.normal(size=(80, 20)).astype(np.float32) for _ in range(12)]
    sentences = ["yes no", "no yes", "no no yes"] * 4
    monitor = ScoringMonitor(scoring=wer_scorer)
    transcriber = SpeechTranscriber(width=8, n_layers=1, epochs=3, random_state=0).set_callbacks(monitor)
    transcriber.fit(clips, sentences)
    table = monitor.get_logs().data_as_pandas
    rates = table[table["task_name"] == "epoch"]["score"].tolist()
    assert len(rates) == 3
    assert rates[-1] == wer_scorer(transcriber, clips, sentences)
