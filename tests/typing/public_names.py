"""Uses every public name as a user would, for type checkers: tests/test_types.py runs mypy over it."""

import warnings
from pathlib import Path
from typing import assert_type

import numpy as np

import sklspeech
from sklspeech import (
    ArchiveError,
    AudioError,
    AudioLoader,
    AudioWarning,
    AugmentedClassifier,
    DeployError,
    Detection,
    FrameStatistics,
    FrozenClassifier,
    FrozenError,
    FrozenPipeline,
    FrozenTranscriber,
    MelFeatures,
    MFCCFeatures,
    OnnxBytes,
    Pipeline,
    ProgressBar,
    RejectOption,
    SpeechClassifier,
    SpeechCNN,
    SpeechCRNN,
    SpeechEmbedding,
    SpeechRNN,
    SpeechTranscriber,
    SpeechTransformer,
    UnfittedPlaceholder,
    WordSpotter,
    audio,
    datasets,
    display,
    export,
    freeze,
    load,
    load_features,
    metrics,
    networks,
    predict_to,
    reports,
    save,
    spectral,
    text,
)

version: str = sklspeech.__version__
speech = datasets.load_speech_folder(Path("recordings"), pattern=None, split="train")
words = datasets.make_spoken_words(["yes", "no"], n_speakers=2, n_takes=1, random_state=0)

loader = AudioLoader(sample_rate=16000, duration=1.0, trim=None, n_jobs=-1)
sentences = datasets.make_spoken_sentences(["yes", "no"], n_words=(1, 3), n_takes=2)
transcriber = SpeechTranscriber(units="word", decoder="beam", language_model="train", lm_weight=0.5, random_state=0)
hears = Pipeline([MelFeatures(duration=None), transcriber])
frozen_transcriber: type = FrozenTranscriber
errors: float = metrics.word_error_rate(["yes"], ["no"]) + metrics.character_error_rate(["yes"], ["no"], spaces=False)
side_by_side: str = metrics.edit_alignment("yes", "no") + text.normalize_text("Yes!")
own = SpeechClassifier(build=networks.classifier, build_params={"dropout": 0.2})
embedding = SpeechEmbedding(duration="auto", n_jobs=2)
mel = MelFeatures(duration=None, n_mels=64, window=("kaiser", 8.0), ref=np.max, top_db=None)
mfcc = MFCCFeatures(n_mfcc=13, deltas=2, dct_norm=None)
table = FrameStatistics(("mean", "max"))
assert_type(mel.n_mels, int)
assert_type(mel.top_db, float | None)
assert_type(mel.settings, spectral.MelSettings)

for network in (
    SpeechCNN(filters=(16,), floor=None, learning_rate=1e-3, weight_decay=0.0, random_state=0),
    SpeechRNN(units=8, n_layers=1),
    SpeechCRNN(stem=(8,), epochs=3, batch_size=8),
    SpeechTransformer(n_heads=2, early_stopping=True, class_weight="balanced"),
):
    pipeline = Pipeline([mel, network])
    pipeline.fit(speech.data, speech.target).predict(["new.wav"])

augmented = AugmentedClassifier(pipeline, noise="noise", snr=(5.0, 30.0), n_copies=2)
open_set = RejectOption(augmented, target_false_alarm_rate=0.02, cv=2)
spotter = WordSpotter(pipeline, threshold={"no": 0.7, "yes": 0.8}, energy_gate=None)
hits = list(spotter.detect_stream(audio.AudioStream("new.wav")))
assert_type(Detection("no", 0.1, 0.4, 0.9).start, float)
frozen = freeze(pipeline, X=["new.wav"], n_jobs=2)
save(frozen, "model.sklspeech")
loaded = load(Path("model.sklspeech"))
export(pipeline, "model.onnx")
assert_type(FrozenPipeline([("mel", mel)]), FrozenPipeline)
classifier = FrozenClassifier(graph=OnnxBytes(b""), classes=("no", "yes"), n_jobs=None)
placeholder = UnfittedPlaceholder("SpeechCNN")

warnings.simplefilter("error", AudioWarning)
try:
    waveform = audio.read_waveform("new.wav", 16000)
except AudioError as error:
    raise SystemExit(f"{error.source}: {error.fault}") from error
except (ArchiveError, DeployError, FrozenError) as error:
    raise SystemExit(str(error)) from error
settings = spectral.MelSettings(n_mels=128)
decibels = spectral.power_to_db(spectral.mel_spectrogram(waveform, settings), ref=np.max)
error_rate = metrics.expected_calibration_error(["no"], [[0.9, 0.1]], labels=["no", "yes"])
assert_type(networks.Recipe(masks=2).masks, int)
model = networks.classifier((None, 40), 2, networks.cnn, recipe=networks.Recipe(snr=(5.0, 35.0)))

watched = pipeline.set_callbacks(ProgressBar(max_propagation_depth=None))
display.SpectrogramDisplay.from_estimator(pipeline, "one.wav").plot()
reports.error_report(pipeline, words.data, words.target, words.groups, cv=4, page="errors.html")
reports.compare({"cnn": pipeline}, words.data, words.target, words.groups, cv=4)
reports.check_audio(["one.wav"], n_jobs=-1)
found: reports.DatasetReport = reports.dataset_report(words)
on_disk = load_features("features")
failed: list = predict_to(pipeline, ["one.wav"], "heard.csv")
