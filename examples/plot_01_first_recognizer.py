"""
A first recognizer
==================

Recordings and a label for each go in, a recognizer comes out. It is tested on speakers whom it never heard.
"""

# %%
# :func:`~sklspeech.datasets.load_speech_folder` reads recordings in folders, one folder a word. Here speech is made
# instead: six words, ten speakers who do not exist.
from sklspeech import datasets

speech = datasets.make_spoken_words(["yes", "no", "up", "down", "stop", "go"], n_speakers=10, n_takes=4, random_state=0)
known = speech.groups < "s07"
print(speech.DESCR)

# %%
# A pipeline of features and a network is an estimator of scikit-learn.
from sklspeech import MelFeatures, Pipeline, SpeechCNN

pipeline = Pipeline([MelFeatures(), SpeechCNN(epochs=30, random_state=0)])
train = [clip for clip, is_known in zip(speech.data, known, strict=True) if is_known]
test = [clip for clip, is_known in zip(speech.data, known, strict=True) if not is_known]
pipeline.fit(train, speech.target[known])

# %%
# What the network is given of a clip:
from sklspeech.display import SpectrogramDisplay

display = SpectrogramDisplay.from_estimator(pipeline, test[0])

# %%
# All that scikit-learn has for classifiers works.
from sklearn.metrics import ConfusionMatrixDisplay

print(f"accuracy on three speakers never heard: {pipeline.score(test, speech.target[~known]):.3f}")
display = ConfusionMatrixDisplay.from_estimator(pipeline, test, speech.target[~known], cmap="Blues", colorbar=False)

# %%
# The loss of training tells whether it went on long enough.
from sklspeech.display import TrainingCurveDisplay

display = TrainingCurveDisplay.from_estimator(pipeline)
