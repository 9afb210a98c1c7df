"""
Words in a stream
=================

:class:`~sklspeech.WordSpotter` looks for words in recordings of any length, block by block, and finds the same whatever
the size of the blocks.
"""

# %%
# Two streams of one speaker each, words with pauses between; the recognizer has heard neither speaker.
import numpy as np

from sklspeech import AugmentedClassifier, MelFeatures, Pipeline, SpeechCNN, WordSpotter, datasets

words = ["yes", "no", "stop"]
speech = datasets.make_spoken_words([*words, "left", "right"], n_speakers=8, n_takes=5, random_state=0)
is_word, heard = np.isin(speech.target, words), speech.groups < "s06"


def stream_of(speaker, random):
    parts, events, time = [], [], 0.0
    for i in random.permutation(np.flatnonzero(speech.groups == speaker)):
        pause = random.normal(0, 1e-3, int(16_000 * random.uniform(0.4, 1.0))).astype(np.float32)
        start, stop = time + len(pause) / 16_000, time + (len(pause) + len(speech.data[i])) / 16_000
        parts, time = [*parts, pause, speech.data[i]], stop
        events += [(speech.target[i], start, stop)] if is_word[i] else []
    return np.concatenate(parts), events


(tuned, said), (stream, truth) = (stream_of(speaker, np.random.default_rng(0)) for speaker in ("s06", "s07"))

# %%
# Trained with other speech as background, which is a label of its own; then a threshold is chosen on the first stream.
pipeline = Pipeline([MelFeatures(duration=0.7), SpeechCNN(epochs=15, filters=(48,), random_state=0)])
others = np.concatenate([speech.data[i] for i in np.flatnonzero(~is_word & heard)])
recognizer = AugmentedClassifier(pipeline, background=[others], random_state=0)
train = np.flatnonzero(is_word & heard)
recognizer.fit([speech.data[i] for i in train], speech.target[train])
spotter = WordSpotter(recognizer.estimator_, hop=0.05, smoothing=0.2, refractory=0.4, max_false_alarms_per_hour=60)
spotter.fit([tuned], [said])

# %%
from sklspeech.display import TimelineDisplay

display = TimelineDisplay.from_estimator(spotter, stream[: 15 * 16_000], [event for event in truth if event[2] < 15])

# %%
from sklspeech.display import DetectionCurveDisplay

display = DetectionCurveDisplay.from_estimator(spotter, [stream], [truth])
