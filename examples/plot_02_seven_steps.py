"""
From librosa to a recognizer in seven steps
===========================================

The steps of a well-known Korean tutorial, in one piece: load audio, mel spectrogram, MFCC, a data set, a network,
evaluation, improvement. :doc:`/tutorial/index` has librosa's and Keras' calls beside ours.
"""

# %%
# 1. Load audio: files of any format become waveforms of one sample rate.
import tempfile

from matplotlib import pyplot

from sklspeech import AudioLoader, datasets

folder = tempfile.TemporaryDirectory()
speech = datasets.make_spoken_words(
    ["yes", "no", "stop", "go"], n_speakers=8, n_takes=5, folder=folder.name, random_state=0
)
waveform = AudioLoader().fit_transform(speech.data[:1])[0]
print(waveform.shape, waveform.dtype)

# %%
# 2. and 3. Mel spectrogram and MFCC, equal to librosa's.
from sklspeech import MelFeatures, MFCCFeatures
from sklspeech.display import SpectrogramDisplay

figure, axes = pyplot.subplots(2, figsize=(6.4, 5), layout="constrained", sharex=True)
for features, ax in zip((MelFeatures(), MFCCFeatures()), axes, strict=True):
    SpectrogramDisplay.from_estimator(features, speech.data[0], ax=ax)

# %%
# 4. A data set: paths, labels and speakers. 5. Networks, all with the same words for the same things.
from sklspeech import Pipeline, SpeechCNN, SpeechRNN, SpeechTransformer

candidates = {
    "CNN": Pipeline([MelFeatures(), SpeechCNN(epochs=15, random_state=0)]),
    "RNN": Pipeline([MelFeatures(), SpeechRNN(epochs=15, random_state=0)]),
    "transformer": Pipeline([MelFeatures(), SpeechTransformer(epochs=15, random_state=0)]),
}

# %%
# 6. Evaluation by speakers who were not trained on, every network on the same folds.
from sklspeech import reports
from sklspeech.display import ComparisonDisplay

table = reports.compare(candidates, speech.data, speech.target, speech.groups, cv=2)
display = ComparisonDisplay.from_table(table)
print(table.drop(columns="scores").round(3).to_string())

# %%
# 7. Improvement: which clips are wrong says what to do next.
errors = reports.error_report(candidates["CNN"], speech.data, speech.target, speech.groups, cv=2)
print(errors[["true", "predicted", "probability", "speaker"]].head().to_string())
folder.cleanup()
