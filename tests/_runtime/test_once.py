"""Warnings of one kind, once."""

import warnings

import pytest

from sklspeech import AudioWarning
from sklspeech._runtime.once import kind_of, warnings_once


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("3 of 40 clips are silent. The first is a.wav", "12 of 40 clips are silent. The first is b/c.wav", True),
        ("duration is 0.94 s", "duration is 1 s", True),
        ("3 clips are silent", "3 clips are loud", False),
    ],
)
def test_kinds(one, other, is_alike):
    assert (kind_of(one) == kind_of(other)) == is_alike


def warn_twice():
    with warnings_once():
        for n in (3, 5):
            warnings.warn(AudioWarning(f"{n} of 8 clips are silent. The first is {n}.wav"), stacklevel=1)
            warnings.warn("something else", UserWarning, stacklevel=1)


def test_once():
    with pytest.warns() as caught:
        warn_twice()
    assert [str(one.message) for one in caught] == ["3 of 8 clips are silent. The first is 3.wav", "something else"]
