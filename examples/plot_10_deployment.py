"""
Into production
===============

A frozen pipeline needs no TensorFlow, and an exported one no Python: one graph from waveform to probabilities.
"""

# %%
import tempfile
from pathlib import Path

import numpy as np

from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, export, freeze, load, save

speech = datasets.make_spoken_words(["yes", "no", "stop"], n_speakers=6, n_takes=5, random_state=0)
pipeline = Pipeline([MelFeatures(duration=1.0), SpeechCNN(epochs=15, filters=(48,), random_state=0)])
pipeline.fit(speech.data, speech.target)

# %%
# Freezing compares the two; the archive is no pickle, and can be loaded from anybody.
folder = tempfile.TemporaryDirectory()
frozen = freeze(pipeline, speech.data[:5])
save(frozen, Path(folder.name, "words.sklspeech"))
restored = load(Path(folder.name, "words.sklspeech"))
print(np.abs(restored.predict_proba(speech.data) - pipeline.predict_proba(speech.data)).max())

# %%
# One ONNX graph for a browser, a phone or C++: ``recognize.mjs`` and ``recognize.cpp`` beside this example run it.
export(pipeline, Path(folder.name, "words.onnx"))
print(f"{Path(folder.name, 'words.onnx').stat().st_size / 1e6:.2f} MB")

# %%
# What a clip costs, as it was fitted and frozen:
import time

from matplotlib import pyplot


def milliseconds(recognizer):
    times = []
    for clip in speech.data[:40]:
        start = time.perf_counter()
        recognizer.predict([clip])
        times.append(1000 * (time.perf_counter() - start))
    return np.sort(times)[1:-1]


figure, ax = pyplot.subplots(figsize=(6.4, 2.2), layout="constrained")
ax.boxplot([milliseconds(frozen), milliseconds(pipeline)], orientation="horizontal", showfliers=False)
ax.set_yticks([1, 2], ["frozen", "fitted"])
ax.set(xlabel="milliseconds a clip, features included", xlim=(0, None))
folder.cleanup()
