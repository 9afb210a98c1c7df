"""A missing label or group is named before any work."""

import numpy as np
import pandas as pd
import pytest

from sklspeech import AugmentedClassifier, FrameStatistics, MelFeatures, Pipeline, SpeechCNN
from sklspeech.features.labels import check_no_missing

MISSING = {
    "list, None": ["a", None, "b"],
    "list, NaN": ["a", float("nan"), "b"],
    "tuple": ("a", None, "b"),
    "array of objects": np.array(["a", None, "b"], dtype=object),
    "array of floats": np.array([0.0, np.nan, 1.0]),
    "dates": np.array(["2020-01-01", "NaT", "2020-01-02"], dtype="datetime64[D]"),
    "frame": pd.DataFrame({"label": ["a", None, "b"]}),
    "column": np.array([["a"], [None], ["b"]], dtype=object),
    "Series": pd.Series(["a", None, "b"], index=[7, 8, 9]),
    "string": pd.Series(["a", pd.NA, "b"], dtype="string"),
    "category": pd.Series(["a", None, "b"], dtype="category"),
    "Int64": pd.Series([1, None, 2], dtype="Int64"),
    "dates of pandas": pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02"])),
}
COMPLETE = {
    "list": ["a", "nan", ""],
    "numbers": [0, 1, 2],
    "floats": [0.0, 1.0, np.inf],
    "bool": np.array([True, False]),
    "Series": pd.Series(["a", "b"]),
    "none": None,
}


@pytest.mark.parametrize("values", MISSING.values(), ids=MISSING)
@pytest.mark.parametrize(("name", "what"), [("y", "label"), ("groups", "value")])
def test_missing(values, name, what):
    with pytest.raises(ValueError, match=rf"{name} has no {what} in row 1: .*Input {name} contains NaN"):
        check_no_missing(values, name)


@pytest.mark.parametrize("values", COMPLETE.values(), ids=COMPLETE)
def test_complete(values):
    check_no_missing(values, "y")


def test_others_are_counted():
    with pytest.raises(ValueError, match="and none in 2 others"):
        check_no_missing([None, "a", None, None], "y")


SMALL = SpeechCNN(stem=(4,), filters=(8,), epochs=1)


@pytest.mark.parametrize(
    "classifier",
    [
        Pipeline([MelFeatures(), SMALL]),
        Pipeline([MelFeatures(), FrameStatistics(), SMALL]),
        AugmentedClassifier(Pipeline([MelFeatures(), SMALL])),
    ],
    ids=["network", "table", "augmented"],
)
@pytest.mark.parametrize("y", [["a", None, "b"], None], ids=["missing", "forgotten"])
def test_no_file_is_read_before(classifier, y):
    with pytest.raises(ValueError, match=r"y has no label in row 1|requires y|Expected sequence"):
        classifier.fit(["nowhere 1.wav", "nowhere 2.wav", "nowhere 3.wav"], y)
