"""Features on disk are those of memory; an interrupted writing goes on; networks train from them alike."""

import subprocess
import sys
import textwrap

import joblib
import numpy as np
import pytest

from sklspeech import AudioLoader, MelFeatures, MFCCFeatures, SpeechCNN, SpeechTranscriber, load_features
from sklspeech.errors import AudioError
from sklspeech.features import on_disk

FEATURES = {"mel": MelFeatures(n_mels=20), "mfcc": MFCCFeatures(), "ragged": MelFeatures(duration=None, n_mels=20)}


@pytest.fixture(autouse=True)
def _few_at_once(monkeypatch):
    monkeypatch.setattr(on_disk, "_CLIPS", 7)


@pytest.mark.parametrize("kind", ["paths", "waveforms"])
@pytest.mark.parametrize("name", FEATURES)
def test_equal_to_memory(words, tmp_path, name, kind):
    clips = words.data if kind == "paths" else AudioLoader(duration=None).fit_transform(words.data)
    features = FEATURES[name].fit(clips)
    expected = features.transform(clips)
    written = features.transform_to(clips, tmp_path)
    assert isinstance(written, list) == isinstance(expected, list)
    for rows in (written, load_features(tmp_path)):
        assert len(rows) == len(expected)
        for row, known in zip(rows, expected, strict=True):
            np.testing.assert_array_equal(row, known)
    data, index = sorted(tmp_path.iterdir())
    assert index.name == "index.npz"
    assert len(np.load(data, mmap_mode="r")) == sum(map(len, expected))


@pytest.mark.parametrize("name", ["mel", "ragged"])
def test_interrupted_writing_goes_on(words, tmp_path, name, monkeypatch):
    features = FEATURES[name].fit(words.data)
    expected = features.transform(words.data)
    calls = []

    def transform(clips):
        calls.append(len(clips))
        if len(calls) == 4:
            raise KeyboardInterrupt
        return type(features).transform(features, clips)

    monkeypatch.setattr(features, "transform", transform)
    with pytest.raises(KeyboardInterrupt):
        features.transform_to(words.data, tmp_path)
    with pytest.raises(ValueError, match="call transform_to again"):
        load_features(tmp_path)
    (data,) = tmp_path.glob("*.npy")
    with open(data, "ab") as file:
        file.write(b"half a row")  # of a block that was being written
    written = features.transform_to(words.data, tmp_path)
    assert sum(calls[4:]) == len(words.data) - 21
    for row, known in zip(written, expected, strict=True):
        np.testing.assert_array_equal(row, known)
    calls.clear()
    features.transform_to(words.data, tmp_path)
    assert calls == []


def test_other_clips_and_parameters_are_written_anew(words, tmp_path):
    features = MelFeatures(duration=1.0).fit(words.data)
    assert len(features.transform_to(words.data, tmp_path)) == 60
    assert len(features.transform_to(words.data[:5], tmp_path)) == 5
    assert features.set_params(n_mels=20).transform_to(words.data[:5], tmp_path).shape[2] == 20


def test_a_bad_clip_leaves_what_was_written(words, tmp_path):
    (tmp_path / "bad.wav").write_bytes(b"")
    features = MelFeatures(duration=1.0).fit(words.data)
    with pytest.raises(AudioError, match=r"bad\.wav"):
        features.transform_to([*words.data[:20], str(tmp_path / "bad.wav")], tmp_path / "features")
    (lengths,) = (tmp_path / "features").glob("*.lengths")
    assert len(np.fromfile(lengths, np.int64)) == 14


def test_features_that_somebody_looks_at_stay(words, tmp_path):
    features = MelFeatures(duration=1.0).fit(words.data)
    first = features.transform_to(words.data, tmp_path)
    known = np.array(first)
    MelFeatures(duration=0.5).fit(words.data).transform_to(words.data[:2], tmp_path)
    np.testing.assert_array_equal(first, known)
    assert load_features(tmp_path).shape[:2] == (2, 51)


def test_failures_of_all_blocks_are_told(words, tmp_path):
    bad = [str(tmp_path / f"{i}.wav") for i in range(2)]
    clips = [bad[0], *words.data[:10], bad[1]]
    features = MelFeatures(duration=1.0, on_error="silence").fit(words.data)
    for _ in range(2):  # the second time from the index
        features.transform_to(clips, tmp_path / "features")
        assert [path for path, _ in features.failed_] == bad
    with pytest.raises(AudioError, match="does not exist"):
        features.set_params(on_error="raise").transform_to(clips, tmp_path / "features")


def test_writers_of_one_folder(words, tmp_path):
    features = MelFeatures(duration=1.0).fit(words.data)
    written = joblib.Parallel(2, backend="loky")(
        joblib.delayed(features.transform_to)(words.data, tmp_path) for _ in range(4)
    )
    for rows in written:
        np.testing.assert_array_equal(rows, features.transform(words.data))


def test_waveforms_are_refused(words, tmp_path):
    with pytest.raises(ValueError, match="AudioLoader gives waveforms"):
        AudioLoader().fit(words.data).transform_to(words.data, tmp_path)
    with pytest.raises(ValueError, match="it has none"):
        load_features(tmp_path)


@pytest.mark.parametrize("duration", ["auto", None])
def test_training_is_that_of_memory(words, tmp_path, duration):
    features = MelFeatures(duration=duration, n_mels=20).fit(words.data)
    network = SpeechCNN(stem=(8,), filters=(8,), epochs=2, random_state=0)
    in_memory = SpeechCNN(**network.get_params()).fit(features.transform(words.data), words.target)
    from_disk = network.fit(features.transform_to(words.data, tmp_path), words.target)
    for weight, known in zip(from_disk.network.get_weights(), in_memory.network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, known)


def test_sentences_are_learned_alike(words, tmp_path):
    features = MelFeatures(duration=None, n_mels=20).fit(words.data)
    network = SpeechTranscriber(width=8, n_layers=1, epochs=1, random_state=0)
    in_memory = SpeechTranscriber(**network.get_params()).fit(features.transform(words.data), words.target)
    from_disk = network.fit(features.transform_to(words.data, tmp_path), words.target)
    for weight, known in zip(from_disk.network.get_weights(), in_memory.network.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, known)


def test_memory_is_bounded(tmp_path):
    """300 MB of features are trained on with less than 150 MB above what 3 MB take."""
    code = """
    import re, sys
    import numpy as np
    from sklspeech import SpeechCNN
    X = np.load(sys.argv[1], mmap_mode="r")
    cheap = dict(stem=(), filters=(4,), epochs=1, snr=None, masks=0, speed=0.0, vocal_tract=0.0, shift=0.0)
    SpeechCNN(**cheap, random_state=0).fit(X, ["yes", "no"] * (len(X) // 2))
    # Not what the system keeps of the file, which it can drop: RssAnon is what the process has made.
    print(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])
    """
    sizes = {}
    for n in (100, 10_000):
        path = tmp_path / f"{n}.npy"
        rows = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(n, 100, 80))
        rows[:] = np.random.default_rng(0).normal(size=(100, 80))
        del rows
        command = [sys.executable, "-c", textwrap.dedent(code), str(path)]
        sizes[n] = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert sizes[10_000] - sizes[100] < 150_000
