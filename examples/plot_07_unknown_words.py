"""
None of these words
===================

A classifier names one of its words for every cough. :class:`~sklspeech.RejectOption` lets it say "unknown", at a rate
of false alarms that you choose.
"""

# %%
# Six words are known; four others come in the test, where nobody has trained on them.
import numpy as np

from sklspeech import MelFeatures, Pipeline, RejectOption, SpeechCNN, datasets

words = ["yes", "no", "up", "down", "stop", "go", "left", "right", "on", "off"]
speech = datasets.make_spoken_words(words, n_speakers=9, n_takes=4, random_state=0)
is_known, is_train = np.isin(speech.target, words[:6]), speech.groups < "s06"
train, test = np.flatnonzero(is_known & is_train), np.flatnonzero(~is_train)

pipeline = Pipeline([MelFeatures(), SpeechCNN(epochs=15, filters=(48,), random_state=0)])
classifier = RejectOption(pipeline, target_false_alarm_rate=0.1, random_state=0)
classifier.fit([speech.data[i] for i in train], speech.target[train], groups=speech.groups[train])

# %%
clips = [speech.data[i] for i in test]
truth = np.where(is_known[test], speech.target[test], "unknown")
predicted = classifier.predict(clips)
alarms = np.mean(predicted[truth == "unknown"] != "unknown")
misses = np.mean(predicted[truth != "unknown"] == "unknown")
print(f"threshold {classifier.threshold_:.3f}: {alarms:.2f} of the unknown words are taken for known ones, "
      f"{misses:.2f} of the known ones for unknown")  # fmt: skip

# %%
# The whole trade is a curve of scikit-learn.
from matplotlib import pyplot
from sklearn.metrics import DetCurveDisplay

figure, ax = pyplot.subplots(figsize=(6.4, 4), layout="constrained")
display = DetCurveDisplay.from_predictions(
    truth != "unknown", classifier.known_score(clips), ax=ax, name="known against unknown"
)
ax.grid(alpha=0.3)
