"""
Noisy rooms, and few clips
==========================

Clips are recorded close to a microphone, and the recognizer is used across a room.
:class:`~sklspeech.AugmentedClassifier` puts rooms and noise into the training clips of every fold, and leaves the test
clips as they are.
"""

# %%
import numpy as np

from sklspeech import AugmentedClassifier, MelFeatures, Pipeline, SpeechCNN, datasets
from sklspeech.audio import add_noise, add_reverberation, room_response

speech = datasets.make_spoken_words(["yes", "no", "stop", "go"], n_speakers=8, n_takes=3, random_state=0)
known = np.flatnonzero(speech.groups < "s05")
tested = np.flatnonzero(speech.groups >= "s05")
train = [speech.data[i] for i in known]

pipeline = Pipeline([MelFeatures(), SpeechCNN(epochs=25, filters=(48,), random_state=0)])
augmented = AugmentedClassifier(pipeline, snr=(0, 30), reverberation=0.5, n_copies=2, random_state=0)
recognizers = {"as recorded": pipeline, "with rooms and noise": augmented}
for recognizer in recognizers.values():
    recognizer.fit(train, speech.target[known])

# %%
# The speakers of the test were never heard, the room neither.
random = np.random.default_rng(1)
response = room_response(16_000, 0.4, 5.0, random)
scores = {name: [] for name in recognizers}
ratios = [30, 20, 10, 5, 0]
for snr in ratios:
    clips = [add_reverberation(speech.data[i], response) for i in tested]
    clips = [add_noise(clip, random.normal(size=len(clip)).astype(np.float32), snr) for clip in clips]
    for name, recognizer in recognizers.items():
        scores[name].append(recognizer.score(clips, speech.target[tested]))

# %%
from matplotlib import pyplot

figure, ax = pyplot.subplots(figsize=(6.4, 3.2), layout="constrained")
for (name, values), colour in zip(scores.items(), ("#D55E00", "#0072B2"), strict=True):
    ax.plot(ratios, values, "o-", color=colour, label=name)
ax.set(xlabel="signal-to-noise ratio in the room, dB", ylabel="accuracy", ylim=(0, 1.02))
ax.invert_xaxis()
ax.grid(alpha=0.3)
ax.legend()
print({name: np.round(values, 2).tolist() for name, values in scores.items()})
