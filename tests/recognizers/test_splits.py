"""Clips set aside for early stopping."""

import numpy as np
import pytest

from sklspeech.recognizers.splits import split_validation

LABELS = np.repeat(["no", "stop", "yes"], 20)
SPEAKERS = np.tile(["ann", "bob", "cem", "dan"], 15)


@pytest.mark.parametrize(("fraction", "expected"), [(0.2, 4), (0.01, 1), (0.5, 10)])
def test_every_class_is_looked_at_alike(fraction, expected):
    train, validation = split_validation(LABELS, None, fraction, 0)
    assert sorted([*train, *validation]) == list(range(60))
    assert np.unique(LABELS[validation], return_counts=True)[1].tolist() == [expected] * 3


def test_no_speaker_is_on_both_sides():
    train, validation = split_validation(LABELS, SPEAKERS, 0.3, 0)
    assert sorted([*train, *validation]) == list(range(60))
    assert not set(SPEAKERS[train]) & set(SPEAKERS[validation])
    assert set(LABELS[train]) == set(LABELS)


def test_the_seed_decides():
    draws = [split_validation(LABELS, None, 0.2, seed)[1].tolist() for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize(
    ("y", "groups", "fraction", "message"),
    [
        (["a"] * 59 + ["b"], None, 0.1, r"2 clips or more of every class, got 1 of \['b'\]"),
        (["a", "b"] * 30, None, 0.99, "leaves 1 of 60 clips for the training of 2 classes"),
        (["a", "b"] * 30, ["one"] * 60, 0.1, r"2 groups or more, got \['one'\]"),
        (LABELS, LABELS, 0.1, "leave clips of all 3 classes"),
    ],
    ids=["a rare class", "a large share", "one speaker", "a speaker a class"],
)
def test_what_cannot_be_split(y, groups, fraction, message):
    with pytest.raises(ValueError, match=message):
        split_validation(np.array(y), groups, fraction, 0)
