"""
Which clips are wrong
=====================

Look at the errors before you change the network: a speaker who is never understood, two words that sound alike, a label
that is a slip of the pen.
"""

# %%
# Two labels are wrong here on purpose.
import tempfile
from pathlib import Path

from sklspeech import MelFeatures, Pipeline, SpeechCNN, datasets, reports

folder = tempfile.TemporaryDirectory()
speech = datasets.make_spoken_words(
    ["yes", "no", "stop", "go"], n_speakers=6, n_takes=6, folder=folder.name, random_state=0
)
speech.target[[10, 80]] = "go", "yes"

# %%
# What there is, before anything is trained: durations, rates, levels, faults, labels.
print(reports.dataset_report(speech))

# %%
# Every clip is judged by a recognizer that has heard neither the clip nor its speaker. With ``page`` an HTML file is
# written, with players and spectrograms, that needs nothing else.
pipeline = Pipeline([MelFeatures(), SpeechCNN(epochs=20, random_state=0)])
page = Path(folder.name, "errors.html")
errors = reports.error_report(pipeline, speech.data, speech.target, speech.groups, cv=3, page=page)
print(errors[["true", "predicted", "probability_true", "suspicious", "speaker"]].head(8).to_string())
print(f"the page has {page.stat().st_size / 1000:.0f} kB")

# %%
# What does a decision rest on? Where the probability falls when a patch is covered.
from sklspeech.display import OcclusionDisplay

pipeline.fit(speech.data, speech.target)
display = OcclusionDisplay.from_estimator(pipeline, speech.data[0])

# %%
# Can the probabilities be believed?
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklspeech.display import ReliabilityDisplay

proba = cross_val_predict(
    pipeline, speech.data, speech.target, groups=speech.groups, cv=GroupKFold(3), method="predict_proba"
)
display = ReliabilityDisplay.from_predictions(speech.target, proba, labels=pipeline.classes_, n_bins=5)
folder.cleanup()
