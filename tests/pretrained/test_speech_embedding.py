"""The embedding is that of the network's own file, for clips of any length, with no package but onnxruntime later."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklspeech import (
    ArchiveError,
    AudioError,
    FrameStatistics,
    Pipeline,
    SpeechCNN,
    SpeechEmbedding,
    freeze,
    load,
    save,
)
from sklspeech._runtime.onnx_graph import start_session
from sklspeech.pretrained import graph as embedding

pytest.importorskip("pyopen_wakeword", reason="the weights are in pyopen-wakeword: pip install 'sklspeech[pretrained]'")


def interpreter(name):
    litert = pytest.importorskip("ai_edge_litert.interpreter")
    file = Path(embedding.find_spec("pyopen_wakeword").origin).parent / "models" / f"{name}.tflite"
    return litert.Interpreter(str(file))


def run(of, X, shape):
    (given,), (out,) = of.get_input_details(), of.get_output_details()
    if list(given["shape"]) != list(X.shape):
        of.resize_tensor_input(given["index"], X.shape)
    of.allocate_tensors()
    of.set_tensor(given["index"], X)
    of.invoke()
    return of.get_tensor(out["index"]).reshape(shape)


@pytest.fixture(scope="module")
def clips():
    random = np.random.default_rng(0)
    return [
        (random.normal(size=n) * 10 ** random.uniform(-3, -1)).astype(np.float32) for n in (600, 8000, 16000, 40000)
    ]


def reference(waveform):
    """By the two files of the package, which compute a spectrogram and one step at a time."""
    n_frames = 1 + (len(waveform) - 512) // 160
    mel = run(interpreter("melspectrogram"), waveform[None] * np.float32(2**15), (n_frames, 32))
    before = max(24, (146 - n_frames) // 2)
    behind = max(24, 146 - n_frames - before)
    edge = np.quantile(mel, 0.1, axis=0).astype(np.float32)[None]
    mel = np.concatenate([edge.repeat(before, axis=0), mel, edge.repeat(behind, axis=0)]) / 10 + 2
    network = interpreter("embedding_model")
    return np.stack([run(network, mel[None, i : i + 76, :, None], 96) for i in range(0, len(mel) - 75, 8)])


def test_equals_the_networks_own_files(clips):
    for row, waveform in zip(SpeechEmbedding().fit_transform(clips), clips, strict=True):
        expected = reference(waveform)
        assert row.shape == expected.shape
        np.testing.assert_allclose(row, expected, atol=2e-3 * np.abs(expected).max())


def test_clips_of_one_length_are_an_array(clips, words):
    features = SpeechEmbedding(duration=0.5).fit(clips)
    rows = features.transform(clips)
    assert rows.shape == (4, *features.row_shape(8000))
    np.testing.assert_allclose(rows[1], SpeechEmbedding().fit_transform(clips)[1], atol=1e-4)
    assert features.get_feature_names_out()[[0, 95]].tolist() == ["embedding0", "embedding95"]
    many = SpeechEmbedding(duration=1.0, n_jobs=2).fit(words.data).transform(np.tile(words.data, 2))
    np.testing.assert_array_equal(many[: len(words.data)], many[len(words.data) :])


def test_recognizes_from_few_clips(words):
    pipeline = make_pipeline(
        SpeechEmbedding(), FrameStatistics(("mean", "std", "max")), StandardScaler(), LogisticRegression()
    )
    assert pipeline.fit(words.data[::2], words.target[::2]).score(words.data[1::2], words.target[1::2]) > 0.8


@pytest.mark.parametrize("duration", [None, 1.0])
def test_freezes_below_a_network(words, duration):
    network = SpeechCNN(filters=(8,), epochs=2, random_state=0)
    pipeline = Pipeline([SpeechEmbedding(duration=duration), network]).fit(words.data, words.target)
    frozen = pickle.loads(pickle.dumps(freeze(pipeline, words.data[:5])))
    np.testing.assert_allclose(frozen.predict_proba(words.data[:5]), pipeline.predict_proba(words.data[:5]), atol=1e-5)


def test_a_fitted_one_needs_the_runtime_alone(tmp_path, clips):
    features = SpeechEmbedding().fit(clips)
    joblib.dump((features, clips, features.transform(clips)), tmp_path / "embedding.joblib")
    code = """if True:
        import sys
        for name in ("pyopen_wakeword", "tensorflow", "keras", "onnx", "tf2onnx"):
            sys.modules[name] = None
        import joblib, numpy
        features, clips, rows = joblib.load(sys.argv[1])
        for row, again in zip(rows, features.transform(clips)):
            numpy.testing.assert_array_equal(row, again)
    """
    subprocess.run([sys.executable, "-c", code, tmp_path / "embedding.joblib"], check=True)


def test_without_the_package(monkeypatch):
    embedding.embedding_graph.cache_clear()
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'sklspeech\[pretrained\]'"):
        SpeechEmbedding().fit([np.zeros(16000, np.float32)])


def test_with_another_file_in_the_package(monkeypatch):
    embedding.embedding_graph.cache_clear()
    monkeypatch.setattr(embedding, "_SHA256", "0")
    with pytest.raises(ImportError, match="is not the network that SpeechEmbedding was checked with"):
        SpeechEmbedding().fit([np.zeros(16000, np.float32)])


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"sample_rate": 8000}, ValueError, "'sample_rate' parameter of SpeechEmbedding must be"),
        ({"duration": 0.01}, AudioError, "160 samples are too short, expected 512 or more"),
    ],
    ids=["rate", "short"],
)
def test_what_cannot_be_embedded(params, error, message):
    with pytest.raises(error, match=message):
        SpeechEmbedding(**params).fit([np.zeros(16000, np.float32)])


def test_a_clip_that_is_too_short_is_named():
    with pytest.raises(AudioError, match="waveform 1 of X: 100 samples are too short"):
        SpeechEmbedding().fit_transform([np.ones(16000, np.float32), np.ones(100, np.float32)])


def test_the_graph_takes_any_number_of_clips_and_frames():
    session = start_session(embedding.embedding_graph())
    X = np.random.default_rng(0).normal(-30, 20, size=(3, 92, 32)).astype(np.float32)
    (steps,) = session.run(None, {"features": X})
    assert steps.shape == (3, 3, 96)
    np.testing.assert_allclose(session.run(None, {"features": X[1:2, 16:]})[0][0, 0], steps[1, 2], atol=1e-4)


@pytest.mark.parametrize("duration", [None, 1.0])
def test_is_saved_and_loaded_without_pickle(words, duration, tmp_path):
    network = SpeechCNN(filters=(8,), epochs=2, random_state=0)
    frozen = freeze(Pipeline([SpeechEmbedding(duration=duration), network]).fit(words.data, words.target))
    save(frozen, tmp_path / "model.sklspeech")
    loaded = load(tmp_path / "model.sklspeech")
    np.testing.assert_array_equal(loaded.predict_proba(words.data[:5]), frozen.predict_proba(words.data[:5]))


def test_an_archive_whose_embedding_was_changed_is_refused(words, tmp_path):
    network = SpeechCNN(filters=(8,), epochs=2, random_state=0)
    frozen = freeze(Pipeline([SpeechEmbedding(), network]).fit(words.data, words.target))
    save(frozen, tmp_path / "model.sklspeech")
    with zipfile.ZipFile(tmp_path / "model.sklspeech") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    changed = bytearray(contents["features.onnx"])
    changed[len(changed) // 2] ^= 1
    without = {name: content for name, content in contents.items() if name != "features.onnx"}
    for name, other in (("changed", contents | {"features.onnx": bytes(changed)}), ("without", without)):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in other.items():
                archive.writestr(file, content)
        with pytest.raises(ArchiveError, match="damaged"):
            load(tmp_path / name)
