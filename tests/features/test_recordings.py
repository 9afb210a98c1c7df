"""Clips in memory: bytes, files and (rate, samples), wherever paths are taken."""

import io
import pickle

import numpy as np
import pytest
import soundfile

from sklspeech import AudioError, AudioLoader, AudioWarning, MelFeatures, WordSpotter
from sklspeech.audio import reading
from sklspeech.features.clips import check_clips

RATE = 22_050
SOUND = (0.4 * np.sin(np.arange(30_000) / 9)).astype(np.float32)


PCM = (SOUND * 32767).astype(np.int16)


def content(samples=None, file_format="WAV", subtype=None, rate=RATE):
    file = io.BytesIO()
    soundfile.write(file, PCM if samples is None else samples, rate, subtype, format=file_format)
    return file.getvalue()


SOURCES = {
    "bytes": lambda: content(),
    "bytearray": lambda: bytearray(content()),
    "flac": lambda: content(file_format="FLAC"),
    "file": lambda: io.BytesIO(content()),
    "int16": lambda: (RATE, PCM),
    "int32": lambda: (np.int64(RATE), PCM.astype(np.int32) << 16),
    "float": lambda: (RATE, PCM / 32768),
    "channels": lambda: (RATE, np.stack([PCM, PCM], axis=1)),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("features", [AudioLoader(), AudioLoader(duration=1.0), MelFeatures(duration="auto")], ids=str)
def test_the_same_as_of_the_file(tmp_path, source, features):
    path = tmp_path / "a.wav"
    path.write_bytes(content())
    (expected,) = features.fit_transform([path])
    (got,) = features.fit_transform([SOURCES[source]()])
    np.testing.assert_allclose(got, expected, atol=1e-6 if isinstance(features, AudioLoader) else 1e-3)


def test_8_bits():
    (waveform,) = AudioLoader(sample_rate=8000).fit_transform([(8000, np.array([128, 192, 64], np.uint8))])
    np.testing.assert_allclose(waveform, [0, 0.5, -0.5])


def test_checked_ones_are_taken_again():
    clips = check_clips([content(), (RATE, PCM)])
    assert check_clips(clips) == clips
    assert pickle.loads(pickle.dumps(clips[0])).duration == pytest.approx(30_000 / RATE)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([b""], AudioError, "recording 0 of X: is empty"),
        ([b"no audio at all"], AudioError, "recording 0 of X: is not audio"),
        ([content(), content()[:20_000]], AudioError, "recording 1 of X: .*truncated"),
        ([io.StringIO("text")], TypeError, "opened in binary mode, it gave str"),
        ([(5, PCM)], AudioError, "a sample rate of 5 Hz"),
        ([(RATE, PCM.astype(np.int64))], TypeError, "got int64 of shape"),
        ([(RATE, np.zeros((2, 3, 4)))], TypeError, r"of shape \(2, 3, 4\)"),
        ([(RATE, np.zeros((2, 30_000)))], TypeError, r"shape \(n_samples, n_channels\)"),
        ([(RATE, np.zeros(0))], AudioError, "has no samples"),
        ([(RATE, np.array([0, np.nan]))], AudioError, "NaN or infinite"),
        ([content(), "a.wav"], TypeError, "entry 1 is str"),
        ([content(), SOUND], TypeError, "entry 1 is ndarray"),
        (content(), TypeError, r"a single bytes: write \[recording\]"),
        ((RATE, PCM), TypeError, r"a single tuple: write \[recording\]"),
    ],
)
def test_errors(X, error, message):
    with pytest.raises(error, match=message) as caught:
        AudioLoader().fit_transform(X)
    assert "/tmp" not in str(caught.value)


def test_warnings_name_the_recording_and_are_not_kept_for_ever(monkeypatch):
    monkeypatch.setattr(
        "sklspeech.audio.reading._check_streams", lambda path, *args: reading._warn_of_no_end(path, "x")
    )
    for _ in range(3):
        with pytest.warns(AudioWarning, match="^recording 0 of X: x; what there is"):
            AudioLoader().fit_transform([content(file_format="OGG")])


def test_a_path_of_pytest_is_a_path(tmpdir):
    tmpdir.join("a.wav").write_binary(content())
    assert len(AudioLoader().fit_transform([tmpdir.join("a.wav")])) == 1


def test_words_are_found_in_them(words):
    from sklearn.linear_model import LogisticRegression

    from sklspeech import FrameStatistics, Pipeline

    pipeline = Pipeline([MelFeatures(duration=0.8), FrameStatistics(), LogisticRegression(max_iter=2000)])
    pipeline.fit(words.data, words.target)
    spotter = WordSpotter(pipeline, threshold=0.6)
    with open(words.data[0], "rb") as file:
        assert spotter.detect([file]) == spotter.detect([words.data[0]])
