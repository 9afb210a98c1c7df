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
from sklspeech.features import mel, transformer
from sklspeech.features import row_cache as row_cache_module
from sklspeech.features.row_cache import RowCache, file_state, row_cache

ROW = np.arange(4, dtype=np.float32)  # 16 bytes


def test_a_copy_is_kept():
    cache = RowCache(max_bytes=100)
    assert cache.get("a") is None
    cache.put("a", ROW)
    np.testing.assert_array_equal(cache.get("a"), ROW)
    assert cache.get("a") is not ROW


def test_there_is_a_key_from_the_second_request_on(tmp_path):
    path = tmp_path / "clip.wav"
    path.touch()
    cache = RowCache(max_bytes=100)
    assert [cache.request(str(path), params) is None for params in (1, 2, 1, 2)] == [True, True, False, False]
    assert cache.request(str(path), 1) == cache.request(str(path), 1) != cache.request(str(path), 2)
    path.unlink()
    assert cache.request(str(path), 1) is None


def test_without_a_key_nothing_is_kept():
    cache = RowCache(max_bytes=100)
    cache.put(None, ROW)
    assert cache.get(None) is None


def test_no_key_where_nothing_can_be_kept(tmp_path):
    (tmp_path / "clip.wav").touch()
    cache = RowCache(max_bytes=0)
    assert [cache.request(str(tmp_path / "clip.wav"), 1) for _ in range(2)] == [None, None]


def test_never_more_than_its_bytes():
    cache = RowCache(max_bytes=40)
    for key in range(9):
        cache.put(key, ROW)
    assert sum(cache.get(key) is not None for key in range(9)) == 2
    cache.put("large", np.zeros(100))
    assert cache.get("large") is None


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    """Files of this test may be taken for settled at once."""
    monkeypatch.setattr(row_cache_module, "_UNSETTLED", -1.0)


@pytest.fixture
def computed(monkeypatch):
    """Every waveform that became a row."""
    computed = []
    transform = mel.MelFeatures._transform_waveforms

    def watched(self, waveforms, out=None):
        computed.extend(waveforms)
        return transform(self, waveforms, out)

    monkeypatch.setattr(mel.MelFeatures, "_transform_waveforms", watched)
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
def test_row_cache_between_new_ones(paths, kind):
    for _ in range(3):
        kind(duration=0.5).fit_transform(paths[1::2])
    rows = kind(duration=0.5).fit_transform(paths)
    np.testing.assert_array_equal(rows, kind(duration=0.5).fit_transform([*map(read_waveform, paths)]))


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
    monkeypatch.setattr(transformer, "row_cache", RowCache(0))
    plain = search.fit(words.data, words.target, groups=words.groups).cv_results_
    for name in scores:
        if name.startswith("split"):
            np.testing.assert_array_equal(scores[name], plain[name])


def test_missing_file_has_no_state():
    assert file_state("nowhere.wav") is None
    assert row_cache.get((None, None)) is None
