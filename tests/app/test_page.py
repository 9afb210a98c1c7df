"""The page: what it shows of a recording. How it looks was seen in a browser."""

import numpy as np
import pytest
from loudness import Loudness

from sklspeech import AudioLoader, Pipeline, WordSpotter
from sklspeech.app.page import _picture, _recognized, create_page
from sklspeech.app.recognition import Recognizer
from sklspeech.features.clips import check_clips
from sklspeech.text import Word

RATE = 16_000


def sound():
    samples = np.zeros(4 * RATE)
    samples[RATE:][:8000] = 0.9 * np.sin(np.arange(8000))
    return samples


def fitted():
    return Pipeline([AudioLoader(duration=0.5), Loudness()]).fit([np.ones(8000)] * 2, ["other", "word"])


class Writer:
    def predict_words(self, X):
        return [[Word("yes", 0.1, 0.4, 0.9), Word("no", 0.5, 0.8, 0.8)] for _ in X]


def recognized(model):
    (clip,) = check_clips([(RATE, sound())])
    return _recognized(Recognizer(model), clip)


def test_labels_and_hits():
    probabilities, spans = recognized(WordSpotter(fitted(), labels=["word"], threshold=0.6))
    assert set(probabilities) == {"other", "word"}
    assert [(start < 1.25 < end, text) for start, end, text, _ in spans] == [(True, "word")]


def test_sentences():
    assert recognized(Writer()) == ("yes no", [(0.1, 0.4, "yes", 0.9), (0.5, 0.8, "no", 0.8)])


@pytest.mark.parametrize("n_samples", [1, 4 * RATE])
def test_picture(n_samples):
    figure = _picture(sound()[:n_samples].astype(np.float32), [(1.0, 1.5, "word", 0.9)])
    assert [text.get_text() for text in figure.axes[0].texts] == ["word"]
    assert figure.axes[0].get_xlabel() == "seconds"


@pytest.mark.parametrize("model", [fitted(), Writer()], ids=["labels", "sentences"])
def test_page_is_made(model):
    pytest.importorskip("gradio", reason="gradio is not installed: pip install 'sklspeech[app]'")
    kinds = {component["type"] for component in create_page(model).get_config_file()["components"]}
    assert {"audio", "plot", "dataframe"} <= kinds
    assert ("textbox" in kinds) == isinstance(model, Writer)


def test_without_gradio(monkeypatch):
    monkeypatch.setattr("sklspeech._runtime.requirements._is_installed", lambda name: name != "gradio")
    with pytest.raises(ModuleNotFoundError, match=r"the page needs gradio: pip install 'sklspeech\[app\]'"):
        create_page(fitted())
