"""What is kept of files that are asked for again, and that nobody can tell from the result."""

import os
import shutil

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from sklspeech import AudioLoader, FrameStatistics, MelFeatures, MFCCFeatures
from sklspeech.audio import read_waveform
from sklspeech.audio import reading as audio
from sklspeech.features import mel as features
from sklspeech.features.row_cache import Cache, file_state, known_rows

ROW = np.arange(4, dtype=np.float32)  # 16 bytes


def test_a_copy_is_kept():
    cache = Cache(max_bytes=100)
    assert cache.get("a") is None
    cache.put("a", ROW)
    np.testing.assert_array_equal(cache.get("a"), ROW)
    assert cache.get("a") is not ROW


def test_new_is_what_comes_for_the_first_time():
    cache = Cache(max_bytes=100)
    assert [cache.is_new(name) for name in "abab"] == [True, True, False, False]


def test_all_is_new_where_nothing_can_be_kept():
    cache = Cache(max_bytes=0)
    assert cache.is_new("a")
    assert cache.is_new("a")


def test_never_more_than_its_bytes():
    cache = Cache(max_bytes=40)
    for key in range(9):
        cache.put(key, ROW)
    assert sum(cache.get(key) is not None for key in range(9)) == 2
    cache.put("large", np.zeros(100))
    assert cache.get("large") is None


@pytest.fixture
def computed(monkeypatch):
    """Every waveform that became a row."""
    computed = []
    transform = features.MelFeatures._transform_waveforms

    def watched(self, waveforms, out=None):
        computed.extend(waveforms)
        return transform(self, waveforms, out)

    monkeypatch.setattr(features.MelFeatures, "_transform_waveforms", watched)
    return computed


@pytest.fixture
def paths(words, tmp_path):
    """Files that no other test has seen."""
    return [shutil.copy(path, tmp_path) for path in words.data[:5]]


@pytest.mark.parametrize("duration", [0.5, None])
@pytest.mark.parametrize("kind", [MelFeatures, MFCCFeatures])
def test_third_time_computes_nothing_and_gives_the_same(paths, computed, kind, duration):
    first, _, third = (kind(duration=duration).fit_transform(paths) for _ in range(3))
    assert len(computed) == 2 * len(paths)
    for row, expected in zip(third, first, strict=True):
        np.testing.assert_array_equal(row, expected)


@pytest.mark.parametrize("kind", [AudioLoader, MelFeatures])
def test_known_rows_between_new_ones(paths, kind):
    for _ in range(3):
        kind(duration=0.5).fit_transform(paths[1::2])
    rows = kind(duration=0.5).fit_transform(paths)
    np.testing.assert_array_equal(rows, kind(duration=0.5).fit_transform([*map(read_waveform, paths)]))


def test_the_same_file_again_and_again_in_one_call(paths, computed, monkeypatch):
    monkeypatch.setattr(audio, "_ROWS_AT_ONCE", 2)
    MelFeatures(duration=0.5).fit_transform(paths[:1] * 20)
    assert len(computed) == 2


def test_other_parameters_are_other_rows(paths, computed):
    for params in ({}, {}, {"n_mels": 41}, {"duration": 0.6}, {"sample_rate": 8000}, {"ref": np.max}, {"n_jobs": 2}):
        MelFeatures(**{"duration": 0.5, **params}).fit_transform(paths)
    assert len(computed) == 6 * len(paths)  # n_jobs alone changes no row


def test_changed_file_is_read_again(paths, words):
    loader = AudioLoader()
    before = [loader.fit_transform(paths[:1])[0] for _ in range(3)][-1]
    shutil.copy(words.data[-1], paths[0])
    os.utime(paths[0], (0, 0))
    after = loader.transform(paths[:1])[0]
    np.testing.assert_array_equal(after, loader.transform([words.data[-1]])[0])
    assert not np.array_equal(after, before)


@pytest.mark.parametrize("duration", [0.5, None])
def test_what_was_given_out_can_be_written_to(paths, duration):
    loader = AudioLoader(duration=duration)
    for _ in range(4):
        waveform = loader.fit_transform(paths[:1])[0]
        assert waveform.max() < 1.5
        waveform[:] = 2


def test_waveforms_are_not_kept(words, computed):
    waveforms = AudioLoader(duration=0.5).fit_transform(words.data[:5])
    for _ in range(3):
        MelFeatures().fit_transform(waveforms)
    assert len(computed) == 15


def test_search_gives_the_same_without_the_cache(words, monkeypatch):
    pipeline = make_pipeline(MelFeatures(), FrameStatistics(), GaussianNB())
    search = GridSearchCV(pipeline, {"melfeatures__n_mels": [20, 30]}, cv=GroupKFold(4))
    scores = search.fit(words.data, words.target, groups=words.groups).cv_results_
    monkeypatch.setattr(audio, "known_rows", Cache(0))
    plain = search.fit(words.data, words.target, groups=words.groups).cv_results_
    for name in scores:
        if name.startswith("split"):
            np.testing.assert_array_equal(scores[name], plain[name])


def test_missing_file_has_no_state():
    assert file_state("nowhere.wav") is None
    assert known_rows.get((None, None)) is None
