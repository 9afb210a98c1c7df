"""Files that cannot be read: an error, or silence with one warning that names them all."""

import numpy as np
import pytest
from sklearn.base import clone

from sklspeech import AudioError, AudioLoader, AudioWarning, MelFeatures, MFCCFeatures

FEATURES = [
    MelFeatures(),
    MelFeatures(duration=0.5, n_jobs=2),
    MelFeatures(duration=None),
    MFCCFeatures(),
    AudioLoader(),
]


@pytest.fixture
def paths(words, tmp_path):
    (tmp_path / "text.wav").write_text("hello")
    (tmp_path / "empty.wav").touch()
    return [*words.data[:5], str(tmp_path / "text.wav"), *words.data[5:20], str(tmp_path / "empty.wav"), "missing.wav"]


@pytest.mark.parametrize("features", FEATURES, ids=["auto", "fixed", "ragged", "mfcc", "loader"])
def test_silence(words, paths, features):
    good = [0, 4, 6, 20]
    features = clone(features).set_params(on_error="silence")
    with pytest.warns(
        AudioWarning, match=r"3 of 23 clips cannot be read.*text\.wav.*empty\.wav.*missing\.wav"
    ) as caught:
        rows = features.fit(paths).transform(paths)
    assert sum("cannot be read" in str(one.message) for one in caught) == 1
    assert [path for path, _ in features.failed_] == [paths[5], paths[21], paths[22]]
    known = features.transform([paths[i] for i in good])
    assert features.failed_ == []
    for i, row in zip(good, known, strict=True):
        np.testing.assert_array_equal(rows[i], row)
    silence = features.transform([np.zeros(features.n_samples_ or 16_000, np.float32)])[0]
    for i in (5, 21, 22):
        np.testing.assert_array_equal(rows[i], silence)


@pytest.mark.parametrize("features", FEATURES, ids=["auto", "fixed", "ragged", "mfcc", "loader"])
def test_raise(paths, features):
    with pytest.raises(AudioError):
        clone(features).fit(paths).transform(paths)


def test_nothing_to_learn_a_duration_from(paths):
    with pytest.raises(AudioError, match="no duration to learn"):
        MelFeatures(on_error="silence").fit(paths[-2:])


def test_an_old_failure_is_not_kept(paths, words):
    """Silence of a file that was mended is not given out again."""
    features = MelFeatures(duration=0.5, on_error="silence").fit(paths)
    with pytest.warns(AudioWarning):
        features.transform([paths[5]])
    with open(words.data[0], "rb") as source, open(paths[5], "wb") as target:
        target.write(source.read())
    np.testing.assert_array_equal(features.transform([paths[5]])[0], features.transform([words.data[0]])[0])
