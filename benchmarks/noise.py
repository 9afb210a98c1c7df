"""Accuracy in noise, in rooms and by other ways, on arabic20: trained on 18 speakers, tested on the 6 others.

    python benchmarks/noise.py --seeds 0 1 2        some networks a seed, half an hour on 2 cores
    python benchmarks/noise.py --table              write the tables from the results so far

Noise is over the whole clip, at a ratio of the mean powers: white, pink, recorded (arabic20's two recordings; whoever
is trained with one of them is tested with the other) and babble, four clips of fsdd at once, whose speakers nobody was
trained on. Other ways: a microphone that tilts the spectrum by 24 dB, a room that reverberates for half a second, words
0.2 s later, telephone band, MP3 of 32 kbit/s, half and double level. Results are kept in noise.json beside this file.
"""

import argparse
import io
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import soxr
from _data import folder
from _results import write_table
from scipy import signal
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklspeech import (
    AudioLoader,
    AugmentedClassifier,
    FrameStatistics,
    MelFeatures,
    Pipeline,
    SpeechCNN,
    SpeechEmbedding,
    audio,
    datasets,
)
from sklspeech.audio.effects import random_part

RESULTS = Path(__file__).with_suffix(".json")
RATE = 16_000
RATIOS = [30, 20, 10, 5, 0]
NOISES = ["white", "pink", "recorded", "babble"]
WITHOUT, CNN, AUGMENTED, EMBEDDING, AVERAGE = MODELS = [
    "SpeechCNN(snr=None)",
    "SpeechCNN, defaults",
    "the same in AugmentedClassifier, one recording",
    "SpeechEmbedding + LogisticRegression",
    "average of SpeechCNN and SpeechEmbedding",
]


def recordings():
    """The two recordings of noise."""
    paths = sorted((folder("arabic20") / "_background_noise_").glob("*.wav"))
    return AudioLoader(duration=None).fit_transform([str(path) for path in paths])


def babble(n_samples, random):
    """Four clips of fsdd at once."""
    if not CLIPS_OF_BABBLE:
        speech = datasets.load_speech_folder(folder("fsdd"))
        CLIPS_OF_BABBLE.extend(AudioLoader(duration=None, n_jobs=2).fit_transform(speech.data[::10]))
    together = np.zeros(n_samples, np.float32)
    for _ in range(4):
        talk = np.concatenate([CLIPS_OF_BABBLE[i] for i in random.integers(len(CLIPS_OF_BABBLE), size=12)])
        start = random.integers(len(talk) - n_samples)
        part = talk[start : start + n_samples]
        together += part / np.sqrt(np.mean(part**2) + 1e-12)
    return together


CLIPS_OF_BABBLE: list = []


def pink(n_samples, random):
    spectrum = random.normal(size=(2, 1 + n_samples // 2)).T @ [1, 1j]
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(1, np.arange(len(spectrum)))), n_samples).astype(np.float32)


def with_noise(waveforms, kind, snr, recorded):
    """The clips in noise, always the same."""
    random = np.random.default_rng(7)
    makers = {
        "white": lambda n: random.normal(size=n).astype(np.float32),
        "pink": lambda n: pink(n, random),
        "recorded": lambda n: random_part(recorded[random.integers(len(recorded))], n, random),
        "babble": lambda n: babble(n, random),
    }
    return [audio.add_noise(waveform, makers[kind](len(waveform)), snr) for waveform in waveforms]


def tilted(waveform, random):
    """By a microphone that raises or lowers 4 kHz by 24 dB against 60 Hz."""
    spectrum = np.fft.rfft(waveform)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(waveform), 1 / RATE), 60) / 60) / 6
    gain = 10 ** (random.choice([-24, 24]) * (octaves - 0.5) / 20)
    return np.fft.irfft(spectrum * gain, len(waveform)).astype(np.float32) / 4


def telephone(waveform, random):
    band = signal.butter(4, [300, 3400], "bandpass", fs=8000, output="sos")
    narrow = signal.sosfilt(band, soxr.resample(waveform, RATE, 8000))
    return soxr.resample(narrow, 8000, RATE).astype(np.float32)[: len(waveform)]


def mp3(waveform, random):
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", "mp3") as file:
        stream = file.add_stream("mp3", rate=RATE, bit_rate=32_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(waveform[None].astype(np.float32), "fltp", "mono")
        frame.sample_rate = RATE
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    buffer.seek(0)
    with av.open(buffer) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])[: len(waveform)]


def later(waveform, random):
    return np.concatenate([waveform[: RATE // 5][::-1], waveform])[: len(waveform)]


def reverberated(waveform, random):
    return audio.add_reverberation(waveform, audio.room_response(RATE, 0.5, 5.0, random))


WAYS = {
    "microphone": tilted,
    "reverberation": reverberated,
    "0.2 s later": later,
    "telephone": telephone,
    "MP3": mp3,
    "half level": lambda waveform, random: waveform / 2,
    "double level": lambda waveform, random: np.clip(waveform * 2, -1, 1),
}


def make_embedding():
    table = SpeechEmbedding(n_jobs=2), FrameStatistics(("mean", "std", "max")), StandardScaler()
    return make_pipeline(*table, LogisticRegression(C=0.1, max_iter=1000))


def trained(speech, seed, recorded):
    """(name, fitted pipeline, recordings of noise to test with) one after the other."""
    cnn = Pipeline([MelFeatures(n_jobs=2), SpeechCNN(random_state=seed)])
    for model, snr in ((WITHOUT, None), (CNN, "auto")):
        yield model, cnn.set_params(speechcnn__snr=snr).fit(speech.data, speech.target), recorded
    embedding = make_embedding().fit(speech.data, speech.target)
    yield EMBEDDING, embedding, recorded
    average = VotingClassifier(
        [("cnn", FrozenEstimator(cnn)), ("embedding", FrozenEstimator(embedding))], voting="soft"
    )
    yield AVERAGE, average.fit(speech.data, speech.target), recorded
    augmented = AugmentedClassifier(cnn, noise=recorded[:1], random_state=seed)
    yield AUGMENTED, augmented.fit(speech.data, speech.target), recorded[1:]


def measure(seed):
    """Accuracy of every model, by condition."""
    train, test = (datasets.load_speech_folder(folder("arabic20"), split=split) for split in ("train", "val"))
    waveforms, recorded = list(AudioLoader(n_jobs=2).fit_transform(test.data)), recordings()
    random = np.random.default_rng(3)
    changed = {"clean": waveforms} | {way: [change(w, random) for w in waveforms] for way, change in WAYS.items()}
    start = time.perf_counter()
    for model, fitted, of_test in trained(train, seed, recorded):
        seconds = time.perf_counter() - start
        conditions = changed | {
            f"{kind} {snr}": with_noise(waveforms, kind, snr, of_test) for kind in NOISES for snr in RATIOS
        }
        scores = {name: float(np.mean(fitted.predict(clips) == test.target)) for name, clips in conditions.items()}
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        results.setdefault(model, {})[str(seed)] = scores | {"seconds": seconds}
        RESULTS.write_text(json.dumps(results, indent=1))
        print(
            model, seed, f"{seconds:.0f} s", {name: round(100 * score, 1) for name, score in scores.items()}, flush=True
        )
        start = time.perf_counter()


def write_tables():
    results = json.loads(RESULTS.read_text())

    def mean(model, condition):
        return 100 * np.mean([run[condition] for run in results[model].values()])

    models = [model for model in MODELS if model in results]
    rows = []
    for model in models:
        for kind in NOISES:
            values = [f"{mean(model, name):.1f}" for name in ["clean", *(f"{kind} {snr}" for snr in RATIOS)]]
            rows.append([model, kind, *values])
    n_seeds = min(len(runs) for runs in results.values())
    remark = (
        f"`python benchmarks/noise.py`: arabic20, 1,200 clips of 6 speakers not trained on, mean of {n_seeds} seeds, %."
    )
    write_table("noise", ["", "noise", "clean", *(f"{snr} dB" for snr in RATIOS)], rows, remark)
    rows = [[model, *(f"{mean(model, way):.1f}" for way in ["clean", *WAYS])] for model in models]
    write_table("ways", ["", "clean", *WAYS], rows, remark)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--table", action="store_true", help="only write the tables")
    args = parser.parse_args()
    for seed in args.seeds if not args.table else []:
        measure(seed)
    write_tables()


if __name__ == "__main__":
    main()
