"""export: a graph gives what the pipeline gives, or is refused."""

import json
import zipfile

import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.base import clone
from sklearn.svm import SVC
from small import NETWORKS, network

from sklspeech import (
    AudioLoader,
    DeployError,
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    export,
)
from sklspeech.deploy import exporting

FEATURES = [
    MelFeatures(),
    MelFeatures(n_mels=24),
    MFCCFeatures(deltas=2, lifter=22.0, normalization="feature"),
    MelFeatures(pad_mode="edge", ref=np.max, power=1.0, n_mels=30),
    MelFeatures(n_fft=512, win_length=400, pad_mode="reflect", htk=True, norm=None, normalization="clip"),
]


@pytest.fixture(scope="module")
def pipeline(words):
    return Pipeline([MelFeatures(), network]).fit(words.data, words.target)


@pytest.mark.parametrize(
    ("features", "classifier"), list(zip(FEATURES, NETWORKS, strict=True)), ids=lambda value: type(value).__name__
)
def test_exported_graph_takes_waveforms(words, features, classifier, tmp_path):
    fitted = Pipeline([clone(features), clone(classifier)]).fit(words.data, words.target)
    paths = [tmp_path / "model.onnx", tmp_path / "model.tflite"]
    for path in paths:
        export(fitted, path, words.data[:10])  # compares by itself, and raises
        metadata = read_metadata(path)
        assert json.loads(metadata["labels"]) == ["no", "stop", "yes"]
        assert metadata["sample_rate"] == "16000"
        assert int(metadata["n_samples"]) == fitted[0].n_samples_
        beside = path.with_name(f"{path.name}.json")
        assert json.loads(beside.read_text("utf-8")) == metadata
        beside.unlink()
    assert sorted(tmp_path.iterdir()) == paths


def read_metadata(path):
    if path.suffix == ".tflite":
        return json.loads(zipfile.ZipFile(path).read("metadata.json"))
    return {item.key: item.value for item in onnx.load(path).metadata_props}


def test_exported_graph_in_onnx_runtime(pipeline, words, tmp_path):
    export(pipeline, tmp_path / "model.onnx")
    waveforms = AudioLoader(duration=pipeline[0].n_samples_ / 16000).fit_transform(words.data)
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (output,) = session.get_outputs()
    assert (output.name, output.shape[0], session.get_inputs()[0].shape[0]) == ("probabilities", "n", "n")
    probabilities = session.run(["probabilities"], {"waveform": waveforms})[0]
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(words.data), atol=1e-4)


def test_an_export_that_differs_leaves_nothing_behind(pipeline, monkeypatch, tmp_path):
    monkeypatch.setattr(exporting, "_EXPORT_TOLERANCE", 0.0)
    (tmp_path / "model.onnx").write_text("older")
    with pytest.raises(DeployError, match=r"model\.onnx: probabilities differ by"):
        export(pipeline, tmp_path / "model.onnx")
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_text() == "older"


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda: Pipeline([MelFeatures(), clone(network)]), "model.pb", r"must end in .onnx or .tflite"),
        (lambda: Pipeline([MelFeatures(trim=40.0), clone(network)]), "model.onnx", "cannot trim clips"),
        (lambda: Pipeline([MelFeatures(ref=np.median), clone(network)]), "model.onnx", "no callable as ref"),
        (lambda: Pipeline([MFCCFeatures(), FrameStatistics(), SVC()]), "model.onnx", "'FrameStatistics', 'SVC'"),
        (lambda: Pipeline([MelFeatures(duration=None), FrameStatistics(), clone(network)]), "m.onnx", "got"),
    ],
    ids=["ending", "trim", "ref", "steps", "ragged"],
)
def test_what_cannot_be_exported(words, make, name, message, tmp_path):
    fitted = make().fit(words.data, words.target)
    with pytest.raises(ValueError, match=message):
        export(fitted, tmp_path / name)
