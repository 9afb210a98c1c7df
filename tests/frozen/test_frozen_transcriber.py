"""Transcribers in production: frozen, saved, loaded without what trains, exported; and files made to hurt."""

import hashlib
import io
import json
import zipfile

import numpy as np
import onnxruntime
import pytest

import sklspeech
from sklspeech import ArchiveError, FrozenError, MelFeatures, MFCCFeatures, Pipeline, SpeechTranscriber, datasets

SMALL = {"width": 16, "n_layers": 1, "epochs": 3, "random_state": 0}


@pytest.fixture(scope="module")
def speech():
    return datasets.make_spoken_sentences(["yes", "no"], n_speakers=2, n_takes=12, random_state=0)


@pytest.fixture(scope="module")
def pipeline(speech):
    network = SpeechTranscriber(**SMALL, decoder="beam", language_model="train", vocabulary="train")
    return Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target)


@pytest.fixture(scope="module")
def frozen(pipeline, speech):
    return sklspeech.freeze(pipeline, speech.data[:5])


@pytest.fixture(scope="module")
def good(frozen, tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "model.sklspeech"
    sklspeech.save(frozen, path)
    return path


def test_frozen_and_loaded_are_the_original(pipeline, frozen, good, speech):
    for other in (frozen, sklspeech.load(good), sklspeech.freeze(frozen)):
        assert other.predict(speech.data).tolist() == pipeline.predict(speech.data).tolist()
        assert other.score(speech.data, speech.target) == pipeline.score(speech.data, speech.target)
        for clip, expected in zip(
            other.predict_words(speech.data[:4]), pipeline.predict_words(speech.data[:4]), strict=True
        ):
            assert [word[:3] for word in clip] == [word[:3] for word in expected]
        aligned = other.align(speech.data[:2], speech.target[:2])
        assert [[word.text for word in clip] for clip in aligned] == [text.split() for text in speech.target[:2]]


def test_frozen_does_not_train_and_checks_what_it_takes(frozen, speech):
    with pytest.raises(FrozenError):
        frozen[-1].fit(speech.data, speech.target)
    with pytest.raises(ValueError, match="X has 13 features, but FrozenTranscriber is expecting 40"):
        frozen[-1].predict([np.zeros((20, 13))])


@pytest.mark.parametrize("encoder", ["cnn", "rnn", "crnn", "transformer"])
def test_every_encoder_in_an_archive(speech, tmp_path, encoder):
    network = SpeechTranscriber(**(SMALL | {"epochs": 1}), encoder=encoder, grammar="train")
    pipeline = Pipeline([MFCCFeatures(duration=None), network]).fit(speech.data, speech.target)
    sklspeech.save(sklspeech.freeze(pipeline), tmp_path / "m.sklspeech")
    again = sklspeech.load(tmp_path / "m.sklspeech")
    assert again.predict(speech.data).tolist() == pipeline.predict(speech.data).tolist()


def test_a_function_of_ones_own_cannot_be_saved(speech, tmp_path):
    network = SpeechTranscriber(**(SMALL | {"epochs": 1}), normalize=str.upper)
    frozen = sklspeech.freeze(Pipeline([MelFeatures(duration=None), network]).fit(speech.data, speech.target))
    with pytest.raises(ValueError, match="save has no place for normalize="):
        sklspeech.save(frozen, tmp_path / "m.sklspeech")


LOAD = """
import soundfile, sklspeech
print(sklspeech.load(sys.argv[1]).predict([soundfile.read(sys.argv[2], dtype="float32")[0]])[0])
"""


def test_loads_where_training_is_not_installed(run_without_training, good, frozen, speech, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "a.wav", speech.data[0], 16000, subtype="FLOAT")
    assert run_without_training(LOAD, good, tmp_path / "a.wav").strip() == frozen.predict(speech.data[:1])[0]


def with_content(name, change):
    """A change of a JSON file in an archive, with the digest put right."""

    def make(parts):
        content = json.loads(parts[name])
        change(content)
        return parts | {name: json.dumps(content).encode()}

    return make


def decoder(**values):
    return with_content("decoder.json", lambda content: content["decoder"].update(values))


def language(text):
    return decoder(language_model={"words": text})


HURTFUL = {
    "no decoder": (lambda parts: {k: v for k, v in parts.items() if k != "decoder.json"}, "decoder.json belongs to"),
    "no JSON": (lambda parts: parts | {"decoder.json": b"{"}, "decoder.json cannot be used"),
    "deep JSON": (lambda parts: parts | {"decoder.json": b"[" * 200_000}, "decoder.json cannot be used"),
    "a list": (lambda parts: parts | {"decoder.json": b"[]"}, "must have normalize"),
    "another field": (with_content("decoder.json", lambda c: c.update(evil=1)), "must have normalize"),
    "a field of the decoder": (decoder(evil=1), "a decoder must have"),
    "symbols of another type": (decoder(symbols=[1, 2]), "must be texts"),
    "symbols twice": (decoder(symbols=["a", "a"]), "must be texts"),
    "other symbols": (
        decoder(symbols=[" ", "e", "n", "o", "s", "z"], vocabulary=None, language_model=None),
        "not the labels",
    ),
    "units": (decoder(units="os.system"), "must be texts"),
    "method": (decoder(method="eval"), "must be one of"),
    "a wide beam": (decoder(beam_width=10**9), "beam_width must be from 1"),
    "a beam of text": (decoder(beam_width="16"), "beam_width must be from 1"),
    "weight": (decoder(lm_weight=float("nan")), "must be numbers"),
    "true as a weight": (decoder(word_bonus=True), "must be numbers"),
    "vocabulary": (decoder(vocabulary="yes"), "vocabulary must be texts"),
    "a word of other symbols": (decoder(vocabulary=["boy"]), "no training sentence has"),
    "grammar of numbers": (decoder(grammar=[1]), "grammar must be texts"),
    "empty grammar": (decoder(grammar=[]), "grammar must be texts"),
    "no language": (language(""), "no n-grams"),
    "a broken language": (language("\\data\\\nngram 1=9\n\\1-grams:\n-1 a\n\\end\\"), "promises"),
    "a language of numbers": (decoder(language_model={"words": 1}), "must be ARPA files"),
    "a language without words": (decoder(language_model={"spelling": ""}), "must have words"),
    "frames": (with_content("decoder.json", lambda c: c.update(frames_per_step=0)), "frames_per_step must be"),
    "frames of text": (
        with_content("decoder.json", lambda c: c.update(frames_per_step="4")),
        "frames_per_step must be",
    ),
    "other frames": (with_content("decoder.json", lambda c: c.update(frames_per_step=8)), "no array of shape"),
    "normalize": (with_content("decoder.json", lambda c: c.update(normalize="eval")), "normalize of decoder.json"),
    "another class": (
        with_content("manifest.json", lambda m: m["steps"][1].update({"class": "FrozenClassifier"})),
        "decoder.json belongs to",
    ),
}


@pytest.mark.parametrize("name", HURTFUL)
def test_a_file_made_to_hurt(good, tmp_path, name):
    make, message = HURTFUL[name]
    with zipfile.ZipFile(good) as file:
        parts = {entry: file.read(entry) for entry in file.namelist()}
    parts = make(parts)
    manifest = json.loads(parts["manifest.json"])
    manifest["sha256"] = hashlib.sha256(parts["network.onnx"] + parts.get("decoder.json", b"")).hexdigest()
    parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "evil.sklspeech", "w", zipfile.ZIP_DEFLATED) as file:
        for entry, content in parts.items():
            file.writestr(entry, content)
    with pytest.raises(ArchiveError, match=message):
        sklspeech.load(tmp_path / "evil.sklspeech")


def test_a_decoder_that_was_changed(good, tmp_path):
    """Too little to be seen in the golden output; the digest sees it."""
    with zipfile.ZipFile(good) as file:
        parts = {entry: file.read(entry) for entry in file.namelist()}
    parts["decoder.json"] = parts["decoder.json"].replace(b'"beam_width": 16', b'"beam_width": 17')
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for entry, content in parts.items():
            file.writestr(entry, content)
    (tmp_path / "m.sklspeech").write_bytes(buffer.getvalue())
    with pytest.raises(ArchiveError, match="is damaged"):
        sklspeech.load(tmp_path / "m.sklspeech")


@pytest.mark.parametrize("features", [MelFeatures(duration=None), MFCCFeatures(duration=None, center=False)])
def test_export_takes_any_length(speech, tmp_path, features):
    pipeline = Pipeline([features, SpeechTranscriber(**SMALL)]).fit(speech.data, speech.target)
    sklspeech.export(pipeline, tmp_path / "m.onnx", speech.data[:3])
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["symbols"]) == pipeline[-1].symbols_
    assert metadata["frames_per_step"] == "4"
    for clip in speech.data[3:6]:
        (got,) = session.run(["log_probabilities"], {"waveform": clip[None]})[0]
        (expected,) = pipeline[-1].predict_log_proba(features.transform([clip]))
        np.testing.assert_allclose(np.exp(got), np.exp(expected), atol=1e-4)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (MelFeatures(duration=2.0), "hears clips of any length, got features with duration=2.0"),
        (MelFeatures(duration=None, trim=40.0), "can neither trim clips"),
        (MFCCFeatures(duration=None, deltas=1), "nor make deltas"),
    ],
)
def test_what_cannot_be_exported(speech, tmp_path, features, message):
    network = SpeechTranscriber(**(SMALL | {"epochs": 1}))
    pipeline = Pipeline([features, network]).fit(speech.data, speech.target)
    with pytest.raises(ValueError, match=message):
        sklspeech.export(pipeline, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
