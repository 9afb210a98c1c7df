"""Word and character errors: those of jiwer, and where it raises, what is said."""

import math

import jiwer
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.model_selection import cross_val_score

from sklspeech.metrics import cer_scorer, character_error_rate, edit_alignment, wer_scorer, word_error_rate

PAIRS = [
    (["a b c"], ["a b c"]),
    (["a b c", "d"], ["a x c", "d e f"]),
    (["the gleam of white fangs"], ["gleam of the white fang"]),
    (["one two", "three"], ["", "three four five six"]),
    (["\ud55c\uad6d \ub9d0"], ["\ud55c\uad6d\ub9d0"]),
    (["Yes, no."], ["yes no"]),
]


@pytest.mark.parametrize(("said", "heard"), PAIRS)
def test_as_jiwer(said, heard):
    assert word_error_rate(said, heard, normalize=None) == pytest.approx(jiwer.wer(said, heard))
    assert character_error_rate(said, heard, normalize=None) == pytest.approx(jiwer.cer(said, heard))


def test_nothing_said():
    assert word_error_rate([""], [""]) == 0
    assert word_error_rate([""], ["yes"]) == math.inf
    assert word_error_rate(["", "no no"], ["yes", "no no"]) == 0.5


def test_form_blanks_and_weights():
    assert word_error_rate(["Yes, no."], ["yes no"]) == 0
    assert character_error_rate(["a b"], ["ab"], spaces=False) == 0
    assert word_error_rate(["a b", "c"], ["a x", "c"], sample_weight=[1, 2]) == 1 / 4
    assert word_error_rate(np.array(["a"], dtype=object), np.array(["b"])) == 1


@pytest.mark.parametrize(
    ("said", "heard", "weights", "error"),
    [
        (["a"], ["a", "b"], None, "a hypothesis for every reference"),
        ([], [], None, "a hypothesis for every reference"),
        (["a", None], ["a", "b"], None, "got NoneType in row 1"),
        (["a"], [1.0], None, "got float in row 0"),
        (["a"], ["a"], [1, 2], "a weight for each"),
    ],
)
def test_what_is_no_sentence(said, heard, weights, error):
    with pytest.raises(ValueError, match=error):
        word_error_rate(said, heard, sample_weight=weights)


def test_alignment_shows_every_error():
    lines = edit_alignment("the gleam of fangs", "a gleam fangs now").splitlines()
    assert lines == ["said:  the gleam of fangs ***", "heard: a   gleam ** fangs now", "       S         D        I"]
    assert len(edit_alignment("a " * 60, "b " * 60, width=40).splitlines()) > 6
    assert edit_alignment("", "") == "said:\nheard:"


class Parrot(BaseEstimator):
    """An estimator that says what it is shown."""

    def fit(self, X, y):
        return self

    def predict(self, X):
        return X


def test_scorers_pool_a_fold():
    X, y = np.array(["a b", "x", "a", "a"]), np.array(["a b", "c", "a", "b"])
    assert cross_val_score(Parrot(), X, y, cv=2, scoring=wer_scorer).tolist() == [-1 / 3, -1 / 2]
    assert cross_val_score(Parrot(), X, y, cv=2, scoring=cer_scorer).tolist() == [-1 / 4, -1 / 2]
