"""AudioLoader, and what X may be."""

from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import pytest

from sklspeech import AudioLoader

CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "object array": lambda paths: np.array(paths, dtype=object),
    "column": lambda paths: np.array(paths)[:, None],
    "Series": pd.Series,
    "DataFrame": lambda paths: pd.DataFrame({"path": paths}),
    "Path": lambda paths: [Path(path) for path in paths],
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_containers_of_paths(words, container):
    paths = [str(path) for path in words.data[:3]]
    expected = AudioLoader().fit_transform(paths)
    for ours, theirs in zip(AudioLoader().fit_transform(CONTAINERS[container](paths)), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a.wav", r"single path 'a.wav': write \[path\]"),
        ([], "0 sample"),
        (["a.wav", np.zeros(3)], "entry 0 is str, entry 1 is ndarray"),
        ([np.zeros(4, np.int16)], "1-D array of floats"),
        ([np.zeros((2, 2))], "1-D array of floats"),
        ([np.zeros(0)], "waveform 0 of X: has no samples"),
        ([np.zeros(3), np.array([0.0, np.nan])], "waveform 1 of X: has NaN"),
        ([None], "1-D array of floats"),
        (np.zeros((2, 9), np.int16), "divide PCM samples"),
        (np.array([[0.0, 1.0], [0.0, np.nan]]), "waveform 1 of X: has NaN"),
        (np.zeros(5), "Reshape your data"),
        (np.zeros((2, 3, 4)), "Reshape your data"),
    ],
    ids=str,
)
def test_wrong_input(X, message):
    with pytest.raises((TypeError, ValueError), match=message):
        AudioLoader().fit(X).transform(X)


@pytest.mark.parametrize("duration", [0.3, 1.0, "auto"])
def test_duration_makes_one_length(words, duration):
    loader = AudioLoader(duration=duration)
    waveforms = loader.fit_transform(words.data)
    ragged = AudioLoader().fit_transform(words.data)
    assert waveforms.shape == (len(words.data), loader.n_samples_)
    expected = [librosa.util.fix_length(waveform, size=loader.n_samples_) for waveform in ragged]
    np.testing.assert_array_equal(waveforms, expected)


def test_auto_duration_ignores_one_long_recording(fsdd, odd_audio):
    loader = AudioLoader(duration="auto").fit([*fsdd.data[:50], odd_audio / "good_long_noise.wav"])
    assert loader.duration_ < 2


def test_waveforms_pass_through(words):
    waveforms = AudioLoader().fit_transform(words.data)
    for ours, theirs in zip(AudioLoader().fit_transform(waveforms), waveforms, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("duration", [1.0, None])
@pytest.mark.parametrize("n_jobs", [2, -1])
def test_threads_change_nothing(words, n_jobs, duration):
    alone, threads = (AudioLoader(duration=duration, n_jobs=n).fit_transform(words.data) for n in (1, n_jobs))
    assert type(alone) is type(threads)
    for a, b in zip(alone, threads, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n_clips", [1, 7, 15, 16, 33, 600])
@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_every_clip_has_its_row_whatever_the_pieces(n_clips, n_jobs):
    waveforms = np.random.default_rng(0).normal(size=(n_clips, 800)).astype(np.float32)
    np.testing.assert_array_equal(AudioLoader(n_jobs=n_jobs).fit_transform(list(waveforms)), waveforms)


@pytest.mark.parametrize(
    "params", [{"sample_rate": 10}, {"duration": 0}, {"duration": "long"}, {"n_jobs": 1.5}], ids=str
)
def test_wrong_parameter(words, params):
    with pytest.raises(ValueError, match=next(iter(params))):
        AudioLoader(**params).fit(words.data)


def test_clips_are_trimmed_before_they_get_their_length(noise):
    late = np.concatenate([np.zeros(32000, np.float32), noise])
    trimmed = AudioLoader(duration=1.0, trim=60.0).fit_transform([late])[0]
    assert np.abs(trimmed).max() == np.abs(noise).max()
    assert not AudioLoader(duration=1.0).fit_transform([late]).any()
