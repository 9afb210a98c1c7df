"""Write the models of this version, which every later version must load: python tests/data/make.py.

Each is trained on the embedded, synthetic words, and stands beside the probabilities that it gave of the clips in
clips.npz.
"""

from pathlib import Path

import joblib
import numpy as np

import sklspeech
from sklspeech import (
    FrameStatistics,
    MelFeatures,
    MFCCFeatures,
    Pipeline,
    SpeechCNN,
    SpeechCRNN,
    SpeechRNN,
    SpeechTransformer,
    datasets,
    freeze,
    save,
)

HERE = Path(__file__).parent
SMALL = {"stem": (4,), "epochs": 20, "batch_size": 8, "random_state": 0}
PIPELINES = {
    "cnn": Pipeline([MelFeatures(), SpeechCNN(filters=(8,), **SMALL)]),
    "cnn_any_length": Pipeline([MelFeatures(duration=None), SpeechCNN(filters=(8,), **SMALL)]),
    "rnn": Pipeline([MelFeatures(n_mels=20), SpeechRNN(units=4, n_layers=1, **SMALL)]),
    "crnn": Pipeline([MFCCFeatures(), SpeechCRNN(units=4, **SMALL)]),
    "transformer": Pipeline([MelFeatures(duration=None, n_mels=20), SpeechTransformer(units=8, n_layers=1, **SMALL)]),
}


def read_clips(folder):
    """Waveforms of a version."""
    with np.load(folder / "clips.npz") as samples:
        return [samples[name].astype(np.float32) / 2**15 for name in samples.files]


def main():
    """Write a folder of this version."""
    folder = HERE / sklspeech.__version__
    folder.mkdir()
    speech = datasets.make_spoken_words(["yes", "no"], n_speakers=3, n_takes=4, random_state=0)
    np.savez_compressed(folder / "clips.npz", *(np.round(clip * 2**15).astype(np.int16) for clip in speech.data[::4]))
    clips = read_clips(folder)
    for name, pipeline in PIPELINES.items():
        pipeline.fit(speech.data, speech.target)
        frozen = freeze(pipeline, speech.data)
        joblib.dump(pipeline, folder / f"{name}.joblib", compress=9)
        joblib.dump(frozen, folder / f"{name}_frozen.joblib", compress=9)
        save(frozen, folder / f"{name}.sklspeech")
        np.save(folder / f"{name}.npy", pipeline.predict_proba(clips))
    table = Pipeline([MFCCFeatures(deltas=1), FrameStatistics()]).fit(speech.data)
    joblib.dump(table, folder / "table.joblib", compress=9)
    np.save(folder / "table.npy", table.transform(clips))


if __name__ == "__main__":
    main()
