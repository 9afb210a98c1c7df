"""X that is no collection of clips is refused with what to do."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from sklspeech import (
    AudioLoader,
    AudioWarning,
    FrameStatistics,
    FrozenClassifier,
    MelFeatures,
    Pipeline,
    SpeechCNN,
    SpeechRNN,
)

TABLE = pd.DataFrame({"path": ["a.wav", "b.wav"], "speaker": ["anna", "ben"]})
WRONG = {
    "table": (TABLE, TypeError, r"2 columns: \['path', 'speaker'\].*X\['path'\]"),
    "array of text": (TABLE.to_numpy(), TypeError, r"2 columns, expected one of paths: X\[:, 0\]"),
    "array of str": (np.array([["a.wav", "b"]]), TypeError, "2 columns"),
    "path alone": ("a.wav", TypeError, r"write \[path\]"),
    "generator": ((path for path in ["a.wav"]), TypeError, r"generator.*write list\(X\)"),
    "set": ({"a.wav", "b.wav"}, TypeError, r"set.*write list\(X\)"),
    "dict": ({"a.wav": 1}, TypeError, r"dict.*write list\(X\)"),
    "map": (map(str, ["a.wav"]), TypeError, r"map.*write list\(X\)"),
    "waveform and rate": ([(np.zeros(9), 16000)], TypeError, "tuple of samples and rate"),
    "ragged lists": ([[[1.0], [1.0, 2.0]]], TypeError, "waveform 0 of X: expected a path"),
    "one waveform": (np.zeros(16000), ValueError, r"reshape\(1, -1\)"),
    "channels": (np.zeros((16000, 2)), ValueError, "16000 waveforms of 2 samples"),
    "channels in a list": ([np.zeros((16000, 2))], TypeError, "1-D array"),
    "spectrograms": (np.zeros((3, 10, 40)), ValueError, "got an array of shape"),
    "integers": ([np.zeros(99, np.int16)], TypeError, "floats in"),
    "samples": ([0.1, 0.2], TypeError, "1-D array"),
    "mixed": (["a.wav", np.zeros(9)], TypeError, "all paths or all waveforms"),
    "nothing": ([], ValueError, "no clips"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_form(name):
    X, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        AudioLoader().fit(X)


@pytest.mark.parametrize("paths", [["a.wav", "b.wav"], np.array(["a.wav", "b.wav"]), pd.Series(["a.wav", "b.wav"])])
@pytest.mark.parametrize("step", [SpeechCNN(), SpeechRNN(), FrameStatistics()], ids=lambda step: type(step).__name__)
def test_paths_for_a_step_that_takes_features(step, paths):
    with pytest.raises(ValueError, match=r"takes features .* put MelFeatures\(\) before it"):
        step.fit(paths, ["x", "y"])


def test_paths_for_a_frozen_network():
    with pytest.raises(ValueError, match=r"put MelFeatures\(\) before it"):
        FrozenClassifier(graph=b"", classes=("a", "b")).predict(["a.wav"])


@pytest.mark.parametrize("duration", [100, 500.0, 16000])
def test_milliseconds(duration):
    with pytest.warns(AudioWarning, match=r"is in seconds: every clip becomes \d+\.\d minutes long"):
        AudioLoader(duration=duration).fit(["a.wav"])


def test_features_for_a_classifier_of_tables(words):
    with pytest.raises(ValueError, match=r"step 'logisticregression' takes a table.*FrameStatistics\(\)"):
        Pipeline([MelFeatures(), LogisticRegression()]).fit(words.data, words.target)
